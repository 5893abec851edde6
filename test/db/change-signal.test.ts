import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { ChangeSignal, type Database, notifyChange } from '../../src/db/index.ts';
import { OperatorError } from '../../src/errors.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';

let test: TestDatabase;
let database: Database;
let signal: ChangeSignal;

beforeEach(async () => {
  test = await createTestDatabase();
  database = await test.open();
  signal = await ChangeSignal.start(database.url);
});

afterEach(async () => {
  await signal.close();
  await database.close();
  await test.drop();
});

describe('the change signal', () => {
  it('brings the detail of a change to those who listen for its topic, and to no others', async () => {
    const heard: string[] = [];
    signal.on('client', (detail) => heard.push(`client ${detail}`));
    const done = nextDetail('catalog');
    await database.prisma.$transaction(async (tx) => {
      await notifyChange(tx, 'client', 'a:b');
      await notifyChange(tx, 'catalog', '7');
    });
    expect(await done).toBe('7');
    expect(heard).toEqual(['client a:b']);
  });

  it('takes a transaction of pg as well', async () => {
    const done = nextDetail('catalog');
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await notifyChange(client, 'catalog', '8');
    await client.query('COMMIT');
    client.release();
    expect(await done).toBe('8');
  });

  it('tells nothing of a transaction that is rolled back, nor before the commit', async () => {
    const heard: string[] = [];
    signal.on('catalog', (detail) => heard.push(detail));
    await expect(
      database.prisma.$transaction(async (tx) => {
        await notifyChange(tx, 'catalog', 'never');
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    const done = nextDetail('catalog');
    await database.prisma.$transaction(async (tx) => {
      await notifyChange(tx, 'catalog', 'now');
      await tx.$queryRaw`SELECT 1`;
      expect(heard).toEqual([]);
    });
    expect(await done).toBe('now');
    expect(heard).toEqual(['now']);
  });

  it('stops telling whoever has gone', async () => {
    const heard: string[] = [];
    const stop = signal.on('catalog', (detail) => heard.push(detail));
    stop();
    const done = nextDetail('catalog');
    await notifyChange(database.prisma, 'catalog', '9');
    await done;
    expect(heard).toEqual([]);
  });

  it('is not live while the connection is lost, then comes back, reports the gap once, and hears again', async () => {
    expect(signal.live).toBe(true);
    let gaps = 0;
    let liveAtGap = false;
    const gap = new Promise<void>((resolve) =>
      signal.onGap(() => {
        gaps += 1;
        liveAtGap = signal.live;
        resolve();
      }),
    );
    await refuseConnections(true);
    await database.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'public-credit-gateway changes' AND datname = current_database()`,
    );
    await until(() => !signal.live);
    // long enough for an attempt that is refused
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect({ live: signal.live, gaps }).toEqual({ live: false, gaps: 0 });

    await refuseConnections(false);
    await gap;
    expect({ liveAtGap, gaps }).toEqual({ liveAtGap: true, gaps: 1 });
    const done = nextDetail('client');
    await notifyChange(database.prisma, 'client', 'after');
    expect(await done).toBe('after');
    expect(gaps).toBe(1);
  });

  it('reports no gap when it is closed, and lets its connection go', async () => {
    let gaps = 0;
    signal.onGap(() => (gaps += 1));
    await signal.close();
    expect(signal.live).toBe(false);
    const count = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'public-credit-gateway changes' AND datname = current_database()`;
    await until(async () => (await database.pool.query<{ n: number }>(count)).rows[0]?.n === 0);
    expect(gaps).toBe(0);
  });

  it('says where it looked when there is no server', async () => {
    const failure = ChangeSignal.start('postgresql://someone:secret@127.0.0.1:1/x');
    await expect(failure).rejects.toThrow(OperatorError);
    await expect(failure).rejects.toThrow('PostgreSQL at 127.0.0.1:1/x does not answer');
    await expect(failure).rejects.not.toThrow(/secret/);
  });
});

function nextDetail(topic: 'catalog' | 'client'): Promise<string> {
  return new Promise((resolve) => {
    const stop = signal.on(topic, (detail) => {
      stop();
      resolve(detail);
    });
  });
}

/** Closes the database to new connections, as a server that is down does. */
async function refuseConnections(refuse: boolean): Promise<void> {
  const admin = new URL(database.url);
  const name = admin.pathname.slice(1);
  admin.pathname = '/postgres';
  const client = new pg.Client({ connectionString: admin.href });
  await client.connect();
  // A superuser is let in whatever the limit says, and nobody at all where connections are not allowed.
  await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${String(!refuse)}`);
  await client.end();
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (await condition()) return;
  }
  throw new Error('It did not come to pass in 20 seconds.');
}
