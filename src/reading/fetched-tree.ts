/** From the rows of one statement to the tree of what was read: every row under its parent, pages cut to their size. */
import { z } from 'zod';
import { bytesOf, textOf } from '../wire-text.ts';
import type { WireRow } from '../wire-text.ts';
import { factsOf, isPaged } from './branches.ts';
import type { Branch, PagedRead, RowFactsOf } from './branches.ts';
import type { Column, CompiledRead } from './compile-read.ts';
import type { CursorCodec } from './cursor.ts';
import type { FetchedNode, FetchedPage, FetchedRow } from './fetched.ts';
import type { PageRequest } from './read-plan.ts';
import { RowOfTexts } from './stored-row.ts';

/** A row on its way into the tree: its children come when all rows are there. */
interface GrowingRow extends FetchedRow {
  readonly stored: RowOfTexts;
  readonly children: FetchedNode[];
}

/** What a statement brought for one branch. */
interface BranchRows {
  readonly rows: GrowingRow[];
  /** a root's rows stand under 0 */
  readonly byParent: Map<number, GrowingRow[]>;
  readonly bySubject: Map<string, GrowingRow>;
  readonly counts: Map<number, number>;
}

const Codes = z.array(z.array(z.string()));
const NOTHING: ReadonlySet<string> = new Set();
const NO_CHILDREN: FetchedNode[] = [];
const ROOT = 0;

/** @param codecOf opens and makes the cursors of a page, of the root (subject null) or of one subject's entries */
export function fetchedTree(
  compiled: CompiledRead,
  values: readonly WireRow[],
  /** the root's page as this request asks for it */
  root: PageRequest | null,
  codecOf: (page: PageRequest, subjectId: string | null) => CursorCodec,
): FetchedNode {
  const { branches, columns } = compiled;
  const found = branches.map((): BranchRows => ({ rows: [], byParent: new Map(), bySubject: new Map(), counts: new Map() }));
  let agreedSets: Map<string, ReadonlySet<string>> | null = null;
  // Parents come before their children, as the statement's parts do.
  sort();
  for (const [number, { rows }] of found.entries()) {
    if (branches[number]?.hasChildren === true) for (const row of rows) grow(row);
  }
  const [branch] = branches;
  if (branch === undefined) return null;
  if (isPaged(branch.read)) return pageOf(branch, branch.read, ROOT, null);
  if (branch.read.kind === 'NAMED')
    return { rows: found[0]?.rows ?? [], hasNextPage: false, hasPreviousPage: false, totalCount: null, cursorOf: noCursor };
  return found[0]?.rows[0] ?? null;

  function sort(): void {
    const known = new Map<string, RowFactsOf>();
    const parents = branches.map((): GrowingRow[] => []);
    for (const row of values) {
      const code = text(row, 'facts');
      if (code.startsWith('-')) {
        found[-1 - Number(code)]?.counts.set(number(row, 'parent'), number(row, 'own'));
        continue;
      }
      let facts = known.get(code);
      if (facts === undefined) {
        facts = factsOf(branches, Number(code));
        known.set(code, facts);
      }
      add(row, facts, parents);
    }
  }

  function add(row: WireRow, facts: RowFactsOf, numbered: GrowingRow[][]): void {
    const { branch: of, layout } = facts;
    const { selection } = layout;
    const into = found[of.number];
    if (into === undefined) return;
    const above = of.parent === null || of.family === 'SUBJECT' ? null : parentOf(row, of.parent, numbered);
    const subjectId = above === null ? text(row, 'subject') : above.stored.subjectId;
    const stored = new RowOfTexts(facts, row, columns, subjectId);
    const authorized = of.parent === null ? agreedOf(row) : (above?.authorized ?? agreedBySubject(subjectId));
    const grown: GrowingRow = { stored, selection, authorized, children: layout.children.length === 0 ? NO_CHILDREN : [] };
    into.rows.push(grown);
    if (of.hasChildren) {
      const numbers = numbered[of.number];
      if (numbers !== undefined) numbers[number(row, 'own')] = grown;
    }
    if (of.family === 'SUBJECT') into.bySubject.set(subjectId, grown);
    if (of.parent === null || of.family === 'ENTRY') {
      const parent = of.parent === null ? ROOT : number(row, 'parent');
      const beside = into.byParent.get(parent);
      if (beside === undefined) into.byParent.set(parent, [grown]);
      else beside.push(grown);
    }
  }

  function parentOf(row: WireRow, parent: Branch, numbered: readonly GrowingRow[][]): GrowingRow {
    const above = numbered[parent.number]?.[number(row, 'parent')];
    if (above === undefined) throw new Error('The statement returned a row before its parent');
    return above;
  }

  function agreedOf(row: WireRow): ReadonlySet<string> {
    const codes = columns.agreed === undefined ? null : (row[columns.agreed] ?? null);
    return codes === null ? NOTHING : new Set(Codes.parse(JSON.parse(textOf(codes))).flat());
  }

  /** All rows of one subject stand below a root row of that subject. */
  function agreedBySubject(subjectId: string): ReadonlySet<string> {
    return agreed().get(subjectId) ?? NOTHING;
  }

  function agreed(): Map<string, ReadonlySet<string>> {
    return (agreedSets ??= new Map(found[0]?.rows.map(({ stored, authorized }) => [stored.subjectId, authorized])));
  }

  function grow(row: GrowingRow): void {
    const { stored, children } = row;
    for (const below of stored.facts.layout.children) children.push(childOf(below, stored));
  }

  function childOf(below: Branch, stored: RowOfTexts): FetchedNode {
    if (!isPaged(below.read)) return found[below.number]?.bySubject.get(stored.subjectId) ?? null;
    return pageOf(below, below.read, number(stored.values, 'own'), stored.subjectId);
  }

  function pageOf(of: Branch, read: PagedRead, parent: number, subjectId: string | null): FetchedPage {
    const page = of.parent === null && root !== null ? root : read.page;
    const rows = found[of.number]?.byParent.get(parent) ?? [];
    let codec: CursorCodec | null = null;
    return {
      rows: rows.length > page.first ? rows.slice(0, page.first) : rows,
      hasNextPage: rows.length > page.first,
      hasPreviousPage: page.after !== null,
      totalCount: page.wantsTotal ? (found[of.number]?.counts.get(parent) ?? 0) : null,
      cursorOf: ({ stored: { sortKey, entryId, subjectId: subject } }) => {
        if (sortKey === null) throw new Error('A cursor was not planned');
        codec ??= codecOf(page, subjectId);
        return codec.encode({ sortKey, id: entryId ?? subject });
      },
    };
  }

  /** An id or a number: ASCII. */
  function text(row: WireRow, column: Column): string {
    const place = columns[column];
    const value = place === undefined ? null : row[place];
    if (value == null) throw new Error(`The statement returned nothing as ${column}`);
    return bytesOf(value);
  }

  /** 0 where the column is empty: of the root. */
  function number(row: WireRow, column: Column): number {
    const place = columns[column];
    const value = place === undefined ? null : (row[place] ?? null);
    return value === null ? ROOT : Number(bytesOf(value));
  }
}

function noCursor(): never {
  throw new Error('Rows by id have no order, and so no cursor');
}
