/**
 * Which cells the figures of an operation need. A figure about organizations is a plain sum, so each breakdown is read by itself, from
 * the grain that keeps it and what filters look at. Rows about natural persons are under disclosure control, which needs to know all
 * that the whole response tells of a row: they are read once, from a grain that keeps all of it.
 */
import type { Family } from '../catalog/model.ts';
import type { CountableRows } from './countable.ts';
import type { DivisionLevel } from './divisions.ts';
import { grainReads, KEEPS, splitYears } from './grains.ts';
import type { GrainRead, SplitYears } from './grains.ts';
import type { Wants } from './question.ts';

/** One root's filter, by catalog codes and first days of months. */
export interface RowFilter {
  readonly families: readonly string[];
  readonly items: readonly string[] | null;
  readonly divisionPrefix: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly kinds: readonly string[] | null;
}

/** By what a figure's rows are grouped beside root, item and party. */
export const SHAPES = { BARE: 31, KIND: 15, DIVISION: 23, MONTH: 27, WORDS: 29, TIMING: 30 } as const;
export type Shape = keyof typeof SHAPES;

/** Roots as the bits of a number. */
type Roots = number;

/** Rows of an item, party and state, and which roots count them, broken down by what. */
export interface PlannedRows {
  /** of item and party */
  readonly class: number;
  readonly family: Family;
  readonly itemCode: string;
  readonly person: boolean;
  readonly status: string;
  readonly deadline: number | null;
  readonly roots: Roots;
  readonly kind: Roots;
  readonly month: Roots;
  readonly words: Roots;
  readonly timing: Roots;
  readonly county: Roots;
  readonly region: Roots;
  readonly prefecture: Roots;
}

/** Whose: the caller's own organization's, all others', or both. */
type Providers = 'ALL' | 'OWN' | 'OTHERS';

/** One look into the cells. */
export interface Branch extends GrainRead {
  /** null: rows about natural persons, which are broken down after the control */
  readonly shape: Shape | null;
  readonly providers: Providers;
  readonly rows: readonly PlannedRows[];
}

export interface CountPlan {
  readonly branches: readonly Branch[];
  /** shapes that some root asks for of rows about natural persons */
  readonly personShapes: readonly Shape[];
  readonly split: SplitYears;
  /** item and party of each class */
  readonly classes: readonly { readonly family: Family; readonly itemCode: string; readonly person: boolean }[];
}

interface RowsOf {
  readonly providers: Providers;
  readonly row: CountableRows;
}

/** @param ownUnit the caller's organization code; null: it has none, and no row is its own */
export function planCount(
  filters: readonly RowFilter[],
  wants: readonly Wants[],
  countable: readonly CountableRows[],
  ownUnit: string | null,
): CountPlan {
  const split = splitYears(filters);
  const classes: CountPlan['classes'][number][] = [];
  const branches = new Map<string, Branch & { readonly rows: PlannedRows[] }>();
  const personShapes = new Set<Shape>();

  const add = (shape: Shape | null, providers: Providers, row: PlannedRows): void => {
    for (const read of grainReads(needs(row, filters, providers), row.person, split)) {
      const key = [shape, providers, row.status === 'ACTIVE', read.grain, read.years].join(' ');
      const branch = branches.get(key) ?? { ...read, shape, providers, rows: [] };
      branch.rows.push(row);
      branches.set(key, branch);
    }
  };

  for (const { providers, row } of kindsOf(countable, ownUnit)) {
    const counted = rootsOf(filters, row);
    if (counted === 0) continue;
    let place = classes.findIndex(({ itemCode, person }) => itemCode === row.itemCode && person === row.person);
    if (place === -1) place = classes.push({ family: row.family, itemCode: row.itemCode, person: row.person }) - 1;
    const whole = planned(place, row, counted, wants);
    const shapes = shapesOf(whole, counted & rootsWhere(wants, (one) => (row.family === 'SUBJECT' ? one.subjects : one.entries)));
    if (row.person) {
      for (const [shape] of shapes) personShapes.add(shape);
      add(null, providers, whole);
    } else for (const [shape, roots] of shapes) add(shape, providers, only(whole, shape, roots));
  }
  return { branches: [...branches.values()], personShapes: [...personShapes], split, classes };
}

/** Own rows and others' together where both count: then nobody need know whose they are. */
function kindsOf(countable: readonly CountableRows[], ownUnit: string | null): RowsOf[] {
  const keyOf = ({ itemCode, person, status }: CountableRows): string => `${itemCode} ${String(person)} ${status}`;
  const others = new Set(countable.filter(({ own }) => !own).map(keyOf));
  const owned = new Set(countable.filter(({ own }) => own).map(keyOf));
  return countable.flatMap((row): RowsOf[] => {
    const both = others.has(keyOf(row)) && owned.has(keyOf(row));
    if (row.own) return both || ownUnit === null ? [] : [{ providers: 'OWN', row }];
    return [{ providers: both || ownUnit === null ? 'ALL' : 'OTHERS', row }];
  });
}

