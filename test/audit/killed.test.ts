/** The gateway killed in the middle of its work, again and again: every answer that left has its event, and the chains verify. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { verifyDatabase } from '../../src/audit/audit-trail.ts';
import type { Finding } from '../../src/audit/finding.ts';
import { openGateway, type Gateway } from '../../src/gateway.ts';
import { runGateway, startServing } from '../testkit/command-line.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';
import { cell, demoRows } from '../testkit/demo-rows.ts';
import { eventually } from '../testkit/eventually.ts';

const ROUNDS = 3;
/** answers of a round after which the process is killed, among others that are under way */
const ANSWERS = 40;
const CALLERS = 16;

let test: TestDatabase;
let beside: Gateway;

beforeAll(async () => {
  test = await createTestDatabase({ seeded: true });
  beside = await openGateway(test.config);
}, 180_000);

afterAll(async () => {
  await beside.close();
  await test.drop();
});

it('loses no event of an answer that left, killed by SIGKILL under load and started again', async () => {
  const { token } = await beside.tokens.issue('demo-agency', 600);
  const code = cell(demoRows('OrganizationPenalty')[0], 'CF_XDR_SHXYM');
  const answered: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const serving = await startServing([], { DATABASE_URL: test.url, LOG_LEVEL: 'silent' });
    const ending = new AbortController();
    const asking = Array.from({ length: CALLERS }, () => askUntil(ending.signal, serving.address, token, code, answered));
    const before = answered.length;
    await eventually(() => {
      expect(answered.length - before).toBeGreaterThan(ANSWERS);
      return Promise.resolve();
    }, 60_000);
    const { code: exit } = await serving.stop('SIGKILL');
    ending.abort();
    expect(exit).toBeNull();
    await Promise.all(asking);
  }
  const { rows } = await beside.database.pool.query<{ id: string }>('SELECT request_id AS id FROM access_events');
  const logged = new Set(rows.map(({ id }) => id));
  expect(answered.filter((id) => !logged.has(id))).toEqual([]);
  const findings: Finding[] = [];
  const verified = await verifyDatabase(beside.database.pool, beside.keys.readLogKey(), (finding) => findings.push(finding));
  expect(findings).toEqual([]);
  expect(verified.chains).toBe(ROUNDS);
  expect(verified.open).toHaveLength(ROUNDS);

  // An export is verified with the key alone, far from any database.
  const exported = await runGateway(['audit', 'export'], { DATABASE_URL: test.url });
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'read-log-')), 'reads.ndjson');
  await writeFile(file, exported.stdout);
  const { rows: settings } = await beside.database.pool.query<{ value: string }>(
    `SELECT value FROM settings WHERE name = 'master_key'`,
  );
  const offline = { MASTER_KEY: settings[0]?.value ?? '', DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nothing' };
  expect(await runGateway(['audit', 'verify', '--file', file], offline)).toMatchObject({ code: 0, stdout: '' });
  await rm(path.dirname(file), { recursive: true });
  const history = await runGateway(['audit', 'subject', code, '--json'], { DATABASE_URL: test.url });
  const [newest] = history.stdout.split('\n', 1);
  expect(JSON.parse(newest ?? '')).toMatchObject({ client: { id: 'demo-agency', kind: 'CREDIT_AGENCY' }, outcome: 'ok' });
  expect(history.stdout.trimEnd().split('\n').length).toBe(rows.length);

  // The command says the same, and fails when somebody has been at it.
  expect(await runGateway(['audit', 'verify'], { DATABASE_URL: test.url })).toMatchObject({ code: 0, stdout: '' });
  await beside.database.pool.query(`UPDATE access_events SET client_id = 'nobody' WHERE request_id = $1`, [answered[0]]);
  const after = await runGateway(['audit', 'verify'], { DATABASE_URL: test.url });
  expect(after.code).toBe(1);
  expect(after.stdout).toMatch(/^EDITED\t\S+\tEvent \d+ was edited/);
  expect(after.stderr).toContain('tampered');
  // Three starts and six commands: half a minute, and several times that on a machine with other work.
}, 300_000);

async function askUntil(end: AbortSignal, address: string, token: string, code: string, answered: string[]): Promise<void> {
  while (!end.aborted) {
    try {
      const response = await fetch(`${address}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({
          query: `{ subject(by: {creditCode: "${code}"}) { name records(first: 3) { edges { node { title } } } } }`,
        }),
        signal: end,
      });
      const body = (await response.json()) as { data?: { subject: unknown } | null; extensions?: { requestId: string } };
      if (body.data?.subject != null && body.extensions !== undefined) answered.push(body.extensions.requestId);
    } catch {
      // The server is gone: what was not answered may be in the log or not.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
