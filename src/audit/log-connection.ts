/** The one connection on which an instance writes its part of the read log. Whatever fails on it, it is not used again. */
import pg from 'pg';
import { z } from 'zod';
import { headsJson, type ChainedEvent, type ChainHead, type Checkpoint, isDenied, rowCount, subjectBytes } from './chain.ts';
import { itemsJson } from './stored-event.ts';

/** An arbitrary number of this project's own, for advisory locks: one batch of an instance at a time, whatever connections it has had. */
const LOCK = 0x63_72_65_64;

/**
 * One statement, so that it is one transaction without any round trip besides. Two statements of one instance never overlap: one
 * whose connection was lost may still be running when the next connection asks where the chain ends, and the key of the table
 * refuses the second of two that continue the same event.
 */
const INSERT_EVENTS = `
WITH lock AS MATERIALIZED (SELECT pg_advisory_xact_lock(${String(LOCK)}, hashtext($1::text)))
INSERT INTO access_events (month, instance, seq, at, client_id, client_kind, purpose, matter, request_id, operation_name, operation_hash,
  operation_type, outcome, denied, catalog_version, row_count, subjects, items, bulk, code)
SELECT $2::date, $1::uuid, e.seq, e.at, e.client, e.kind::client_kind, e.purpose, e.matter, e.request, e.name, decode(e.hash, 'hex'),
  e.type, e.outcome, e.denied, e.version, e.rows, ($3::uuid[])[e.first:e.last], e.items, e.bulk, decode(e.code, 'hex')
FROM lock, json_to_recordset($4::json) AS e(seq bigint, at timestamptz, client text, kind text, purpose text, matter text, request text,
  name text, hash text, type text, outcome text, denied boolean, version int, rows int, first int, last int, items jsonb, bulk text[], code text)`;

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

  /** Where this instance's chain of that month ends, once no statement of an earlier connection can move it any more; null: no event. */
  async headOf(month: string): Promise<ChainHead | null> {
    await this.#client.query('BEGIN');
    await this.#client.query(`SELECT pg_advisory_xact_lock(${String(LOCK)}, hashtext($1))`, [this.#instance]);
    const { rows } = await this.#client.query(
      `SELECT to_char(month, 'YYYY-MM-DD') AS month, instance, seq::text AS seq, code FROM access_events
       WHERE month = $1::date AND instance = $2 ORDER BY access_events.seq DESC LIMIT 1`,
      [month, this.#instance],
    );
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
  async insert(month: string, events: readonly ChainedEvent[]): Promise<void> {
    let count = 0;
    const rows = events.map((event) => {
      const first = count + 1;
      count += event.subjects.size;
      return {
        seq: event.seq,
        at: event.at,
        client: event.clientId,
        kind: event.clientKind,
        purpose: event.purpose,
        matter: event.matter,
        request: event.requestId,
        name: event.operationName,
        hash: event.operationHash.toString('hex'),
        type: event.operationType,
        outcome: event.outcome,
        denied: isDenied(event),
        version: event.catalogVersion,
        rows: rowCount(event.items),
        first,
        last: count,
        items: itemsJson(event.items),
        bulk: event.bulk,
        code: event.code.toString('hex'),
      };
    });
    await this.#client.query({
      name: 'read-log-insert',
      text: INSERT_EVENTS,
      values: [this.#instance, month, uuidArray(events), JSON.stringify(rows)],
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

const UUID_OID = 2950;

/** All events' subjects as one `uuid[]` in PostgreSQL's binary form: as text, a page of 1,000 would be parsed twice. */
function uuidArray(events: readonly ChainedEvent[]): Buffer {
  const ids = Buffer.concat(events.map(({ subjects }) => subjectBytes(subjects)));
  const count = ids.length / 16;
  if (count === 0) return array(0, 0);
  const bytes = array(1, 8 + count * 20);
  bytes.writeInt32BE(count, 12);
  bytes.writeInt32BE(1, 16);
  for (let index = 0; index < count; index += 1) {
    const at = 20 + index * 20;
    bytes.writeInt32BE(16, at);
    ids.copy(bytes, at + 4, index * 16, index * 16 + 16);
  }
  return bytes;
}

/** The head of an array: dimensions, no nulls, the type of its elements; and room for the rest. */
function array(dimensions: 0 | 1, more: number): Buffer {
  const bytes = Buffer.alloc(12 + more);
  bytes.writeInt32BE(dimensions, 0);
  bytes.writeInt32BE(UUID_OID, 8);
  return bytes;
}
