/** Runs a statement for one client: the settings that row-level security reads go with it, in one message and one transaction. */
import pg from 'pg';

/** For whom a statement is run; `seal` proves it (see `agency_caller` in the migrations). */
export interface SealedCaller {
  readonly clientId: string;
  /** '': none stated */
  readonly purpose: string;
  /** YYYY-MM-DD in Asia/Shanghai */
  readonly day: string;
  readonly seal: string;
}

/** Local to the transaction; returns no row, and evaluates all of them whatever they return. */
const SETTINGS =
  `SELECT WHERE num_nulls(set_config('gateway.client', $1, true), set_config('gateway.purpose', $2, true), ` +
  `set_config('gateway.day', $3, true), set_config('gateway.seal', $4, true)) > 4`;

/**
 * PostgreSQL runs everything up to a Sync as one transaction. So the settings and the statement travel together, at no round trip
 * more; they hold for this statement alone, are gone with it even where it fails, and reach the same server connection behind a
 * pooler that gives connections out by transaction.
 */
export async function runForCaller(
  pool: pg.Pool,
  { clientId, purpose, day, seal }: SealedCaller,
  statement: { readonly text: string; readonly values: readonly unknown[] },
): Promise<Record<string, unknown>[]> {
  const client = await pool.connect();
  // `extended` even without values: a simple query would end the transaction that the settings hold in.
  const config: pg.QueryConfig & { queryMode: 'extended' } = {
    text: statement.text,
    values: [...statement.values],
    queryMode: 'extended',
  };
  return new Promise((resolve, reject) => {
    const query = new pg.Query(config, (error: Error | null | undefined, results: unknown) => {
      // A connection whose statement failed is not trusted with another one, as pg's own pool has it.
      client.release(error ?? undefined);
      if (error) {
        reject(error);
        return;
      }
      // One result for each of the two statements; a single one would be the settings', without the statement's.
      const last: unknown = Array.isArray(results) ? results.at(-1) : null;
      if (isResult(last)) resolve(last.rows);
      else reject(new Error('The statement of a caller gave no result.'));
    });
    const submit = query.submit.bind(query);
    query.submit = (connection) => {
      connection.stream.cork();
      try {
        connection.parse({ name: '', text: SETTINGS, types: [] }, true);
        connection.bind({ portal: '', statement: '', values: [clientId, purpose, day, seal], binary: '' }, true);
        connection.execute({ portal: '', rows: '' }, true);
        submit(connection);
      } finally {
        connection.stream.uncork();
      }
    };
    client.query(query);
  });
}

function isResult(value: unknown): value is pg.QueryResult<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && 'rows' in value && Array.isArray(value.rows);
}
