/**
 * Starts the files that take longest first, so that no worker is left with one of them when the others have ended. Jest's own
 * order rests on the times of earlier runs, which a fresh machine has not.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const TESTS = fileURLToPath(new URL('..', import.meta.url));

/** Seconds on two cores, roughly. Whatever is not named takes less, and comes after these by size. */
const SECONDS = {
  'leaks/random': 240,
  'faults/interrupted': 80,
  'hostile/hostile': 80,
  'faults/database-lost': 60,
  'leaks/bundled': 40,
  'db/embedded-server': 30,
  'examples/keep-in-step': 30,
  'faults/hammer': 27,
  'cli/beside-a-gateway': 22,
  'access/access-oracle': 22,
  'export/lifecycle': 22,
  'feed/in-step': 22,
  'examples/approval-check': 17,
  'intake/robustness': 15,
  'faults/disk-full': 15,
  'cli/newcomer': 13,
  'feed/random-writes': 13,
  'audit/killed': 12,
  'audit/durable': 12,
  'statistics/grains': 12,
  'faults/drain': 11,
  'intake/import-command': 11,
  'faults/slow-reader': 10,
  'limits/timeouts': 10,
};

const secondsOf = new Map(Object.entries(SECONDS).map(([name, seconds]) => [`${TESTS}${name}.test.ts`, seconds]));
for (const file of secondsOf.keys())
  if (!existsSync(file)) throw new Error(`${file} is gone: take it off the list of long tests, or give its new name.`);

export default class LongestFirst {
  sort(tests) {
    const size = (test) => test.context.hasteFS.getSize(test.path) ?? 0;
    return tests.toSorted((a, b) => (secondsOf.get(b.path) ?? 0) - (secondsOf.get(a.path) ?? 0) || size(b) - size(a));
  }

  /** Of jest's `--onlyFailures`: without memory of earlier runs there are none. */
  allFailedTests() {
    return [];
  }

  cacheResults() {}
}
