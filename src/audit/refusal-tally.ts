/**
 * Requests of known clients that were refused at the door (over the rate, suspended, not on the list of operations). They read nothing,
 * so nobody waits for their event; and a client that storms the door must not fill the log: each instance enters one event a minute for
 * each client and reason, which says how many there were.
 */
import { NO_DATA, type ClientKind, type ReadEvent } from './read-event.ts';

export interface Refusal {
  readonly clientId: string;
  readonly clientKind: ClientKind;
  readonly requestId: string;
  /** the code of the refusal */
  readonly outcome: string;
  readonly catalogVersion: number;
}

/** No document was looked at: as with a text that cannot be parsed. */
const NO_OPERATION = Buffer.alloc(32);

export class RefusalTally {
  #events = new Map<string, ReadEvent>();

  add(refusal: Refusal, at: Date): void {
    this.#count({
      ...refusal,
      ...NO_DATA,
      at,
      purpose: null,
      matter: null,
      operationName: null,
      operationHash: NO_OPERATION,
      operationType: 'unknown',
    });
  }

  /** One event for each client and reason since the last call: of the first of them, with their number. */
  take(): readonly ReadEvent[] {
    const events = [...this.#events.values()];
    this.#events = new Map();
    return events;
  }

  /** What could not be entered goes with the next ones. */
  putBack(event: ReadEvent): void {
    this.#count(event);
  }

  #count(event: ReadEvent): void {
    const key = `${event.clientId}\0${event.outcome}`;
    const known = this.#events.get(key);
    const times = (known?.times ?? (known === undefined ? 0 : 1)) + (event.times ?? 1);
    this.#events.set(key, times === 1 ? event : { ...(known ?? event), times });
  }
}
