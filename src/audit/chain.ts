/**
 * What chains the read log: HMAC-SM3 (GB/T 32905) over the code before an event and the event's canonical bytes. One chain for each
 * month of each instance, so that a month can be dropped whole and two instances never wait for each other.
 */
import { createHmac, type KeyObject } from 'node:crypto';
import type { ReadEvent, ReadItem } from './read-event.ts';

/** Bytes of a code: what SM3 gives. */
export const CODE_BYTES = 32;

/** Where an event stands. */
export interface ChainPlace {
  /** YYYY-MM-01, in Asia/Shanghai */
  readonly month: string;
  /** one start of one server */
  readonly instance: string;
  /** 1, 2, 3 … */
  readonly seq: number;
}

/** The last event of a chain; `seq` 0: none yet. */
export interface ChainHead extends ChainPlace {
  readonly code: Buffer;
}

/** An event as it is stored. */
export interface ChainedEvent extends ReadEvent, ChainPlace {
  readonly code: Buffer;
}

/** An event with what its code was worked out from, for who stores it. */
export interface SealedEvent extends ChainHead {
  readonly event: ReadEvent;
  readonly itemList: string;
  readonly subjectBytes: Buffer;
}

export const CHECKPOINT_KINDS = ['START', 'RUNNING', 'END', 'PRUNED'] as const;
export type CheckpointKind = (typeof CHECKPOINT_KINDS)[number];

/** What an instance vouches for at a moment; PRUNED: the heads of chains that were dropped because their time was over. */
export interface Checkpoint {
  readonly instance: string;
  /** 1, 2, 3 … of that instance */
  readonly number: number;
  readonly at: Date;
  readonly kind: CheckpointKind;
  readonly heads: readonly ChainHead[];
  readonly code: Buffer;
}

/** The key of a chain in a Map. */
export function chainName({ month, instance }: Pick<ChainPlace, 'month' | 'instance'>): string {
  return `${month}/${instance}`;
}

/** The code before the first event of a chain: another for every chain, so that no chain continues another. */
export function chainStart(key: KeyObject, { month, instance }: Pick<ChainPlace, 'month' | 'instance'>): Buffer {
  return createHmac('sm3', key)
    .update(JSON.stringify(['chain', month, instance]))
    .digest();
}

/** The code of an event that stands at `place` after an event with the code `previous`. */
export function eventCode(key: KeyObject, previous: Buffer, place: ChainPlace, event: ReadEvent): Buffer {
  return sealed(key, previous, place, event).code;
}

/** The event at its place, with its code and what that covers. */
export function sealed(key: KeyObject, previous: Buffer, place: ChainPlace, event: ReadEvent): SealedEvent {
  const list = itemList(event.items);
  const subjects = subjectBytes(event.subjects);
  const { before, after } = eventText(place, event);
  // In parts: the list is the longest, has no character beyond ASCII, and is hashed as it lies there.
  const code = createHmac('sm3', key).update(previous).update(before).update(list).update(after).update(subjects).digest();
  // Not one object with all fields: to copy so many takes as long as to work out the code.
  return { event, month: place.month, instance: place.instance, seq: place.seq, code, itemList: list, subjectBytes: subjects };
}

/** @param previous the code of the same instance's checkpoint before; null: this is its first */
export function checkpointCode(key: KeyObject, previous: Buffer | null, checkpoint: Omit<Checkpoint, 'code'>): Buffer {
  const { instance, number, at, kind, heads } = checkpoint;
  return createHmac('sm3', key)
    .update(previous ?? Buffer.alloc(CODE_BYTES))
    .update(JSON.stringify(['checkpoint', instance, number, at.toISOString(), kind, headsJson(heads)]))
    .digest();
}

/** Refused for want of a right, or nothing but withheld fields: what the watch counts as a denial. */
export function isDenied({ outcome, items }: Pick<ReadEvent, 'outcome' | 'items'>): boolean {
  if (DENIALS.has(outcome)) return true;
  if (outcome !== 'ok' || items.size === 0) return false;
  let withheld = 0;
  for (const item of items.values()) {
    if (item.clear.size > 0 || item.masked.size > 0) return false;
    withheld += item.withheld.size;
  }
  return withheld > 0;
}

const DENIALS: ReadonlySet<string> = new Set([
  'FIELD_FORBIDDEN',
  'FILTER_FORBIDDEN',
  'PURPOSE_REQUIRED',
  'CLIENT_SUSPENDED',
  'LICENSE_EXPIRED',
  'RATE_LIMITED',
]);

export function rowCount(items: ReadonlyMap<string, ReadItem>): number {
  let rows = 0;
  for (const item of items.values()) rows += item.rows;
  return rows;
}

export function headsJson(heads: readonly ChainHead[]): [month: string, instance: string, seq: number, code: string][] {
  return heads.map(({ month, instance, seq, code }) => [month, instance, seq, code.toString('hex')]);
}

/**
 * What stands before and after the list of items in a line of JSON that says everything but the subjects: its texts are delimited and its lists ordered, so that no two events look alike. The
 * tag before them keeps an event from ever being taken for a checkpoint.
 */
function eventText(place: ChainPlace, event: ReadEvent): { readonly before: string; readonly after: string } {
  const start = JSON.stringify([
    'event',
    place.month,
    place.instance,
    place.seq,
    event.at.toISOString(),
    event.clientId,
    event.clientKind,
    event.purpose,
    event.matter,
    event.requestId,
    event.operationName,
    event.operationHash.toString('hex'),
    event.operationType,
    event.outcome,
    isDenied(event),
    event.catalogVersion,
    rowCount(event.items),
  ]);
  const times = event.times === undefined ? '' : `,${String(event.times)}`;
  return { before: `${start.slice(0, -1)},`, after: `,${JSON.stringify(event.bulk)}${times}]\n` };
}

/** The items as JSON, `[code, rows, clear, masked, withheld]` for each, in the order of codes and keys: one text for one content. */
export function itemList(items: ReadonlyMap<string, ReadItem>): string {
  return JSON.stringify(
    [...items]
      .map(([code, item]) => [code, item.rows, sorted(item.clear), sorted(item.masked), sorted(item.withheld)] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

function sorted(keys: ReadonlySet<string>): string[] {
  return [...keys].sort();
}

/** 16 bytes each, in the order stored. */
export function subjectBytes(subjects: ReadonlySet<string>): Buffer {
  const bytes = Buffer.allocUnsafe(subjects.size * 16);
  let at = 0;
  for (const id of subjects) {
    if (bytes.write(id.replaceAll('-', ''), at, 'hex') !== 16) throw new Error('A subject of a read event is no UUID.');
    at += 16;
  }
  return bytes;
}
