/**
 * All rows of one item that exist for a caller, one JSON text each: the fields of the item's type in the caller's view, decided and
 * masked by the same pass as every answer, with `__typename`, `id` and the subject's id. For exports: rows come in no order, one
 * statement an item, and nothing of a row is kept.
 */
import { ENTRY_STATUSES } from '../access/index.ts';
import type { EntryStatus } from '../access/index.ts';
import { INTERFACE_FIELDS, SYSTEM_FIELD } from '../catalog/interface-fields.ts';
import { fieldWithRole } from '../catalog/model.ts';
import type { CatalogItem } from '../catalog/model.ts';
import { encodeSubjectId, ENTRY_TABLES } from '../entries/index.ts';
import { bytesOf, textOf } from '../wire-text.ts';
import type { WireRow, WireText } from '../wire-text.ts';
import { AccessReport } from './access-report.ts';
import { ROW_FACTS } from './answer-shape.ts';
import type { RowShown } from './answer-shape.ts';
import type { FetchedRow } from './fetched.ts';
import type { RowClass } from './judge-rows.ts';
import type { ItemSelection, RowSelection, StoredRow, WantedField } from './read-plan.ts';
import { boundDay, boundUnit, liveAuthorization } from './read-input.ts';
import type { ReadBuilder, ReaderIdentity, ReadInput } from './read-input.ts';
import { entryVisibility, subjectVisibility } from './row-scope.ts';
import { StatementBuilder } from './statement.ts';
import type { Statement } from './statement.ts';
import { compileRow } from './write-answer.ts';
import { WritingPass } from './writing-pass.ts';
import type { Unseal } from './writing-pass.ts';

/** Columns before the item's own values. */
const FACTS = 10;
/** Characters: what is put together in the processor's cache. */
const PIECE = 16_384;
const NOTHING: ReadonlySet<string> = new Set();
const NO_CHILDREN: FetchedRow['children'] = [];
/** Every `->>` opens a compressed document anew: it is opened once a row, and OFFSET 0 keeps the planner from merging that away. */
const OPENED = ` CROSS JOIN LATERAL (SELECT e.content || '{}'::jsonb AS content OFFSET 0) c`;

export class SnapshotRead {
  readonly statement: Statement;
  readonly #item: CatalogItem;
  readonly #subjectItems: readonly CatalogItem[];
  readonly #reader: ReaderIdentity;
  readonly #pass: WritingPass;
  readonly #selection: ItemSelection;
  readonly #layout: ReadonlyMap<string, number>;
  readonly #row: ReturnType<typeof compileRow>;
  readonly #rows = new Map<RowClass, number>();
  /** whether an organization and a person are there for the caller without any authorization */
  readonly #subjects: readonly [boolean, boolean];

