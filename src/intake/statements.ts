/** The statements of the import. Each takes a whole batch as one array per column, so its text and plan never depend on the batch. */
import { ENTRY_COLUMNS, ENTRY_TABLES, SUBJECT_COLUMNS, type RoleColumn } from '../entries/index.ts';
import type { EntryFamily } from '../catalog/model.ts';
import type { EntryDraft, SubjectDraft } from './row-drafts.ts';
import { byteaArray, textArray } from './text-array.ts';

/** A named statement: prepared once per connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** What an upsert or a comparison answers with, in one row. */
const TALLY = `SELECT count(*) FILTER (WHERE inserted)::int AS inserted, count(*) FILTER (WHERE NOT inserted)::int AS updated,
  CASE WHEN $1::boolean THEN array_agg(id::text) END AS ids FROM touched`;

export function subjectParameters(drafts: readonly SubjectDraft[], needsIds: boolean, catalogVersion: number): unknown[] {
  return [
    needsIds,
    catalogVersion,
    textArray(drafts.map((draft) => draft.id)),
    byteaArray(drafts.map((draft) => draft.digest)),
    textArray(drafts.map((draft) => draft.itemCode)),
    textArray(drafts.map((draft) => draft.kind)),
    textArray(drafts.map((draft) => String(draft.person))),
    textArray(drafts.map((draft) => draft.creditCode)),
    textArray(drafts.map((draft) => draft.content)),
    ...SUBJECT_COLUMNS.map((_, at) => textArray(drafts.map((draft) => draft.columns[at] ?? null))),
  ];
}

export function entryParameters(
  drafts: readonly EntryDraft[],
  needsIds: boolean,
  catalogVersion: number,
  family: EntryFamily,
  itemCode: string,
): unknown[] {
  return [
    needsIds,
    catalogVersion,
    textArray(drafts.map((draft) => draft.id)),
    byteaArray(drafts.map((draft) => draft.digest)),
    textArray(drafts.map((draft) => draft.subjectId)),
    textArray(drafts.map((draft) => String(draft.person))),
    textArray(drafts.map((draft) => draft.content)),
    itemCode,
    ...ENTRY_COLUMNS[family].map((_, at) => textArray(drafts.map((draft) => draft.columns[at] ?? null))),
  ];
}

const subjectTarget = [
  'id',
  'content_digest',
  'item_code',
  'kind',
  'person',
  'credit_code',
  'content',
  ...SUBJECT_COLUMNS.map(({ column }) => column),
];

/** The two subject statements differ in `registered` and in what an existing subject means to them. */
function subjectInsert(registered: boolean): string {
  return `INSERT INTO subjects AS t (${subjectTarget.join(', ')}, registered, catalog_version, received_at, updated_at)
    SELECT r.id::uuid, r.content_digest, r.item_code, r.kind::subject_kind, r.person::boolean, r.credit_code, r.content::jsonb,
      ${SUBJECT_COLUMNS.map(({ column }) => `r.${column}`).join(', ')}, ${String(registered)}, $2::int, now(), now()
    FROM unnest($3::text[], $4::bytea[], ${placeholders(5, subjectTarget.length - 2)}) AS r (${subjectTarget.join(', ')})`;
}

/** Subjects that an entry names: an existing one stays as it is, registered or not. */
export const INSERT_NAMED_SUBJECTS: Statement = {
  name: 'intake-named-subjects',
  text: `WITH touched AS (${subjectInsert(false)} ON CONFLICT (id) DO NOTHING RETURNING t.id, true AS inserted) ${TALLY}`,
};

/** Rows of a subject item. A subject known so far by its entries alone counts as new, and as received now. */
export const UPSERT_SUBJECTS: Statement = {
  name: 'intake-subjects',
  text: `WITH touched AS (
    ${subjectInsert(true)}
    ON CONFLICT (id) DO UPDATE SET
      ${assignments([...subjectTarget.slice(1), 'registered', 'catalog_version', 'updated_at'])},
      received_at = CASE WHEN t.registered THEN t.received_at ELSE excluded.received_at END
    WHERE NOT t.registered OR t.content_digest <> excluded.content_digest
    RETURNING t.id, t.received_at = t.updated_at AS inserted
  ) ${TALLY}`,
};

