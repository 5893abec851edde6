/**
 * The holiday calendar (法定节假日及调休): data, because the State Council arranges each year anew. Timeliness is reproducible for
 * past periods as long as their years stay in it (domain.md §10.2).
 */
import { parse } from 'csv-parse/sync';
import type pg from 'pg';
import { z } from 'zod';
import { parseDay } from '../calendar.ts';
import { OperatorError } from '../errors.ts';
import { ENTRIES_LOCK, FOLD_LOCK } from './statistics-upkeep.ts';

/** A day that is not what its day of the week says, or that the arrangement names all the same. */
export interface CalendarDay {
  /** YYYY-MM-DD */
  readonly day: string;
  readonly working: boolean;
  readonly name: string;
}

export interface CalendarImport {
  readonly years: readonly string[];
  readonly days: number;
  /** entries that were counted afresh because a day before their arrival changed */
  readonly recounted: number;
}

const FIRST_YEAR = 2000;
const LAST_YEAR = 2100;
const WORKING: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['是', true],
  ['班', true],
  ['work', true],
  ['false', false],
  ['0', false],
  ['否', false],
  ['休', false],
  ['off', false],
]);

const Rows = z.array(z.record(z.string(), z.string()));
const StoredDays = z.array(z.object({ day: z.string(), working: z.boolean(), name: z.string() }));

/**
 * @param text CSV with the header day,working,name
 * @throws OperatorError naming every line that is wrong
 */
export function parseCalendar(text: string): CalendarDay[] {
  let rows: Record<string, string>[];
  try {
    rows = Rows.parse(parse(text, { columns: true, bom: true, skip_empty_lines: true, trim: true }));
  } catch (error) {
    throw new OperatorError(
      `The file is not a CSV table with the header day,working,name: ${error instanceof Error ? error.message : ''}`,
      { cause: error },
    );
  }
  const faults: string[] = [];
  const days = new Map<string, CalendarDay>();
  for (const [at, row] of rows.entries()) {
    const line = `line ${at + 2}`;
    const day = parseDay(row['day'] ?? '');
    const working = WORKING.get((row['working'] ?? '').toLowerCase());
    const name = row['name'] ?? '';
    if (day === null || Number(day.slice(0, 4)) < FIRST_YEAR || Number(day.slice(0, 4)) > LAST_YEAR) {
      faults.push(`${line}: day must be a real day YYYY-MM-DD of ${FIRST_YEAR} to ${LAST_YEAR}`);
    } else if (days.has(day)) faults.push(`${line}: ${day} stands twice`);
    else if (working === undefined) faults.push(`${line}: working must be true (a working day) or false (a day off)`);
    else if (name === '') faults.push(`${line}: name is empty; write the holiday's, for instance 春节 or 春节调休`);
    else days.set(day, { day, working, name });
  }
  if (faults.length > 0) throw new OperatorError(`The calendar was not imported:\n  ${faults.join('\n  ')}`);
  if (days.size === 0)
    throw new OperatorError(
      'The file has no days; it needs the header day,working,name and a line for each day that is not what its day of the week says.',
    );
  return [...days.values()];
}

export class HolidayCalendar {
  constructor(private readonly pool: Pick<pg.Pool, 'query' | 'connect'>) {}

  /** The arranged days of a year, in order. */
  async show(year: number): Promise<CalendarDay[]> {
    const { rows } = await this.pool.query(
      `SELECT to_char(day, 'YYYY-MM-DD') AS day, working, name FROM calendar_days WHERE extract(year FROM day) = $1 ORDER BY day`,
      [year],
    );
    return StoredDays.parse(rows);
  }

  /**
   * Puts these days in the place of what their years had, and counts afresh the entries whose working days that changes. Imports
   * wait until it has ended; usually, when next year's arrangement comes, there are no such entries yet.
   */
  async import(days: readonly CalendarDay[]): Promise<CalendarImport> {
    const years = [...new Set(days.map(({ day }) => day.slice(0, 4)))].sort();
    const client = await this.pool.connect();
    let broken = true;
    try {
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock($1, $2)', [...ENTRIES_LOCK]);
      await client.query('SELECT pg_advisory_xact_lock($1, $2)', [...FOLD_LOCK]);
      const first = await replaceYears(client, years, days);
      const recounted = first === null ? 0 : await recount(client, first);
      await client.query('COMMIT');
      broken = false;
      return { years, days: days.length, recounted };
    } finally {
      client.release(broken);
    }
  }
}

/** @returns the first day that is working now and was not, or the other way round; null: none */
async function replaceYears(
  client: pg.PoolClient,
  years: readonly string[],
  days: readonly CalendarDay[],
): Promise<string | null> {
  await client.query('CREATE TEMPORARY TABLE earlier_working_days ON COMMIT DROP AS SELECT day, ordinal FROM working_days');
  await client.query('DELETE FROM calendar_days WHERE extract(year FROM day)::text = ANY ($1::text[])', [years]);
  await client.query(
    'INSERT INTO calendar_days (day, working, name) SELECT * FROM unnest($1::date[], $2::boolean[], $3::text[])',
    [days.map(({ day }) => day), days.map(({ working }) => working), days.map(({ name }) => name)],
  );
  await client.query('SELECT number_working_days()');
  const { rows } = await client.query(
    `SELECT to_char(min(e.day), 'YYYY-MM-DD') AS first FROM earlier_working_days e JOIN working_days w USING (day) WHERE w.ordinal <> e.ordinal`,
  );
  return z.array(z.object({ first: z.string().nullable() })).parse(rows)[0]?.first ?? null;
}

/** Entries that arrived in the month of that day or later: the working days before an earlier arrival are what they were. */
async function recount(client: pg.PoolClient, firstDay: string): Promise<number> {
  const later = `family <> 'SUBJECT' AND month >= date_trunc('month', $1::date)`;
  const { rowCount } = await client.query(`SELECT FROM statistics_current WHERE ${later} LIMIT 1`, [firstDay]);
  if (rowCount === 0) return 0;
  const cell = 'family, item_code, month, division, kind, person, status, unit, word1, word2, lag';
  // What differs becomes deltas, which are folded into the cells of every grain.
  const { rows } = await client.query(
    `WITH counted AS MATERIALIZED (SELECT ${cell}, rows FROM statistics_full_count WHERE ${later}), changed AS (
       INSERT INTO statistics_deltas (${cell}, rows)
       SELECT ${cell}, sum(rows) FROM (
         SELECT ${cell}, rows FROM counted UNION ALL SELECT ${cell}, -rows FROM statistics_current WHERE ${later}
       ) AS both_counts GROUP BY ${cell} HAVING sum(rows) <> 0
     )
     SELECT coalesce(sum(rows), 0)::text AS recounted FROM counted`,
    [firstDay],
  );
  return z.array(z.object({ recounted: z.coerce.number() })).parse(rows)[0]?.recounted ?? 0;
}
