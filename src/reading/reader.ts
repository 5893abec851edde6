/**
 * Carries out the reads of one operation: one statement per read, whatever the number of parents; one batched look-up of
 * authorizations; then the synchronous pass of row-shape.ts. Made per request, never shared between clients.
 */
import type { Party } from '../access/index.ts';
import type { AccessReport } from './access-report.ts';
import { CursorCodec } from './cursor.ts';
import type {
  ChildRead,
  EntriesRead,
  OneEntryRead,
  OneSubjectRead,
  PageRequest,
  RootRead,
  RowSelection,
  StoredRow,
  SubjectKey,
  SubjectsRead,
} from './read-plan.ts';
import type { ReaderIdentity } from './row-scope.ts';
import { RowShaper } from './row-shape.ts';
import type { PlacedRow, ShapedRow, Unseal } from './row-shape.ts';
import type { RunStatement } from './statement.ts';
import {
  countEntries,
  countSubjects,
  entriesOfSubjects,
  entriesPage,
  oneEntry,
  subjectsById,
  subjectsPage,
  wantedKeys,
} from './statements.ts';
import type { Position } from './statements.ts';
import { storedRows } from './stored-row.ts';
import type { KeyRing } from '../keys/index.ts';

export interface ReaderDependencies {
  readonly run: RunStatement;
  readonly keys: Pick<KeyRing, 'encrypt' | 'decrypt' | 'isSealed' | 'unseal'>;
  readonly identity: ReaderIdentity;
  readonly report: AccessReport;
  /** subject ids -> the catalog codes that each one's live authorizations cover, for this client and purpose */
  readonly authorizedItems: (subjectIds: readonly string[]) => Promise<ReadonlyMap<string, ReadonlySet<string>>>;
}

export interface Connection {
  readonly edges: readonly { readonly node: ShapedRow; readonly cursor: string }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly totalCount: number | null;
}

const NOTHING: ReadonlySet<string> = new Set();

export class Reader {
  readonly #unseal: Unseal;

  constructor(readonly dependencies: ReaderDependencies) {
    const { keys } = dependencies;
    this.#unseal = (stored, subjectId) => (keys.isSealed(stored) ? keys.unseal(stored, subjectId) : stored);
  }

  /** The answer of one root field, with everything below it. */
  async root(read: RootRead): Promise<ShapedRow | Connection | null> {
    switch (read.kind) {
      case 'NOTHING':
        return null;
      case 'SUBJECT':
        return this.#subject(read);
      case 'ENTRY':
        return this.#entry(read);
      case 'SUBJECTS':
        return this.#subjects(read);
      case 'ENTRIES':
        return this.#entries(read);
    }
  }

  async #subject(read: OneSubjectRead): Promise<ShapedRow | null> {
    const { key } = read;
    if (key?.subjectId == null) return null;
    if (!(await this.#mayLookFor(key.party, key.subjectId))) return null;
    const found = await this.#subjectsById(read, [key.subjectId]);
    return found.get(key.subjectId) ?? null;
  }

  /**
   * A person whom the caller may only see by authorization is not even looked for without one: unknown and unauthorized
   * take the same way, and the same time.
   */
  async #mayLookFor(party: Party, subjectId: string): Promise<boolean> {
    if (party !== 'PERSON' || !this.dependencies.identity.profile.personsNeedAuthorization) return true;
    const authorized = await this.dependencies.authorizedItems([subjectId]);
    return (authorized.get(subjectId)?.size ?? 0) > 0;
  }

