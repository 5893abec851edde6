/** The door of the read log. */
export {
  AccessHistory,
  type AccessHistoryEntry,
  type AccessHistoryFeature,
  type AuditQuery,
  type HistoryPosition,
} from './access-history.ts';
export { exportTrail, verifyDatabase, verifyFile } from './audit-trail.ts';
export { pruneTrail } from './prune-trail.ts';
export { NO_DATA, type ReadEvent, type ReadItem } from './read-event.ts';
export type { ReadLog } from './read-log.ts';
export type { Refusal } from './refusal-tally.ts';
export { readAlerts } from './read-alerts.ts';
export { startReadLog } from './start-read-log.ts';
export type { Finding, Verified } from './finding.ts';
export { WATCH_RULES } from './watch-rules.ts';
