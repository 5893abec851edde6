/** Reads the read log in the order of its chains, in flat memory, at one moment: what is written meanwhile is not seen. */
import type pg from 'pg';
import type { ChainHead, ChainPlace } from './chain.ts';
import { asExported, CHECKPOINT_COLUMNS, EVENT_COLUMNS } from './stored-event.ts';

/** A part by the days of the region's clock, both inclusive; null: open. */
export interface TrailPart {
  readonly from: string | null;
  readonly to: string | null;
}

/** Rows that are in memory at once. */
const FETCH = 500;

/** One row: a checkpoint as the statement gave it, an event in the form of an export. */
export type TrailRow = Readonly<Record<string, unknown>>;

export class TrailReader {
  readonly #client: pg.PoolClient;

  private constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  /** Runs `work` on a reader that sees one moment of the log. */
  static async read<T>(pool: pg.Pool, work: (reader: TrailReader) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const result = await work(new TrailReader(client));
      await client.query('COMMIT');
      client.release();
      return result;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  /** All of them, in the order of instance and number: a part of the events is held to all checkpoints. */
  checkpoints(): AsyncGenerator<TrailRow> {
    return this.#rows(
      `SELECT ${CHECKPOINT_COLUMNS} FROM access_checkpoints ORDER BY access_checkpoints.instance, access_checkpoints.number`,
      [],
    );
  }

  events(): AsyncGenerator<TrailRow> {
    return this.#rows(`SELECT ${EVENT_COLUMNS} FROM access_events e ORDER BY e.month, e.instance, e.seq`, []);
  }

  /**
   * The events of some days, each chain without a gap: where a clock was set back, that takes some events beside these days.
   * Before the first event of a chain, the one before it, which says from where the chain goes on.
   */
  async *part({ from, to }: TrailPart): AsyncGenerator<{ readonly anchor: ChainHead } | { readonly row: TrailRow }> {
    const { rows: spans } = await this.#client.query<ChainPlace & { first: string; last: string }>(
      `SELECT to_char(month, 'YYYY-MM-DD') AS month, instance, min(seq)::text AS first, max(seq)::text AS last FROM access_events
       WHERE ($1::date IS NULL OR (month >= date_trunc('month', $1::date) AND at >= $1::date::timestamp AT TIME ZONE 'Asia/Shanghai'))
         AND ($2::date IS NULL OR (month <= $2::date AND at < ($2::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'))
       GROUP BY access_events.month, instance ORDER BY access_events.month, instance`,
      [from, to],
    );
    for (const { month, instance, first, last } of spans) {
      const { rows: before } = await this.#client.query<{ code: Buffer }>(
        'SELECT code FROM access_events WHERE month = $1::date AND instance = $2 AND seq = $3::bigint - 1',
        [month, instance, first],
      );
      if (before[0] !== undefined) yield { anchor: { month, instance, seq: Number(first) - 1, code: before[0].code } };
      const text = `SELECT ${EVENT_COLUMNS} FROM access_events e WHERE e.month = $1::date AND e.instance = $2 AND e.seq BETWEEN $3 AND $4 ORDER BY e.seq`;
      for await (const row of this.#rows(text, [month, instance, first, last])) yield { row };
    }
  }

  async *#rows(text: string, values: readonly unknown[]): AsyncGenerator<TrailRow> {
    await this.#client.query(`DECLARE trail NO SCROLL CURSOR FOR ${text}`, [...values]);
    for (;;) {
      const { rows } = await this.#client.query<TrailRow>(`FETCH ${String(FETCH)} FROM trail`);
      if (rows.length === 0) break;
      for (const row of rows) yield asExported(row);
    }
    await this.#client.query('CLOSE trail');
  }
}
