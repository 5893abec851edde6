/** Keeps the summaries small and, where somebody doubts them, proves them (docs/decisions/0014). */
import type pg from 'pg';
import { z } from 'zod';

/** Folding, rebuilding and the calendar take turns on this PostgreSQL advisory lock; the migration has the same numbers. */
export const FOLD_LOCK = [1_668_441_444, 5] as const;
/** Whoever writes entries shares this one, whoever changes by what entries are counted takes it alone. */
export const ENTRIES_LOCK = [1_668_441_444, 4] as const;

/** Deltas per transaction: a few hundred milliseconds at most. */
const FOLD_AT_ONCE = 50_000;

const COLUMNS = 'grain, family, item_code, month, division, kind, person, status, unit, word1, word2, lag';

/** The grain that keeps everything. */
const FINEST = 31;

const Folded = z.array(z.object({ taken: z.number() }));
const Difference = z.object({
  grain: z.number(),
  family: z.string(),
  item_code: z.string(),
  month: z.string(),
  division: z.string(),
  kept: z.coerce.number(),
  counted: z.coerce.number(),
});
export type Difference = z.infer<typeof Difference>;

export interface Check {
  /** finest cells that the tables say */
  readonly cells: number;
  /** cells, of any grain, in which the summaries say something else */
  readonly different: number;
  /** the first of them */
  readonly examples: readonly Difference[];
}

export class StatisticsUpkeep {
  constructor(private readonly pool: Pick<pg.Pool, 'query' | 'connect'>) {}

  /** Moves all deltas there are into cells; while somebody else is doing that, leaves it to them. Changes no answer. */
  async fold(): Promise<void> {
    for (let taken = 1; taken > 0;) {
      const { rows } = await this.pool.query(`SELECT fold_statistics($1) AS taken`, [FOLD_AT_ONCE]);
      taken = Folded.parse(rows)[0]?.taken ?? 0;
    }
  }

  /**
   * Counts everything afresh and puts that in the place of the summaries. Writers are not held up: the count is of one snapshot, and
   * what was committed after it is still there as deltas.
   * @returns the number of cells, of all grains
   */
  async rebuild(): Promise<number> {
    const client = await this.pool.connect();
    let broken = true;
    try {
      // The lock before the transaction: its snapshot must be younger than every fold.
      await client.query('SELECT pg_advisory_lock($1, $2)', [...FOLD_LOCK]);
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await client.query('DELETE FROM statistics_cells');
      await client.query('DELETE FROM statistics_deltas');
      await client.query('DELETE FROM statistics_units');
      const { rowCount } = await client.query(
        `INSERT INTO statistics_cells (${COLUMNS}, rows) SELECT ${COLUMNS}, rows FROM statistics_full_cells`,
      );
      await client.query(
        `INSERT INTO statistics_units (code, name)
         SELECT unit, max(unit_name) FROM statistics_full_count WHERE unit <> '' AND unit_name IS NOT NULL GROUP BY unit`,
      );
      await client.query('COMMIT');
      await client.query('SELECT pg_advisory_unlock($1, $2)', [...FOLD_LOCK]);
      broken = false;
      return rowCount ?? 0;
    } finally {
      // A connection that failed half way still holds the lock: it is closed, not given back.
      client.release(broken);
    }
  }

  /** Compares the summaries with a full count, in one snapshot: writers may go on. */
  async check(): Promise<Check> {
    const { rows } = await this.pool.query(
      `WITH kept AS (SELECT ${COLUMNS}, sum(rows) AS rows FROM statistics_current_cells GROUP BY ${COLUMNS} HAVING sum(rows) <> 0),
        counted AS (SELECT ${COLUMNS}, rows FROM statistics_full_cells),
        compared AS (
          SELECT grain, family, item_code, month, division, coalesce(k.rows, 0) AS kept, coalesce(c.rows, 0) AS counted
          FROM kept k FULL JOIN counted c USING (${COLUMNS})
        )
       SELECT (SELECT count(*) FROM compared WHERE counted > 0 AND grain = ${FINEST})::int AS cells,
         (SELECT count(*) FROM compared WHERE kept <> counted)::int AS different,
         (SELECT coalesce(jsonb_agg(d), '[]') FROM (SELECT * FROM compared WHERE kept <> counted ORDER BY 1 DESC, 2, 3, 4, 5 LIMIT 20) d) AS examples`,
    );
    const Row = z.object({ cells: z.number(), different: z.number(), examples: z.array(Difference) });
    return Row.parse(rows[0]);
  }
}