/** The roots whose filter such rows can pass. */
function rootsOf(filters: readonly RowFilter[], { family, itemCode, byDivision }: CountableRows): Roots {
  return rootsWhere(
    filters,
    (filter) =>
      filter.families.includes(family) &&
      (filter.items?.includes(itemCode) ?? true) &&
      // A filter by division is a use of it.
      (filter.divisionPrefix === null || byDivision),
  );
}

function planned(place: number, row: CountableRows, counted: Roots, wants: readonly Wants[]): PlannedRows {
  const { family, itemCode, person, status, deadline, byDivision, byWords } = row;
  const subject = family === 'SUBJECT';
  // A dimension tells rows apart only where a root that the row belongs to asks for it.
  const asked = (condition: (one: Wants) => boolean): Roots => counted & rootsWhere(wants, condition);
  const divided = (level: DivisionLevel): Roots =>
    byDivision ? asked(({ subjectDivisions, entryDivisions }) => (subject ? subjectDivisions : entryDivisions).has(level)) : 0;
  return {
    class: place,
    family,
    itemCode,
    person,
    status,
    deadline,
    roots: counted,
    kind: subject ? asked((one) => one.subjectKinds) : 0,
    month: subject ? 0 : asked((one) => one.entryMonths),
    words: byWords ? asked((one) => wordsWanted(one, family)) : 0,
    timing: deadline === null || subject ? 0 : asked((one) => one.timeliness),
    county: divided('COUNTY'),
    region: divided('REPORTING_REGION'),
    prefecture: divided('PREFECTURE'),
  };
}

function wordsWanted(wants: Wants, family: Family): boolean {
  switch (family) {
    case 'SUBJECT':
      return wants.subjectStatuses;
    case 'LIST':
      return wants.lists;
    case 'COMMITMENT':
      return wants.commitments;
    case 'EVALUATION':
      return wants.grades;
    case 'RECORD':
      return false;
  }
}

/** The shapes that such rows have, and for which roots. */
function shapesOf(row: PlannedRows, bare: Roots): [Shape, Roots][] {
  const shapes: [Shape, Roots][] = [
    ['BARE', bare],
    ['KIND', row.kind],
    ['DIVISION', row.county | row.region | row.prefecture],
    ['MONTH', row.month],
    ['WORDS', row.words],
    ['TIMING', row.timing],
  ];
  return shapes.filter(([, roots]) => roots !== 0);
}

/** The same rows, broken down by this alone. */
function only(row: PlannedRows, shape: Shape, roots: Roots): PlannedRows {
  const none = { kind: 0, month: 0, words: 0, timing: 0, county: 0, region: 0, prefecture: 0 };
  const { kind, month, words, timing, county, region, prefecture } = row;
  switch (shape) {
    case 'BARE':
      return { ...row, ...none, roots };
    case 'KIND':
      return { ...row, ...none, roots, kind };
    case 'DIVISION':
      return { ...row, ...none, roots, county, region, prefecture };
    case 'MONTH':
      return { ...row, ...none, roots, month };
    case 'WORDS':
      return { ...row, ...none, roots, words };
    case 'TIMING':
      return { ...row, ...none, roots, timing };
  }
}

/** The dimensions that cells must keep, beside the months where filters begin or end. */
function needs(row: PlannedRows, filters: readonly RowFilter[], providers: Providers): number {
  const passed = filters.filter((_, root) => (row.roots & (2 ** root)) !== 0);
  const prefixes = passed.flatMap(({ divisionPrefix }) => (divisionPrefix === null ? [] : [divisionPrefix]));
  // The codes of a league and of what lies in it have four digits in common.
  const counties = row.county !== 0 || prefixes.some((prefix) => prefix.length > 4);
  const regions = (row.region | row.prefecture) !== 0 || prefixes.length > 0;
  const dimensions: readonly [boolean, number][] = [
    [row.month !== 0, KEEPS.MONTH],
    [counties, KEEPS.DIVISION],
    [regions, KEEPS.REGION],
    [row.kind !== 0 || passed.some(({ kinds }) => kinds !== null), KEEPS.KIND],
    [row.words !== 0, KEEPS.WORDS],
    [row.timing !== 0, KEEPS.UNIT],
    [providers !== 'ALL', row.status === 'ACTIVE' ? KEEPS.UNIT : KEEPS.OWN],
  ];
  return dimensions.reduce((sum, [needed, dimension]) => (needed ? sum | dimension : sum), 0);
}

function rootsWhere<T>(all: readonly T[], condition: (one: T) => boolean): Roots {
  return all.reduce((sum, one, root) => sum + (condition(one) ? 2 ** root : 0), 0);
}