/** What UPSERT_SUBJECTS would do; takes its first four parameters. */
export const COMPARE_SUBJECTS: Statement = {
  name: 'intake-compare-subjects',
  text: `WITH touched AS (
    SELECT r.id, t.id IS NULL OR NOT t.registered AS inserted
    FROM unnest($3::text[], $4::bytea[]) AS r (id, content_digest) LEFT JOIN subjects t ON t.id = r.id::uuid
    WHERE $2::int IS NOT NULL AND (t.id IS NULL OR NOT t.registered OR t.content_digest <> r.content_digest)
  ) ${TALLY}`,
};

/** Entries of one family. Status and objection of an existing entry are not the provider's to change, and stay. */
export const UPSERT_ENTRIES: Readonly<Record<EntryFamily, Statement>> = {
  RECORD: upsertEntries('RECORD'),
  LIST: upsertEntries('LIST'),
  COMMITMENT: upsertEntries('COMMITMENT'),
  EVALUATION: upsertEntries('EVALUATION'),
};

/** What the upsert would do; takes its first five parameters. */
export const COMPARE_ENTRIES: Readonly<Record<EntryFamily, Statement>> = {
  RECORD: compareEntries('RECORD'),
  LIST: compareEntries('LIST'),
  COMMITMENT: compareEntries('COMMITMENT'),
  EVALUATION: compareEntries('EVALUATION'),
};

function upsertEntries(family: EntryFamily): Statement {
  const columns = ENTRY_COLUMNS[family];
  const names = columns.map(({ column }) => column);
  const target = ['id', 'content_digest', 'subject_id', 'person', 'content', 'item_code', ...names];
  return {
    name: `intake-upsert-${family}`,
    text: `WITH touched AS (
      INSERT INTO ${ENTRY_TABLES[family]} AS t (${target.join(', ')}, catalog_version, received_at, updated_at)
      SELECT r.id::uuid, r.content_digest, r.subject_id::uuid, r.person::boolean, r.content::jsonb, $8, ${columns.map(typedColumn).join(', ')}, $2::int, now(), now()
      FROM unnest($3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[], ${placeholders(9, columns.length)})
        AS r (id, content_digest, subject_id, person, content, ${names.join(', ')})
      ON CONFLICT (subject_id, id) DO UPDATE SET ${assignments(['content_digest', 'person', 'content', ...names, 'catalog_version', 'updated_at'])}
      WHERE t.content_digest <> excluded.content_digest
      RETURNING t.id, t.xmax = 0 AS inserted
    ) ${TALLY}`,
  };
}

function compareEntries(family: EntryFamily): Statement {
  return {
    name: `intake-compare-${family}`,
    text: `WITH touched AS (
      SELECT r.id, t.id IS NULL AS inserted
      FROM unnest($3::text[], $4::bytea[], $5::text[]) AS r (id, content_digest, subject_id)
        LEFT JOIN ${ENTRY_TABLES[family]} t ON t.subject_id = r.subject_id::uuid AND t.id = r.id::uuid
      WHERE $2::int IS NOT NULL AND (t.id IS NULL OR t.content_digest <> r.content_digest)
    ) ${TALLY}`,
  };
}

function typedColumn({ column, type }: RoleColumn): string {
  return type === 'text' ? `r.${column}` : `r.${column}::${type}`;
}

function assignments(columns: readonly string[]): string {
  return columns.map((column) => `${column} = excluded.${column}`).join(', ');
}

function placeholders(first: number, count: number): string {
  return Array.from({ length: count }, (_, at) => `$${first + at}::text[]`).join(', ');
}
