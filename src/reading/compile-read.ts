/**
 * One statement per root: the rows of the root and, for every row that leads further, the rows below it, joined laterally and
 * added row by row. A branch that leads further is a CTE that numbers its rows; a row below names its parent by that number.
 * Whatever the number of rows, there is one round trip and one plan, and the plan is kept where the text stays the same.
 *
 * That rows of one parent come in the order of their subquery rests on the lateral join: it can only be a nested loop.
 *
 * A short answer costs PostgreSQL more for making the plan's nodes and expressions ready than for running them: so there is one
 * node and one expression where one will do, and the text, which is looked through several times a request, is kept short.
 */
import { branchesOf, FACTS, isOneRow, isPaged } from './branches.ts';
import type { Branch, RowsRead } from './branches.ts';
import { boundDay, boundUnit, liveAuthorization } from './read-input.ts';
import type { ReadBuilder, ReaderIdentity, ReadInput } from './read-input.ts';
import { sortColumn } from './row-scope.ts';
import { StatementBuilder } from './statement.ts';
import type { Statement } from './statement.ts';
import { VisibleRows } from './visible-rows.ts';

/** A read made ready: kept for all requests that differ in values only. */
export interface CompiledRead {
  readonly branches: readonly Branch[];
  /** null: nothing can be visible, so nothing is asked */
  readonly statement: ((input: ReadInput) => Statement) | null;
  /** where each column stands in a row; those that are not there the statement does not bring */
  readonly columns: Readonly<Partial<Record<Column, number>>>;
}

/** `facts` names the branch, or, below zero, the branch whose count stands in `own`. `v` is the first of the values. */
export type Column = keyof typeof TYPES | 'v';

const TYPES = {
  facts: 'int',
  /** the parent's number, in branches below */
  parent: 'int',
  /** the row's own number where rows hang below it; a count */
  own: 'int',
  subject: 'uuid',
  id: 'uuid',
  /** the catalog codes that live authorizations of the root row's subject cover, a list for each, as JSON; null: none */
  agreed: 'text',
  sort: 'text',
  received: 'text',
  updated: 'text',
  kind: 'text',
} as const;

const ISO_UTC = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

/** A part of the statement: its columns by name, and what comes after FROM. */
interface Part {
  readonly columns: Map<string, string>;
  readonly from: string;
}

export function compileRead(read: RowsRead, reader: ReaderIdentity): CompiledRead {
  const branches = branchesOf(read, reader.profile);
  const builder: ReadBuilder = new StatementBuilder<ReadInput>();
  const rows = new VisibleRows(builder, reader, (branch) => sourceColumns(branch, reader));
  const tables = new Map<Branch, Part>();
  const parts: Part[] = [];
  for (const branch of branches) {
    // Below rows that nobody sees there is nothing.
    if (branch.parent !== null && !tables.has(branch.parent)) continue;
    const counted = isPaged(branch.read) && branch.read.page.wantsTotal ? rows.count(branch, subjectAbove(branch)) : null;
    if (counted !== null) parts.push(countPart(branch, counted));
    if (isPaged(branch.read) && !branch.read.page.wantsRows) continue;
    const source = branch.parent === null ? rows.root(branch) : rows.below(branch, subjectAbove(branch));
    if (source === null) continue;
    const part = rowsPart(builder, reader, branch, source);
    if (branch.parent === null && needsAgreed(branches, reader)) part.columns.set('agreed', agreedSql(builder));
    if (branch.hasChildren) {
      tables.set(branch, part);
      parts.push({ columns: new Map([...part.columns.keys()].map((name) => [name, `b.${name}`])), from: `${tableOf(branch)} b` });
    } else {
      // Who stands below a parent is said by its number, and for a subject by its id.
      if (branch.parent !== null && branch.family === 'ENTRY') part.columns.delete('subject');
      parts.push(part);
    }
  }
  const names = [...Object.keys(TYPES), ...valueNames(branches)].filter((name) => parts.some(({ columns }) => columns.has(name)));
  const columns: Partial<Record<Column, number>> = {};
  for (const [place, name] of names.entries()) {
    if (isColumn(name)) columns[name] = place;
    else if (name === 'v0') columns.v = place;
  }
  return { branches, columns, statement: parts.length === 0 ? null : builder.finish(unionOf(tables, parts, names)) };
}

function isColumn(name: string): name is keyof typeof TYPES {
  return name in TYPES;
}

