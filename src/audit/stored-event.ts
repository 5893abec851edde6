/** Events and checkpoints as PostgreSQL returns them and as a line of an export has them: parsed, never trusted. */
import { z } from 'zod';
import { CHECKPOINT_KINDS, isDenied, itemList, rowCount, type ChainedEvent, type ChainHead, type Checkpoint } from './chain.ts';
import { OPERATION_TYPES, type ReadItem } from './read-event.ts';

/** The columns of an event, in one order for every statement. Numbers that may exceed 32 bits and times travel as text. */
export const EVENT_COLUMNS = `to_char(month, 'YYYY-MM-DD') AS month, instance, seq::text AS seq, at, client_id AS "clientId",
  client_kind AS "clientKind", purpose, matter, request_id AS "requestId", operation_name AS "operationName",
  encode(operation_hash, 'hex') AS "operationHash", operation_type AS "operationType", outcome, denied,
  catalog_version AS "catalogVersion", row_count AS "rowCount", subjects::text[] AS subjects, items, item_list AS "itemList", bulk,
  encode(code, 'hex') AS code, times`;

export const CHECKPOINT_COLUMNS = `instance, number::text AS number, at, kind, heads, encode(code, 'hex') AS code`;

const Bytes = z.string().regex(/^([0-9a-f]{2})*$/).transform((hex) => Buffer.from(hex, 'hex')); // prettier-ignore
const Seq = z.coerce.number().int();
const Keys = z.array(z.string());
export const Items = z.record(z.string(), z.object({ rows: z.number().int(), clear: Keys, masked: Keys, withheld: Keys }));
export type Items = z.infer<typeof Items>;

const List = z.array(z.tuple([z.string(), z.number().int(), Keys, Keys, Keys]));

/** The items of column `item_list` as column `items` had them; null: it is not the one text that this gateway writes for them. */
export function itemsOf(list: string): Items | null {
  const parsed = List.safeParse(jsonOf(list));
  if (!parsed.success) return null;
  const items = Object.fromEntries(
    parsed.data.map(([code, rows, clear, masked, withheld]) => [code, { rows, clear, masked, withheld }]),
  );
  return itemList(mapOf(items)) === list ? items : null;
}

/** A row with EVENT_COLUMNS in the form of an export, whichever column has its items. What is in no such form is left as it is. */
export function asExported({ itemList: list, ...row }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (list === null || list === undefined) return row;
  const items = typeof list === 'string' && row['items'] === null ? itemsOf(list) : null;
  return items === null ? { ...row, itemList: list } : { ...row, items };
}

const Stored = z.object({
  month: z.string(),
  instance: z.string(),
  seq: Seq,
  at: z.coerce.date(),
  clientId: z.string(),
  clientKind: z.enum(['DEPARTMENT', 'CREDIT_AGENCY', 'DASHBOARD', 'ADMIN']),
  purpose: z.string().nullable(),
  matter: z.string().nullable(),
  requestId: z.string(),
  operationName: z.string().nullable(),
  operationHash: Bytes,
  operationType: z.enum(OPERATION_TYPES),
  outcome: z.string(),
  denied: z.boolean(),
  catalogVersion: z.number().int(),
  rowCount: z.number().int(),
  subjects: z.array(z.guid()),
  items: Items,
  /** stands where the items are in no form of this gateway's */
  itemList: z.undefined().optional(),
  bulk: z.array(z.string()),
  code: Bytes,
  times: z.number().int().nullish(),
});

const StoredCheckpoint = z.object({
  instance: z.string(),
  number: Seq,
  at: z.coerce.date(),
  kind: z.enum(CHECKPOINT_KINDS),
  heads: z.array(z.tuple([z.string(), z.string(), Seq, Bytes])),
  code: Bytes,
});

export interface ParsedEvent {
  readonly event: ChainedEvent;
  /** false: columns that follow from others, or lists that hold something twice, are not as this gateway writes them */
  readonly consistent: boolean;
}

/** @returns null when it has not the form of an event at all */
export function parseEvent(row: unknown): ParsedEvent | null {
  const parsed = Stored.safeParse(row);
  if (!parsed.success) return null;
  const { denied, rowCount: rows, subjects: ids, items: byCode, times, itemList: _, ...rest } = parsed.data;
  const items = mapOf(byCode);
  const subjects = new Set(ids);
  const event: ChainedEvent = { ...rest, subjects, items, ...(times == null ? {} : { times }) };
  const lists = Object.values(byCode).flatMap(({ clear, masked, withheld }) => [clear, masked, withheld]);
  const distinct = subjects.size === ids.length && lists.every((list) => new Set(list).size === list.length);
  return { event, consistent: distinct && denied === isDenied(event) && rows === rowCount(items) };
}

/** @returns null when it has not the form of a checkpoint at all */
export function parseCheckpoint(row: unknown): Checkpoint | null {
  const parsed = StoredCheckpoint.safeParse(row);
  if (!parsed.success) return null;
  const heads = parsed.data.heads.map(([month, instance, seq, code]): ChainHead => ({ month, instance, seq, code }));
  return { ...parsed.data, heads };
}

function mapOf(items: Items): Map<string, ReadItem> {
  return new Map(Object.entries(items).map(([code, item]) => [code, readItem(item)]));
}

function readItem({ rows, clear, masked, withheld }: Items[string]): ReadItem {
  return { rows, clear: new Set(clear), masked: new Set(masked), withheld: new Set(withheld) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
