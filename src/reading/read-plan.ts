/**
 * What one operation reads, before any row is fetched: a tree of reads, each with the rows in scope, the fields wanted of
 * them and the children to fetch for them. Made once per operation by the operation check (src/graphql/plan); carried out by the Reader.
 */
import type { EntryStatus, Party } from '../access/model.ts';
import type { CatalogField, CatalogItem, Role } from '../catalog/model.ts';
import type { EntryFamily } from '../catalog/model.ts';

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

/** `node(id:)` of an id that nobody could have: answered like every other unknown one. */
export interface NothingRead {
  readonly kind: 'NOTHING';
}

export type RootRead = OneSubjectRead | OneEntryRead | SubjectsRead | EntriesRead | NothingRead;

/** A field of the Query type and what it reads. */
export interface RootPlan {
  readonly path: string;
  readonly read: RootRead;
}

export interface OperationPlan {
  readonly roots: readonly RootPlan[];
  /** rows × fields, by `first` */
  readonly cost: number;
  /** the first field that asks for more than 社会公开, as a schema coordinate; null: none */
  readonly beyondPublic: string | null;
}

/** One row as the stores give it: positional values for the wanted keys, and the facts a decision needs. */
export interface StoredRow {
  readonly subjectId: string;
  /** entries only */
  readonly entryId: string | null;
  readonly itemCode: string;
  readonly person: boolean;
  readonly own: boolean;
  readonly expired: boolean;
  readonly status: EntryStatus;
  readonly disputed: boolean;
  readonly receivedAt: Date;
  readonly updatedAt: Date;
  /** subjects only */
  readonly kind: string | null;
  readonly registered: boolean;
  /** the value the page is ordered by, as text that the database reads back */
  readonly sortKey: string;
  /** field key -> stored text (possibly sealed); absent: empty */
  value(key: string): string | null;
}
