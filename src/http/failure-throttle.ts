/** Slows the guessing of secrets: who failed often must wait, each time longer. */
import { LRUCache } from 'lru-cache';

/** Failures that cost nothing: a person who mistypes, a deployment with yesterday's secret. */
const FREE = 5;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** After this long without a failure all is forgotten. */
const MEMORY_MS = 15 * 60_000;
/** Keys kept at most, about 2 MB; beyond that the longest unused is forgotten. */
const MOST_KEYS = 10_000;

interface Failures {
  readonly count: number;
  readonly lastAt: number;
}

/**
 * Counts by key, in this process alone: with n instances behind a balancer a guesser has n times the tries. That is little
 * against 256-bit secrets; the bound that matters for load is the one on hashing.
 */
export class FailureThrottle {
  readonly #failures = new LRUCache<string, Failures>({ max: MOST_KEYS });
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Milliseconds until the key may try again; 0: now. */
  waitFor(key: string): number {
    const { count, lastAt } = this.#recent(key);
    const wait = count < FREE ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (count - FREE), LONGEST_WAIT_MS);
    return Math.max(0, lastAt + wait - this.#now());
  }

  failed(key: string): void {
    this.#failures.set(key, { count: this.#recent(key).count + 1, lastAt: this.#now() });
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  #recent(key: string): Failures {
    const failures = this.#failures.get(key);
    return failures === undefined || failures.lastAt + MEMORY_MS <= this.#now() ? { count: 0, lastAt: 0 } : failures;
  }
}
