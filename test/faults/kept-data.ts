/** What two databases must agree in where the same was written to both: everything but moments, and numbers that only count attempts. */
import pg from 'pg';

/** By name, a statement whose single column holds a row as text. */
const QUESTIONS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['subjects', 'credit_records', 'list_entries', 'commitments', 'evaluations'].map((table) => [
      table,
      `SELECT (to_jsonb(t) - '{received_at,updated_at,disputed_at}'::text[])::text AS line FROM ${table} t`,
    ]),
  ),
  'entry events': `SELECT (to_jsonb(t) - '{id,occurred_at}'::text[])::text AS line FROM entry_events t`,
  'reports of use': `SELECT (to_jsonb(t) - '{id,query_id,reported_at}'::text[])::text AS line FROM use_reports t`,
  submissions: `SELECT client_id || ' ' || key AS line FROM submissions`,
  'catalog versions': `SELECT version || ' ' || digest AS line FROM catalog_versions`,
  changes: `SELECT (to_jsonb(t) - '{txid,seq,at,was_since}'::text[])::text AS line FROM changes t`,
};

/** By name, a fingerprint of all rows. */
export async function keptData(url: string): Promise<ReadonlyMap<string, string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const kept = new Map<string, string>();
    for (const [name, question] of Object.entries(QUESTIONS)) {
      const { rows } = await client.query<{ n: string; digest: string | null }>(
        `SELECT count(*) AS n, md5(string_agg(line, E'\\n' ORDER BY line)) AS digest FROM (${question}) q`,
      );
      kept.set(name, `${rows[0]?.n ?? ''} ${rows[0]?.digest ?? ''}`);
    }
    return kept;
  } finally {
    await client.end();
  }
}