function valueNames(branches: readonly Branch[]): string[] {
  const most = Math.max(0, ...branches.flatMap(({ items }) => items.map(({ keys }) => keys.length)));
  return Array.from({ length: most }, (_, slot) => `v${String(slot)}`);
}

function tableOf(branch: Branch): string {
  return `b${String(branch.number)}`;
}

/** What the rows of a branch bring from their table, under names that the parts use. */
function sourceColumns(branch: Branch, { orgCode }: ReaderIdentity): string {
  const entry = branch.family === 'ENTRY';
  const { wants } = branch;
  return [
    entry ? 'e.subject_id AS subject, e.id' : 'e.id AS subject, e.id',
    'e.item_code, e.person',
    ...(entry ? ['e.status, e.public_until'] : []),
    ...(wants.flag ? [entry ? 'e.disputed AS flag' : 'e.registered AS flag'] : []),
    ...(orgCode === null ? [] : ['e.source_unit_code']),
    ...(wants.receivedAt ? ['e.received_at'] : []),
    ...(wants.updatedAt ? ['e.updated_at'] : []),
    ...(wants.kind ? ['e.kind'] : []),
    ...(isPaged(branch.read) && branch.read.page.wantsCursors
      ? [`${sortColumn(branch.read.page.order.by).expression} AS sort_key`]
      : []),
    ...(branch.items.some(({ keys }) => keys.length > 0) ? ['e.content'] : []),
  ].join(', ');
}

/** @param source the rows, as SQL that may refer to one row `p` of the parent */
function rowsPart(builder: ReadBuilder, reader: ReaderIdentity, branch: Branch, source: string): Part {
  const { wants, parent } = branch;
  const columns = new Map<string, string>();
  const several = branch.items.length > 1;
  const item = itemSql(builder, branch);
  const keyed = branch.items.some(({ keys }) => keys.length > 0);
  columns.set('facts', factsSql(builder, reader, branch, keyed ? 'x.item' : item));
  if (parent !== null && branch.family === 'ENTRY') columns.set('parent', parentNumber(parent));
  if (branch.hasChildren) columns.set('own', isOneRow(branch) ? '1' : '(row_number() OVER ())::int');
  columns.set('subject', 'x.subject');
  if (branch.family === 'ENTRY') columns.set('id', 'x.id');
  if (isPaged(branch.read) && branch.read.page.wantsCursors) columns.set('sort', 'x.sort_key::text');
  if (wants.receivedAt) columns.set('received', `to_char(x.received_at AT TIME ZONE 'UTC', ${ISO_UTC})`);
  if (wants.updatedAt) columns.set('updated', `to_char(x.updated_at AT TIME ZONE 'UTC', ${ISO_UTC})`);
  if (wants.kind) columns.set('kind', 'x.kind::text');
  for (const name of valueNames([branch])) columns.set(name, valueSql(builder, branch, Number(name.slice(1))));
  // A document of more than 2 kB is stored compressed, and every `->>` would open it again: it is opened once a row, after the
  // limit. OFFSET 0 keeps the planner from merging the copy back.
  const opened = `SELECT *, x.content || '{}' AS opened${several ? `, ${item} AS item` : ''}`;
  const rows = keyed ? `${opened} FROM (${source}) x OFFSET 0` : source;
  return { columns, from: belowParent(branch, `(${rows}) x`) };
}

/** Rows that a branch hangs below one row `p` of its parent are joined to it; where the parent is one row, they name it themselves. */
function belowParent(branch: Branch, rows: string): string {
  const { parent } = branch;
  return parent === null || isOneRow(parent) ? rows : `${parentSql(branch, parent)} CROSS JOIN LATERAL ${rows}`;
}

function countPart(branch: Branch, counted: string): Part {
  const columns = new Map([
    ['facts', String(-1 - branch.number)],
    ['own', 'x.n'],
  ]);
  if (branch.parent !== null) columns.set('parent', parentNumber(branch.parent));
  return { columns, from: belowParent(branch, `(${counted}) x`) };
}

function parentNumber(parent: Branch): string {
  return isOneRow(parent) ? '1' : 'p.own';
}

/** The rows that a branch hangs below. A subject stands below many entries, and is fetched once. */
function parentSql(branch: Branch, parent: Branch): string {
  const columns = branch.family === 'ENTRY' ? 'b.own, b.subject' : 'DISTINCT b.subject';
  return `(SELECT ${columns} FROM ${tableOf(parent)} b${leadingHere(branch, parent)}) p`;
}

