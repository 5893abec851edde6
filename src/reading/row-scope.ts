/** Which rows a statement may touch: the caller's visibility and the operation's conditions, in SQL. */
import type { Party, VisibleWhen, Visibility } from '../access/index.ts';
import type { CatalogItem, Role } from '../catalog/model.ts';
import { fieldWithRole } from '../catalog/model.ts';
import type { Condition, Order } from './read-plan.ts';
import { boundDay, boundUnit, liveAuthorization } from './read-input.ts';
import type { BindValue, ReadBuilder, ReaderIdentity, ValueChange } from './read-input.ts';

/**
 * Under row-level security a search within names cannot use the subjects' index (no operator of arrays is proved not to leak), so
 * organizations are found by a table of their names; see docs/decisions/0009.
 */
export type NameSearch = 'ROWS' | 'ORGANIZATION_NAMES';

/** Where the subjects of one party are searched by name for this reader. */
export function nameSearch(reader: ReaderIdentity, person: boolean): NameSearch {
  return !person && reader.profile.personsNeedAuthorization ? 'ORGANIZATION_NAMES' : 'ROWS';
}

interface SortColumn {
  readonly expression: string;
  readonly type: string;
}

/** Where each role's typed copy lies, and how it sorts: empty values last in DESC, so that keyset pages need no special case. */
const COLUMNS: Readonly<Partial<Record<Role, { column: string; type: string; empty?: string }>>> = {
  DOCUMENT_NUMBER: { column: 'document_number', type: 'text' },
  AUTHORITY: { column: 'authority', type: 'text' },
  DECIDED_ON: { column: 'decided_on', type: 'date', empty: "'-infinity'::date" },
  AMOUNT: { column: 'amount_order', type: 'float8', empty: "'-Infinity'::float8" },
  LIST_NAME: { column: 'list_name', type: 'text' },
  LISTED_ON: { column: 'listed_on', type: 'date', empty: "'-infinity'::date" },
  REMOVED_ON: { column: 'removed_on', type: 'date' },
  COMMITMENT_KIND: { column: 'kind', type: 'text' },
  COMMITTED_ON: { column: 'committed_on', type: 'date', empty: "'-infinity'::date" },
  FULFILMENT: { column: 'fulfilment', type: 'text' },
  GRADE: { column: 'grade', type: 'text' },
  EVALUATED_ON: { column: 'evaluated_on', type: 'date', empty: "'-infinity'::date" },
  SUBJECT_CODE: { column: 'credit_code', type: 'text', empty: "''" },
  SUBJECT_NAME: { column: 'name', type: 'text', empty: "''" },
  SUBJECT_STATUS: { column: 'status', type: 'text' },
  DIVISION: { column: 'division_code', type: 'text' },
};

/** The expression an order sorts by; the same as in the indexes of the migrations. */
export function sortColumn(by: Order['by']): SortColumn {
  if (by === 'UPDATED_AT') return { expression: 'e.updated_at', type: 'timestamptz' };
  const { column, type, empty } = columnOf(by);
  return { expression: empty === undefined ? `e.${column}` : orLeast(`e.${column}`, empty), type };
}

/** As in the indexes. CASE and not COALESCE: under row-level security, PostgreSQL lets only the former near an index. */
function orLeast(column: string, least: string): string {
  return `(CASE WHEN ${column} IS NULL THEN ${least} ELSE ${column} END)`;
}

function columnOf(role: Role): { column: string; type: string; empty?: string } {
  const column = COLUMNS[role];
  if (column === undefined) throw new Error(`No column holds the role ${role}`);
  return column;
}

/**
 * @param bind binds the condition's value
 * @param names where a part of a name is looked for: among organizations' names apart, or on the rows themselves
 */
