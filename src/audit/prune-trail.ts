/** Drops what is older than the law wants it kept, month by month, and vouches for what was dropped. */
import { randomUUID, type KeyObject } from 'node:crypto';
import type pg from 'pg';
import { checkpointCode, type ChainHead, type Checkpoint, headsJson } from './chain.ts';
import { monthOf, monthsBefore } from './month.ts';

export interface PrunedMonth {
  /** YYYY-MM-01 */
  readonly month: string;
  readonly events: number;
}

/**
 * Drops every month that ended more than `years` ago. Each goes in one transaction with a PRUNED checkpoint that names the heads of
 * its chains, so that `verify` knows that they were dropped by who holds the key. To be run as the owner of the tables.
 */
export async function pruneTrail(
  pool: pg.Pool,
  key: KeyObject,
  years: number,
  options: { readonly now?: Date; readonly dryRun?: boolean } = {},
): Promise<PrunedMonth[]> {
  const now = options.now ?? new Date();
  const oldestKept = monthsBefore(monthOf(now), years * 12);
  const { rows: found } = await pool.query<{ month: string; events: string }>(
    `SELECT to_char(month, 'YYYY-MM-DD') AS month, count(*)::text AS events FROM access_events WHERE month < $1::date
     GROUP BY access_events.month ORDER BY access_events.month`,
    [oldestKept],
  );
  const months = found.map(({ month, events }) => ({ month, events: Number(events) }));
  if (options.dryRun === true) return months;
  for (const { month } of months) await pruneMonth(pool, key, month, now);
  return months;
}

async function pruneMonth(pool: pg.Pool, key: KeyObject, month: string, at: Date): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    // Nobody writes into a month that old; a checkpoint that was being written waits. What is dropped stays counted.
    await client.query('SELECT close_access_month($1::date)', [month]);
    const { rows } = await client.query<{ instance: string; seq: string; code: Buffer }>(
      `SELECT DISTINCT ON (instance) instance, seq::text AS seq, code FROM access_events WHERE month = $1::date ORDER BY instance, access_events.seq DESC`,
      [month],
    );
    const heads = rows.map(({ instance, seq, code }): ChainHead => ({ month, instance, seq: Number(seq), code }));
    // An instance of its own: a pruning continues nobody's checkpoints.
    const draft: Omit<Checkpoint, 'code'> = { instance: randomUUID(), number: 1, at, kind: 'PRUNED', heads };
    await client.query(
      'INSERT INTO access_checkpoints (instance, number, at, kind, heads, code) VALUES ($1, $2, $3, $4, $5, $6)',
      [draft.instance, draft.number, at, draft.kind, JSON.stringify(headsJson(heads)), checkpointCode(key, null, draft)],
    );
    const partition = `access_events_${month.slice(0, 7).replace('-', '_')}`;
    const { rows: own } = await client.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [partition]);
    if (own[0]?.found === true) await client.query(`DROP TABLE ${partition}`);
    // A month that never had a partition of its own.
    else await client.query('DELETE FROM access_events WHERE month = $1::date', [month]);
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}
