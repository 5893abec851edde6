/** Requests that no client answers for, by the address they come from: counted in this process alone. */
import { LRUCache } from 'lru-cache';

const WINDOW_MS = 60_000;
/** About 2 MB; beyond that the address that was longest unheard of is forgotten, and counts from zero. */
const MOST_ADDRESSES = 10_000;

interface Window {
  readonly endsAt: number;
  count: number;
}

export class AddressThrottle {
  readonly #perMinute: number | null;
  readonly #now: () => number;
  readonly #windows = new LRUCache<string, Window>({ max: MOST_ADDRESSES });

  /** @param perMinute null: no limit */
  constructor(perMinute: number | null, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** Counts one request. @returns 0 when it is within the limit, else the milliseconds to wait */
  count(address: string): number {
    if (this.#perMinute === null) return 0;
    const now = this.#now();
    const network = networkOf(address);
    const known = this.#windows.get(network);
    const window = known === undefined || known.endsAt <= now ? { endsAt: now + WINDOW_MS, count: 0 } : known;
    if (window !== known) this.#windows.set(network, window);
    window.count += 1;
    return window.count <= this.#perMinute ? 0 : Math.ceil(window.endsAt - now);
  }
}

/** A whole /64 is one subscriber's (RFC 6177): counted by single IPv6 addresses nobody would ever reach a limit. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const last = tail === '' ? [] : tail.split(':');
    while (groups.length + last.length < 8) groups.push('0');
    groups.push(...last);
  }
  return groups.slice(0, 4).join(':');
}
