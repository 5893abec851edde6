/** The one connection on which an instance writes its part of the read log. Whatever fails on it, it is not used again. */
import pg from 'pg';
import { z } from 'zod';
import { headsJson, type ChainHead, type Checkpoint, type SealedEvent } from './chain.ts';
import { EventRows } from './event-rows.ts';

/** An arbitrary number of this project's own, for advisory locks: one batch of an instance at a time, whatever connections it has had. */
const LOCK = 0x63_72_65_64;

/**
 * One statement, so that it is one transaction without any round trip besides. Two statements of one instance never overlap: one
 * whose connection was lost may still be running when the next connection asks where the chain ends, and the key of the table
 * refuses the second of two that continue the same event. The lock is worked out before the first row, because no row comes without it.
 */
const INSERT_EVENTS = `
INSERT INTO access_events (month, instance, seq, at, client_id, client_kind, purpose, matter, request_id, operation_name, operation_hash,
  operation_type, outcome, denied, catalog_version, row_count, subjects, item_list, bulk, code, times)
SELECT $2::date, $1::uuid, e.seq, e.at, e.client_id, e.client_kind::client_kind, e.purpose, e.matter, e.request_id, e.operation_name,
  e.operation_hash, e.operation_type, e.outcome, e.denied, e.catalog_version, e.row_count, e.subjects, e.item_list, e.bulk, e.code, e.times
FROM unnest($3::access_event_row[]) AS e
WHERE (SELECT pg_advisory_xact_lock(${String(LOCK)}, hashtext($1::text))) IS NOT NULL`;

const INSERT_CHECKPOINT = `INSERT INTO access_checkpoints (instance, number, at, kind, heads, code) VALUES ($1, $2, $3, $4, $5, $6)`;

/** Every chain from a month on, found by leaping from one to the next through the primary key, and where it ends. */
const HEADS = `
WITH RECURSIVE chain(month, instance) AS (
  (SELECT month, instance FROM access_events WHERE month >= $1::date ORDER BY month, instance LIMIT 1)
  UNION ALL
  SELECT next.month, next.instance FROM chain, LATERAL (
    SELECT e.month, e.instance FROM access_events e
    WHERE e.month >= $1::date AND (e.month, e.instance) > (chain.month, chain.instance) ORDER BY e.month, e.instance LIMIT 1) next)
SELECT to_char(chain.month, 'YYYY-MM-DD') AS month, chain.instance, head.seq::text AS seq, head.code
FROM chain, LATERAL (SELECT e.seq, e.code FROM access_events e WHERE e.month = chain.month AND e.instance = chain.instance
  ORDER BY e.seq DESC LIMIT 1) head`;

const Head = z.object({
  month: z.string(),
  instance: z.string(),
  seq: z.coerce.number().int(),
  code: z.instanceof(Buffer),
});

const CONNECT_MS = 4_000;

export interface LogConnectionOptions {
  readonly url: string;
  readonly instance: string;
  /** a statement that takes longer is given up, and the connection with it */
  readonly timeoutMs: number;
}

export class LogConnection {
  readonly #client: pg.Client;
  readonly #instance: string;
  #rows = new EventRows(0);
  #broken = false;

  private constructor(client: pg.Client, instance: string) {
    this.#client = client;
    this.#instance = instance;
    client.on('error', () => (this.#broken = true));
    client.on('end', () => (this.#broken = true));
  }

  static async open({ url, instance, timeoutMs }: LogConnectionOptions): Promise<LogConnection> {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'public-credit-gateway read log',
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: timeoutMs,
      statement_timeout: timeoutMs,
      keepAlive: true,
    });
    const connection = new LogConnection(client, instance);
    try {
      await client.connect();
      // Durable means on disk, whatever the server's default is for transactions that matter less. A default that waits for
      // standby servers as well is left as it is.
      await client.query(
        `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`,
      );
      await client.query(`SET TIME ZONE 'UTC'`);
      const { rows } = await client.query<{ type: number }>(`SELECT 'access_event_row'::regtype::oid AS type`);
      connection.#rows = new EventRows(z.object({ type: z.number() }).parse(rows[0]).type);
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  get broken(): boolean {
    return this.#broken;
  }

  // The order below names the tables' columns: a bare `seq` would be the text beside it, and 9 come after 10.

  /**
   * Where this instance's chain of that month ends, once no statement of an earlier connection can move it any more. null: no event,
   * and the chain is entered among all chains, so that its events are counted from the first on.
   */
  async headOf(month: string): Promise<ChainHead | null> {
    await this.#client.query('BEGIN');
    await this.#client.query(`SELECT pg_advisory_xact_lock(${String(LOCK)}, hashtext($1))`, [this.#instance]);
    const { rows } = await this.#client.query(
      `SELECT to_char(month, 'YYYY-MM-DD') AS month, instance, seq::text AS seq, code FROM access_events
       WHERE month = $1::date AND instance = $2 ORDER BY access_events.seq DESC LIMIT 1`,
      [month, this.#instance],
    );
    if (rows[0] === undefined) {
      const chain = [month, this.#instance];
      await this.#client.query('INSERT INTO access_chains (month, instance) VALUES ($1, $2) ON CONFLICT DO NOTHING', chain);
    }
    await this.#client.query('COMMIT');
    return rows[0] === undefined ? null : Head.parse(rows[0]);
  }

  /** The last checkpoint of this instance; null: none. */
  async lastCheckpoint(): Promise<{ number: number; code: Buffer } | null> {
    const { rows } = await this.#client.query(
      `SELECT number::text AS number, code FROM access_checkpoints WHERE instance = $1 ORDER BY access_checkpoints.number DESC LIMIT 1`,
      [this.#instance],
    );
    const Found = z.object({ number: z.coerce.number().int(), code: z.instanceof(Buffer) });
    return rows[0] === undefined ? null : Found.parse(rows[0]);
  }

  /** All chains, this instance's too, of that month and later ones. */
  async heads(fromMonth: string): Promise<ChainHead[]> {
    const { rows } = await this.#client.query(HEADS, [fromMonth]);
    return rows.map((row) => Head.parse(row));
  }

  /** When anybody vouched for anything the last time; null: never. */
  async lastVouched(): Promise<Date | null> {
    const { rows } = await this.#client.query<{ at: Date | null }>('SELECT max(at) AS at FROM access_checkpoints');
    return rows[0]?.at ?? null;
  }

  async ensureMonths(): Promise<void> {
    await this.#client.query('SELECT ensure_access_months()');
  }

  /**
   * Resolves when the events are committed. They are one chain's, in its order.
   * @throws whatever went wrong; whether they were written is then unknown
   */
  async insert(month: string, events: readonly SealedEvent[]): Promise<void> {
    await this.#client.query({
      name: 'read-log-insert',
      text: INSERT_EVENTS,
      values: [this.#instance, month, this.#rows.encode(events)],
    });
  }

  async insertCheckpoint({ instance, number, at, kind, heads, code }: Checkpoint): Promise<void> {
    await this.#client.query(INSERT_CHECKPOINT, [instance, number, at, kind, JSON.stringify(headsJson(heads)), code]);
  }

  /** Ends it without waiting for what it does. */
  close(): void {
    this.#broken = true;
    void this.#client.end().catch(() => undefined);
  }
}
