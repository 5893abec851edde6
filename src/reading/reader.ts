/**
 * Carries out the reads of one operation and gives what they brought as a tree: one statement per root, whatever hangs below it.
 * Decides and shows nothing. Made per request, never shared between clients; the statements' texts are.
 */
import type { KeyRing } from '../keys/index.ts';
import { isPaged, namedSubject } from './branches.ts';
import type { RowsRead } from './branches.ts';
import { compileRead } from './compile-read.ts';
import type { CompiledRead } from './compile-read.ts';
import { CursorCodec } from './cursor.ts';
import { isPage } from './fetched.ts';
import type { FetchedNode, FetchedPage, FetchedRow } from './fetched.ts';
import { fetchedTree } from './fetched-tree.ts';
import { present } from './read-input.ts';
import type { Position, ReaderIdentity } from './read-input.ts';
import type { ItemSelection, NamedRowsRead, PageRequest, RootRead, RowSelection } from './read-plan.ts';
import type { RunStatement } from './statement.ts';

export interface ReaderDependencies {
  readonly run: RunStatement;
  readonly keys: Pick<KeyRing, 'encrypt' | 'decrypt'>;
  readonly identity: ReaderIdentity;
}

/** Statements live as long as the plan that they read for; see plan-cache.ts. */
const KEPT = new WeakMap<RowSelection, Map<string, CompiledRead>>();

export class Reader {
  constructor(readonly dependencies: ReaderDependencies) {}

  /** What one root field reads, with everything below it. */
  async root(read: Exclude<RootRead, { kind: 'CHANGES' }>): Promise<FetchedNode> {
    if (read.kind === 'NOTHING') return null;
    return this.#fetch(read);
  }

  /** Those of the named rows that exist for the caller, each with everything below it; in no order. */
  async named(read: NamedRowsRead): Promise<readonly FetchedRow[]> {
    const found = await this.#fetch(read);
    return found !== null && isPage(found) ? found.rows : [];
  }

  async #fetch(read: RowsRead): Promise<FetchedNode> {
    if (this.#cannotBe(read)) return isPaged(read) ? emptyPage(read.page) : null;
    const { run, identity } = this.dependencies;
    const compiled = this.#compiled(read);
    const positions = await this.#positions(read, compiled);
    const statement = compiled.statement?.({ identity, read, positionOf: (page) => present(positions.get(page)) }) ?? null;
    const rows = statement === null ? [] : await run(statement);
    return fetchedTree(compiled, rows, isPaged(read) ? read.page : null, (page, subjectId) =>
      this.#codec(page, subjectId ?? namedSubject(read) ?? ''),
    );
  }

  /** A subject that nobody could have, or a person where only an authorization could open one and no purpose is stated. */
  #cannotBe(read: RowsRead): boolean {
    if (read.kind !== 'SUBJECT' && read.kind !== 'ENTRIES') return false;
    const { key } = read;
    if (key === null) return read.kind === 'SUBJECT';
    const { profile, purpose } = this.dependencies.identity;
    return key.subjectId === null || (key.party === 'PERSON' && profile.personsNeedAuthorization && purpose === null);
  }

  #compiled(read: RowsRead): CompiledRead {
    const { identity } = this.dependencies;
    let kept = KEPT.get(read.rows);
    if (kept === undefined) {
      kept = new Map();
      KEPT.set(read.rows, kept);
    }
    const shape = statementShape(read, identity);
    let compiled = kept.get(shape);
    if (compiled === undefined) {
      compiled = compileRead(read, identity);
      kept.set(shape, compiled);
    }
    return compiled;
  }

  /**
   * The opened cursors. One of a page below belongs to one subject's listing: where the operation does not name the subject, the
   * subjects are read first, and the cursor must be of each of them, so among several it can only be a mistake.
   * @throws GatewayError CURSOR_INVALID
   */
  async #positions(read: RowsRead, { branches }: CompiledRead): Promise<Map<PageRequest, Position>> {
    const positions = new Map<PageRequest, Position>();
    const named = namedSubject(read);
    if (isPaged(read) && read.page.after !== null) {
      positions.set(read.page, this.#codec(read.page, named ?? '').decode(read.page.after));
    }
    const continued = branches.flatMap(({ parent, read: below }) =>
      parent !== null && isPaged(below) && below.page.after !== null ? [below.page] : [],
    );
    if (continued.length === 0) return positions;
    const subjects = named === null ? await this.#subjectsOf(read) : [named];
    for (const page of continued) {
      for (const subject of subjects) positions.set(page, this.#codec(page, subject).decode(page.after ?? ''));
      // Below no row there is no page to continue; the statement must say something all the same.
      if (subjects.length === 0) positions.set(page, NOWHERE);
    }
    return positions;
  }

  /** Of the root's rows alone. */
  async #subjectsOf(read: RowsRead): Promise<string[]> {
    const items = new Map<string, ItemSelection>();
    for (const [code, selection] of read.rows.items) items.set(code, { ...selection, wanted: [], children: [] });
    const found = await this.#fetch({ ...read, rows: { items } });
    if (found === null) return [];
    const rows = 'rows' in found ? found.rows : [found];
    return [...new Set(rows.map(({ stored }) => stored.subjectId))];
  }

  #codec(page: PageRequest, subjectId: string): CursorCodec {
    const { clientId } = this.dependencies.identity;
    return new CursorCodec(this.dependencies.keys, [clientId, page.cursorScope, subjectId]);
  }
}

const NOWHERE: Position = { sortKey: 'infinity', id: '00000000-0000-0000-0000-000000000000' };

/** Everything besides its rows that a root's statement depends on; what it says of pages below is the plan's own. */
function statementShape(read: RowsRead, { profile, orgCode, purpose }: ReaderIdentity): string {
  const caller = `${profile.key} ${orgCode === null ? '' : 'unit'} ${purpose === null ? '' : 'purpose'}`;
  switch (read.kind) {
    case 'SUBJECT':
      return `${read.key?.party ?? ''} ${caller}`;
    case 'ENTRY':
    case 'NAMED':
      return caller;
    case 'SUBJECTS':
      return `${read.party} ${pageShape(read.page)} ${caller}`;
    case 'ENTRIES':
      return `${read.key?.party ?? ''} ${pageShape(read.page)} ${caller}`;
  }
}

function pageShape({ conditions, order, first, after, wantsRows, wantsTotal, wantsCursors }: PageRequest): string {
  const flags = [after !== null, wantsRows, wantsTotal, wantsCursors].map(Number).join('');
  return `${conditions.map(({ on, operator }) => `${on} ${operator}`).join()} ${order.by} ${order.direction} ${String(first)} ${flags}`;
}

function emptyPage({ wantsTotal, after }: PageRequest): FetchedPage {
  return {
    rows: [],
    hasNextPage: false,
    hasPreviousPage: after !== null,
    totalCount: wantsTotal ? 0 : null,
    cursorOf: () => {
      throw new Error('An empty page has no cursor');
    },
  };
}
