/** A clock that is set back, by more than a month, while the gateway serves. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Gateway, openGateway } from '../../src/gateway.ts';
import { ended, runGateway, startGateway } from '../testkit/command-line.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';
import { eventually } from '../testkit/eventually.ts';
import { type Ask, caller, PURPOSE } from '../testkit/serving.ts';

const PATIENCE_MS = 60_000;
const JUMP_MS = -40 * 24 * 60 * 60_000;

let database: TestDatabase;
let beside: Gateway;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase({ seeded: true });
  beside = await openGateway(database.config);
  folder = await mkdtemp(path.join(tmpdir(), 'gateway-clock-'));
}, 180_000);
afterAll(async () => {
  await beside.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

interface Shifted {
  readonly address: string;
  readonly written: () => string;
  /** sets the clock back once more; resolves when it is */
  jump(): Promise<void>;
  stop(): Promise<number | null>;
}

async function startShifted(): Promise<Shifted> {
  const preload = new URL('shifted-clock.mjs', import.meta.url).href;
  const child: ChildProcess = await startGateway(['start', '--port', '0'], {
    DATABASE_URL: database.url,
    EXPORT_DIR: folder,
    LOG_LEVEL: 'warn',
    NODE_OPTIONS: `--import ${preload}`,
    CLOCK_JUMP_MS: String(JUMP_MS),
    // Few enough that a window whose end has moved would be felt.
    CLIENT_RATE_PER_MINUTE: '600',
  });
  const end = ended(child);
  let text = '';
  child.stderr?.on('data', (part: string) => (text += part));
  const said = async (pattern: RegExp, times: number): Promise<string> => {
    let found: RegExpMatchArray[] = [];
    await eventually(() => {
      found = [...text.matchAll(pattern)];
      return found.length >= times ? Promise.resolve() : Promise.reject(new Error(`not yet: ${text}`));
    }, PATIENCE_MS);
    return found.at(-1)?.[1] ?? '';
  };
  const address = await said(/Listening on (http:\S+)/g, 1);
  let jumps = 0;
  return {
    address,
    written: () => text,
    jump: async () => {
      jumps += 1;
      child.kill('SIGUSR2');
      await said(/The clock is (-?\d+) ms off/g, jumps);
    },
    stop: async () => {
      child.kill('SIGTERM');
      return (await end).code;
    },
  };
}

const PAGE = 'query ($after: String) { subjects(first: 2, after: $after) { pageInfo { endCursor } edges { node { id } } } }';

it('is served on by a clock that went back: the chains in their order, cursors, rates, months and exports as before', async () => {
  const serving = await startShifted();
  const secret = await beside.clients.rotateSecret('demo-department');
  const tokenOf = async (): Promise<string> => {
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'demo-department', client_secret: secret });
    const response = await fetch(`${serving.address}/oauth/token`, { method: 'POST', body });
    expect(response.status).toBe(200);
    return ((await response.json()) as { access_token: string }).access_token;
  };
  const as = (token: string): Ask => caller(serving.address, { authorization: `Bearer ${token}`, ...PURPOSE });
  const first = await tokenOf();
  const unused = await tokenOf();
  const page = await as(first)(PAGE);
  expect(page.errors).toEqual([]);
  const feed = await as(first)('{ changes(first: 1) { pageInfo { endCursor } } }');
  expect(feed.errors).toEqual([]);

  await serving.jump();
  // Who had a token goes on; one that says that it begins in the future is refused in words, and a new one is given.
  const again = await as(unused)(PAGE);
  expect([200, 401]).toContain(again.status);
  if (again.status === 401) expect(again.errors[0]?.extensions['code']).toBe('UNAUTHENTICATED');
  const ask = as(await tokenOf());
  const after = page.data.subjects.pageInfo.endCursor as string;
  const next = await ask(PAGE, { after });
  expect(next.errors).toEqual([]);
  expect(next.data.subjects.edges).toHaveLength(2);
  const cursor = String(feed.data.changes.pageInfo.endCursor);
  expect((await ask(`{ changes(first: 1, after: "${cursor}") { pageInfo { endCursor } } }`)).errors).toEqual([]);
  // More than what the instance had taken of its rate before.
  const statuses = new Set<number>();
  for (let turn = 0; turn < 40; turn += 1) statuses.add((await ask(PAGE)).status);
  expect([...statuses]).toEqual([200]);
  const exported = await ask('mutation { startExport(items: ["Organization"]) { id } }');
  expect(exported.errors).toEqual([]);
  await eventually(async () => {
    const shown = await ask(`{ export(id: "${String(exported.data.startExport.id)}") { status } }`);
    expect(shown.data.export).toEqual({ status: 'READY' });
  }, PATIENCE_MS);
  expect((await fetch(`${serving.address}/health/ready`)).status).toBe(200);

  // And once more, into a month for which nothing was made beforehand.
  await serving.jump();
  expect((await as(await tokenOf())(PAGE)).errors).toEqual([]);
  expect(await serving.stop()).toBe(0);
  expect(serving.written()).not.toContain('"level":"error"');

  // Months by the clock; in each, numbers without a gap in the order of writing.
  const { rows } = await beside.database.pool.query<{ months: number; gaps: number; events: number }>(
    `SELECT count(DISTINCT month)::int AS months, sum(gap)::int AS gaps, count(*)::int AS events FROM
       (SELECT month, seq - row_number() OVER (PARTITION BY month, instance ORDER BY seq) AS gap FROM access_events) e`,
  );
  expect(rows).toEqual([{ months: 3, gaps: 0, events: expect.any(Number) }]);
  expect(await runGateway(['audit', 'verify'], { DATABASE_URL: database.url })).toMatchObject({ code: 0, stdout: '' });
}, 240_000);

it('takes an export over whose lease ends in a future that no lease reaches: the database’s clock went back', async () => {
  const id = randomUUID();
  await beside.database.pool.query(
    `INSERT INTO exports (id, client_id, items, purpose, matter, request_id, catalog_version, attempt, lease_holder, lease_until)
     VALUES ($1, 'demo-department', '{150000-01-001}', '行政审批', 'M-1', 'r', 1, 1, gen_random_uuid(), now() + interval '40 days')`,
    [id],
  );
  const serving = await startShifted();
  await eventually(async () => {
    const { rows } = await beside.database.pool.query('SELECT status::text, attempt FROM exports WHERE id = $1', [id]);
    expect(rows).toEqual([{ status: 'READY', attempt: 2 }]);
  }, PATIENCE_MS);
  expect(await serving.stop()).toBe(0);
}, 180_000);
