/** What the watch has found, for who answers for the clients. */
import type pg from 'pg';
import { z } from 'zod';

const Alert = z.object({
  rule: z.string(),
  clientId: z.string(),
  /** start of the hour that it was found for; of a first field, the moment */
  at: z.date(),
  count: z.number(),
  threshold: z.number(),
  fields: z.array(z.string()),
});
export type Alert = z.infer<typeof Alert>;

/** More are not read by anybody. */
const MOST = 10_000;

/** @param clientId null: of all clients; newest first */
export async function readAlerts(pool: pg.Pool, clientId: string | null): Promise<Alert[]> {
  const { rows } = await pool.query(
    `SELECT rule, client_id AS "clientId", at, count, threshold, coalesce(details -> 'fields', '[]') AS fields FROM watch_events
     WHERE $1::text IS NULL OR client_id = $1 ORDER BY at DESC, rule, client_id LIMIT ${String(MOST)}`,
    [clientId],
  );
  return rows.map((row) => Alert.parse(row));
}
