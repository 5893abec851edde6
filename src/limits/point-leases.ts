/**
 * Limits that instances share, without a statement per request: an instance takes points in blocks from the shared count and
 * spends them by itself. Blocks are parts of one count, so the sum over all instances never exceeds the limit; it may stay below
 * it by what the others have taken and not spent.
 */
import { LRUCache } from 'lru-cache';
import type { SharedPoints } from './shared-points.ts';

/** A limit is taken in so many blocks: so often, at most, an instance asks the database for one client and window. */
const BLOCKS = 50;
/** Below this part of a block the next one is fetched, so that no request waits for it. */
const EARLY = 0.5;
/** Far above the number of clients of a region. One that is forgotten takes a new block. */
const MOST_KEYS = 10_000;

interface Lease {
  left: number;
  /** on the monotonic clock; from then on nothing of it counts */
  endsAt: number;
  /** the limit that the shared count has reached, and nobody need ask about again until `endsAt`; null: none yet */
  spentUp: number | null;
  taking: Promise<void> | null;
}

export class PointLeases {
  readonly #shared: SharedPoints;
  readonly #now: () => number;
  readonly #leases = new LRUCache<string, Lease>({ max: MOST_KEYS });

  /** @param now milliseconds on a clock that never goes back */
  constructor(shared: SharedPoints, now: () => number = () => performance.now()) {
    this.#shared = shared;
    this.#now = now;
  }

  /**
   * Spends `cost` of the `limit` that the key has in the current window.
   * @returns 0 when granted, else the milliseconds until the window ends; at once while the lease lasts
   * @throws what the database throws while it cannot be asked
   */
  spend(key: string, cost: number, limit: number): number | Promise<number> {
    const lease = this.#leaseOf(key);
    // What costs more than a whole window would never be granted; it takes the whole window.
    const points = Math.min(cost, limit);
    const granted = this.#spendLeft(lease, points);
    if (granted) {
      if (lease.spentUp === null && lease.left < blockOf(limit) * EARLY)
        void this.#take(key, lease, limit, 1).catch(() => undefined);
      return 0;
    }
    return this.#waitOf(lease, limit) ?? this.#spendLater(key, lease, points, limit);
  }

  async #spendLater(key: string, lease: Lease, points: number, limit: number): Promise<number> {
    for (;;) {
      await this.#take(key, lease, limit, points);
      if (this.#spendLeft(lease, points)) return 0;
      const wait = this.#waitOf(lease, limit);
      if (wait !== null) return wait;
    }
  }

  #leaseOf(key: string): Lease {
    const known = this.#leases.get(key);
    if (known !== undefined) return known;
    const lease: Lease = { left: 0, endsAt: 0, spentUp: null, taking: null };
    this.#leases.set(key, lease);
    return lease;
  }

  #spendLeft(lease: Lease, points: number): boolean {
    if (lease.left < points || lease.endsAt <= this.#now()) return false;
    lease.left -= points;
    return true;
  }

  /** null: it is worth asking the shared count. */
  #waitOf(lease: Lease, limit: number): number | null {
    const wait = lease.endsAt - this.#now();
    return lease.spentUp !== null && limit <= lease.spentUp && wait > 0 ? Math.ceil(wait) : null;
  }

  /** One statement at a time and key, whoever waits for it. */
  #take(key: string, lease: Lease, limit: number, least: number): Promise<void> {
    lease.taking ??= this.#fetch(key, lease, limit, least).finally(() => {
      lease.taking = null;
    });
    return lease.taking;
  }

  async #fetch(key: string, lease: Lease, limit: number, least: number): Promise<void> {
    const block = Math.max(blockOf(limit), least);
    const asked = this.#now();
    const { spent, endsInMs } = await this.#shared.add(key, block);
    // Counted from the question, so that what is ours ends rather before the shared window than after it.
    const endsAt = asked + endsInMs;
    const before = spent - block;
    const granted = Math.max(0, Math.min(block, limit - before));
    // A first block is what begins a window; points of the one before are void.
    const sameWindow = before > 0 && lease.endsAt > asked;
    lease.left = (sameWindow ? lease.left : 0) + granted;
    lease.endsAt = sameWindow ? Math.min(lease.endsAt, endsAt) : endsAt;
    lease.spentUp = granted < block ? limit : null;
  }
}

function blockOf(limit: number): number {
  return Math.max(1, Math.floor(limit / BLOCKS));
}
