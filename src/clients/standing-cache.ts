/** Clients in memory, so that a request need not ask the database who is calling. */
import { LRUCache } from 'lru-cache';
import type { ChangeSignal } from '../db/index.ts';
import type { ClientFacts } from './client-standing.ts';

/** What the cache needs of the change signal. */
export type StandingSignal = Pick<ChangeSignal, 'on' | 'onGap' | 'live'>;

/** Far above the number of clients a region has; the bound is there so that nothing can grow the cache without end. */
const MOST_CLIENTS = 2_000;

/** The net under the signal: a suspended client is out after this long even if its notification were lost unnoticed. */
const MAX_AGE_MS = 5_000;

/**
 * Facts by client id. A change that was committed, and heard of, before `get` was called is in its answer: what was read
 * before a change is never kept after it, nor is anything used while the signal is down, or kept beyond that. Unknown ids are not remembered.
 */
export class StandingCache {
  readonly #read: (id: string) => Promise<ClientFacts | null>;
  readonly #signal: StandingSignal | null;
  readonly #facts = new LRUCache<string, ClientFacts>({ max: MOST_CLIENTS, ttl: MAX_AGE_MS });
  /** reads under way, shared by all that ask meanwhile; one that a change has overtaken is no longer here */
  readonly #reading = new Map<string, Promise<ClientFacts | null>>();

  /** @param signal null: nothing is kept, every call reads (a command that ends after one answer) */
  constructor(read: (id: string) => Promise<ClientFacts | null>, signal: StandingSignal | null) {
    this.#read = read;
    this.#signal = signal;
    signal?.on('client', (id) => this.drop(id));
    signal?.onGap(() => this.clear());
  }

  async get(id: string): Promise<ClientFacts | null> {
    if (this.#signal?.live !== true) return this.#read(id);
    const known = this.#facts.get(id);
    if (known !== undefined) return known;
    const underWay = this.#reading.get(id);
    if (underWay !== undefined) return underWay;
    const reading = this.#read(id);
    this.#reading.set(id, reading);
    try {
      const facts = await reading;
      // Overtaken by a change or a gap: good for this answer, not for a later one.
      if (facts !== null && this.#reading.get(id) === reading) this.#facts.set(id, facts);
      return facts;
    } finally {
      if (this.#reading.get(id) === reading) this.#reading.delete(id);
    }
  }

  drop(id: string): void {
    this.#facts.delete(id);
    this.#reading.delete(id);
  }

  clear(): void {
    this.#facts.clear();
    this.#reading.clear();
  }
}
