/** A published catalog with rows in every state and a canary in every cell, brought in through the real intake. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CatalogDocument, CatalogField, CatalogItem, EntryFamily, Family } from '../../src/catalog/model.ts';
import type { Gateway } from '../../src/gateway.ts';
import { encodeEntryId, encodeSubjectId } from '../../src/entries/index.ts';
import { CanaryMint, EMPTY, told } from './canaries.ts';
import type { Cell } from './canaries.ts';
import { PROVIDER_CODE } from './clients.ts';
import type { Subject } from './subjects.ts';

export interface Row {
  /** the global id */
  readonly id: string;
  readonly item: CatalogItem;
  readonly subject: Subject;
  readonly cells: ReadonlyMap<string, Cell>;
  /** what the row is called in a finding */
  readonly state: string;
}

export interface World {
  readonly document: CatalogDocument;
  readonly version: number;
  readonly subjects: readonly Subject[];
  readonly rows: readonly Row[];
  readonly byId: ReadonlyMap<string, Row>;
  /** each subject's own row */
  readonly subjectRows: ReadonlyMap<Subject, Row>;
  /** all canaries with the cells they stand in */
  readonly tokens: ReadonlyMap<string, readonly { readonly row: Row; readonly field: CatalogField }[]>;
}

const TABLES: Readonly<Record<EntryFamily, string>> = {
  RECORD: 'credit_records',
  LIST: 'list_entries',
  COMMITMENT: 'commitments',
  EVALUATION: 'evaluations',
};

type Draft = Omit<Row, 'id'>;

export function cellOf(row: Pick<Row, 'cells'>, key: string): Cell {
  return row.cells.get(key) ?? EMPTY;
}

/** Publishes the catalog in the place of the one before, and its rows in the place of that one's. */
export async function plantWorld(gateway: Gateway, document: CatalogDocument, subjects: readonly Subject[]): Promise<World> {
  const { pool } = gateway.database;
  await pool.query(`TRUNCATE subjects, ${Object.values(TABLES).join(', ')}, entry_events`);
  const { catalog } = await gateway.catalogs.publish(document, 'matrix.csv');
  const drafts = draftRows(document, subjects);
  await importDrafts(
    gateway,
    document,
    drafts.filter(({ subject, item }) => item.family !== 'SUBJECT' || subject.state.unregistered !== true),
  );
  for (const table of Object.values(TABLES)) await setStates(gateway, table, subjects);
  const rows = await identified(gateway, drafts);
  return {
    ...{ document, subjects, rows, version: catalog.version, tokens: tokensOf(rows) },
    byId: new Map(rows.map((row) => [row.id, row])),
    subjectRows: new Map(rows.filter(({ item }) => item.family === 'SUBJECT').map((row) => [row.subject, row])),
  };
}

function draftRows(document: CatalogDocument, subjects: readonly Subject[]): Draft[] {
  const mint = new CanaryMint();
  const entries = document.items.filter(({ family }) => family !== 'SUBJECT');
  const drafts: Draft[] = [];
  const namedBy = new Map<Subject, Draft>();
  for (const item of entries) {
    for (const subject of subjects) {
      if (!concerns(item, subject) || (subject.state.unregistered === true && namedBy.has(subject))) continue;
      const draft = { item, subject, cells: cellsOf(item, subject, mint), state: stateOf(subject) };
      namedBy.set(subject, draft);
      drafts.push(draft);
    }
  }
  for (const item of document.items.filter(({ family }) => family === 'SUBJECT')) {
    for (const subject of subjects) {
      if (!concerns(item, subject)) continue;
      const source = namedBy.get(subject);
      if (subject.state.unregistered !== true)
        drafts.push({ item, subject, cells: cellsOf(item, subject, mint), state: stateOf(subject) });
      else if (source !== undefined)
        drafts.push({ item, subject, cells: cellsToldBy(source, item, subject), state: stateOf(subject) });
    }
  }
  return drafts;
}

function stateOf({ state, person }: Subject): string {
  return `${person ? 'person' : 'organization'}, ${state.name}`;
}

function concerns({ subjectScope }: CatalogItem, { person }: Subject): boolean {
  return subjectScope === 'ALL' || subjectScope === (person ? 'PERSON' : 'ORGANIZATION');
}

function cellsOf(item: CatalogItem, subject: Subject, mint: CanaryMint): Map<string, Cell> {
  return new Map(item.fields.map((field) => [field.key, cellFor(item, field, subject, mint)]));
}

