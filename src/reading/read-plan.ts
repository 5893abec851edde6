/**
 * What one operation reads, before any row is fetched: a tree of reads, each with the rows in scope, the fields wanted of
 * them and the children to fetch for them. Made once per operation by the operation check (src/graphql/plan); carried out by the Reader.
 */
import type { WireText } from '../wire-text.ts';
import type { EntryStatus, Party } from '../access/model.ts';
import type { CatalogField, CatalogItem, Role } from '../catalog/model.ts';
import type { EntryFamily, Family } from '../catalog/model.ts';

/** One wanted field of the rows of one item. */
export interface WantedField {
  /** the GraphQL field's name: the property of the shaped row */
  readonly property: string;
  /** the item's field that fills it; null: the item has no field with that role, so the answer is null for everybody */
  readonly field: CatalogField | null;
  /** asked through an interface: a masked form that does not fit the interface's type is left out */
  readonly viaInterface: boolean;
  /** schema coordinates under which the operation asks for it, for instance `CreditRecord.documentNumber` */
  readonly coordinates: readonly string[];
}

/** A field of a row that leads to further rows. */
export interface ChildRead {
  /** where the shaped row keeps what was fetched: see `childKey` */
  readonly key: string;
  readonly read: OneSubjectRead | EntriesRead;
}

/** Names a child of a row: response key and coerced arguments, which a resolver knows again. */
export function childKey(responseKey: string, coercedArguments: Readonly<Record<string, unknown>>): string {
  return responseKey + JSON.stringify(coercedArguments);
}

export interface ItemSelection {
  readonly item: CatalogItem;
  readonly wanted: readonly WantedField[];
  /** names of the fields wanted that the gateway fills itself: `status`, `updatedAt` … */
  readonly system: ReadonlySet<string>;
  readonly children: readonly ChildRead[];
}

/** What is wanted of rows: per catalog code. An item that is not here is out of scope. */
export interface RowSelection {
  readonly items: ReadonlyMap<string, ItemSelection>;
}

/** A condition on a role's column or on one of the gateway's own. Every value is bound, never spliced. */
export interface Condition {
  readonly on: Role | 'STATUS' | 'UPDATED_AT' | 'KIND';
  readonly operator:
    'EQUALS' | 'ANY_OF' | 'AT_LEAST' | 'AT_MOST' | 'STARTS_WITH' | 'CONTAINS' | 'NULL_OR_AFTER' | 'NOT_NULL_AND_AT_MOST';
  readonly value: string | readonly string[];
}

export interface Order {
  readonly by: Role | 'UPDATED_AT';
  readonly direction: 'ASC' | 'DESC';
}

/** Which subject: by global id or by an identifier from which its id is derived. `null`: one that cannot exist. */
export interface SubjectKey {
  readonly subjectId: string | null;
  readonly party: Party;
}

export interface PageRequest {
  readonly conditions: readonly Condition[];
  readonly order: Order;
  readonly first: number;
  readonly after: string | null;
  /** whether anything of the rows themselves is asked for, not only their number */
  readonly wantsRows: boolean;
  readonly wantsTotal: boolean;
  /** whether any cursor is asked for */
  readonly wantsCursors: boolean;
  /** names the field, its filter and its order: a cursor holds only under the same one */
  readonly cursorScope: string;
}

/** `subject(by:)`, or the subject of an entry (then `key` is null: each entry names its own). */
export interface OneSubjectRead {
  readonly kind: 'SUBJECT';
  readonly key: SubjectKey | null;
  readonly rows: RowSelection;
}

export interface OneEntryRead {
  readonly kind: 'ENTRY';
  readonly family: EntryFamily;
  readonly subjectId: string;
  readonly entryId: string;
  readonly rows: RowSelection;
}

export interface SubjectsRead {
  readonly kind: 'SUBJECTS';
  readonly party: Party;
  readonly page: PageRequest;
  readonly rows: RowSelection;
}

/** `records` and the other three, at the root or of a subject. */
export interface EntriesRead {
  readonly kind: 'ENTRIES';
  readonly family: EntryFamily;
  /** root only, with `filter.subject`; of a subject's connection, the parents name the subjects */
  readonly key: SubjectKey | null;
  readonly page: PageRequest;
  readonly rows: RowSelection;
}

/** `changes`: rows of whatever family, as the change feed names them. */
export interface ChangesRead {
  readonly kind: 'CHANGES';
  /** as given: catalog codes or type names; null: not given */
  readonly items: readonly string[] | null;
  readonly first: number;
  readonly after: string | null;
  readonly rows: RowSelection;
  /** the same selections, of each family by itself */
  readonly byFamily: ReadonlyMap<Family, RowSelection>;
}

/** Rows of one family by their ids, in no order. */
export interface NamedRowsRead {
  readonly kind: 'NAMED';
  readonly family: Family;
  readonly subjectIds: readonly string[];
  /** aligned with `subjectIds`; of the family SUBJECT empty */
  readonly entryIds: readonly string[];
  readonly rows: RowSelection;
}

/** `node(id:)` of an id that nobody could have: answered like every other unknown one. */
export interface NothingRead {
  readonly kind: 'NOTHING';
}

export type RootRead = OneSubjectRead | OneEntryRead | SubjectsRead | EntriesRead | ChangesRead | NothingRead;

/** A field of the Query type and what it reads. */
export interface RootPlan {
  readonly path: string;
  readonly read: RootRead;
}

/** One row as the statements give it: positional texts for the wanted keys, and the facts a decision needs. */
export interface StoredRow {
  readonly subjectId: string;
  /** entries only */
  readonly entryId: string | null;
  readonly itemCode: string;
  readonly person: boolean;
  readonly own: boolean;
  readonly expired: boolean;
  readonly status: EntryStatus;
  /** false unless asked for */
  readonly disputed: boolean;
  /** ISO 8601 in UTC with milliseconds; null unless asked for */
  readonly receivedAt: string | null;
  readonly updatedAt: string | null;
  /** subjects only; null unless asked for */
  readonly kind: string | null;
  readonly registered: boolean;
  /** the value the page is ordered by, as text that the database reads back; null unless a cursor is asked for */
  readonly sortKey: string | null;
  /** field key -> slot, for the keys that were fetched: one object for all rows of one item within a read */
  readonly layout: ReadonlyMap<string, number>;
  /** stored text (possibly sealed) in a slot of the layout; null: empty */
  at(slot: number): WireText | null;
}
