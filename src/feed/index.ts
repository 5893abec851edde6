/** The door of the change feed. */
export { ChangeFeed } from './change-feed.ts';
export { keyText } from './feed-model.ts';
export type { FeedCaller, FeedPage, RowKey, RowSource, VisibleRow } from './feed-model.ts';
export { FeedPruner } from './feed-pruner.ts';