  private constructor(
    item: CatalogItem,
    items: readonly CatalogItem[],
    reader: ReaderIdentity,
    unseal: Unseal,
    keys: readonly string[],
    statement: Statement,
  ) {
    this.#item = item;
    this.#subjectItems = items.filter(({ family }) => family === 'SUBJECT');
    this.#reader = reader;
    this.#pass = new WritingPass(unseal, new AccessReport());
    this.statement = statement;
    this.#layout = new Map(keys.map((key, slot) => [key, slot]));
    const { shown, wanted, system } = shownOf(item, reader);
    this.#selection = { item, wanted, system, children: [] };
    const rows: RowSelection = { items: new Map([[item.code, this.#selection]]) };
    const subject = { key: 'subject', marks: false, write: (row: FetchedRow) => this.#subjectOf(row) };
    this.#row = compileRow(rows, new Map([[item.code, shown]]), reader.profile, item.family === 'SUBJECT' ? null : subject);
    this.#subjects = [this.#subjectExists(false, NOTHING), this.#subjectExists(true, NOTHING)];
  }

  /**
   * @param items all items of the catalog
   * @param consents whether the caller holds any live authorization, so that it is worth looking for those of each row's subject
   * @returns null: no row of the item can exist for the caller
   */
  static of(
    item: CatalogItem,
    items: readonly CatalogItem[],
    reader: ReaderIdentity,
    unseal: Unseal,
    consents: boolean,
  ): SnapshotRead | null {
    const keys = item.fields.map(({ key }) => key).filter((key) => reader.profile.couldEverSee(item.code, key));
    const statement = statementFor(item, reader, keys, consents);
    return statement === null ? null : new SnapshotRead(item, items, reader, unseal, keys, statement);
  }

  /**
   * One line of NDJSON for each row that exists for the caller, each with its line feed.
   * @param put told of lines in UTF-8, one character for each byte, and how many they are; some times in a batch
   * @param subjects takes the ids of the subjects of these rows
   * @returns how many lines there were
   */
  write(batch: readonly WireRow[], put: (lines: string, rows: number) => void, subjects: Set<string> | null = null): number {
    let lines = '';
    let rows = 0;
    let written = 0;
    for (const values of batch) {
      const fetched = this.#fetched(values);
      const rowClass = this.#row.classOf(fetched);
      if (rowClass === null) continue;
      this.#rows.set(rowClass, (this.#rows.get(rowClass) ?? 0) + 1);
      rows += 1;
      subjects?.add(fetched.stored.subjectId);
      lines += `${this.#row.write(fetched, rowClass, this.#pass)}\n`;
      if (lines.length < PIECE) continue;
      put(lines, rows);
      written += rows;
      lines = '';
      rows = 0;
    }
    if (rows > 0) put(lines, rows);
    return written + rows;
  }

  /** Adds what was written up to now: rows, and which fields how. Call once. */
  report(report: AccessReport): void {
    for (const [rowClass, rows] of this.#rows) report.add(rowClass, rows);
  }

  #fetched(values: WireRow): FetchedRow {
    const agreed = values[9] ?? null;
    return {
      stored: new SnapshotStoredRow(values, this.#item.code, this.#layout),
      selection: this.#selection,
      authorized: agreed === null || bytesOf(agreed) === '' ? NOTHING : new Set(textOf(agreed).split(',')),
      children: NO_CHILDREN,
    };
  }

  /** As `subject { id }` would answer: null where the subject does not exist for the caller though its entry does. */
  #subjectOf({ stored: { person, subjectId }, authorized }: FetchedRow): string | null {
    const exists = authorized.size === 0 ? this.#subjects[person ? 1 : 0] : this.#subjectExists(person, authorized);
    return exists ? `{"id":"${encodeSubjectId(subjectId)}"}` : null;
  }

  #subjectExists(person: boolean, authorized: ReadonlySet<string>): boolean {
    return this.#subjectItems.some(({ code }) => {
      const facts = { own: false, consent: authorized.has(code), person, expired: false, status: 'ACTIVE' as const };
      return this.#reader.profile.exists(code, facts, authorized.size > 0);
    });
  }
}

/** One row of the statement below, read where it lies. */
class SnapshotStoredRow implements StoredRow {
  readonly sortKey = null;
  readonly subjectId: string;
  readonly entryId: string | null;
  readonly person: boolean;
  readonly own: boolean;
  readonly expired: boolean;
  readonly status: EntryStatus;

  constructor(
    readonly values: WireRow,
    readonly itemCode: string,
    readonly layout: ReadonlyMap<string, number>,
  ) {
    this.subjectId = this.#word(0) ?? '';
    this.entryId = this.#word(1);
    this.person = this.#word(2) === 't';
    this.own = this.#word(3) === 't';
    this.expired = this.#word(4) === 't';
    // A subject has no state; of an entry, unknown means deny, as everywhere.
    const state = this.#word(5);
    this.status = this.entryId === null ? 'ACTIVE' : (ENTRY_STATUSES.find((word) => word === state) ?? 'WITHDRAWN');
  }

  get disputed(): boolean {
    return this.#word(6) === 't';
  }

  get registered(): boolean {
    return this.#word(6) === 't';
  }

  get kind(): string | null {
    return this.#word(5);
  }

  get receivedAt(): string | null {
    return isoInstant(this.#word(7));
  }

  get updatedAt(): string | null {
    return isoInstant(this.#word(8));
  }

  at(slot: number): WireText | null {
    return this.values[FACTS + slot] ?? null;
  }

  /** An id, an instant or a word: ASCII. */
  #word(place: number): string | null {
    const value = this.values[place] ?? null;
    return value === null ? null : bytesOf(value);
  }
}

/** From `2026-11-20 01:02:03.4+00` to `2026-11-20T01:02:03.400Z`, as every other answer has it. */
function isoInstant(text: string | null): string | null {
  if (text === null) return null;
  const fraction = text.slice(20, text.length - 3).padEnd(3, '0');
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}Z`;
}

/** Every field of the type, and nothing that leads to further rows. */
function shownOf(
  item: CatalogItem,
  { profile }: ReaderIdentity,
): { shown: readonly RowShown[]; wanted: readonly WantedField[]; system: ReadonlySet<string> } {
  const shown: RowShown[] = [{ kind: 'CONSTANT', key: '__typename', json: JSON.stringify(item.typeName) }];
  const wanted: WantedField[] = [];
  const system = new Set<string>();
  const add = (field: WantedField): void => {
    wanted.push(field);
    shown.push({ kind: 'VALUE', key: field.property, wanted: field });
  };
  const fixed = INTERFACE_FIELDS[item.family];
  for (const [property, source] of Object.entries(fixed)) {
    const fact = ROW_FACTS.find((name) => name === property);
    if (source !== SYSTEM_FIELD)
      add({ property, field: fieldWithRole(item, source) ?? null, viaInterface: true, coordinates: [] });
    else if (property === 'nature') shown.push({ kind: 'CONSTANT', key: property, json: JSON.stringify(item.listNature) });
    else if (fact !== undefined) {
      system.add(fact);
      shown.push({ kind: 'FACT', key: property, fact });
    }
  }
  for (const field of item.fields) {
    if (Object.hasOwn(fixed, field.key) || !profile.couldEverSee(item.code, field.key)) continue;
    add({ property: field.key, field, viaInterface: false, coordinates: [] });
  }
  return { shown, wanted, system };
}

function statementFor(item: CatalogItem, reader: ReaderIdentity, keys: readonly string[], consents: boolean): Statement | null {
  const builder: ReadBuilder = new StatementBuilder();
  const own = reader.orgCode === null ? 'FALSE' : `(e.source_unit_code = ${boundUnit(builder)}) IS TRUE`;
  const values = keys.map((key) => `, c.content ->> ${builder.word(key)}`).join('');
  const ofItem = `e.item_code = ${builder.word(item.code)}`;
  const input: ReadInput = { identity: reader, read: { kind: 'NOTHING' }, positionOf: noPosition };
  if (item.family === 'SUBJECT') {
    const cells = [false, true]
      .map((person) => subjectVisibility(builder, reader, [item], person))
      .filter((cell) => cell !== null)
      .map((cell) => `(${cell})`);
    if (cells.length === 0) return null;
    const columns = `e.id, NULL, e.person, ${own}, FALSE, e.kind, e.registered, e.received_at, e.updated_at, ${agreed(builder, reader, 'e.id', consents)}${values}`;
    return builder.finish(`SELECT ${columns} FROM subjects e${OPENED} WHERE ${ofItem} AND (${cells.join(' OR ')})`)(input);
  }
  const visible = entryVisibility(builder, reader, item, 'ANY');
  if (visible === null) return null;
  const columns =
    `e.subject_id, e.id, e.person, ${own}, (e.public_until < ${boundDay(builder)}) IS TRUE, e.status, e.disputed, ` +
    `e.received_at, e.updated_at, ${agreed(builder, reader, 'e.subject_id', consents)}${values}`;
  return builder.finish(`SELECT ${columns} FROM ${ENTRY_TABLES[item.family]} e${OPENED} WHERE ${ofItem} AND ${visible}`)(input);
}

/** The catalog codes that live authorizations of the row's subject cover, parted by commas (codes hold none). */
function agreed(builder: ReadBuilder, reader: ReaderIdentity, subject: 'e.id' | 'e.subject_id', consents: boolean): string {
  if (!consents || reader.purpose === null) return 'NULL';
  return `(SELECT string_agg(i.code, ',') FROM authorizations a, unnest(a.items) AS i(code) WHERE ${liveAuthorization(builder, subject)})`;
}

function noPosition(): never {
  throw new Error('A snapshot has no pages');
}
