/**
 * The one statement that counts for all `statistics` roots of an operation: one snapshot, and one control of what it tells about
 * natural persons (docs/decisions/0014).
 *
 * Rows about natural persons are first grouped into atoms: rows that no figure of the whole response tells apart, because they agree
 * in every dimension that somebody asked for and pass the same roots' filters. An atom of fewer than five is added to nothing.
 * Everything after is sums of atoms, so nobody who adds and subtracts figures gets at less than an atom, and no figure depends on how
 * many rows a small atom has.
 */
import { z } from 'zod';
import { FAMILIES } from '../catalog/model.ts';
import { SHAPES } from './count-plan.ts';
import type { Branch, CountPlan, RowFilter, Shape } from './count-plan.ts';
import { monthsOf } from './grains.ts';

/** Counts about natural persons smaller than this are given to nobody (domain.md §10.3). */
const LEAST_PERSONS = 5;

/** Parameters are texts, or arrays of texts; PostgreSQL casts them. */
export interface CountStatement {
  readonly text: string;
  readonly values: readonly (string | readonly string[])[];
}

/** Gives the expression for a parameter; the same value of one type is sent once. */
type Bind = (value: string | readonly string[], type: string) => string;

const Bool = z.enum(['t', 'f']).transform((letter) => letter === 't');
const Text = z.string().nullable();

/** What the statement selects, in the order of its columns. */
const COLUMNS = {
  root: z.coerce.number(),
  /** one of SHAPES */
  shape: z.coerce.number(),
  family: z.enum(FAMILIES),
  /** catalog code */
  item: z.string(),
  person: Bool,
  kind: Text,
  division: Text,
  /** YYYY-MM */
  month: Text,
  word1: Text,
  word2: Text,
  unit: Text,
  unitName: Text,
  /** '': no date of decision, or not asked for */
  timing: z.enum(['ON_TIME', 'LATE', 'BACKFILL', '']).nullable(),
  /** rows in atoms that are shown */
  shown: z.coerce.number(),
  /** whether some atom in it is too small to be shown; never how many rows it has */
  hidden: Bool,
};
const NAMES = Object.keys(COLUMNS);

/** A row as PostgreSQL writes it: texts, in the order of the statement's columns. */
export const CountRow = z.preprocess(
  (texts) =>
    Array.isArray(texts) && texts.length === NAMES.length
      ? Object.fromEntries(NAMES.map((name, at) => [name, texts[at]]))
      : texts,
  z.object(COLUMNS).readonly(),
);
export type CountRow = z.infer<typeof CountRow>;

/**
 * @param plan has at least one branch
 * @param ownUnit the caller's organization code; null: it has none
 */
export function countStatement(plan: CountPlan, filters: readonly RowFilter[], ownUnit: string | null): CountStatement {
  const values: (string | readonly string[])[] = [];
  const bound = new Map<string, string>();
  const bind: Bind = (value, type) => {
    const key = JSON.stringify([value, type]);
    const known = bound.get(key) ?? `$${String(values.push(value))}::${type}`;
    bound.set(key, known);
    return known;
  };
  const branches = plan.branches.map((branch) => branchText(branch, plan, filters, ownUnit, bind));
  // Should PostgreSQL sort the cells, it has them apart by the first columns that it compares.
  const atom = 'month, unit, division, word1, word2, timing, class, shape, roots, kind';
  // Sums of organizations' rows are figures already; those of persons' atoms are made from what the control lets through.
  const text = `WITH cells (shape, class, roots, kind, division, month, word1, word2, unit, timing, rows) AS (
    ${branches.join('\n    UNION ALL ')}
  ), atoms AS (
    SELECT shape, class, roots, kind, division, month, word1, word2, unit, timing, sum(rows) AS n
    FROM cells GROUP BY ${atom} HAVING sum(rows) > 0
  ), roots AS (
    SELECT root, 1 << root AS bit FROM generate_series(0, ${String(filters.length - 1)}) AS r (root)
  ), figures AS (
    SELECT root, shape, class, kind, division, month, word1, word2, unit, timing, sum(n) AS shown, false AS hidden
    FROM atoms JOIN roots ON roots & bit <> 0 WHERE shape > 0 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10${personFigures(plan)}
  )
  SELECT f.root, f.shape, k.family, k.item_code, k.person, f.kind, f.division, to_char(f.month, 'YYYY-MM'), f.word1, f.word2, f.unit, u.name,
    CASE f.timing WHEN 0 THEN '' WHEN 1 THEN 'ON_TIME' WHEN 2 THEN 'LATE' WHEN 3 THEN 'BACKFILL' END, f.shown, f.hidden
  FROM figures f JOIN (VALUES ${plan.classes
    .map(
      ({ family, itemCode, person }, place) =>
        `(${String(place)}, ${bind(family, 'text')}, ${bind(itemCode, 'text')}, ${String(person)})`,
    )
    .join(', ')}) AS k (class, family, item_code, person) ON k.class = f.class
    LEFT JOIN statistics_units u ON u.code = f.unit`;
  return { text, values };
}

