/**
 * What the read log says of one operation: who, when, what for, about whom, which fields (征信业管理条例 art. 22; domain.md §9.5).
 * Never a value, never a token, never the text of the operation.
 */

/** What of one catalog item was in an answer. Fields are named by their keys. */
export interface ReadItem {
  /** rows delivered */
  readonly rows: number;
  readonly clear: ReadonlySet<string>;
  readonly masked: ReadonlySet<string>;
  readonly withheld: ReadonlySet<string>;
}

export type ClientKind = 'DEPARTMENT' | 'CREDIT_AGENCY' | 'DASHBOARD' | 'ADMIN';

export const OPERATION_TYPES = ['query', 'mutation', 'subscription', 'unknown'] as const;
export type OperationType = (typeof OPERATION_TYPES)[number];

/** One operation of an authenticated client, refused ones too. The log adds which chain it stands in, and its number there. */
export interface ReadEvent {
  readonly at: Date;
  readonly clientId: string;
  readonly clientKind: ClientKind;
  /** as stated in X-Purpose; null: none */
  readonly purpose: string | null;
  /** X-Matter-Number (办件编号); null: none */
  readonly matter: string | null;
  /** the answer's id, by which the client reports the use. The caller may have chosen it: it is unique to nobody. */
  readonly requestId: string;
  readonly operationName: string | null;
  /** 32 bytes, see operationHash */
  readonly operationHash: Buffer;
  readonly operationType: OperationType;
  /** `ok`, or the code of the answer's first error */
  readonly outcome: string;
  /** how many requests that were refused alike it stands for; left out: one */
  readonly times?: number;
  /** 0: no catalog has been published yet */
  readonly catalogVersion: number;
  /** ids of the subjects whose data, or whose entries' data, are in the answer */
  readonly subjects: ReadonlySet<string>;
  /** those of them that are natural persons. Not stored: the watch counts them, and the log can be asked */
  readonly persons?: ReadonlySet<string> | undefined;
  /** by catalog code */
  readonly items: ReadonlyMap<string, ReadItem>;
  /**
   * catalog codes given out as a whole (an export): every subject with entries in them counts as read, and none is named.
   * Empty for an ordinary operation.
   */
  readonly bulk: readonly string[];
}

/** Nothing of anybody: for operations that touch no credit data. */
export const NO_DATA: Pick<ReadEvent, 'subjects' | 'items' | 'bulk'> = { subjects: new Set(), items: new Map(), bulk: [] };