export function conditionSql(
  builder: ReadBuilder,
  { on, operator }: Pick<Condition, 'on' | 'operator'>,
  bind: BindValue,
  names: NameSearch = 'ROWS',
): string {
  const own = {
    STATUS: { expression: 'e.status', type: 'entry_status' },
    UPDATED_AT: sortColumn('UPDATED_AT'),
    KIND: { expression: 'e.kind', type: 'subject_kind' },
  };
  const { expression, type } = on in own ? own[on as keyof typeof own] : roleExpression(on as Role);
  switch (operator) {
    case 'EQUALS':
      return `${expression} = ${bind(type)}`;
    case 'ANY_OF':
      return `${expression} = ANY(${bind(`${type}[]`)})`;
    case 'AT_LEAST':
      return `${expression} >= ${bind(type)}${on === 'AMOUNT' ? exactAmount('>=', bind) : ''}`;
    case 'AT_MOST':
      return `${expression} <= ${bind(type)}${on === 'AMOUNT' ? exactAmount('<=', bind) : ''}`;
    case 'NULL_OR_AFTER':
      return `(${expression} IS NULL OR ${expression} > ${bind(type)})`;
    case 'NOT_NULL_AND_AT_MOST':
      return `${expression} <= ${bind(type)}`;
    case 'STARTS_WITH':
      // How much a prefix narrows depends on it alone.
      builder.planAlways();
      // A range instead of LIKE: the columns sort by code point, and under row-level security only a comparison may use the index.
      return `(${expression} >= ${bind('text')} AND ${expression} < ${bind('text', AFTER_PREFIX)})`;
    case 'CONTAINS':
      builder.planAlways();
      return names === 'ROWS'
        ? containsSql(bind, 'e')
        : `e.id IN (SELECT o.id FROM organization_names o WHERE ${containsSql(bind, 'o')})`;
  }
}

/** The rounded amount finds the range in the index, the exact one decides at its ends. */
function exactAmount(comparison: '>=' | '<=', bind: BindValue): string {
  return ` AND ${orLeast('e.amount', "'-Infinity'::numeric")} ${comparison} ${bind('numeric')}`;
}

/** The end of the range of texts that begin with one. */
export const AFTER_PREFIX: ValueChange = { name: 'after prefix', of: (prefix) => `${String(prefix)}\u{10ffff}` };
const PATTERN: ValueChange = { name: 'pattern', of: (part) => `%${escapeLike(String(part))}%` };

/**
 * The two-character index narrows, the comparison decides: without regard to upper and lower case of ASCII letters, like the
 * index, whose function folds under the collation "C".
 */
function containsSql(bind: BindValue, row: 'e' | 'o'): string {
  const pattern = bind('text', PATTERN);
  return (
    `(name_bigrams(${row}.name) @> name_bigrams(${bind('text')}) ` +
    `AND lower(${row}.name COLLATE "C") LIKE lower(${pattern} COLLATE "C"))`
  );
}

function roleExpression(role: Role): SortColumn {
  const { column, type, empty } = columnOf(role);
  // Dates compare as they sort, so that a range can use the index; an empty date is before every range.
  return {
    expression: empty !== undefined && role !== 'SUBJECT_STATUS' ? orLeast(`e.${column}`, empty) : `e.${column}`,
    type,
  };
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, (character) => `\\${character}`);
}

/** The rows of one entry item that exist for the caller. `null`: none. */
export function entryVisibility(builder: ReadBuilder, reader: ReaderIdentity, item: CatalogItem, party: Party): string | null {
  if (party !== 'ANY' && item.subjectScope !== 'ALL' && item.subjectScope !== party) return null;
  const visibility = reader.profile.visibility(item.code);
  const active = activeRows(builder, reader, item, party, visibility);
  // Active rows say themselves about whom they are.
  if (!visibility.own || reader.orgCode === null) return active;
  const own = `e.source_unit_code = ${boundUnit(builder)}`;
  const rows = active === null ? own : `(${own} OR ${active})`;
  const within = partyWithin(item, party);
  return within === null ? rows : `(${within} AND ${rows})`;
}

/** Rows outside the item's scope, or outside what the operation asks for, are not there, not even for their provider. */
function partyWithin(item: CatalogItem, party: Party): string | null {
  const about = party === 'ANY' ? item.subjectScope : party;
  if (about === 'ALL') return null;
  return about === 'PERSON' ? 'e.person' : 'NOT e.person';
}

