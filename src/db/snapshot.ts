/**
 * One consistent view of the database for one caller, under the rights of its requests: a read-only transaction on a connection of
 * its own, from which any number of rows can be read a batch at a time.
 */
import pg from 'pg';
import type { SealedCaller } from './caller-statement.ts';
import type { WireRow } from '../wire-text.ts';
import { CopyRows } from './copy-rows.ts';

/** A row as PostgreSQL writes it: text per column, in the statement's order. */
export type SnapshotRow = readonly (string | null)[];

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface Snapshot {
  /** pg_snapshot_xmin: every transaction before it is in the view, or never was committed */
  readonly xmin: string;
  /** by the database's clock, not earlier than the view (milliseconds) */
  readonly at: number;
  all(statement: Statement): Promise<readonly SnapshotRow[]>;
  /**
   * The rows in batches of at most `size`. While one is used the next ones come, two at most; what is beyond stays with the database.
   * One stream at a time; whoever stops before its end has closed the snapshot.
   * @param statement each value is a single text, written `$1::type`
   */
  batches(statement: Statement, size: number): AsyncGenerator<readonly WireRow[]>;
  close(): Promise<void>;
}

/** One statement brings all rows of an item, as fast as its client can be served; the 30 s of requests are not meant for that. */
const STATEMENT_TIMEOUT = '6h';
const AS_TEXT = {
  getTypeParser:
    () =>
    (text: string): string =>
      text,
};

/**
 * @param url the account of the caller's kind
 * @param caller for row-level security; null: a role that sees every row
 */
export async function openSnapshot(url: string, caller: SealedCaller | null): Promise<Snapshot> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'public-credit-gateway export',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // A connection that breaks rejects the statement that waits for it; unheard, the event would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(
      `BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL TIME ZONE 'UTC'; SET LOCAL DateStyle = 'ISO'; ` +
        `SET LOCAL statement_timeout = '${STATEMENT_TIMEOUT}'`,
    );
    if (caller !== null) {
      await client.query(
        `SELECT set_config('gateway.client', $1, true), set_config('gateway.purpose', $2, true), set_config('gateway.day', $3, true), set_config('gateway.seal', $4, true)`,
        [caller.clientId, caller.purpose, caller.day, caller.seal],
      );
    }
    const { rows } = await client.query<{ xmin: string; at: number }>(
      'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin, ceil(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at',
    );
    const [place] = rows;
    if (place === undefined) throw new Error('PostgreSQL said nothing of its snapshot');
    return new OpenSnapshot(client, place);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

class OpenSnapshot implements Snapshot {
  readonly #client: pg.Client;
  readonly xmin: string;
  readonly at: number;

  constructor(client: pg.Client, { xmin, at }: Pick<Snapshot, 'xmin' | 'at'>) {
    this.#client = client;
    this.xmin = xmin;
    this.at = at;
  }

  async all({ text, values }: Statement): Promise<readonly SnapshotRow[]> {
    const { rows } = await this.#client.query<(string | null)[]>({ text, values: [...values], rowMode: 'array', types: AS_TEXT });
    return rows;
  }

  async *batches(statement: Statement, size: number): AsyncGenerator<readonly WireRow[]> {
    const copy = new CopyRows(`COPY (${await this.#bound(statement)}) TO STDOUT`, size);
    this.#client.query(copy);
    let last = false;
    try {
      for (let rows = await copy.next(); rows !== null; rows = await copy.next()) yield rows;
      last = true;
    } finally {
      // What is under way can only be cut off.
      if (!last) await this.close();
    }
  }

  /** COPY takes no parameters: they go into settings of the transaction, and the text asks for those. */
  async #bound({ text, values }: Statement): Promise<string> {
    if (values.length > 0) {
      const settings = values.map((_, index) => `set_config('export.v${String(index + 1)}', $${String(index + 1)}, true)`);
      await this.#client.query(`SELECT ${settings.join(', ')}`, [...values]);
    }
    return text.replace(
      /\$(\d+)::(\w+)/g,
      (_, number: string, type: string) => `(SELECT current_setting('export.v${number}')::${type})`,
    );
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }
}
