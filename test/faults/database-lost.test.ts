/** The database killed, or too slow, while it is asked without pause: clear answers meanwhile, and soon afterwards everything as before. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { pidExists } from '../../src/db/process-identity.ts';
import { EditableSheet } from '../catalog/bundled-sheet.ts';
import { startServing, type ServingCommand } from '../testkit/command-line.ts';
import { eventually } from '../testkit/eventually.ts';
import { caller, PURPOSE } from '../testkit/serving.ts';
import { isClear, Load } from './load.ts';
import type { Asked } from './load.ts';
import { openOwnServer, type OwnServer } from './own-server.ts';
import { questions } from './questions.ts';

/** What the gateway promises, from the moment at which the database takes connections again. */
const RECOVERED_MS = 5_000;
/** For a condition on a machine that does other work; only a fault reaches it. */
const PATIENCE_MS = 60_000;
const OPERATION_SECONDS = 2;
const CALLERS = 8;

let server: OwnServer;
let serving: ServingCommand;
let next: (who: number, turn: number) => Asked;
let secret: string;
let load: Load | null = null;
const stopped = new Set<number>();

beforeAll(async () => {
  server = await openOwnServer({ demo: true });
  await server.beside(async (gateway) => {
    next = await questions(gateway);
    secret = await gateway.clients.rotateSecret('demo-agency');
  });
  serving = await startServing([], {
    DATABASE_URL: server.url,
    EXPORT_DIR: path.join(server.folder, 'exports'),
    DATABASE_POOL_SIZE: '4',
    LOG_LEVEL: 'warn',
    OPERATION_TIMEOUT_SECONDS: String(OPERATION_SECONDS),
    AUDIT_TIMEOUT_SECONDS: '2',
  });
}, 180_000);
afterEach(async () => {
  resume();
  await load?.stop();
  load = null;
});
afterAll(async () => {
  const { code } = await serving.stop('SIGTERM');
  await server.close();
  // One process from the first test to the last.
  expect(code).toBe(0);
}, 60_000);

function stop(pids: readonly number[]): void {
  for (const pid of pids) {
    process.kill(pid, 'SIGSTOP');
    stopped.add(pid);
  }
}

function resume(): void {
  for (const pid of stopped) if (pidExists(pid)) process.kill(pid, 'SIGCONT');
  stopped.clear();
}

/** Process ids of the server's sessions, oldest first. */
async function backends(where: string): Promise<number[]> {
  const rows = await server.ask(
    `SELECT pid FROM pg_stat_activity WHERE ${where} AND pid <> pg_backend_pid() ORDER BY backend_start`,
  );
  return rows.map(({ pid }) => Number(pid));
}

const ready = async (): Promise<number> => (await fetch(`${serving.address}/health/ready`)).status;

async function askForToken(): Promise<{ status: number; retryAfter: string | null }> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'demo-agency', client_secret: secret });
  const response = await fetch(`${serving.address}/oauth/token`, { method: 'POST', body });
  await response.text();
  return { status: response.status, retryAfter: response.headers.get('retry-after') };
}

/** Under load, every caller having been answered. */
async function loaded(): Promise<Load> {
  const started = new Load(serving.address, { callers: CALLERS, next });
  load = started;
  await answersSince(started, 0, 2 * CALLERS);
  return started;
}

async function answersSince(under: Load, since: number, count: number, withinMs = PATIENCE_MS): Promise<void> {
  await eventually(() => {
    expect(under.outcomes.slice(since).filter((outcome) => outcome.kind === 'answered' && outcome.given).length).toBeGreaterThan(
      count,
    );
    return Promise.resolve();
  }, withinMs);
}

/** Callers have been told of the outage, more than once each. */
async function refusalsSince(under: Load, since: number, count: number): Promise<void> {
  await eventually(() => {
    expect(
      under.outcomes.slice(since).filter((outcome) => outcome.kind === 'answered' && outcome.status === 503).length,
    ).toBeGreaterThan(count);
    return Promise.resolve();
  }, PATIENCE_MS);
}

