/**
 * The one statement that counts for all `statistics` roots of an operation: one snapshot, and one control of what it tells about
 * natural persons (docs/decisions/0014).
 *
 * Its first step groups rows into atoms: rows that no figure of the whole response tells apart, because they agree in every dimension
 * that somebody asked for and pass the same roots' filters. An atom of fewer than five natural persons' rows is added to nothing.
 * Everything after is sums of atoms, so nobody who adds and subtracts figures gets at less than an atom, and no figure depends on how
 * many rows a small atom has.
 */
import { z } from 'zod';
import type { Family } from '../catalog/model.ts';
import type { CountableRows } from './countable.ts';
import type { DivisionLevel } from './divisions.ts';
import type { Wants } from './question.ts';

/** Counts about natural persons smaller than this are given to nobody (domain.md §10.3). */
const LEAST_PERSONS = 5;

/** Parameters are texts, or arrays of texts; PostgreSQL casts them. */
export interface CountStatement {
  readonly text: string;
  readonly values: readonly (string | readonly string[])[];
}

/** Adds a parameter and gives the expression for it. */
type Bind = (value: string | readonly string[], type: string) => string;

/** One root's filter, by catalog codes and first days of months. */
export interface RowFilter {
  readonly families: readonly string[];
  readonly items: readonly string[] | null;
  readonly divisionPrefix: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly kinds: readonly string[] | null;
}

/** Which columns are grouped by, beside root, family, item and party. */
export const SHAPES = { BARE: 31, KIND: 15, DIVISION: 23, MONTH: 27, WORDS: 29, TIMING: 30 } as const;

const Bool = z.enum(['t', 'f']).transform((letter) => letter === 't');
const Text = z.string().nullable();

/** A row as PostgreSQL writes it: texts, in the order of the statement's columns. */
export const CountRow = z
  .tuple([
    z.coerce.number(),
    z.coerce.number(),
    z.enum(['SUBJECT', 'RECORD', 'LIST', 'COMMITMENT', 'EVALUATION']),
    z.string(),
    Bool,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    z.enum(['ON_TIME', 'LATE', 'BACKFILL', '']).nullable(),
    z.coerce.number(),
    Bool,
  ])
  .transform(
    ([
      root,
      shape,
      family,
      item,
      person,
      kind,
      division,
      month,
      word1,
      word2,
      unit,
      unitName,
      timing,
      shown,
      hidden,
    ]): CountRow => ({
      root,
      shape,
      family,
      item,
      person,
      kind,
      division,
      month,
      word1,
      word2,
      unit,
      unitName,
      timing,
      shown,
      hidden,
    }),
  );

export interface CountRow {
  readonly root: number;
  /** one of SHAPES */
  readonly shape: number;
  readonly family: Family;
  /** catalog code */
  readonly item: string;
  readonly person: boolean;
  readonly kind: string | null;
  readonly division: string | null;
  /** YYYY-MM */
  readonly month: string | null;
  readonly word1: string | null;
  readonly word2: string | null;
  readonly unit: string | null;
  readonly unitName: string | null;
  /** '': no date of decision, or not asked for */
  readonly timing: 'ON_TIME' | 'LATE' | 'BACKFILL' | '' | null;
  /** rows in atoms that are shown */
  readonly shown: number;
  /** whether some atom in it is too small to be shown; never how many rows it has */
  readonly hidden: boolean;
}

