/** What a phase of the feed finds: rows that may have changed for the client, to be looked up through the client's own view. */
import type { CatalogItem } from '../catalog/model.ts';
import type { Consent } from './consents.ts';
import type { RowKey } from './feed-model.ts';
import type { FeedState } from './feed-state.ts';
import type { FeedView, RowThen } from './feed-view.ts';
import type { RowState } from './row-facts.ts';

export interface Candidate {
  readonly key: RowKey;
  /** the item as which the client could have seen the row; null: it never could */
  readonly seenAs: CatalogItem | null;
  readonly changedAt: number;
  /** where the feed goes on after this one */
  readonly after: FeedState;
}

/** A stretch of a phase: never more than some thousand rows. */
export interface Stretch {
  readonly candidates: readonly Candidate[];
  /** rows looked at */
  readonly scanned: number;
  /** where the feed goes on after the last candidate */
  readonly next: FeedState;
  /** nothing is left to be looked at for now */
  readonly inStep: boolean;
}

/** As which item the row could have been seen through one of the views; the newest first. */
export function seenThrough(views: readonly FeedView[], row: RowThen, consents: readonly Consent[]): CatalogItem | null {
  for (const view of views) {
    const item = view.showed(row, consents);
    if (item !== null) return item;
  }
  return null;
}

/** The row as it is, up to a moment. */
export function until(row: RowState, to: number): RowThen {
  const { itemCode, person, status, publicUntil, sourceUnitCode, since } = row;
  return { itemCode, person, status, publicUntil, sourceUnitCode, from: since, to };
}