/** Reads, tokens, what is listened to and the read log: all there within the time that is promised. */
async function recovers(under: Load): Promise<void> {
  const since = under.outcomes.length;
  await eventually(async () => {
    expect([await ready(), (await askForToken()).status]).toEqual([200, 200]);
    expect(under.outcomes.slice(since).filter((outcome) => outcome.kind === 'answered' && outcome.given).length).toBeGreaterThan(
      CALLERS,
    );
  }, RECOVERED_MS);
}

/** The gateway hears of a publish, and works on an export, as if nothing had been. */
async function followsAndExports(): Promise<void> {
  const say = caller(serving.address, { ...next(0, 0).headers, ...PURPOSE });
  const { catalog } = await server.beside(async ({ catalogs }) => {
    const sheet = (await EditableSheet.bundled()).set('OrganizationPenalty.remarks', '使用权限', '不予共享');
    return catalogs.publish(await sheet.document(), 'after the outage');
  });
  await eventually(async () => {
    expect((await say('{ catalog { version } }')).data).toEqual({ catalog: { version: catalog.version } });
  }, RECOVERED_MS);
  const started = await say('mutation { startExport(items: ["Organization"]) { id } }');
  expect(started.errors).toEqual([]);
  await eventually(async () => {
    const { data } = await say(`{ export(id: "${String(started.data.startExport.id)}") { status } }`);
    expect(data).toEqual({ export: { status: 'READY' } });
  }, PATIENCE_MS);
}

describe('PostgreSQL killed (kill -9) under load', () => {
  it('is SERVICE_UNAVAILABLE with Retry-After for all, and is used again within 5 s of its return', async () => {
    const under = await loaded();
    await server.kill();
    const since = under.outcomes.length;
    await refusalsSince(under, since, 3 * CALLERS);
    expect(await ready()).toBe(503);
    expect(await askForToken()).toEqual({ status: 503, retryAfter: '5' });
    await server.start();
    await recovers(under);
    await under.stop();
    expect(under.unanswered).toEqual([]);
    expect(under.unclear).toEqual([]);
    await followsAndExports();
  }, 180_000);

  it('takes no longer to come back after a long outage', async () => {
    const under = await loaded();
    await server.kill();
    const until = performance.now() + 8_000;
    await eventually(
      () => (performance.now() > until ? Promise.resolve() : Promise.reject(new Error('it is not long yet'))),
      PATIENCE_MS,
    );
    await server.start();
    await recovers(under);
    await under.stop();
    expect(under.unanswered).toEqual([]);
    expect(under.unclear).toEqual([]);
  }, 180_000);
});

describe('one session of PostgreSQL killed (kill -9) under load', () => {
  it('restarts all others, and the gateway goes on within 5 s', async () => {
    const under = await loaded();
    const [victim] = await backends(`application_name = 'public-credit-gateway'`);
    expect(victim).toBeDefined();
    process.kill(victim ?? 0, 'SIGKILL');
    // PostgreSQL takes everybody off after such a death; it is back when it takes a connection again.
    await eventually(async () => expect(await backends(`pid = ${String(victim)}`)).toEqual([]), PATIENCE_MS);
    await recovers(under);
    await under.stop();
    expect(under.unanswered).toEqual([]);
    expect(under.unclear).toEqual([]);
  }, 180_000);
});

