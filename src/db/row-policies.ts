/**
 * What each runtime role may touch, as SQL: the second lock (docs/decisions/0009). The first one is the access module; this one
 * is written from the rules (DESIGN §3) a second time and shares no code with it, so that one mistake does not open both.
 */

/** Whom a role serves: credit agencies; departments and dashboards; the gateway's own registers. */
export const RUNTIME_ROLES = ['agency', 'reader', 'control'] as const;
export type RuntimeRole = (typeof RUNTIME_ROLES)[number];

const ENTRY_COLUMNS = [
  'subject_id',
  'id',
  'item_code',
  'person',
  'status',
  'disputed',
  'source_unit_code',
  'document_number',
  'authority',
  'public_until',
  'content',
  'received_at',
  'updated_at',
];

/** The columns that statements of src/reading name, and no other: digests, for one, would tell equal contents from unequal ones. */
const READ_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  subjects: [
    'id',
    'item_code',
    'kind',
    'person',
    'registered',
    'name',
    'credit_code',
    'division_code',
    'status',
    'source_unit_code',
    'content',
    'received_at',
    'updated_at',
  ],
  credit_records: [...ENTRY_COLUMNS, 'decided_on', 'amount', 'amount_order'],
  list_entries: [...ENTRY_COLUMNS, 'list_name', 'listed_on', 'removed_on'],
  commitments: [...ENTRY_COLUMNS, 'kind', 'committed_on', 'fulfilment'],
  evaluations: [...ENTRY_COLUMNS, 'grade', 'evaluated_on'],
  authorizations: ['subject_id', 'client_id', 'items', 'purpose', 'valid_until', 'revoked_at'],
};

const ENTRY_TABLE_NAMES = ['credit_records', 'list_entries', 'commitments', 'evaluations'] as const;

/**
 * What the change feed looks at to find out whether a row was there for somebody: which item, what state, since when. Nothing of
 * what a row says.
 */
const SUBJECT_FACTS = ['id', 'item_code', 'person', 'source_unit_code', 'updated_at'];
const ENTRY_FACTS = ['subject_id', 'id', 'item_code', 'person', 'status', 'public_until', 'source_unit_code', 'updated_at'];

/** Tables under row-level security. */
export const LOCKED_TABLES = ['subjects', ...ENTRY_TABLE_NAMES, 'authorizations'] as const;

/** Tables that the server adds rows to and never changes or deletes one in. */
export const INSERT_ONLY = ['access_events', 'access_chains', 'access_checkpoints', 'watch_events', 'watch_fields'] as const;

/** Rights on tables, per role: `columns` empty means the whole table. */
export const GRANTS: Readonly<
  Record<
    RuntimeRole,
    readonly {
      readonly table: string;
      readonly rights: 'SELECT' | 'SELECT, INSERT' | 'SELECT, INSERT, UPDATE';
      readonly columns: readonly string[];
    }[]
  >
> = {
  agency: [...readGrants(), ...whole('organization_names')],
  // Summaries instead of rows: what of them a caller may count, its service decides.
  reader: [...readGrants(), ...whole('statistics_cells', 'statistics_deltas', 'statistics_units')],
  control: [
    ...whole('clients', 'client_operations', 'grants', 'catalog_versions'),
    // Points that instances take of a client's rate (src/limits): no right to delete, and nothing of anybody's data.
    { table: 'rate_limits', rights: 'SELECT, INSERT, UPDATE', columns: [] },
    // The read log and what stands by it: what was written stays (docs/decisions/0011).
    ...INSERT_ONLY.map((table) => ({ table, rights: 'SELECT, INSERT' as const, columns: [] })),
    // The first token of a new gateway makes the first key; retiring keys is the owner's.
    { table: 'signing_keys', rights: 'SELECT, INSERT', columns: [] },
    { table: 'authorizations', rights: 'SELECT', columns: [...(READ_COLUMNS['authorizations'] ?? []), 'id', 'created_at'] },
    { table: 'subjects', rights: 'SELECT', columns: SUBJECT_FACTS },
    ...ENTRY_TABLE_NAMES.map((table) => ({ table, rights: 'SELECT' as const, columns: ENTRY_FACTS })),
    ...whole('changes', 'change_log_floor'),
    ...whole('submissions'),
    ...whole('statistics_current_reads', 'calendar_days'),
    // Orders for exports, and who works on them (src/exports).
    { table: 'exports', rights: 'SELECT, INSERT, UPDATE', columns: [] },
  ],
};