/** What each shape is grouped by. */
const GROUPED: Readonly<Record<Shape, readonly string[]>> = {
  BARE: [],
  KIND: ['kind'],
  DIVISION: ['division'],
  MONTH: ['month'],
  WORDS: ['word1', 'word2'],
  TIMING: ['unit', 'timing'],
};

function personFigures({ personShapes }: CountPlan): string {
  if (personShapes.length === 0) return '';
  // A column that no shape is grouped by cannot be named.
  const columns = Object.values(GROUPED).flat();
  const grouped = new Set(personShapes.flatMap((shape) => GROUPED[shape]));
  const shape = personShapes
    .filter((one) => one !== 'BARE')
    .map((one) => ` - (1 - grouping(${GROUPED[one][0] ?? ''})) * ${String(SHAPES.BARE - SHAPES[one])}`);
  return `
    UNION ALL
    SELECT root, ${String(SHAPES.BARE)}${shape.join('')}, class, ${columns.map((column) => (grouped.has(column) ? column : 'NULL')).join(', ')},
      coalesce(sum(n) FILTER (WHERE n >= ${String(LEAST_PERSONS)}), 0), bool_or(n < ${String(LEAST_PERSONS)})
    FROM atoms JOIN roots ON roots & bit <> 0 WHERE shape = 0
    GROUP BY root, class, GROUPING SETS (${personShapes.map((one) => `(${GROUPED[one].join(', ')})`).join(', ')})`;
}

/** What roots may ask for of a row. */
type Asked = 'kind' | 'month' | 'words' | 'timing' | 'county' | 'region' | 'prefecture';

/** Rows of cells of one grain, and of deltas, which keep everything; each with the roots it counts for and what they ask of it. */
function branchText(
  { shape, grain, years, providers, rows }: Branch,
  { split }: CountPlan,
  filters: readonly RowFilter[],
  ownUnit: string | null,
  bind: Bind,
): string {
  const counted = filters
    .map((filter, root) => ({ filter, bit: 2 ** root }))
    .filter(({ bit }) => rows.some(({ roots }) => roots & bit));
  const passes = counted.map(({ filter, bit }) => ({ bit, condition: predicate(filter, bind) }));
  // Most filters look at nothing that differs within the rows of an item and party.
  const fixed = passes.reduce((sum, { bit, condition }) => (condition === null ? sum + bit : sum), 0);
  const roots = passes.reduce(
    (sum, { bit, condition }) => (condition === null ? sum : `${sum} + CASE WHEN ${condition} THEN ${String(bit)} ELSE 0 END`),
    String(fixed),
  );
  const columns: Asked[] = [];
  /** Whether some root of the row asks for it. */
  const asked = (dimension: Asked): string => {
    if (rows.every((row) => row[dimension] === 0)) return 'false';
    if (rows.every((row) => row[dimension] === row.roots)) return 'true';
    if (!columns.includes(dimension)) columns.push(dimension);
    return `p.roots & a.${dimension} <> 0`;
  };
  const where = (condition: string, value: string): string =>
    condition === 'false' ? 'NULL' : condition === 'true' ? value : `CASE WHEN ${condition} THEN ${value} END`;
  const timed = asked('timing');
  const shown = [
    String(shape === null ? 0 : SHAPES[shape]),
    'a.class',
    'p.roots',
    `${where(asked('kind'), 'c.kind')}::subject_kind`,
    divisionColumn(asked('county'), asked('region'), asked('prefecture')),
    `${where(asked('month'), 'c.month')}::date`,
    `${where(asked('words'), 'c.word1')}::text`,
    `${where(asked('words'), 'c.word2')}::text`,
    `${where(timed === 'false' ? timed : `${timed} AND c.lag >= 0`, 'c.unit')}::text`,
    timed === 'false'
      ? '0'
      : `CASE WHEN NOT (${timed} AND c.lag >= 0) THEN 0 WHEN c.lag = 1000 THEN 3 WHEN c.lag <= a.deadline THEN 1 ELSE 2 END`,
    'c.rows',
  ];
  const access = rows.map(
    (row) =>
      `(${[String(row.class), bind(row.family, 'text'), bind(row.itemCode, 'text'), String(row.person), bind(row.status, 'entry_status'), row.deadline === null ? 'NULL::int' : String(row.deadline), String(row.roots), ...columns.map((column) => String(row[column]))].join(', ')})`,
  );
  // The join says the same; these an index can use where few of the items are asked for.
  const items = [...new Set(rows.map(({ itemCode }) => itemCode))];
  const statuses = [...new Set(rows.map(({ status }) => status))];
  const parties = [...new Set(rows.map(({ person }) => person))];
  const conditions = [
    'p.roots <> 0',
    `c.item_code = ANY (${bind(items, 'text[]')})`,
    `c.status = ANY (${bind(statuses, 'entry_status[]')})`,
    ...(parties.length === 1 ? [`c.person = ${String(parties[0])}`] : []),
    ...(providers === 'ALL' ? [] : [`c.unit ${providers === 'OWN' ? '=' : '<>'} ${bind(ownUnit ?? '', 'text')}`]),
    ...(years === 'ALL' ? [] : [`c.month ${years === 'SPLIT' ? '= ANY' : '<> ALL'} (${bind(monthsOf(split.years), 'date[]')})`]),
    ...hull(
      counted.map(({ filter }) => filter),
      bind,
    ),
  ];
  const cell = 'family, item_code, month, division, kind, person, status, unit, word1, word2, lag, rows';
  return `SELECT ${shown.join(', ')}
    FROM (SELECT ${cell} FROM statistics_cells WHERE grain = ${String(grain)} UNION ALL SELECT ${cell} FROM statistics_deltas) AS c
      JOIN (VALUES ${access.join(', ')}) AS a (${['class', 'family', 'item_code', 'person', 'status', 'deadline', 'roots', ...columns].join(', ')})
        ON a.item_code = c.item_code AND a.person = c.person AND a.status = c.status AND a.family = c.family
      CROSS JOIN LATERAL (SELECT ${passes.every(({ condition }) => condition === null) ? 'a.roots' : `a.roots & (${roots})`} AS roots) AS p
    WHERE ${conditions.join(' AND ')}`;
}

