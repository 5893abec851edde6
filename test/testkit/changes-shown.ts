/** The change feed shows nothing that is younger than a transaction still running, of any database on the server: of other tests, too. */
import type pg from 'pg';

/** Waits until the feed shows everything that has been committed up to now. */
export async function changesShown(pool: Pick<pg.Pool, 'query'>): Promise<void> {
  const { rows } = await pool.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id');
  for (;;) {
    const now = await pool.query<{ xmin: string }>('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin');
    if (BigInt(now.rows[0]?.xmin ?? 0) > BigInt(rows[0]?.id ?? 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
