/**
 * The statements that fetch rows. Keyset pages throughout: no offset anywhere. A listing over several items is a union of one
 * index scan per item, so that a rare item costs no more than a common one; the entries of many subjects come by one lateral join.
 */
import type { Party } from '../access/index.ts';
import type { CatalogItem } from '../catalog/model.ts';
import { ENTRY_TABLES } from '../entries/index.ts';
import type { EntriesRead, OneEntryRead, PageRequest, RowSelection, SubjectsRead } from './read-plan.ts';
import { conditionSql, entryVisibility, nameSearch, sortColumn, subjectVisibility } from './row-scope.ts';
import type { NameSearch, ReaderIdentity } from './row-scope.ts';
import { StatementBuilder } from './statement.ts';
import type { Statement } from './statement.ts';

/** Where a page goes on: the last row's sort value as text, and its id. */
export interface Position {
  readonly sortKey: string;
  readonly id: string;
}

/** The content keys to fetch: wanted, and open to the caller for some row at least (DESIGN §7). */
export function wantedKeys(rows: RowSelection, reader: ReaderIdentity): string[] {
  const keys = new Set<string>();
  for (const { item, wanted } of rows.items.values()) {
    for (const { field } of wanted) {
      if (field !== null && reader.profile.couldEverSee(item.code, field.key)) keys.add(field.key);
    }
  }
  return [...keys];
}

/** A page of entries over the items in scope, of all subjects. `null`: nothing can be visible. */
export function entriesPage(
  read: EntriesRead,
  reader: ReaderIdentity,
  keys: readonly string[],
  position: Position | null,
): Statement | null {
  const builder = new StatementBuilder();
  const columns = entryColumns(builder, reader, keys, sortColumn(read.page.order.by).expression);
  const tail = pageTail(builder, read.page, position);
  const branches = visibleItems(builder, reader, read).map(
    ({ item, visible }) =>
      `SELECT ${columns} FROM ${ENTRY_TABLES[read.family]} e WHERE e.item_code = ${builder.bind(item.code, 'text')} AND ${visible}${tail.where} ${tail.order}`,
  );
  if (branches.length === 0) return null;
  if (branches.length === 1) return builder.finish(branches.join(''));
  const { first } = read.page;
  return builder.finish(
    `SELECT * FROM (${branches.map((branch) => `(${branch})`).join(' UNION ALL ')}) e ORDER BY ${mergeOrder(read.page)} LIMIT ${String(first + 1)}`,
  );

  function mergeOrder({ order }: PageRequest): string {
    return `e.sort_value ${order.direction}, e.id ${order.direction}`;
  }
}

/** One page per subject, for many subjects at once. */
export function entriesOfSubjects(
  read: EntriesRead,
  reader: ReaderIdentity,
  keys: readonly string[],
  subjectIds: readonly string[],
  position: Position | null,
): Statement | null {
  const builder = new StatementBuilder();
  const columns = entryColumns(builder, reader, keys, sortColumn(read.page.order.by).expression);
  const tail = pageTail(builder, read.page, position);
  const visible = visibleRows(builder, reader, read);
  if (visible === null) return null;
  const ids = builder.bind(subjectIds, 'uuid[]');
  return builder.finish(
    `SELECT e.* FROM unnest(${ids}) AS s(id) CROSS JOIN LATERAL ` +
      `(SELECT ${columns} FROM ${ENTRY_TABLES[read.family]} e WHERE e.subject_id = s.id AND ${visible}${tail.where} ${tail.order}) e`,
  );
}

