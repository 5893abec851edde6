/** Runs a statement for one client: the settings that row-level security reads go with it, in one message and one transaction. */
import type pg from 'pg';
import { onConnection } from './cancel-statement.ts';
import type { WireRow } from '../wire-text.ts';
import { TextQuery } from './text-query.ts';
import type { Prelude, TextStatement } from './text-query.ts';

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
 * @param caller null: no settings, for a role that needs none
 * @param keep how many statements stay prepared on each connection
 * @param signal aborted: the statement is cancelled, and the promise rejects with what it was aborted with
 */
export async function runForCaller(
  pool: pg.Pool,
  caller: SealedCaller | null,
  statement: TextStatement,
  keep = 0,
  signal?: AbortSignal,
): Promise<WireRow[]> {
  return onConnection(
    pool,
    signal,
    (client) =>
      new Promise((resolve, reject) => {
        client.query(
          new TextQuery(statement, caller === null ? null : settings(caller), keep, (error, rows) => {
            if (error === null) resolve(rows);
            else reject(error);
          }),
        );
      }),
  );
}

function settings({ clientId, purpose, day, seal }: SealedCaller): Prelude {
  return { text: SETTINGS, values: [clientId, purpose, day, seal] };
}
