/** What the gateway knows of a client (接入方) when it calls, and whether it may call at all. */
import type { ClientKind } from '../access/model.ts';
import { GatewayError } from '../errors.ts';

/** What an operator gave one client; null: what the settings give its kind (src/limits). */
export interface OwnLimits {
  readonly ratePerMinute: number | null;
  readonly maxConcurrent: number | null;
  readonly dailySubjects: number | null;
}

/** A client as it stands on one day. Immutable. */
export interface ClientStanding {
  readonly id: string;
  readonly kind: ClientKind;
  readonly name: string;
  /** unified social credit code (GB 32100); with it, rows that carry it as source unit code are the client's own */
  readonly orgCode: string | null;
  /** of a credit agency: the number of its licence or filing (征信业管理条例 arts. 6–10) */
  readonly license: string | null;
  /** the licence's last day, YYYY-MM-DD */
  readonly licenseUntil: string | null;
  /** catalog codes the client is limited to; null: no limit */
  readonly items: readonly string[] | null;
  readonly suspended: boolean;
  /** catalog codes with a live grant (依法查询事项) on that day, each once, sorted */
  readonly grants: readonly string[];
  readonly ownLimits: OwnLimits;
  /** SHA-256 (hex) of the operations that it may send; null: any operation */
  readonly safelist: ReadonlySet<string> | null;
}

/** The same with its dates as they lie in the database, so that any day can be answered from it without another read. */
export interface ClientFacts extends Omit<ClientStanding, 'grants'> {
  /** not revoked; `until` is the last day, null: until revoked */
  readonly grants: readonly { readonly itemCode: string; readonly until: string | null }[];
}

/** The same object for the same facts on the same day. */
export function standingOn(day: string, facts: ClientFacts): ClientStanding {
  const known = standings.get(facts);
  if (known?.day === day) return known.standing;
  const live = facts.grants.filter((grant) => grant.until === null || grant.until >= day).map((grant) => grant.itemCode);
  const standing = { ...facts, grants: [...new Set(live)].sort() };
  standings.set(facts, { day, standing });
  return standing;
}

/** Facts stay in memory as long as the cache of clients keeps them, and every request asks. */
const standings = new WeakMap<ClientFacts, { readonly day: string; readonly standing: ClientStanding }>();

/**
 * Why the client may not call on that day: CLIENT_SUSPENDED or LICENSE_EXPIRED; null when it may.
 * An agency without a licence date is treated as one whose licence has passed: unknown means no.
 */
export function refusalOf(standing: ClientStanding, day: string): GatewayError | null {
  if (standing.suspended) {
    return new GatewayError(
      'CLIENT_SUSPENDED',
      `Client ${standing.id} is suspended. Ask the operator of this gateway to resume it.`,
    );
  }
  if (standing.kind !== 'CREDIT_AGENCY') return null;
  if (standing.licenseUntil !== null && standing.licenseUntil >= day) return null;
  const since = standing.licenseUntil === null ? 'has no date' : `ended on ${standing.licenseUntil}`;
  return new GatewayError(
    'LICENSE_EXPIRED',
    `The licence registered for client ${standing.id} ${since}. Send the renewed licence to the operator of this gateway.`,
  );
}

/** Ids appear in logs, metrics and command lines, so they are plain words of at most 64 characters. */
export function isClientId(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text);
}
