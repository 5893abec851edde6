/** The words of the change feed (docs/decisions/0012): who follows it, what it tells, and what it needs of the store. */
import type { ProfileBasis } from '../access/index.ts';
import type { Catalog, CatalogItem, Family } from '../catalog/model.ts';

/** Runs a statement under the role that reads the change log and the facts of rows, and no content. */
export type RunFacts = (text: string, values: readonly unknown[]) => Promise<Record<string, unknown>[]>;

/** A client as it calls now. */
export interface FeedCaller {
  readonly clientId: string;
  /** null: none stated, so no consent opens anything */
  readonly purpose: string | null;
  readonly catalog: Catalog;
  readonly basis: ProfileBasis;
  readonly orgCode: string | null;
  /** YYYY-MM-DD in Asia/Shanghai */
  readonly today: string;
}

/** Names one subject or one entry. */
export interface RowKey {
  readonly family: Family;
  readonly subjectId: string;
  /** null: the subject itself */
  readonly entryId: string | null;
}

/** Equal for equal keys, and for no others. */
export function keyText({ family, subjectId, entryId }: RowKey): string {
  return `${family} ${subjectId} ${entryId ?? ''}`;
}

export interface VisibleRow<Row> {
  readonly item: CatalogItem;
  readonly row: Row;
}

/** The rows as the caller sees them, read under the caller's own database role. */
export interface RowSource<Row> {
  /** By `keyText`: those of the named rows that exist for the caller now, and are in the feed's scope. */
  visible(keys: readonly RowKey[]): Promise<ReadonlyMap<string, VisibleRow<Row>>>;
}

interface ChangeBase {
  readonly key: RowKey;
  /** of a removed row: as the caller last knew it */
  readonly item: CatalogItem;
  readonly changedAt: Date;
}

export type Change<Row> =
  | (ChangeBase & { readonly operation: 'UPSERT'; readonly row: Row })
  | (ChangeBase & { readonly operation: 'REMOVE'; readonly row: null });

export interface FeedPage<Row> {
  readonly edges: readonly { readonly change: Change<Row>; readonly cursor: () => string }[];
  /** false: in step for now */
  readonly hasNextPage: boolean;
  readonly endCursor: string;
}

/** A place in the log: every change up to and including it is done. Both are numbers of 64 bits as decimal text. */
export interface LogPosition {
  readonly txid: string;
  readonly seq: string;
}
