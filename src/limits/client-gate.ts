/** Who may come in now: rate and concurrent requests of a client, the rate of an address that names none. */
import type { ClientStanding } from '../clients/index.ts';
import { GatewayError } from '../errors.ts';
import type { AddressThrottle } from './address-throttle.ts';
import { limitsOf } from './client-limits.ts';
import type { KindLimits } from './client-limits.ts';
import type { PointLeases } from './point-leases.ts';

export interface ClientGateOptions {
  readonly defaults: KindLimits;
  readonly points: PointLeases;
  readonly addresses: AddressThrottle;
}

/** Somebody else's request is over within this time, as a rule. */
const CONCURRENT_RETRY_MS = 1_000;

export class ClientGate {
  readonly #options: ClientGateOptions;
  readonly #inside = new Map<string, number>();

  constructor(options: ClientGateOptions) {
    this.#options = options;
  }

  /**
   * Counts a request in. Costs no statement while the client's lease of points lasts.
   * @returns what counts it out again; call it once the answer has left, or the caller
   * @throws GatewayError RATE_LIMITED with `retryAfter` in seconds
   */
  async enter(caller: ClientStanding): Promise<() => void> {
    const { maxConcurrent } = limitsOf(caller, this.#options.defaults);
    const inside = this.#inside.get(caller.id) ?? 0;
    if (maxConcurrent !== null && inside >= maxConcurrent) {
      throw tooMany(
        `Client ${caller.id} has ${String(maxConcurrent)} requests under way, as many as it may. Wait for their answers.`,
        CONCURRENT_RETRY_MS,
      );
    }
    this.#inside.set(caller.id, inside + 1);
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      const now = (this.#inside.get(caller.id) ?? 1) - 1;
      if (now === 0) this.#inside.delete(caller.id);
      else this.#inside.set(caller.id, now);
    };
    try {
      const charged = this.charge(caller, 1);
      if (charged !== null) await charged;
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  /**
   * Spends points of the client's rate.
   * @returns null when that was done at once
   * @throws GatewayError RATE_LIMITED
   */
  charge(caller: ClientStanding, points: number): Promise<void> | null {
    const { ratePerMinute } = limitsOf(caller, this.#options.defaults);
    if (ratePerMinute === null || points <= 0) return null;
    const refuse = (waitMs: number): void => {
      if (waitMs > 0) {
        throw tooMany(`Client ${caller.id} may make ${String(ratePerMinute)} requests a minute, and has made them.`, waitMs);
      }
    };
    const wait = this.#options.points.spend(caller.id, points, ratePerMinute);
    if (typeof wait !== 'number') return wait.then(refuse);
    refuse(wait);
    return null;
  }

  /** @throws GatewayError RATE_LIMITED for a request without a client, when its address has made too many */
  stranger(address: string): void {
    const wait = this.#options.addresses.count(address);
    if (wait > 0) throw tooMany('This address has made too many requests without a valid access token.', wait);
  }
}

function tooMany(message: string, waitMs: number): GatewayError {
  const retryAfter = Math.max(1, Math.ceil(waitMs / 1_000));
  return new GatewayError('RATE_LIMITED', `${message} Try again in ${String(retryAfter)} s.`, { retryAfter });
}