  async #subjectsById(read: OneSubjectRead, subjectIds: readonly string[]): Promise<Map<string, ShapedRow>> {
    const { identity, run } = this.dependencies;
    const keys = wantedKeys(read.rows, identity);
    const statement = subjectsById(read.rows, read.key?.party ?? 'ANY', identity, keys, subjectIds);
    const rows = statement === null ? [] : storedRows(await run(statement), keys, 'SUBJECT');
    const placed = await this.#place(rows, read.rows);
    return new Map(placed.map(({ stored, shaped }) => [stored.subjectId, shaped]));
  }

  async #entry(read: OneEntryRead): Promise<ShapedRow | null> {
    const { identity, run } = this.dependencies;
    const keys = wantedKeys(read.rows, identity);
    const statement = oneEntry(read, identity, keys);
    const rows = statement === null ? [] : storedRows(await run(statement), keys, 'ENTRY');
    const [placed] = await this.#place(rows, read.rows);
    return placed?.shaped ?? null;
  }

  async #subjects(read: SubjectsRead): Promise<Connection> {
    const { identity, run } = this.dependencies;
    const keys = wantedKeys(read.rows, identity);
    const codec = this.#codec(read.page, '');
    const position = read.page.after === null ? null : codec.decode(read.page.after);
    const statement = read.page.wantsRows ? subjectsPage(read, identity, keys, position) : null;
    const counting = read.page.wantsTotal ? countSubjects(read, identity) : null;
    const [rows, counts] = await Promise.all([statement === null ? [] : run(statement), counting === null ? [] : run(counting)]);
    const stored = storedRows(rows, keys, 'SUBJECT');
    const placed = await this.#place(stored.slice(0, read.page.first), read.rows);
    return connection(read.page, stored, placed, codec, total(read.page, counts[0]));
  }

  async #entries(read: EntriesRead): Promise<Connection> {
    if (read.key !== null) return this.#entriesByKey(read, read.key);
    const { identity, run } = this.dependencies;
    const keys = wantedKeys(read.rows, identity);
    const codec = this.#codec(read.page, '');
    const position = read.page.after === null ? null : codec.decode(read.page.after);
    const statement = read.page.wantsRows ? entriesPage(read, identity, keys, position) : null;
    const counting = read.page.wantsTotal ? countEntries(read, identity, null) : null;
    const [rows, counts] = await Promise.all([statement === null ? [] : run(statement), counting === null ? [] : run(counting)]);
    const stored = storedRows(rows, keys, 'ENTRY');
    const placed = await this.#place(stored.slice(0, read.page.first), read.rows);
    return connection(read.page, stored, placed, codec, total(read.page, counts[0]));
  }

  async #entriesByKey(read: EntriesRead, { subjectId, party }: SubjectKey): Promise<Connection> {
    if (subjectId !== null && (await this.#mayLookFor(party, subjectId))) {
      const found = (await this.#entriesOf(read, [subjectId])).get(subjectId);
      if (found !== undefined) return found;
    }
    return connection(read.page, [], [], this.#codec(read.page, ''), read.page.wantsTotal ? 0 : null);
  }

  /** One page per subject; every subject gets one, if only an empty one. */
  async #entriesOf(read: EntriesRead, subjectIds: readonly string[]): Promise<Map<string, Connection>> {
    const { identity, run } = this.dependencies;
    const keys = wantedKeys(read.rows, identity);
    const codecs = new Map(subjectIds.map((id) => [id, this.#codec(read.page, id)]));
    // A cursor belongs to one subject's listing: among several subjects it can only be a mistake, and the others' codecs say so.
    const { after } = read.page;
    const positions = after === null ? [] : [...codecs.values()].map((codec) => codec.decode(after));
    const statement = read.page.wantsRows ? entriesOfSubjects(read, identity, keys, subjectIds, positions[0] ?? null) : null;
    const counting = read.page.wantsTotal ? countEntries(read, identity, subjectIds) : null;
    const [rows, counts] = await Promise.all([statement === null ? [] : run(statement), counting === null ? [] : run(counting)]);
    const bySubject = new Map<string, StoredRow[]>();
    for (const row of storedRows(rows, keys, 'ENTRY')) {
      const known = bySubject.get(row.subjectId);
      if (known === undefined) bySubject.set(row.subjectId, [row]);
      else known.push(row);
    }
    const wanted = [...bySubject.values()].flatMap((stored) => stored.slice(0, read.page.first));
    const placed = new Map<string, PlacedRow[]>();
    for (const row of await this.#place(wanted, read.rows)) {
      const known = placed.get(row.stored.subjectId);
      if (known === undefined) placed.set(row.stored.subjectId, [row]);
      else known.push(row);
    }
    const totals = new Map(counts.map((row) => [String(row['subject_id']), row]));
    return new Map(
      [...codecs].map(([id, codec]) => [
        id,
        connection(read.page, bySubject.get(id) ?? [], placed.get(id) ?? [], codec, total(read.page, totals.get(id))),
      ]),
    );
  }

  /** Decides, masks and shapes rows in their order, drops what does not exist for the caller, and fetches what hangs below. */
  async #place(rows: readonly StoredRow[], selection: RowSelection): Promise<PlacedRow[]> {
    const { identity, report } = this.dependencies;
    const authorized = await this.#authorizations(rows);
    const shaper = new RowShaper(identity.profile, selection, this.#unseal);
    const placed: PlacedRow[] = [];
    for (const row of rows) {
      const shaped = shaper.shape(row, authorized.get(row.subjectId) ?? NOTHING);
      if (shaped !== null) placed.push(shaped);
    }
    shaper.report(report);
    await this.#children(placed);
    return placed;
  }

  /** One look-up for all rows, and none where no authorization could change the answer. */
  async #authorizations(rows: readonly StoredRow[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const { profile, purpose } = this.dependencies.identity;
    if (purpose === null) return new Map();
    const subjects = rows
      .filter((row) => profile.consentMatters(row.itemCode) || (row.person && profile.personsNeedAuthorization))
      .map((row) => row.subjectId);
    return subjects.length === 0 ? new Map() : this.dependencies.authorizedItems([...new Set(subjects)]);
  }

  async #children(placed: readonly PlacedRow[]): Promise<void> {
    const parents = new Map<ChildRead['read'], { key: string; rows: PlacedRow[] }>();
    for (const row of placed) {
      for (const { key, read } of row.selection.children) {
        const known = parents.get(read);
        if (known === undefined) parents.set(read, { key, rows: [row] });
        else known.rows.push(row);
      }
    }
    await Promise.all(
      [...parents].map(async ([read, { key, rows }]) => {
        const ids = [...new Set(rows.map(({ stored }) => stored.subjectId))];
        const found: ReadonlyMap<string, unknown> =
          read.kind === 'SUBJECT' ? await this.#subjectsById(read, ids) : await this.#entriesOf(read, ids);
        for (const { stored, shaped } of rows) shaped.children.set(key, found.get(stored.subjectId) ?? null);
      }),
    );
  }

  #codec(page: PageRequest, subjectId: string): CursorCodec {
    const { clientId } = this.dependencies.identity;
    return new CursorCodec(this.dependencies.keys, [clientId, page.cursorScope, subjectId]);
  }
}

function total(page: PageRequest, counted: Record<string, unknown> | undefined): number | null {
  return page.wantsTotal ? Number(counted?.['total'] ?? 0) : null;
}

/** @param stored one row more than the page holds, where there are more */
function connection(
  page: PageRequest,
  stored: readonly StoredRow[],
  placed: readonly PlacedRow[],
  codec: CursorCodec,
  totalCount: number | null,
): Connection {
  const cursorAt = (row: StoredRow | undefined): string | null => (row === undefined ? null : codec.encode(positionOf(row)));
  const shown = stored.slice(0, page.first);
  return {
    edges: placed.map((row) => ({
      node: row.shaped,
      // Computed only when the operation asks for it: a page of a thousand rows has a thousand of them.
      get cursor() {
        return codec.encode(positionOf(row.stored));
      },
    })),
    pageInfo: {
      hasNextPage: stored.length > page.first,
      hasPreviousPage: page.after !== null,
      get startCursor() {
        return cursorAt(shown[0]);
      },
      get endCursor() {
        return cursorAt(shown.at(-1));
      },
    },
    totalCount,
  };
}

function positionOf(row: StoredRow): Position {
  return { sortKey: row.sortKey, id: row.entryId ?? row.subjectId };
}
