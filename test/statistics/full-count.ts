/**
 * The same counts from the rows themselves, in plain TypeScript: shares neither SQL nor code with what is tested. Holidays are
 * written out here once more.
 */
import type pg from 'pg';
import { z } from 'zod';
import { FAMILIES } from './rows.ts';

const OFF = [
  ['2024-01-01', '2024-01-01'],
  ['2024-02-10', '2024-02-17'],
  ['2024-04-04', '2024-04-06'],
  ['2024-05-01', '2024-05-05'],
  ['2024-06-10', '2024-06-10'],
  ['2024-09-15', '2024-09-17'],
  ['2024-10-01', '2024-10-07'],
  ['2025-01-01', '2025-01-01'],
  ['2025-01-28', '2025-02-04'],
  ['2025-04-04', '2025-04-06'],
  ['2025-05-01', '2025-05-05'],
  ['2025-05-31', '2025-06-02'],
  ['2025-10-01', '2025-10-08'],
  ['2026-01-01', '2026-01-03'],
  ['2026-02-15', '2026-02-23'],
  ['2026-04-04', '2026-04-06'],
  ['2026-05-01', '2026-05-05'],
  ['2026-06-19', '2026-06-21'],
  ['2026-09-25', '2026-09-27'],
  ['2026-10-01', '2026-10-07'],
] as const;
const WORKED = new Set([
  '2024-02-04',
  '2024-02-18',
  '2024-04-07',
  '2024-04-28',
  '2024-05-11',
  '2024-09-14',
  '2024-09-29',
  '2024-10-12',
  '2025-01-26',
  '2025-02-08',
  '2025-04-27',
  '2025-09-28',
  '2025-10-11',
  '2026-01-04',
  '2026-02-14',
  '2026-02-28',
  '2026-05-09',
  '2026-09-20',
  '2026-10-10',
]);

export function isWorkingDay(day: string): boolean {
  if (WORKED.has(day)) return true;
  if (OFF.some(([from, to]) => from <= day && day <= to)) return false;
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return weekday !== 0 && weekday !== 6;
}

export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

/** Working days after `from`, up to and including `to`. */
export function workingDays(from: string, to: string): number {
  let days = 0;
  for (let day = from; day < to;) {
    day = nextDay(day);
    if (isWorkingDay(day)) days += 1;
  }
  return days;
}

const Row = z.record(z.string(), z.unknown());
const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

