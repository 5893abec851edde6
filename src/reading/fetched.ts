/**
 * What a read brings from the database, before anything is decided: a tree of rows and pages in the shape of the plan. Which
 * rows are here the statement has decided once; the pass that answers decides every row again before it shows one.
 */
import type { CatalogItem } from '../catalog/model.ts';
import type { ItemSelection, StoredRow } from './read-plan.ts';

export interface FetchedRow {
  readonly stored: StoredRow;
  readonly selection: ItemSelection;
  /** catalog codes that a live authorization of the row's subject covers, for this client and purpose */
  readonly authorized: ReadonlySet<string>;
  /** aligned with `selection.children`; null: a subject that does not exist for the caller */
  readonly children: readonly FetchedNode[];
}

export interface FetchedPage {
  readonly rows: readonly FetchedRow[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** null unless the operation asks for it */
  readonly totalCount: number | null;
  /** @throws Error where the operation asks for no cursor, so that the statement brought nothing to make one of */
  cursorOf(row: FetchedRow): string;
}

export type FetchedNode = FetchedRow | FetchedPage | null;

export function isPage(node: FetchedRow | FetchedPage): node is FetchedPage {
  return 'rows' in node;
}

/** What the change feed tells of one row. */
export interface FetchedChange {
  readonly operation: 'UPSERT' | 'REMOVE';
  /** of a removed row: as the caller last knew it, which may be of an earlier catalog */
  readonly item: CatalogItem;
  /** global id of the entry or subject */
  readonly id: string;
  /** null: removed */
  readonly row: FetchedRow | null;
  readonly changedAt: Date;
  readonly cursor: () => string;
}

export interface FetchedChanges {
  readonly changes: readonly FetchedChange[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly endCursor: string;
}

export function isChanges(node: FetchedRow | FetchedPage | FetchedChanges): node is FetchedChanges {
  return 'changes' in node;
}
