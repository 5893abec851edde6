/**
 * Takes the messages that carry rows from a connection before `pg` reads them: it would make an object for each, and a text for each
 * value, which most readers here do not want. All other messages reach `pg` as they came (PostgreSQL, "Message Formats": one byte that
 * tells the kind, then the length in four, itself included).
 */
import type { Duplex } from 'node:stream';
import type pg from 'pg';

/** @param bytes hold the message's content from `start` to `end`, during the call */
type Take = (bytes: Buffer, start: number, end: number) => void;

export const DATA_ROW = 0x44;
export const COPY_DATA = 0x64;
const READY_FOR_QUERY = 0x5a;
const HEADER = 5;
const NOBODY: Take = () => undefined;

const TAPS = new WeakMap<Duplex, MessageTap>();

/**
 * Gives `take` all messages of one kind from now on until the connection is ready for another query. Call it with the query: the
 * connection has nothing to say then.
 */
export function tapMessages({ stream }: pg.Connection, kind: typeof DATA_ROW | typeof COPY_DATA, take: Take): void {
  let tap = TAPS.get(stream);
  if (tap === undefined) {
    tap = new MessageTap(stream);
    TAPS.set(stream, tap);
  }
  tap.give(kind, take);
}

class MessageTap {
  readonly #pass: (chunk: Buffer) => void;
  #kind = 0;
  #take = NOBODY;
  /** the beginning of a message that has not come whole */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #wanted = 0;

  constructor(stream: Duplex) {
    const [listener, ...others] = stream.listeners('data');
    if (listener === undefined || others.length > 0)
      throw new Error('This version of pg listens to its connections otherwise than this was written for.');
    this.#pass = (chunk) => {
      listener.call(stream, chunk);
    };
    stream.removeAllListeners('data');
    stream.on('data', (chunk: Buffer) => {
      this.#come(chunk);
    });
  }

  give(kind: number, take: Take): void {
    this.#kind = kind;
    this.#take = take;
  }

  #come(chunk: Buffer): void {
    if (this.#heldBytes === 0) {
      this.#read(chunk);
      return;
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    // A message as large as the memory allows must not be put together anew with every piece.
    if (this.#heldBytes < this.#wanted) return;
    const bytes = Buffer.concat(this.#held, this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
    this.#read(bytes);
  }

  #read(bytes: Buffer): void {
    let at = 0;
    /** where that begins which has not been passed on */
    let rest = 0;
    while (at + HEADER <= bytes.length) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      if (end > bytes.length) break;
      const kind = bytes[at];
      if (kind === this.#kind) {
        if (rest < at) this.#pass(bytes.subarray(rest, at));
        this.#take(bytes, at + HEADER, end);
        rest = end;
      } else if (kind === READY_FOR_QUERY) {
        this.give(0, NOBODY);
        // Whoever waited for the connection may tap it again within this call.
        this.#pass(bytes.subarray(rest, end));
        rest = end;
      }
      at = end;
    }
    if (rest < at) this.#pass(bytes.subarray(rest, at));
    if (at < bytes.length) this.#hold(bytes.subarray(at));
  }

  #hold(part: Buffer): void {
    this.#held = [part];
    this.#heldBytes = part.length;
    this.#wanted = part.length < HEADER ? HEADER : 1 + part.readInt32BE(1);
  }
}
