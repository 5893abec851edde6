/** Rows written straight into the tables, with whatever a test wants to say of them; everything else is filled in. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';

export const ORGANIZATION = '150000-01-001';
export const PERSON = '150000-01-002';

export const FAMILIES = {
  RECORD: { table: 'credit_records', day: 'decided_on', words: [] },
  LIST: { table: 'list_entries', day: 'listed_on', words: ['list_name'] },
  COMMITMENT: { table: 'commitments', day: 'committed_on', words: ['kind', 'fulfilment'] },
  EVALUATION: { table: 'evaluations', day: 'evaluated_on', words: ['grade'] },
} as const;
export type Family = keyof typeof FAMILIES;

export interface SubjectRow {
  readonly id?: string;
  readonly item?: string;
  readonly kind?: string;
  readonly person?: boolean;
  readonly registered?: boolean;
  readonly creditCode?: string | null;
  readonly division?: string | null;
  readonly status?: string | null;
  readonly unit?: string | null;
  readonly receivedAt?: string;
}

export interface EntryRow {
  readonly subjectId: string;
  readonly family: Family;
  readonly item: string;
  readonly person?: boolean;
  readonly status?: string;
  readonly unit?: string | null;
  readonly unitName?: string | null;
  readonly day?: string | null;
  readonly publicUntil?: string | null;
  readonly words?: readonly (string | null)[];
  readonly receivedAt?: string;
}

type Target = Pick<pg.Pool | pg.PoolClient, 'query'>;

export async function addSubject(target: Target, row: SubjectRow = {}): Promise<string> {
  const id = row.id ?? randomUUID();
  const person = row.person ?? false;
  await target.query(
    `INSERT INTO subjects (id, item_code, kind, person, registered, credit_code, division_code, status, source_unit_code, content, content_digest, catalog_version, received_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '{}', '\\x00', 1, $10, now())`,
    [
      id,
      row.item ?? (person ? PERSON : ORGANIZATION),
      row.kind ?? (person ? 'NATURAL_PERSON' : 'ENTERPRISE'),
      person,
      row.registered ?? true,
      row.creditCode ?? null,
      row.division === undefined ? '150102' : row.division,
      row.status === undefined ? '存续' : row.status,
      row.unit ?? null,
      row.receivedAt ?? '2026-11-10T09:00:00+08:00',
    ],
  );
  return id;
}

/** @param n how many of them, alike but for their ids */
export async function addEntry(target: Target, row: EntryRow, n = 1): Promise<void> {
  const { table, day, words } = FAMILIES[row.family];
  const columns = [
    'subject_id',
    'item_code',
    'person',
    'status',
    'source_unit_code',
    'source_unit',
    'public_until',
    day,
    ...words,
  ];
  const values = [
    row.subjectId,
    row.item,
    row.person ?? false,
    row.status ?? 'ACTIVE',
    row.unit ?? null,
    row.unitName ?? null,
    row.publicUntil ?? null,
    row.day ?? null,
    ...words.map((_, at) => row.words?.[at] ?? null),
  ];
  const types: Readonly<Record<string, string>> = {
    subject_id: 'uuid',
    person: 'boolean',
    status: 'entry_status',
    public_until: 'date',
    [day]: 'date',
  };
  await target.query(
    `INSERT INTO ${table} (${columns.join(', ')}, received_at, id, content, content_digest, catalog_version, updated_at)
     SELECT ${columns.map((column, at) => `$${String(at + 1)}::${types[column] ?? 'text'}`).join(', ')}, $${String(columns.length + 1)}::timestamptz,
       gen_random_uuid(), '{}', '\\x00', 1, now() FROM generate_series(1, $${String(columns.length + 2)}::int)`,
    [...values, row.receivedAt ?? '2026-11-10T09:00:00+08:00', n],
  );
}

/** Empties what holds credit data. */
export async function emptyTables(target: Target): Promise<void> {
  await target.query(
    `TRUNCATE subjects, ${Object.values(FAMILIES)
      .map(({ table }) => table)
      .join(', ')}`,
  );
}
