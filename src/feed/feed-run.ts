/** What the phases of the feed share while one page is made. */
import type { CatalogItem } from '../catalog/model.ts';
import type { ChangeLog, LogMoment } from './change-log.ts';
import type { Consent, ConsentStore } from './consents.ts';
import type { FeedCaller } from './feed-model.ts';
import type { FeedState } from './feed-state.ts';
import type { FeedView } from './feed-view.ts';
import type { RowFacts } from './row-facts.ts';

export interface FeedRun {
  readonly caller: FeedCaller;
  /** when the page began */
  readonly moment: LogMoment;
  /** the client's view now */
  readonly view: FeedView;
  readonly log: ChangeLog;
  readonly facts: RowFacts;
  readonly consents: ConsentStore;
  /** whether the feed tells of this item at all */
  inScope(itemCode: string): boolean;
  readonly notes: {
    /** a consent that is over was met in the log */
    consentEnded: boolean;
  };
  viewOf(standing: FeedState['standing'], endedAt: number): Promise<FeedView>;
}

const NO_CONSENTS: readonly Consent[] = [];

/**
 * The consents of these subjects that may have opened rows to the client: live ones, and those that ended since the oldest of the
 * views. Nothing is looked up where no consent can change anything.
 */
export async function consentsFor(
  run: FeedRun,
  state: FeedState,
  views: readonly FeedView[],
  subjects: readonly { readonly subjectId: string; readonly itemCode: string }[],
): Promise<(subjectId: string) => readonly Consent[]> {
  const { clientId, purpose, today } = run.caller;
  const all = [run.view, ...views];
  const asked = subjects
    .filter(({ itemCode }) => all.some((view) => view.consentMatters(itemCode)))
    .map(({ subjectId }) => subjectId);
  if (purpose === null || asked.length === 0) return () => NO_CONSENTS;
  const since = all.map(({ day }) => day).reduce((least, day) => (day < least ? day : least));
  const found = await run.consents.of(asked, { clientId, purpose, today, since, changedAfter: state.consents.after });
  return (subjectId) => found.get(subjectId) ?? NO_CONSENTS;
}

/** Items that some of the views shows, in the feed's scope, each once, by code; of the first view that has it. */
export function itemsOf(run: FeedRun, views: readonly FeedView[]): readonly CatalogItem[] {
  const items = new Map<string, CatalogItem>();
  for (const view of views) {
    for (const item of view.items()) if (run.inScope(item.code) && !items.has(item.code)) items.set(item.code, item);
  }
  return [...items.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}