/**
 * Functions that run with the owner's rights, per role that may call them: by these, and no others, a role gets at what it has no
 * right to. Each looks at the caller's right itself.
 */
export const FUNCTIONS: Readonly<Record<RuntimeRole, readonly string[]>> = {
  agency: ['agency_caller'],
  reader: [],
  control: ['ensure_access_months', 'claim_subjects', 'change_entry', 'report_use', 'prune_changes', 'fold_statistics'],
};

export interface Policy {
  readonly table: (typeof LOCKED_TABLES)[number];
  readonly role: RuntimeRole;
  /** which rows the role sees; everything else is not there */
  readonly using: string;
}

// In a sub-select: PostgreSQL works it out once a statement, and only when a row needs it.
const TODAY = `(now() AT TIME ZONE 'Asia/Shanghai')::date`;
const TODAY_ONCE = `(SELECT ${TODAY})`;
// Both in one sub-select, so that the caller is proved once, and what is compared is one proof.
const CALLER = '(SELECT c[1], c[2] FROM agency_caller() AS c)';

/**
 * The one place that says which authorization is live; the policies on entries and subjects see authorizations through it. They
 * look at one subject's, so the day costs less here than a sub-select that every statement makes ready six times.
 */
const LIVE_AUTHORIZATION = `(client_id, purpose) = ${CALLER} AND revoked_at IS NULL AND valid_until >= ${TODAY}`;

/** The functions are constants that a publish replaces (see `refresh_published_items` in the migrations). */
const itemOf = (list: 'published_of_organizations' | 'published_of_persons' | 'published_by_consent'): string =>
  `item_code = ANY (${list}())`;

function entryRows(table: string): string {
  const authorized = `EXISTS (SELECT FROM authorizations a WHERE a.subject_id = ${table}.subject_id AND ${table}.item_code = ANY (a.items))`;
  return (
    `status = 'ACTIVE' AND (public_until IS NULL OR public_until >= ${TODAY_ONCE}) AND (` +
    `(NOT person AND ${itemOf('published_of_organizations')}) OR (person AND ${itemOf('published_of_persons')}) OR (${itemOf('published_by_consent')} AND ${authorized}))`
  );
}

const SUBJECT_ROWS = `(NOT person AND ${itemOf('published_of_organizations')}) OR EXISTS (SELECT FROM authorizations a WHERE a.subject_id = subjects.id)`;

export const POLICIES: readonly Policy[] = [
  { table: 'subjects', role: 'agency', using: SUBJECT_ROWS },
  ...ENTRY_TABLE_NAMES.map((table): Policy => ({ table, role: 'agency', using: entryRows(table) })),
  { table: 'authorizations', role: 'agency', using: LIVE_AUTHORIZATION },
  ...LOCKED_TABLES.map((table): Policy => ({ table, role: 'reader', using: 'true' })),
  ...LOCKED_TABLES.map((table): Policy => ({ table, role: 'control', using: 'true' })),
];

function readGrants(): { table: string; rights: 'SELECT'; columns: readonly string[] }[] {
  return Object.entries(READ_COLUMNS).map(([table, columns]) => ({ table, rights: 'SELECT', columns }));
}

function whole(...tables: string[]): { table: string; rights: 'SELECT'; columns: readonly string[] }[] {
  return tables.map((table) => ({ table, rights: 'SELECT', columns: [] }));
}
