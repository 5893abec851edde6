/**
 * What becomes of answers when ten times more is asked than can be served:
 * `node bench/overload.mjs [--entries 100000] [--seconds 10] [--only P1,small] [--in-flight N]`.
 * P1 is what departments send (workloads.mjs); `small` a page of ten records of one subject. A gateway of its own on the bench's data;
 * the load comes from a process of its own, at a fixed rate whether answers come or not, and shares the machine: its CPU is printed.
 * Ends with 1 where answers that were given took longer than three times the normal p99, memory grew, something failed, or health did
 * not answer.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { environmentOf, openDataset } from './dataset/open.mjs';
import { cpuSeconds, databaseCpuSeconds, residentMegabytes, startPeer } from './peers/start.mjs';
import { requestsOf } from './workloads.mjs';

const SMALL =
  'query ($code: String!) { records(first: 10, filter: {subject: {creditCode: $code}}) { edges { node { id title documentNumber decidedOn status } } } }';
/** Connections on which a herd asks; each has one request under way at most. */
const HERD = 512;
/** Requests after which the gateway's code is compiled. */
const WARM = 12_000;

const { values: options } = parseArgs({
  options: {
    entries: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '10' },
    only: { type: 'string', default: 'P1,small' },
    'in-flight': { type: 'string' },
  },
});
const seconds = Number(options.seconds);
const entries = Number(options.entries);
const dataset = await openDataset(entries);
const environment = {
  ...environmentOf(entries),
  ...(options['in-flight'] === undefined ? {} : { MAX_IN_FLIGHT: options['in-flight'] }),
};
const { token } = await dataset.gateway.tokens.issue(dataset.agency, 86_400);
const postmaster = Number(readFileSync(path.join(environment.DATA_DIR, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
const loader = fork(path.join(import.meta.dirname, 'herd-client.mjs'));
const codes = Array.from({ length: 500 }, (_, at) => dataset.creditCode(1 + at * Math.floor(dataset.organizations / 501)));
const bodies = {
  P1: requestsOf({ creditCodes: codes, divisions: [], giant: codes[0], position: { gatewayCursor: null } }).P1.gateway,
  small: codes.map((code) => ({ query: SMALL, variables: { code } })),
};
try {
  for (const name of options.only.split(',')) await measure(name, bodies[name]);
} finally {
  loader.kill();
  await dataset.gateway.close();
}

async function measure(name, asked) {
  const peer = await startPeer('gateway', {
    environment,
    url: dataset.gateway.database.url,
    clientId: dataset.agency,
    gatewayToken: token,
    purpose: dataset.purpose,
  });
  const run = async (order) => {
    const before = [cpuSeconds(peer.pid), databaseCpuSeconds(postmaster)];
    loader.send({ origin: peer.origin, headers: peer.headers, bodies: asked.map((body) => JSON.stringify(body)), ...order });
    const [result] = await once(loader, 'message');
    return {
      ...result,
      cores: {
        gateway: (cpuSeconds(peer.pid) - before[0]) / result.seconds,
        database: (databaseCpuSeconds(postmaster) - before[1]) / result.seconds,
        load: result.cpuSeconds / result.seconds,
      },
    };
  };
  try {
    await run({ closed: 16, requests: WARM });
    const full = await run({ closed: 16, seconds: 5 });
    const capacity = full.answered / full.seconds;
    await run({ rate: capacity * 10, connections: HERD, seconds: 2 });
    await sleep(1_000);
    const normal = await run({ rate: capacity / 2, connections: HERD, seconds });
    const resting = residentMegabytes(peer.pid);
    const probing = probe(peer.origin);
    let highest = 0;
    const watch = setInterval(() => (highest = Math.max(highest, residentMegabytes(peer.pid))), 200);
    const over = await run({ rate: capacity * 10, connections: HERD, seconds });
    clearInterval(watch);
    const health = await probing.stop();
    await sleep(1_000);
    const after = await run({ rate: capacity / 2, connections: HERD, seconds: 3 });
    const ratio = over.p99 / normal.p99;
    process.stdout.write(
      [
        `${name}: served at most ${capacity.toFixed(0)}/s (16 callers who wait for their answers)`,
        line('half of that', normal),
        line('ten times that', over),
        line('half again', after),
        `  memory ${resting.toFixed(0)} MB before, ${highest.toFixed(0)} MB at most; health ${health.answered} answered, ${health.failed} not, slowest ${health.slowest.toFixed(0)} ms`,
        `  p99 of given answers is ${ratio.toFixed(1)} times the normal one; ${((100 * over.answered) / over.seconds / capacity).toFixed(0)} % of the capacity was answered`,
        '',
      ].join('\n'),
    );
    if (ratio > 3 || highest > resting + 200 || health.failed > 0 || over.failed > 0) process.exitCode = 1;
  } finally {
    await peer.stop();
  }
}

function line(name, { sent, answered, refused, failed, seconds: took, p50, p99, refusedP50, refusedP99, cores }) {
  const rate = (count) => `${(count / took).toFixed(0)}/s`;
  const share = Object.entries(cores).map(([who, used]) => `${who} ${used.toFixed(2)}`);
  return (
    `  ${name.padEnd(16)} sent ${rate(sent)}  answered ${rate(answered)} p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms  ` +
    `refused ${rate(refused)} p50 ${refusedP50.toFixed(1)} p99 ${refusedP99.toFixed(1)} ms  failed ${failed}  cores: ${share.join(', ')}`
  );
}

/** Asks for health every 200 ms, as a load balancer would. */
function probe(origin) {
  const seen = { answered: 0, failed: 0, slowest: 0 };
  let on = true;
  const asking = (async () => {
    while (on) {
      for (const name of ['live', 'ready']) {
        const at = performance.now();
        const ok = await fetch(`${origin}/health/${name}`).then(
          (answer) => answer.arrayBuffer().then(() => answer.ok),
          () => false,
        );
        seen.slowest = Math.max(seen.slowest, performance.now() - at);
        seen[ok ? 'answered' : 'failed'] += 1;
      }
      await sleep(200);
    }
  })();
  return {
    stop: async () => {
      on = false;
      await asking;
      return seen;
    },
  };
}