describe('PostgreSQL that stands still', () => {
  /** Longer than an operation may take, by what a busy machine needs to say so. */
  const SAID_MS = OPERATION_SECONDS * 1_000 + 10_000;

  /** No more connections than the settings allow, and none that still runs what nobody waits for. */
  async function nothingPiledUp(): Promise<void> {
    await eventually(async () => {
      expect(await backends(`application_name LIKE 'public-credit-gateway%' AND state = 'active'`)).toEqual([]);
      expect((await backends(`application_name LIKE 'public-credit-gateway%'`)).length).toBeLessThanOrEqual(4 + 4 + 2 + 3);
    }, PATIENCE_MS);
  }

  it.each([
    ['as a whole', true],
    ['in all sessions that read and look up', false],
  ])(
    '%s: operations end at their timeout, nothing piles up, and it is used again within 5 s',
    async (_name, whole) => {
      const under = await loaded();
      const since = under.outcomes.length;
      stop([
        ...(whole ? [await server.pid()] : []),
        ...(await backends(whole ? 'true' : `application_name = 'public-credit-gateway'`)),
      ]);
      await refusalsSince(under, since, 2 * CALLERS);
      if (whole) {
        expect(await ready()).toBe(503);
        expect(await askForToken()).toEqual({ status: 503, retryAfter: '5' });
      }
      expect(Math.max(...under.outcomes.slice(since).map(({ ms }) => ms))).toBeLessThan(SAID_MS);
      resume();
      await recovers(under);
      await under.stop();
      expect(under.unanswered).toEqual([]);
      expect(under.unclear).toEqual([]);
      await nothingPiledUp();
    },
    180_000,
  );

  it('in the session that writes the read log: answers are refused, and given again over another session', async () => {
    const under = await loaded();
    const since = under.outcomes.length;
    stop(await backends(`application_name = 'public-credit-gateway read log'`));
    await refusalsSince(under, since, 0);
    await answersSince(under, under.outcomes.length, 2 * CALLERS);
    resume();
    await recovers(under);
    await under.stop();
    expect(under.unanswered).toEqual([]);
    expect(under.unclear).toEqual([]);
    await nothingPiledUp();
  }, 180_000);

  it('in sessions that stay still: others take their place', async () => {
    const under = await loaded();
    stop(await backends(`application_name = 'public-credit-gateway'`));
    await refusalsSince(under, under.outcomes.length, CALLERS);
    await answersSince(under, under.outcomes.length, 2 * CALLERS);
    expect(await ready()).toBe(200);
    resume();
    await under.stop();
    expect(under.unanswered).toEqual([]);
    expect(under.unclear).toEqual([]);
    await nothingPiledUp();
  }, 180_000);
});

describe('the embedded PostgreSQL killed (kill -9) under load', () => {
  it('is started again by the gateway, and used again within 5 s', async () => {
    const embedded = await startServing([], { DATA_DIR: server.folder, DATABASE_POOL_SIZE: '4', LOG_LEVEL: 'silent' });
    try {
      const under = new Load(embedded.address, { callers: CALLERS, next });
      load = under;
      await answersSince(under, 0, 2 * CALLERS);
      const dead = await server.pid();
      await server.kill();
      await eventually(async () => {
        await server.ask('SELECT 1');
        expect(await server.pid()).not.toBe(dead);
      }, PATIENCE_MS);
      await answersSince(under, under.outcomes.length, CALLERS, RECOVERED_MS);
      await under.stop();
      expect(under.unanswered).toEqual([]);
      expect(under.unclear).toEqual([]);
    } finally {
      await load?.stop();
      expect((await embedded.stop('SIGTERM')).code).toBe(0);
    }
  }, 180_000);
});

describe('what is clear', () => {
  it('is neither an answer without reason nor a refusal without a time', () => {
    const answer = { kind: 'answered', requestId: '', given: false, closing: false, ms: 1, body: '' } as const;
    expect(isClear({ ...answer, status: 200, codes: ['INTERNAL_SERVER_ERROR'], retryAfter: null })).toBe(false);
    expect(isClear({ ...answer, status: 503, codes: ['SERVICE_UNAVAILABLE'], retryAfter: null })).toBe(false);
    expect(isClear({ ...answer, status: 500, codes: ['INTERNAL_SERVER_ERROR'], retryAfter: '1' })).toBe(false);
  });
});
