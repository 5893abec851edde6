/** Where the families of entries are stored, and which standard elements fill which typed columns there (DESIGN §6). */
import type { EntryFamily, Role } from '../catalog/model.ts';

export type ColumnType = 'text' | 'date' | 'numeric' | 'float8';

export interface RoleColumn {
  readonly column: string;
  readonly role: Role;
  readonly type: ColumnType;
}

export const ENTRY_TABLES: Readonly<Record<EntryFamily, string>> = {
  RECORD: 'credit_records',
  LIST: 'list_entries',
  COMMITMENT: 'commitments',
  EVALUATION: 'evaluations',
};

const shared: readonly RoleColumn[] = [
  { column: 'source_unit', role: 'SOURCE_UNIT', type: 'text' },
  { column: 'source_unit_code', role: 'SOURCE_UNIT_CODE', type: 'text' },
  { column: 'document_number', role: 'DOCUMENT_NUMBER', type: 'text' },
  { column: 'authority', role: 'AUTHORITY', type: 'text' },
  { column: 'valid_until', role: 'VALID_UNTIL', type: 'date' },
  { column: 'public_until', role: 'PUBLIC_UNTIL', type: 'date' },
];

export const ENTRY_COLUMNS: Readonly<Record<EntryFamily, readonly RoleColumn[]>> = {
  RECORD: [
    ...shared,
    { column: 'title', role: 'TITLE', type: 'text' },
    { column: 'decided_on', role: 'DECIDED_ON', type: 'date' },
    { column: 'amount', role: 'AMOUNT', type: 'numeric' },
    // Once more to sort by: under row-level security PostgreSQL keeps comparisons of numeric from every index, but not those of float8.
    { column: 'amount_order', role: 'AMOUNT', type: 'float8' },
  ],
  LIST: [
    ...shared,
    { column: 'list_name', role: 'LIST_NAME', type: 'text' },
    { column: 'listed_on', role: 'LISTED_ON', type: 'date' },
    { column: 'removed_on', role: 'REMOVED_ON', type: 'date' },
  ],
  COMMITMENT: [
    ...shared,
    { column: 'kind', role: 'COMMITMENT_KIND', type: 'text' },
    { column: 'committed_on', role: 'COMMITTED_ON', type: 'date' },
    { column: 'fulfilment', role: 'FULFILMENT', type: 'text' },
  ],
  EVALUATION: [
    ...shared,
    { column: 'grade', role: 'GRADE', type: 'text' },
    { column: 'score', role: 'SCORE', type: 'numeric' },
    { column: 'evaluated_on', role: 'EVALUATED_ON', type: 'date' },
  ],
};

/** Of a subject, besides its code, which is handled apart: a person's must never stand there in the clear. */
export const SUBJECT_COLUMNS: readonly RoleColumn[] = [
  { column: 'name', role: 'SUBJECT_NAME', type: 'text' },
  { column: 'division_code', role: 'DIVISION', type: 'text' },
  { column: 'status', role: 'SUBJECT_STATUS', type: 'text' },
  { column: 'source_unit', role: 'SOURCE_UNIT', type: 'text' },
  { column: 'source_unit_code', role: 'SOURCE_UNIT_CODE', type: 'text' },
];
