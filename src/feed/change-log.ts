/** Reads the change log (table `changes`): only what no open transaction can still come before. */
import { z } from 'zod';
import { ENTRY_STATUSES } from '../access/index.ts';
import { FAMILIES } from '../catalog/model.ts';
import type { LogPosition, RunFacts } from './feed-model.ts';

/** The clock of the log at one moment. */
export interface LogMoment {
  /** the oldest transaction that is still open: everything before it is there to be read, and nothing will come before it */
  readonly xmin: string;
  /** no transaction with this number or a higher one has begun */
  readonly xmax: string;
  /** milliseconds, rounded up */
  readonly at: number;
  /** changes of transactions before this one may have been removed */
  readonly floor: string;
  /** names the database cluster that numbers the transactions */
  readonly origin: string;
}

const Numeric = z.string().regex(/^-?\d+$/);
const Moment = z.object({ xmin: Numeric, xmax: Numeric, at: z.coerce.number(), floor: Numeric, origin: Numeric });

const LogRow = z.object({
  txid: Numeric,
  seq: Numeric,
  at: z.date(),
  kind: z.enum([...FAMILIES, 'AUTHORIZATION']),
  subject_id: z.string(),
  entry_id: z.string().nullable(),
  existed: z.boolean(),
  was_since: z.date().nullable(),
  was_item_code: z.string().nullable(),
  was_person: z.boolean().nullable(),
  was_status: z.enum(ENTRY_STATUSES).nullable(),
  was_public_until: z.string().nullable(),
  was_source_unit_code: z.string().nullable(),
  items: z.array(z.string()).nullable(),
});
export type LogRow = z.infer<typeof LogRow>;

export interface LogWindow {
  readonly rows: readonly LogRow[];
  /** rows looked at, whether they concern the caller or not */
  readonly scanned: number;
  /** the last of them; null: none was left */
  readonly end: LogPosition | null;
}

const MOMENT = `SELECT pg_snapshot_xmin(s)::text AS xmin, pg_snapshot_xmax(s)::text AS xmax, ceil(extract(epoch FROM clock_timestamp()) * 1000)::text AS at,
  (SELECT f.txid::text FROM change_log_floor f) AS floor, (SELECT c.system_identifier::text FROM pg_control_system() c) AS origin
  FROM pg_current_snapshot() AS s`;

const WINDOW = `WITH w AS MATERIALIZED (
    SELECT * FROM changes WHERE (txid, seq) > ($1::bigint, $2::bigint) AND txid < $3::bigint ORDER BY txid, seq LIMIT $4::int
  ), e AS (SELECT (SELECT count(*)::int FROM w) AS scanned, l.txid::text AS end_txid, l.seq::text AS end_seq
    FROM (VALUES (1)) one LEFT JOIN LATERAL (SELECT txid, seq FROM w ORDER BY txid DESC, seq DESC LIMIT 1) l ON true)
  SELECT e.scanned, e.end_txid, e.end_seq, m.txid::text AS txid, m.seq::text AS seq, m.at, m.kind::text AS kind, m.subject_id, m.entry_id, m.existed, m.was_since,
    m.was_item_code, m.was_person, m.was_status::text AS was_status, m.was_public_until::text AS was_public_until, m.was_source_unit_code, m.items
  FROM e LEFT JOIN w m ON CASE WHEN m.kind = 'AUTHORIZATION' THEN m.client_id = $6::text AND m.purpose = $7::text
    ELSE m.item_code = ANY ($5::text[]) OR m.was_item_code = ANY ($5::text[]) END
  ORDER BY m.txid, m.seq`;

export class ChangeLog {
  readonly #run: RunFacts;

  constructor(run: RunFacts) {
    this.#run = run;
  }

  async moment(): Promise<LogMoment> {
    const [row] = await this.#run(MOMENT, []);
    return Moment.parse(row);
  }

  /**
   * The next changes after a position, of transactions before `horizon`.
   * @param limit rows to look at, at most
   * @param concerning rows of other items, and consents of other clients or purposes, are looked at and left out
   */
  async after(
    position: LogPosition,
    horizon: string,
    limit: number,
    concerning: { readonly items: readonly string[]; readonly clientId: string; readonly purpose: string | null },
  ): Promise<LogWindow> {
    const rows = await this.#run(WINDOW, [
      position.txid,
      position.seq,
      horizon,
      limit,
      concerning.items,
      concerning.clientId,
      concerning.purpose,
    ]);
    const [first] = rows;
    const Ends = z.object({ scanned: z.number(), end_txid: Numeric.nullable(), end_seq: Numeric.nullable() });
    const { scanned, end_txid: txid, end_seq: seq } = Ends.parse(first);
    return {
      rows: rows.filter((row) => row['txid'] !== null).map((row) => LogRow.parse(row)),
      scanned,
      end: txid === null || seq === null ? null : { txid, seq },
    };
  }

  /** Removes what is older than so many days; some twenty thousand a call. @returns how many were removed */
  async prune(keepDays: number): Promise<number> {
    const [row] = await this.#run('SELECT prune_changes($1::int) AS removed', [keepDays]);
    return z.object({ removed: z.number() }).parse(row).removed;
  }
}