function cellFor(item: CatalogItem, field: CatalogField, subject: Subject, mint: CanaryMint): Cell {
  const { state, person, identifier } = subject;
  const number = item.fields.find(({ role }) => role === 'SUBJECT_ID_NUMBER');
  if (field.role === 'SUBJECT_CODE') return person && number !== undefined && !field.required ? EMPTY : told(identifier);
  if (field.role === 'SUBJECT_ID_NUMBER' && person) return told(identifier);
  if (field.role === 'SOURCE_UNIT_CODE' && state.own === true) return { value: PROVIDER_CODE, token: null };
  if (field.role === 'PUBLIC_UNTIL' && state.expired === true) return mint.past();
  if (state.sparse === true && !field.required && !field.inKey && field.role !== 'SOURCE_UNIT_CODE') return EMPTY;
  if (field.role === 'REMOVED_ON' && state.disputed !== true && state.own === true) return mint.past();
  return mint.cell(field);
}

/** What an entry tells of a subject that no register has: its number and its name. */
function cellsToldBy(entry: Draft, item: CatalogItem, subject: Subject): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  const code = item.fields.find(({ role }) => role === (subject.person ? 'SUBJECT_ID_NUMBER' : 'SUBJECT_CODE'));
  const name = item.fields.find(({ role }) => role === 'SUBJECT_NAME');
  const told_ = entry.item.fields.find(({ role }) => role === 'SUBJECT_NAME');
  if (code !== undefined) cells.set(code.key, told(subject.identifier));
  if (name !== undefined && told_ !== undefined) cells.set(name.key, cellOf(entry, told_.key));
  return cells;
}

async function importDrafts(gateway: Gateway, document: CatalogDocument, drafts: readonly Draft[]): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'leak-matrix-'));
  try {
    for (const item of document.items) {
      const lines = drafts
        .filter((draft) => draft.item === item)
        .map(({ cells }) => item.fields.map(({ key }) => quoted(cells.get(key)?.value ?? '')));
      if (lines.length === 0) continue;
      const file = path.join(folder, `${item.typeName}.csv`);
      const rejectsPath = path.join(folder, `${item.typeName}.rejects.csv`);
      await writeFile(file, [item.fields.map(({ key }) => key), ...lines].map((cells) => cells.join(',')).join('\r\n'));
      const { accepted, rejected } = await gateway.intake.importFile({ item: item.code, path: file, rejectsPath, dryRun: false });
      if (rejected > 0 || accepted !== lines.length) {
        throw new Error(
          `The intake refused planted rows of ${item.typeName} (${accepted} of ${lines.length}):\n${await readFile(rejectsPath, 'utf8')}`,
        );
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

async function setStates({ database }: Gateway, table: string, subjects: readonly Subject[]): Promise<void> {
  const ids = (some: (subject: Subject) => boolean): string[] => subjects.filter(some).map(({ id }) => id);
  await database.pool.query(
    `UPDATE ${table} SET disputed = subject_id = ANY($1::uuid[]),
       status = CASE WHEN subject_id = ANY($2::uuid[]) THEN 'REPAIRED' WHEN subject_id = ANY($3::uuid[]) THEN 'WITHDRAWN' ELSE 'ACTIVE' END::entry_status`,
    [
      ids(({ state }) => state.disputed === true),
      ids(({ state }) => state.status === 'REPAIRED'),
      ids(({ state }) => state.status === 'WITHDRAWN'),
    ],
  );
}

/** The drafts with the ids that the gateway gave them. */
async function identified({ database }: Gateway, drafts: readonly Draft[]): Promise<Row[]> {
  const selects = Object.entries(TABLES).map(
    ([family, table]) => `SELECT '${family}' AS family, subject_id, item_code, id FROM ${table}`,
  );
  const { rows } = await database.pool.query<{ family: EntryFamily; subject_id: string; item_code: string; id: string }>(
    selects.join(' UNION ALL '),
  );
  const ids = new Map(
    rows.map((row) => [`${row.item_code} ${row.subject_id}`, encodeEntryId(row.family, row.subject_id, row.id)]),
  );
  return drafts.map((draft) => {
    const { item, subject } = draft;
    const id = item.family === 'SUBJECT' ? encodeSubjectId(subject.id) : ids.get(`${item.code} ${subject.id}`);
    if (id === undefined) throw new Error(`The row of ${item.typeName} about ${draft.state} did not arrive`);
    return { ...draft, id };
  });
}

function tokensOf(rows: readonly Row[]): Map<string, { row: Row; field: CatalogField }[]> {
  const tokens = new Map<string, { row: Row; field: CatalogField }[]>();
  for (const row of rows) {
    for (const field of row.item.fields) {
      const { token } = cellOf(row, field.key);
      if (token !== null) tokens.set(token, [...(tokens.get(token) ?? []), { row, field }]);
    }
  }
  return tokens;
}

export function itemsOf({ document }: World, family: Family): CatalogItem[] {
  return document.items.filter((item) => item.family === family);
}

export function rowsOf({ rows }: World, family: Family): Row[] {
  return rows.filter(({ item }) => item.family === family);
}