/** How many entries the caller may see: `{ subject_id, total }` per subject, or one row for all where `subjectIds` is null. */
export function countEntries(read: EntriesRead, reader: ReaderIdentity, subjectIds: readonly string[] | null): Statement | null {
  const builder = new StatementBuilder();
  const conditions = read.page.conditions.map((condition) => ` AND ${conditionSql(builder, condition)}`).join('');
  if (subjectIds !== null) {
    const visible = visibleRows(builder, reader, read);
    if (visible === null) return null;
    return builder.finish(
      `SELECT e.subject_id, count(*)::int AS total FROM ${ENTRY_TABLES[read.family]} e ` +
        `WHERE e.subject_id = ANY(${builder.bind(subjectIds, 'uuid[]')}) AND ${visible}${conditions} GROUP BY e.subject_id`,
    );
  }
  const branches = visibleItems(builder, reader, read).map(
    ({ item, visible }) =>
      `SELECT count(*) AS n FROM ${ENTRY_TABLES[read.family]} e WHERE e.item_code = ${builder.bind(item.code, 'text')} AND ${visible}${conditions}`,
  );
  return branches.length === 0 ? null : builder.finish(`SELECT sum(n)::int AS total FROM (${branches.join(' UNION ALL ')}) c`);
}

export function oneEntry(read: OneEntryRead, reader: ReaderIdentity, keys: readonly string[]): Statement | null {
  const builder = new StatementBuilder();
  const columns = entryColumns(builder, reader, keys, sortColumn('UPDATED_AT').expression);
  const visible = visibleOf(builder, reader, read.rows, 'ANY');
  if (visible === null) return null;
  return builder.finish(
    `SELECT ${columns} FROM ${ENTRY_TABLES[read.family]} e ` +
      `WHERE e.subject_id = ${builder.bind(read.subjectId, 'uuid')} AND e.id = ${builder.bind(read.entryId, 'uuid')} AND ${visible}`,
  );
}

/** Subjects by id; what the caller may not see is not there. */
export function subjectsById(
  rows: RowSelection,
  party: Party,
  reader: ReaderIdentity,
  keys: readonly string[],
  subjectIds: readonly string[],
): Statement | null {
  const builder = new StatementBuilder();
  const columns = subjectColumns(builder, reader, keys, sortColumn('UPDATED_AT').expression);
  const visible = subjectParties(party)
    .map((person) => subjectVisibility(builder, reader, itemsOf(rows), person))
    .filter((cell) => cell !== null);
  if (visible.length === 0) return null;
  return builder.finish(
    `SELECT ${columns} FROM subjects e WHERE e.id = ANY(${builder.bind(subjectIds, 'uuid[]')}) AND (${visible.map((cell) => `(${cell})`).join(' OR ')})`,
  );
}

/** A page of subjects: organizations and natural persons each by their own index, merged. */
export function subjectsPage(
  read: SubjectsRead,
  reader: ReaderIdentity,
  keys: readonly string[],
  position: Position | null,
): Statement | null {
  const builder = new StatementBuilder();
  const columns = subjectColumns(builder, reader, keys, sortColumn(read.page.order.by).expression);
  const branches = subjectBranches(builder, read, reader).map(({ visible, names }) => {
    const tail = pageTail(builder, read.page, position, names);
    return `SELECT ${columns} FROM subjects e WHERE ${visible}${tail.where} ${tail.order}`;
  });
  if (branches.length === 0) return null;
  if (branches.length === 1) return builder.finish(branches.join(''));
  const { order, first } = read.page;
  return builder.finish(
    `SELECT * FROM (${branches.map((branch) => `(${branch})`).join(' UNION ALL ')}) e ` +
      `ORDER BY e.sort_value ${order.direction}, e.id ${order.direction} LIMIT ${String(first + 1)}`,
  );
}

export function countSubjects(read: SubjectsRead, reader: ReaderIdentity): Statement | null {
  const builder = new StatementBuilder();
  const branches = subjectBranches(builder, read, reader).map(({ visible, names }) => {
    const conditions = read.page.conditions.map((condition) => ` AND ${conditionSql(builder, condition, names)}`).join('');
    return `SELECT count(*) AS n FROM subjects e WHERE ${visible}${conditions}`;
  });
  return branches.length === 0 ? null : builder.finish(`SELECT sum(n)::int AS total FROM (${branches.join(' UNION ALL ')}) c`);
}

