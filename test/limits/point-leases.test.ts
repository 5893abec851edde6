import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createSharedPoints, PointLeases } from '../../src/limits/index.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';

let database: TestDatabase;
let pool: pg.Pool;
let statements = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
  // Once for each statement that reaches the database.
  pool.on('acquire', () => {
    statements += 1;
  });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** An instance of the gateway, as far as leases go. */
const instance = (seconds = 60, now?: () => number): PointLeases => new PointLeases(createSharedPoints(pool, seconds), now);

async function spendMany(leases: PointLeases, key: string, times: number, limit: number): Promise<number> {
  const waits = await Promise.all(Array.from({ length: times }, async () => leases.spend(key, 1, limit)));
  return waits.filter((wait) => wait === 0).length;
}

describe('a limit that instances share', () => {
  it('is given out whole to a single instance, and not one point more', async () => {
    expect(await spendMany(instance(), 'alone', 500, 120)).toBe(120);
  });

  it('is never exceeded by the sum of several at once', async () => {
    const granted = await Promise.all(Array.from({ length: 5 }, () => spendMany(instance(), 'shared', 200, 300)));
    const sum = granted.reduce((total, count) => total + count, 0);
    expect(sum).toBeLessThanOrEqual(300);
    // What others have leased and not spent is at most a block (a fiftieth) each.
    expect(sum).toBeGreaterThanOrEqual(300 - 5 * 6);
  });

  it('holds for an instance that starts later in the window', async () => {
    await spendMany(instance(), 'later', 100, 100);
    expect(await spendMany(instance(), 'later', 100, 100)).toBe(0);
  });

  it('is each key’s own', async () => {
    const leases = instance();
    await spendMany(leases, 'one', 50, 10);
    expect(await leases.spend('other', 1, 10)).toBe(0);
  });

  it('says how long to wait, and grants again in the next window', async () => {
    const leases = instance(1);
    expect(await spendMany(leases, 'short', 5, 3)).toBe(3);
    const wait = await leases.spend('short', 1, 3);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(1_000);
    await new Promise((resolve) => setTimeout(resolve, wait + 20));
    expect(await leases.spend('short', 1, 3)).toBe(0);
  });

  it('is followed at once when it is lowered or raised', async () => {
    const leases = instance();
    expect(await spendMany(leases, 'changed', 20, 10)).toBe(10);
    expect(await spendMany(leases, 'changed', 20, 25)).toBeGreaterThan(0);
    expect(await spendMany(instance(), 'changed', 5, 2)).toBe(0);
  });

  it('lets what costs more than all of it take the whole window', async () => {
    const leases = instance();
    expect(await leases.spend('dear', 40, 10)).toBe(0);
    expect(await leases.spend('dear', 1, 10)).toBeGreaterThan(0);
  });
});

describe('what it costs', () => {
  it('a fiftieth of a statement per request, and none once the limit is reached', async () => {
    const leases = instance();
    statements = 0;
    expect(await spendMany(leases, 'cheap', 1_000, 1_000)).toBe(1_000);
    expect(statements).toBeLessThanOrEqual(55);
    await leases.spend('cheap', 1, 1_000);
    statements = 0;
    expect(await spendMany(leases, 'cheap', 1_000, 1_000)).toBe(0);
    expect(statements).toBe(0);
  });

  it('is answered without waiting while the lease lasts', async () => {
    const leases = instance();
    await leases.spend('prompt', 1, 10_000);
    expect(leases.spend('prompt', 1, 10_000)).toBe(0);
  });
});

describe('when things go wrong', () => {
  it('a clock that went back does not shut the client out until it has caught up', async () => {
    const leases = instance();
    await leases.spend('clock', 1, 10);
    await pool.query(`UPDATE rate_limits SET points = 10, expire = expire + 3600000 WHERE key = 'client:clock'`);
    expect(await instance().spend('clock', 1, 10)).toBe(0);
    const { rows } = await pool.query<{ ahead: string }>(
      `SELECT expire - $1::bigint AS ahead FROM rate_limits WHERE key = 'client:clock'`,
      [Date.now()],
    );
    expect(Number(rows[0]?.ahead)).toBeLessThanOrEqual(60_000);
  });

  it('a database that is away grants nothing', async () => {
    const away = new pg.Pool({ connectionString: 'postgresql://nobody@127.0.0.1:1/none' });
    const leases = new PointLeases(createSharedPoints(away, 60));
    await expect(Promise.resolve(leases.spend('x', 1, 10))).rejects.toThrow();
    await away.end();
  });
});