/** What a filter looks at beside items; null: nothing. */
function predicate({ divisionPrefix, from, to, kinds }: RowFilter, bind: Bind): string | null {
  const conditions: string[] = [];
  if (divisionPrefix !== null) conditions.push(`starts_with(c.division, ${bind(divisionPrefix, 'text')})`);
  if (from !== null) conditions.push(`c.month >= ${bind(from, 'date')}`);
  if (to !== null) conditions.push(`c.month <= ${bind(to, 'date')}`);
  if (kinds !== null) conditions.push(`c.kind = ANY (${bind(kinds, 'subject_kind[]')})`);
  return conditions.length === 0 ? null : conditions.join(' AND ');
}

/** What all filters leave out together: said apart, because an index can use it. */
function hull(filters: readonly RowFilter[], bind: Bind): string[] {
  const all = (values: readonly (string | null)[]): string[] => values.filter((value) => value !== null).sort();
  const from = all(filters.map((filter) => filter.from));
  const to = all(filters.map((filter) => filter.to));
  const prefixes = all(filters.map((filter) => filter.divisionPrefix));
  const conditions: string[] = [];
  const first = from[0];
  const last = to.at(-1);
  if (first !== undefined && from.length === filters.length) conditions.push(`c.month >= ${bind(first, 'date')}`);
  if (last !== undefined && to.length === filters.length) conditions.push(`c.month <= ${bind(last, 'date')}`);
  const lowest = prefixes[0];
  // Divisions are digits, and those come before a colon: 15 reaches beyond 1507.
  const highest = prefixes
    .map((prefix) => `${prefix}:`)
    .sort()
    .at(-1);
  if (lowest !== undefined && highest !== undefined && prefixes.length === filters.length)
    conditions.push(`c.division >= ${bind(lowest, 'text')} AND c.division < ${bind(highest, 'text')}`);
  return conditions;
}

/** The division at the finest level that any of the row's roots asks for; coarser ones are sums of it. */
function divisionColumn(county: string, region: string, prefecture: string): string {
  const league = `left(c.division, 4) || '00'`;
  const levels = [
    [county, 'c.division'],
    [region, `CASE WHEN c.division IN ('152501', '150781') THEN c.division ELSE ${league} END`],
    [prefecture, league],
  ].filter(([asked]) => asked !== 'false');
  if (levels.length === 0) return 'NULL::text';
  return `CASE WHEN c.division = '' THEN '' ${levels.map(([asked = '', column = '']) => `WHEN ${asked} THEN ${column}`).join(' ')} END`;
}
