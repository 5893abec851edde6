/** Insert-only: what the role that serves may do to the log, tried as whoever holds its connection could. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type LogTestbed, openLogTestbed, recorded } from './log-testbed.ts';

let log: LogTestbed;

beforeAll(async () => {
  log = await openLogTestbed();
  await recorded(await log.writer(), 1);
});

afterAll(async () => {
  await log.close();
});

describe('the role that serves', () => {
  it.each([
    'UPDATE access_events SET purpose = NULL',
    'DELETE FROM access_events',
    'TRUNCATE access_events',
    'DROP TABLE access_events',
    'ALTER TABLE access_events ADD COLUMN x int',
    'ALTER TABLE access_events DETACH PARTITION access_events_default',
    'INSERT INTO access_events_default SELECT * FROM access_events',
    'DELETE FROM access_events_default',
    `INSERT INTO access_events SELECT * FROM access_events ON CONFLICT (month, instance, seq) DO UPDATE SET purpose = 'x'`,
    'UPDATE access_chains SET counted = 9',
    'DELETE FROM access_chains',
    'SELECT fold_reads(1, now()::date)',
    'SELECT close_access_month(now()::date)',
    'UPDATE access_checkpoints SET number = 9',
    'DELETE FROM access_checkpoints',
    'TRUNCATE access_checkpoints',
    'DELETE FROM watch_events',
    'UPDATE watch_fields SET day = now()',
    'SELECT * FROM access_events FOR UPDATE',
    'LOCK TABLE access_events IN ACCESS EXCLUSIVE MODE',
    'CREATE INDEX ON access_events (matter)',
  ])('may not %s', async (sql) => {
    const client = new pg.Client({ connectionString: log.urls.control });
    await client.connect();
    await expect(client.query(`BEGIN; ${sql}`)).rejects.toEqual(expect.objectContaining({ code: '42501' }));
    await client.end();
  });

  it('may make months ahead, and finds them made', async () => {
    const client = new pg.Client({ connectionString: log.urls.control });
    await client.connect();
    const months = async (): Promise<string[]> => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'access_events'::regclass ORDER BY 1`,
      );
      return rows.map(({ name }) => name);
    };
    const before = await months();
    expect(before).toHaveLength(5);
    await log.owner.pool.query(`DROP TABLE ${before[2] ?? ''}`);
    await client.query('SELECT ensure_access_months()');
    expect(await months()).toEqual(before);
    await client.end();
  });
});