/** The subject that the rows of a branch are about, for a condition on them. */
function subjectAbove(branch: Branch): string {
  const { parent } = branch;
  if (parent === null || !isOneRow(parent)) return 'p.subject';
  return `(SELECT b.subject FROM ${tableOf(parent)} b${leadingHere(branch, parent)})`;
}

/** Which rows `b` of the parent lead to the branch. */
function leadingHere(branch: Branch, { read, parent }: Branch): string {
  const conditions = [
    ...(branch.parentItems === null
      ? []
      : [
          `b.facts / ${String(FACTS.ITEM_STEP)} % ${String(FACTS.BRANCH_STEP / FACTS.ITEM_STEP)} IN (${branch.parentItems.join(', ')})`,
        ]),
    // The row after the page only tells that there is one.
    ...(parent === null && isPaged(read) ? [`b.own <= ${String(read.page.first)}`] : []),
  ];
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}

/** The row's item as its place among the branch's, counted from 1 as SQL counts; of a branch of several items. */
function itemSql(builder: ReadBuilder, branch: Branch): string {
  const cells = branch.items.map(({ selection }, place) => `WHEN ${builder.word(selection.item.code)} THEN ${String(place + 1)}`);
  return `CASE x.item_code ${cells.join(' ')} END`;
}

/** See `factsOf`, which reads it. */
function factsSql(builder: ReadBuilder, reader: ReaderIdentity, branch: Branch, item: string): string {
  const when = (condition: string, value: number): string => `CASE WHEN ${condition} THEN ${String(value)} ELSE 0 END`;
  const several = branch.items.length > 1;
  const terms = [String(branch.number * FACTS.BRANCH_STEP - (several ? FACTS.ITEM_STEP : 0)), when('x.person', FACTS.person)];
  if (several) terms.push(`${item} * ${String(FACTS.ITEM_STEP)}`);
  if (reader.orgCode !== null) terms.push(when(`x.source_unit_code = ${boundUnit(builder)}`, FACTS.own));
  if (branch.wants.flag) terms.push(when('x.flag', FACTS.flag));
  if (branch.family === 'ENTRY') {
    const states = FACTS.STATUS_CODES.map((status, code) => `WHEN '${status}' THEN ${String(code * FACTS.STATUS_STEP)}`);
    terms.push(
      when(`x.public_until < ${boundDay(builder)}`, FACTS.expired),
      `CASE x.status ${states.join(' ')} ELSE ${String(FACTS.STATUS_CODES.length * FACTS.STATUS_STEP)} END`,
    );
  }
  return terms.join(' + ');
}

/** One column holds in each row the value of the row's own item: no item's fields lie empty beside another's. */
function valueSql(builder: ReadBuilder, { items }: Branch, slot: number): string {
  const keys = items.map((item) => item.keys[slot]);
  const [first] = keys;
  if (first !== undefined && keys.every((key) => key === first)) return `x.opened ->> ${builder.word(first)}`;
  const words = keys.map((key) => (key === undefined ? 'NULL' : builder.word(key)));
  return `x.opened ->> (ARRAY[${words.join(', ')}])[x.item]`;
}

/** Rows below share their root row's subject, so it is asked there alone; and only where an authorization can change the answer. */
function needsAgreed(branches: readonly Branch[], { profile, purpose }: ReaderIdentity): boolean {
  if (purpose === null) return false;
  return branches.some(({ items, family }) =>
    items.some(
      ({ selection: { item }, keys }) =>
        profile.consentMatters(item.code, keys) ||
        (profile.personsNeedAuthorization && family === 'SUBJECT' && item.subjectScope !== 'ORGANIZATION'),
    ),
  );
}

function agreedSql(builder: ReadBuilder): string {
  return `(SELECT json_agg(a.items)::text FROM authorizations a WHERE ${liveAuthorization(builder, 'x.subject')})`;
}

function unionOf(tables: ReadonlyMap<Branch, Part>, parts: readonly Part[], names: readonly string[]): string {
  const withTables = [...tables].map(([branch, { columns, from }]) => {
    const list = [...columns].map(([name, sql]) => `${sql} AS ${name}`).join(', ');
    return `${tableOf(branch)} AS MATERIALIZED (SELECT ${list} FROM ${from})`;
  });
  const selects = parts.map(({ columns, from }) => {
    const list = names.map((name) => columns.get(name) ?? `NULL::${isColumn(name) ? TYPES[name] : 'text'}`);
    return `SELECT ${list.join(', ')} FROM ${from}`;
  });
  return (withTables.length === 0 ? '' : `WITH ${withTables.join(', ')} `) + selects.join(' UNION ALL ');
}
