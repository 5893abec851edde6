/**
 * What a cursor of the feed holds: the view that its client is in step with, and how far. Encrypted and authenticated, bound to
 * the client and its purpose (src/reading/cursor.ts has the listings' cursors).
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import type { KeyRing } from '../keys/index.ts';

const Number64 = z.string().regex(/^\d{1,19}$/);
const Day = z.string().regex(/^\d{4}-\d\d-\d\d$/);

const Position = z.object({ txid: Number64, seq: Number64 });

/** What decides a client's view besides the rows and the consents. */
const StandingState = z.object({
  version: z.number().int(),
  items: z.array(z.string()).nullable(),
  grants: z.array(z.string()),
  orgCode: z.string().nullable(),
  day: Day,
});
export type StandingState = z.infer<typeof StandingState>;

/** A view that is left; rows that appeared after `endedAt` (milliseconds) were never seen through it. */
const LeftView = z.object({ standing: StandingState, endedAt: z.number() });
export type LeftView = z.infer<typeof LeftView>;

/** Within the rows of one subject: the family, and the last id done of it. */
const WithinSubject = z.object({ family: z.number().int(), id: z.string().nullable() });
export type WithinSubject = z.infer<typeof WithinSubject>;

const Step = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('ITEM'),
    item: z.string(),
    person: z.boolean().nullable(),
    after: z.tuple([z.string(), z.uuid()]).nullable(),
  }),
  z.object({ kind: z.literal('PUBLICITY'), item: z.string(), after: z.tuple([Day, z.uuid(), z.uuid()]).nullable() }),
  z.object({
    kind: z.literal('CONSENTS'),
    after: z.tuple([Day, z.uuid(), z.uuid()]).nullable(),
    within: WithinSubject.nullable(),
  }),
]);
export type Step = z.infer<typeof Step>;

const FeedState = z.object({
  /** catalog codes; null: whatever exists for the client */
  scope: z.array(z.string()).nullable(),
  /** the database cluster that counts the transactions */
  origin: z.string(),
  position: Position,
  /** in the middle of the consent that follows `position` */
  within: WithinSubject.nullable(),
  standing: StandingState,
  /** on the way to `standing` from these views; null: arrived */
  leaving: z.object({ from: z.array(LeftView), step: Step.nullable() }).nullable(),
  /** views left not long ago: changes of transactions before `until` may be of rows seen through them */
  past: z.array(LeftView.extend({ until: Number64 })),
  /** consents that ended after this place of the log may have opened rows that the client still holds */
  consents: z.object({ after: Position, until: Number64.nullable() }),
  /** the page before: its time (milliseconds), and the oldest transaction that was open then */
  last: z.object({ at: z.number(), xmin: Number64 }),
});
export type FeedState = z.infer<typeof FeedState>;

/** A state has some hundred bytes; one that left many views, each with its lists of items, some thousand. */
const LONGEST = 60_000;

export class FeedCursorCodec {
  readonly #keys: Pick<KeyRing, 'encrypt' | 'decrypt'>;
  readonly #binding: Buffer;

  constructor(
    keys: Pick<KeyRing, 'encrypt' | 'decrypt'>,
    client: { readonly clientId: string; readonly purpose: string | null },
  ) {
    this.#keys = keys;
    this.#binding = createHash('sha256')
      .update(JSON.stringify(['changes', client.clientId, client.purpose]))
      .digest();
  }

  encode(state: FeedState): string {
    return this.#keys.encrypt('cursor', Buffer.from(JSON.stringify(state)), this.#binding).toString('base64url');
  }

  /** @throws GatewayError CURSOR_INVALID for every text that this codec did not write */
  decode(cursor: string): FeedState {
    const opened =
      cursor.length <= LONGEST && /^[A-Za-z0-9_-]+$/.test(cursor)
        ? this.#keys.decrypt('cursor', Buffer.from(cursor, 'base64url'), this.#binding)
        : null;
    if (opened === null) throw foreignCursor();
    return FeedState.parse(JSON.parse(opened.toString('utf8')));
  }
}

export function foreignCursor(): GatewayError {
  return new GatewayError(
    'CURSOR_INVALID',
    'This cursor does not belong to this feed. Use the endCursor of the page before, as the same client, with the same purpose and the same items.',
  );
}

export function cursorTooOld(): GatewayError {
  return new GatewayError(
    'CURSOR_INVALID',
    'This cursor is too old: changes since then are no longer kept. Take a snapshot with startExport and go on from its cursor.',
  );
}

export function sameStanding(one: StandingState, other: StandingState): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The same but for the day. */
export function sameView(one: StandingState, other: StandingState): boolean {
  return sameStanding({ ...one, day: '' }, { ...other, day: '' });
}

export function tooManyViews(): GatewayError {
  return new GatewayError(
    'CURSOR_INVALID',
    'Too much of what this client may see has changed since this cursor. Take a snapshot with startExport and go on from its cursor.',
  );
}