/** Cell -> rows, for every row of every table. */
export async function fullCount(pool: Pick<pg.Pool, 'query'>): Promise<Record<string, number>> {
  const cells = new Map<string, number>();
  const add = (...parts: unknown[]): void => {
    const key = parts.map(text).join('|');
    cells.set(key, (cells.get(key) ?? 0) + 1);
  };
  const all = async (table: string, columns: string): Promise<Record<string, unknown>[]> =>
    z
      .array(Row)
      .parse(
        (
          await pool.query(
            `SELECT ${columns}, to_char(received_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') AS received FROM ${table}`,
          )
        ).rows,
      );
  const subjects = await all('subjects', 'id, item_code, kind, person, credit_code, division_code, status, source_unit_code');
  const bySubject = new Map(subjects.map((row) => [text(row['id']), row]));
  for (const row of subjects) {
    add(
      'SUBJECT',
      row['item_code'],
      text(row['received']).slice(0, 7),
      divisionOf(row),
      row['kind'],
      row['person'],
      'ACTIVE',
      row['source_unit_code'],
      row['status'],
      '',
      -1,
    );
  }
  for (const [family, { table, day, words }] of Object.entries(FAMILIES)) {
    const columns = ['subject_id', 'item_code', 'person', 'status', 'source_unit_code', `${day}::text AS day`, ...words];
    for (const row of await all(table, columns.join(', '))) {
      const subject = bySubject.get(text(row['subject_id'])) ?? {};
      const received = text(row['received']);
      const [first, second] = words;
      add(
        family,
        row['item_code'],
        received.slice(0, 7),
        divisionOf(subject),
        subject['kind'],
        row['person'],
        row['status'],
        row['source_unit_code'],
        first === undefined ? '' : row[first],
        second === undefined ? '' : row[second],
        lag(row['day'] === null ? null : text(row['day']), received),
      );
    }
  }
  return Object.fromEntries([...cells].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Grains, and whose rows they have; see inEveryGrain. */
const KEPT: Readonly<Record<number, readonly boolean[]>> = {
  ...Object.fromEntries(
    [1, 2, 3, 5, 6, 7, 13, 14, 15, 31, 47, 65, 77, 144, 149, 150, 212].map((grain) => [grain, [false, true]]),
  ),
  ...{ 151: [false], 213: [false], 159: [true], 221: [true] },
};

/** Item -> deadlines in working days, of all published versions. */
export type Deadlines = Readonly<Record<string, readonly number[]>>;

/**
 * The same cells in every grain that summaries are kept in: 1 month (else its year), 2 division, 4 kind, 8 words, 16 unit and lag,
 * 32 unit alone of rows that are not in force, 64 reporting region, 128 lags as the deadline that they keep.
 */
export function inEveryGrain(finest: Readonly<Record<string, number>>, deadlines: Deadlines = {}): Record<string, number> {
  const cells = new Map<string, number>();
  for (const [grain, parties] of Object.entries(KEPT).map(([bits, persons]) => [Number(bits), persons.map(String)] as const)) {
    for (const [cell, n] of Object.entries(finest)) {
      const [family = '', item = '', month = '', division = '', kind, person = '', status, unit, word1, word2, lag] =
        cell.split('|');
      if (family === 'RECORD' && [13, 14, 15, 77].includes(grain)) continue;
      if (grain === 47 && status === 'ACTIVE') continue;
      if (!parties.includes(person)) continue;
      const region = ['', '152501', '150781'].includes(division) ? division : `${division.slice(0, 4)}00`;
      const kept = (bit: number, value: string | undefined, otherwise = ''): string =>
        (grain & bit) === 0 ? otherwise : (value ?? '');
      const key = [
        String(grain),
        family,
        item,
        kept(1, month, `${month.slice(0, 4)}-01`),
        kept(2, division, kept(64, region)),
        kept(4, kind, 'OTHER_ORGANIZATION'),
        person,
        status,
        kept(16 + 32, unit),
        kept(8, word1),
        kept(8, word2),
        kept(128, cutOf(Number(lag), deadlines[item] ?? []), kept(16, lag, '-1')),
      ].join('|');
      cells.set(key, (cells.get(key) ?? 0) + n);
    }
  }
  return Object.fromEntries([...cells].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The first deadline that such an entry keeps; 61: it keeps none. */
function cutOf(lag: number, deadlines: readonly number[]): string {
  if (lag < 0 || lag > 60) return String(lag);
  return String(Math.min(61, ...deadlines.filter((days) => days >= lag && days <= 60)));
}

/** The maintained summaries in the same form: the finest cells. */
export async function maintained(pool: Pick<pg.Pool, 'query'>): Promise<Record<string, number>> {
  return read(pool, 'statistics_current', '');
}

/** And the cells of every grain. */
export async function maintainedInEveryGrain(pool: Pick<pg.Pool, 'query'>): Promise<Record<string, number>> {
  return read(pool, 'statistics_current_cells', 'grain, ');
}

async function read(pool: Pick<pg.Pool, 'query'>, view: string, grain: string): Promise<Record<string, number>> {
  const { rows } = await pool.query(
    `SELECT concat_ws('|', ${grain}family, item_code, to_char(month, 'YYYY-MM'), division, kind, person, status, unit, word1, word2, lag) AS cell, sum(rows)::int AS n
     FROM ${view} GROUP BY 1 HAVING sum(rows) <> 0`,
  );
  const parsed = z.array(z.object({ cell: z.string(), n: z.number() })).parse(rows);
  // PostgreSQL writes booleans in a text as t and f.
  const named = parsed.map(({ cell, n }): [string, number] => [
    cell.replace(/\|(t|f)\|/, (_, letter) => (letter === 't' ? '|true|' : '|false|')),
    n,
  ]);
  return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function divisionOf(subject: Record<string, unknown>): string {
  const stored = text(subject['division_code']);
  const code = /^\d{6}$/.test(stored) ? stored : text(subject['credit_code']).slice(2, 8);
  return { '153000': '150781', '153100': '152501', '159900': '150000' }[code] ?? code;
}

function lag(decided: string | null, received: string): number {
  if (decided === null) return -1;
  if (decided >= received) return 0;
  if (Date.parse(received) - Date.parse(decided) > 365 * 86_400_000) return 1000;
  return Math.min(61, workingDays(decided, received));
}
