/**
 * Opaque cursors: encrypted and authenticated, bound to the client, the field, its filter and its order. What a page is sorted by
 * never shows in them, and a cursor from anywhere else does not open.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import type { KeyRing } from '../keys/index.ts';
import type { Position } from './read-input.ts';

const Content = z.tuple([z.string(), z.uuid()]);

export class CursorCodec {
  readonly #binding: Buffer;

  /** @param scope everything that the cursor must share with the page it continues */
  constructor(
    readonly keys: Pick<KeyRing, 'encrypt' | 'decrypt'>,
    scope: readonly string[],
  ) {
    this.#binding = createHash('sha256').update(JSON.stringify(scope)).digest();
  }

  encode({ sortKey, id }: Position): string {
    return this.keys.encrypt('cursor', Buffer.from(JSON.stringify([sortKey, id])), this.#binding).toString('base64url');
  }

  /** @throws GatewayError CURSOR_INVALID for every text that this codec did not write */
  decode(cursor: string): Position {
    const opened = /^[A-Za-z0-9_-]{1,600}$/.test(cursor)
      ? this.keys.decrypt('cursor', Buffer.from(cursor, 'base64url'), this.#binding)
      : null;
    if (opened === null) {
      throw new GatewayError(
        'CURSOR_INVALID',
        'This cursor does not belong to this listing. Use the endCursor of the page before, with the same filter and order.',
      );
    }
    const [sortKey, id] = Content.parse(JSON.parse(opened.toString('utf8')));
    return { sortKey, id };
  }
}
