/** The door of reading for other features: a consistent copy of a caller's view. GraphQL takes the parts of the module as they are. */
export { AccessReport } from './access-report.ts';
export type { ReaderIdentity } from './read-input.ts';
export { SnapshotRead } from './snapshot-read.ts';
export type { Unseal } from './writing-pass.ts';