/** @param ownUnit the caller's organization code; null: it has none */
export function countStatement(
  filters: readonly RowFilter[],
  wants: readonly Wants[],
  rows: readonly CountableRows[],
  ownUnit: string | null,
): CountStatement {
  const values: (string | readonly string[])[] = [];
  const bind: Bind = (value, type) => `$${String(values.push(value))}::${type}`;
  // A dimension tells rows apart only where a root that the row belongs to asks for it.
  const asked = (condition: (one: Wants) => boolean): string => {
    const mask = wants.reduce((sum, one, root) => sum + (condition(one) ? 2 ** root : 0), 0);
    return mask === 0 ? 'false' : `p.roots & ${String(mask)} <> 0`;
  };
  const timed = `a.deadline IS NOT NULL AND c.lag >= 0 AND ${asked((one) => one.timeliness)}`;
  const worded = `a.by_words AND CASE c.family WHEN 'SUBJECT' THEN ${asked((one) => one.subjectStatuses)} WHEN 'LIST' THEN ${asked((one) => one.lists)}
        WHEN 'COMMITMENT' THEN ${asked((one) => one.commitments)} WHEN 'EVALUATION' THEN ${asked((one) => one.grades)} ELSE false END`;
  // One number for item and party: the statement groups by it instead of by three columns.
  const classOf = ({ itemCode, person }: CountableRows): string => `${itemCode} ${String(person)}`;
  const classes = [...new Set(rows.map(classOf))];
  const access = [
    (row: CountableRows) => String(classes.indexOf(classOf(row))),
    ({ family }: CountableRows) => family,
    ({ itemCode }: CountableRows) => itemCode,
    ({ person }: CountableRows) => String(person),
    ({ status }: CountableRows) => status,
    ({ own }: CountableRows) => String(own),
    ({ deadline }: CountableRows) => String(deadline ?? ''),
    ({ byDivision }: CountableRows) => String(byDivision),
    ({ byWords }: CountableRows) => String(byWords),
  ].map((column) => bind(rows.map(column), 'text[]'));
  const text = `WITH access AS NOT MATERIALIZED (
    SELECT class::int, family, item_code, person::boolean, status::entry_status, own::boolean, nullif(deadline, '')::int AS deadline,
      by_division::boolean, by_words::boolean
    FROM unnest(${access.join(', ')}) AS a (class, family, item_code, person, status, own, deadline, by_division, by_words)
  ), counted AS (
    SELECT a.class, a.person, p.roots,
      CASE WHEN c.family = 'SUBJECT' AND ${asked((one) => one.subjectKinds)} THEN c.kind END AS kind,
      CASE WHEN NOT a.by_division THEN ''
        WHEN c.family = 'SUBJECT' THEN ${divisionColumn((level) => asked((one) => one.subjectDivisions.has(level)))}
        ELSE ${divisionColumn((level) => asked((one) => one.entryDivisions.has(level)))} END AS division,
      CASE WHEN c.family <> 'SUBJECT' AND ${asked((one) => one.entryMonths)} THEN c.month END AS month,
      CASE WHEN ${worded} THEN c.word1 ELSE '' END AS word1, CASE WHEN ${worded} THEN c.word2 ELSE '' END AS word2,
      CASE WHEN ${timed} THEN c.unit ELSE '' END AS unit,
      CASE WHEN NOT (${timed}) THEN 0 WHEN c.lag = 1000 THEN 3 WHEN c.lag <= a.deadline THEN 1 ELSE 2 END AS timing,
      c.rows
    FROM statistics_current c
      JOIN access a ON a.family = c.family AND a.item_code = c.item_code AND a.person = c.person AND a.status = c.status
        AND a.own = (c.unit <> '' AND c.unit = ${bind(ownUnit ?? '', 'text')})
      CROSS JOIN LATERAL (SELECT ${filters.map((filter, root) => `CASE WHEN ${predicate(filter, bind)} THEN ${String(2 ** root)} ELSE 0 END`).join(' + ')} AS roots) p
    WHERE p.roots <> 0
  ), atoms AS (
    SELECT class, roots, kind, division, month, word1, word2, unit, timing, bool_or(person) AS person, sum(rows) AS n
    FROM counted GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 HAVING sum(rows) > 0
  ), controlled AS (
    SELECT *, CASE WHEN person AND n < ${String(LEAST_PERSONS)} THEN 0 ELSE n END AS shown FROM atoms
  ), figures AS (
    SELECT r.root, grouping(kind, division, month, word1, unit) AS shape, class, kind, division, month, word1, word2, unit, timing,
      sum(shown) AS shown, bool_or(shown = 0) AS hidden
    FROM controlled JOIN generate_series(0, ${String(filters.length - 1)}) AS r (root) ON (roots >> r.root) & 1 = 1
    GROUP BY r.root, class, GROUPING SETS ((), (kind), (division), (month), (word1, word2), (unit, timing))
  )
  SELECT f.root, f.shape, k.family, k.item_code, k.person, f.kind, f.division, to_char(f.month, 'YYYY-MM'), f.word1, f.word2, f.unit, u.name,
    CASE f.timing WHEN 0 THEN '' WHEN 1 THEN 'ON_TIME' WHEN 2 THEN 'LATE' WHEN 3 THEN 'BACKFILL' END, f.shown, f.hidden
  FROM figures f JOIN (SELECT DISTINCT class, family, item_code, person FROM access) k ON k.class = f.class
    LEFT JOIN statistics_units u ON u.code = f.unit`;
  return { text, values };
}

function predicate(filter: RowFilter, bind: Bind): string {
  const conditions = [`c.family = ANY (${bind(filter.families, 'text[]')})`];
  if (filter.items !== null) conditions.push(`c.item_code = ANY (${bind(filter.items, 'text[]')})`);
  if (filter.divisionPrefix !== null)
    conditions.push(`a.by_division AND starts_with(c.division, ${bind(filter.divisionPrefix, 'text')})`);
  if (filter.from !== null) conditions.push(`c.month >= ${bind(filter.from, 'date')}`);
  if (filter.to !== null) conditions.push(`c.month <= ${bind(filter.to, 'date')}`);
  if (filter.kinds !== null) conditions.push(`c.kind = ANY (${bind(filter.kinds, 'subject_kind[]')})`);
  return conditions.join(' AND ');
}

/** The division at the finest level that any of the row's roots asks for; coarser ones are sums of it. */
function divisionColumn(asked: (level: DivisionLevel) => string): string {
  const league = `left(c.division, 4) || '00'`;
  return (
    `CASE WHEN c.division = '' THEN '' WHEN ${asked('COUNTY')} THEN c.division ` +
    `WHEN ${asked('REPORTING_REGION')} THEN CASE WHEN c.division IN ('152501', '150781') THEN c.division ELSE ${league} END ` +
    `WHEN ${asked('PREFECTURE')} THEN ${league} ELSE '' END`
  );
}
