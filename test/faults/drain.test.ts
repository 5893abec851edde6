/** SIGTERM under load: whoever is heard is answered, everybody hears of the end before it comes, and what is left is handed over. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Gateway, openGateway } from '../../src/gateway.ts';
import { startServing as startCommand, type ServingCommand } from '../testkit/command-line.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';
import { eventually } from '../testkit/eventually.ts';
import { caller, PURPOSE } from '../testkit/serving.ts';
import { type Answered, Load } from './load.ts';
import { questions } from './questions.ts';

const CALLERS = 12;
const PATIENCE_MS = 60_000;

let database: TestDatabase;
let beside: Gateway;
let exports: string;
const started: ServingCommand[] = [];

beforeAll(async () => {
  database = await createTestDatabase({ seeded: true });
  beside = await openGateway(database.config);
  exports = await mkdtemp(path.join(tmpdir(), 'gateway-drain-'));
}, 180_000);
afterAll(async () => {
  await beside.close();
  await database.drop();
  await rm(exports, { recursive: true, force: true });
});

// Only where a test failed is there anything left to end.
afterEach(() => Promise.all(started.splice(0).map((serving) => serving.stop('SIGKILL'))));

async function startServing(settings: Record<string, string>): Promise<ServingCommand> {
  const serving = await startCommand([], settings);
  started.push(serving);
  return serving;
}

const environment = (more: Record<string, string> = {}): Record<string, string> => ({
  DATABASE_URL: database.url,
  EXPORT_DIR: exports,
  LOG_LEVEL: 'info',
  ...more,
});

/** The statuses that readiness had, each once in a row; 0: not reached. A connection of its own each time, as a balancer has it. */
async function readinessUntilGone(address: string): Promise<number[]> {
  const seen: number[] = [];
  for (;;) {
    const status = await fetch(`${address}/health/ready`, { headers: { connection: 'close' } }).then(
      async (response) => {
        await response.text();
        return response.status;
      },
      () => 0,
    );
    if (seen.at(-1) !== status) seen.push(status);
    if (status === 0) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('SIGTERM under load', () => {
  it('fails no request that was accepted, says 503 at readiness before it refuses, and has callers leave their connections', async () => {
    const serving = await startServing(environment({ DRAIN_SECONDS: '2' }));
    const load = new Load(serving.address, { callers: CALLERS, next: await questions(beside) });
    const answeredBy = (count: number): Promise<void> =>
      eventually(
        () => (load.given.length > count ? Promise.resolve() : Promise.reject(new Error('too few answers'))),
        PATIENCE_MS,
      );
    await answeredBy(4 * CALLERS);
    expect(load.answered.filter(({ closing }) => closing)).toEqual([]);
    expect((await fetch(`${serving.address}/health/ready`)).status).toBe(200);
    const readiness = readinessUntilGone(serving.address);
    const before = load.outcomes.length;
    const ending = serving.stop('SIGTERM');
    expect((await readiness).filter((status) => status !== 200)).toEqual([503, 0]);
    const { code, stderr } = await ending;
    await load.stop();

    expect(code).toBe(0);
    const after = load.outcomes.slice(before).filter((outcome): outcome is Answered => outcome.kind === 'answered');
    expect(after.length).toBeGreaterThan(CALLERS);
    expect(after.some(({ closing }) => closing)).toBe(true);
    expect(load.answered.filter(({ status, codes }) => status !== 200 || codes.length > 0)).toEqual([]);
    // Whoever comes later meets a closed door; nobody is let in and then left.
    const left = load.unanswered.filter(({ code: reason, reused }) => reused || reason !== 'ECONNREFUSED');
    expect(left.filter(({ reused, begun }) => reused || begun !== null)).toEqual([]);
    expect(stderr.split('\n').filter((line) => line.includes('"status":499'))).toEqual([]);
    const { rows } = await beside.database.pool.query<{ id: string }>('SELECT request_id AS id FROM access_events');
    const logged = new Set(rows.map(({ id }) => id));
    expect(load.left.filter((id) => !logged.has(id))).toEqual([]);
  }, 180_000);

  it('waits for an operation that takes its time, and keeps connections that are idle from holding it up', async () => {
    const serving = await startServing(environment());
    const { token } = await beside.tokens.issue('demo-department', 600);
    const ask = caller(serving.address, { authorization: `Bearer ${token}`, ...PURPOSE });
    // Leaves an idle connection behind.
    expect((await ask('{ viewer { id } }')).status).toBe(200);
    const client = await beside.database.pool.connect();
    await client.query('BEGIN; LOCK TABLE subjects IN ACCESS EXCLUSIVE MODE');
    const slow = ask('{ subjects(first: 1) { edges { node { id } } } }');
    await eventually(async () => {
      const { rows } = await beside.database.pool.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      expect(rows).toHaveLength(1);
    }, PATIENCE_MS);
    const ending = serving.stop('SIGTERM');
    await eventually(async () => {
      await expect(fetch(`${serving.address}/health/live`)).rejects.toThrow();
    }, PATIENCE_MS);
    await client.query('ROLLBACK');
    client.release();
    const answer = await slow;
    expect(answer).toMatchObject({ status: 200, errors: [] });
    expect(answer.headers.get('connection')).toBe('close');
    expect((await ending).code).toBe(0);
  }, 180_000);

  it('hands an export over to the next server, which begins it anew at once', async () => {
    const first = await startServing(environment());
    const { token } = await beside.tokens.issue('demo-department', 600);
    const headers = { authorization: `Bearer ${token}`, ...PURPOSE };
    const client = await beside.database.pool.connect();
    await client.query('BEGIN; LOCK TABLE evaluations IN ACCESS EXCLUSIVE MODE');
    const started = await caller(first.address, headers)('mutation { startExport(items: ["PublicCreditEvaluation"]) { id } }');
    expect(started.errors).toEqual([]);
    const row = async (): Promise<unknown> => {
      const { rows } = await beside.database.pool.query(
        'SELECT status::text, attempt, lease_holder IS NOT NULL AS held, lease_until IS NOT NULL AS leased, rows::int FROM exports',
      );
      return rows[0];
    };
    await eventually(async () => expect(await row()).toMatchObject({ status: 'RUNNING', attempt: 1, held: true }), PATIENCE_MS);
    expect((await first.stop('SIGTERM')).code).toBe(0);
    expect(await row()).toEqual({ status: 'RUNNING', attempt: 1, held: false, leased: false, rows: 0 });
    await client.query('ROLLBACK');
    client.release();
    const second = await startServing(environment());
    await eventually(async () => expect(await row()).toMatchObject({ status: 'READY', attempt: 2, rows: 120 }), PATIENCE_MS);
    expect((await second.stop('SIGTERM')).code).toBe(0);
  }, 180_000);
});
