/** The door of the loop back: what departments report, repair, withdraw and dispute. */
export { DISPUTE_RESULTS, LoopBackService } from './loop-back-service.ts';
export type { DisputeResult, EntryChanged, EntrySight, LoopBackCall, UseReported } from './loop-back-service.ts';
