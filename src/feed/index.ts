/** The door of the change feed. */
export { ChangeFeed } from './change-feed.ts';
export type { ChangeFeedDependencies, FeedRequest } from './change-feed.ts';
export { keyText } from './feed-model.ts';
export type { Change, FeedCaller, FeedPage, RowKey, RowSource, RunFacts, VisibleRow } from './feed-model.ts';
export { FeedPruner } from './feed-pruner.ts';
