/** What verifying says of the read log. */
export const FINDING_KINDS = [
  'EDITED',
  'DELETED',
  'INSERTED',
  'REORDERED',
  'TRUNCATED',
  'CHAIN_MISSING',
  'CHECKPOINT_EDITED',
  'CHECKPOINT_DELETED',
  'FILE_ALTERED',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

export interface Finding {
  readonly kind: FindingKind;
  /** month/instance; '' where it is about no chain */
  readonly chain: string;
  /** the event, or the first of several; null: about no single event */
  readonly seq: number | null;
  /** the last of several */
  readonly to: number | null;
  readonly text: string;
}

export interface Verified {
  readonly events: number;
  readonly chains: number;
  readonly checkpoints: number;
  /** chains that no END checkpoint closed: their instance runs, was killed, or lost its tail before anybody vouched for it */
  readonly open: readonly string[];
}