function activeRows(
  builder: ReadBuilder,
  reader: ReaderIdentity,
  item: CatalogItem,
  party: Party,
  visibility: Visibility,
): string | null {
  const parties = [
    { person: 'NOT e.person', side: 'organization', here: item.subjectScope !== 'PERSON' && party !== 'PERSON' },
    { person: 'e.person', side: 'person', here: item.subjectScope !== 'ORGANIZATION' && party !== 'ORGANIZATION' },
  ] as const;
  const expires = fieldWithRole(item, 'PUBLIC_UNTIL') !== undefined;
  const today = boundDay(builder);
  const cells: string[] = [];
  for (const { person, side, here } of parties) {
    if (!here) continue;
    // Always, not only where the item's scope leaves it open: a later catalog may narrow the scope of rows that are here already.
    const apart = [person];
    const current = whenSql(builder, reader, visibility.current[side]);
    const expired = expires ? whenSql(builder, reader, visibility.expired[side]) : current;
    const add = (when: string | null, ...conditions: string[]): void => {
      if (when !== null) cells.push([...apart, ...conditions, ...(when === 'TRUE' ? [] : [when])].join(' AND '));
    };
    if (current === expired) {
      add(current);
      continue;
    }
    add(current, `(e.public_until IS NULL OR e.public_until >= ${today})`);
    add(expired, `e.public_until < ${today}`);
  }
  if (cells.length === 0) return null;
  return `(e.status = 'ACTIVE' AND (${cells.map((cell) => `(${cell})`).join(' OR ')}))`;
}

function whenSql(builder: ReadBuilder, reader: ReaderIdentity, when: VisibleWhen): string | null {
  if (when === 'ALWAYS') return 'TRUE';
  return when === 'NEVER' ? null : authorizedSql(builder, reader, 'e.subject_id', 'THIS_ITEM');
}

/** The subject has a live authorization for this client and purpose. `null`: no purpose stated, so there is none. */
function authorizedSql(
  builder: ReadBuilder,
  reader: ReaderIdentity,
  subject: 'e.id' | 'e.subject_id',
  covering: 'THIS_ITEM' | 'ANY_ITEM',
): string | null {
  if (reader.purpose === null) return null;
  const items = covering === 'THIS_ITEM' ? ' AND e.item_code = ANY(a.items)' : '';
  return `EXISTS (SELECT FROM authorizations a WHERE ${liveAuthorization(builder, subject)}${items})`;
}

/** The subjects of one party that exist for the caller: by the party's subject items. `null`: none. */
export function subjectVisibility(
  builder: ReadBuilder,
  reader: ReaderIdentity,
  items: readonly CatalogItem[],
  person: boolean,
): string | null {
  const cells: string[] = [];
  for (const item of items) {
    if (item.subjectScope === (person ? 'ORGANIZATION' : 'PERSON')) continue;
    const visibility = reader.profile.visibility(item.code);
    const when = visibility.current[person ? 'person' : 'organization'];
    const needsAny = person && reader.profile.personsNeedAuthorization && when !== 'NEVER';
    const general = needsAny ? authorizedSql(builder, reader, 'e.id', 'ANY_ITEM') : subjectWhenSql(builder, reader, when);
    const own = visibility.own && reader.orgCode !== null ? `e.source_unit_code = ${boundUnit(builder)}` : null;
    const rows = general === 'TRUE' ? 'TRUE' : [own, general].filter((part) => part !== null).join(' OR ');
    if (rows !== '') cells.push(`(e.item_code = ${builder.word(item.code)} AND (${rows}))`);
  }
  return cells.length === 0 ? null : `${person ? 'e.person' : 'NOT e.person'} AND (${cells.join(' OR ')})`;
}

function subjectWhenSql(builder: ReadBuilder, reader: ReaderIdentity, when: VisibleWhen): string | null {
  if (when === 'ALWAYS') return 'TRUE';
  return when === 'NEVER' ? null : authorizedSql(builder, reader, 'e.id', 'THIS_ITEM');
}