function subjectBranches(
  builder: StatementBuilder,
  read: SubjectsRead,
  reader: ReaderIdentity,
): { visible: string; names: NameSearch }[] {
  return subjectParties(read.party).flatMap((person) => {
    const visible = subjectVisibility(builder, reader, itemsOf(read.rows), person);
    return visible === null ? [] : [{ visible, names: nameSearch(reader, person) }];
  });
}

/** false: organizations, true: natural persons */
function subjectParties(party: Party): boolean[] {
  return party === 'ANY' ? [false, true] : [party === 'PERSON'];
}

function itemsOf(rows: RowSelection): CatalogItem[] {
  return [...rows.items.values()].map(({ item }) => item);
}

function visibleItems(
  builder: StatementBuilder,
  reader: ReaderIdentity,
  read: EntriesRead,
): { item: CatalogItem; visible: string }[] {
  return itemsOf(read.rows).flatMap((item) => {
    const visible = entryVisibility(builder, reader, item, read.key?.party ?? 'ANY');
    return visible === null ? [] : [{ item, visible }];
  });
}

function visibleRows(builder: StatementBuilder, reader: ReaderIdentity, read: EntriesRead): string | null {
  return visibleOf(builder, reader, read.rows, read.key?.party ?? 'ANY');
}

/** For statements that have their subject already: the items that share a condition share it in SQL, too. */
function visibleOf(builder: StatementBuilder, reader: ReaderIdentity, rows: RowSelection, party: Party): string | null {
  const byCondition = new Map<string, string[]>();
  for (const item of itemsOf(rows)) {
    const visible = entryVisibility(builder, reader, item, party);
    if (visible !== null) byCondition.set(visible, [...(byCondition.get(visible) ?? []), item.code]);
  }
  const cells = [...byCondition].map(
    ([visible, codes]) => `(e.item_code = ANY(${builder.bind(codes, 'text[]')}) AND ${visible})`,
  );
  return cells.length === 0 ? null : `(${cells.join(' OR ')})`;
}

function pageTail(
  builder: StatementBuilder,
  page: PageRequest,
  position: Position | null,
  names: NameSearch = 'ROWS',
): { where: string; order: string } {
  const { expression, type } = sortColumn(page.order.by);
  const conditions = page.conditions.map((condition) => ` AND ${conditionSql(builder, condition, names)}`).join('');
  const keyset =
    position === null
      ? ''
      : ` AND (${expression}, e.id) ${page.order.direction === 'DESC' ? '<' : '>'} (${builder.bind(position.sortKey, type)}, ${builder.bind(position.id, 'uuid')})`;
  const { direction } = page.order;
  return {
    where: conditions + keyset,
    order: `ORDER BY ${expression} ${direction}, e.id ${direction} LIMIT ${String(page.first + 1)}`,
  };
}

function entryColumns(builder: StatementBuilder, reader: ReaderIdentity, keys: readonly string[], sort: string): string {
  return [
    'e.subject_id, e.id, e.item_code, e.person, e.status::text AS status, e.disputed, e.received_at, e.updated_at',
    `(e.public_until < ${builder.bind(reader.today, 'date')}) IS TRUE AS expired`,
    ...sharedColumns(builder, reader, keys, sort),
  ].join(', ');
}

function subjectColumns(builder: StatementBuilder, reader: ReaderIdentity, keys: readonly string[], sort: string): string {
  return [
    'e.id, e.item_code, e.person, e.kind::text AS kind, e.registered, e.received_at, e.updated_at',
    ...sharedColumns(builder, reader, keys, sort),
  ].join(', ');
}

function sharedColumns(builder: StatementBuilder, reader: ReaderIdentity, keys: readonly string[], sort: string): string[] {
  const own = reader.orgCode === null ? 'FALSE' : `(e.source_unit_code = ${builder.bind(reader.orgCode, 'text')}) IS TRUE`;
  return [
    `${own} AS own`,
    `${sort} AS sort_value, (${sort})::text AS sort_key`,
    ...keys.map((key, index) => `e.content ->> ${builder.bind(key, 'text')} AS v${String(index)}`),
  ];
}
