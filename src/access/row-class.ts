import { CONSENT, leftOpenBy, NO_CHANNEL, PROVIDER, PUBLIC } from './levels.ts';
import type { ChannelSet, KindRule } from './levels.ts';
import { ENTRY_STATUSES } from './model.ts';
import type { RowFacts } from './model.ts';

/** Everything about a row that any of its fields' decisions can depend on. Rows that agree in it are decided alike. */
export interface RowClass {
  /** the channels open to the caller on this row */
  readonly channels: ChannelSet;
  /** the same, had the row been about an organization */
  readonly asOrganization: ChannelSet;
  /** what a live authorization would add: CONSENT, or nothing where the kind or the state forbids it or it is open already */
  readonly byAuthorization: ChannelSet;
  /** about a natural person, and no law publishes the item for natural persons */
  readonly narrowed: boolean;
}

/** How the caller stands towards one item. */
export interface ItemStanding {
  readonly rule: KindRule;
  /** a live grant for the item */
  readonly granted: boolean;
  /** the client has an organization code */
  readonly providesData: boolean;
  readonly personPublic: boolean;
  /** a natural person is there for the caller with any live authorization of that person, be it for another item */
  readonly personsByAuthorization: boolean;
}

/**
 * The entry decision of DESIGN §3, as the channels that it leaves.
 *
 * That 社会公开, and a masked form at 社会公开, count as 授权查询 on a natural person's row is the same as closing the PUBLIC
 * channel there: 社会公开 is the one level that PUBLIC opens, and every other channel that 社会公开 opens to, CONSENT,
 * GOV and PROVIDER, stays as it is.
 */
export function classOfRow(standing: ItemStanding, facts: RowFacts): RowClass {
  const { rule } = standing;
  const granted = rule.byGrant && standing.granted;
  const authorized = rule.byAuthorization && facts.consent;
  const providing = rule.byProviding && standing.providesData && facts.own;
  const held = rule.always | (granted || authorized ? CONSENT : NO_CHANNEL) | (providing ? PROVIDER : NO_CHANNEL);
  const state = leftOpenBy(facts.status, facts.expired);
  const asOrganization = held & state;
  const narrowed = facts.person && !standing.personPublic;
  const channels = narrowed ? asOrganization & ~PUBLIC : asOrganization;
  const byAuthorization = rule.byAuthorization ? CONSENT & state & ~channels : NO_CHANNEL;
  return { channels, asOrganization, byAuthorization, narrowed };
}

/** Facts that are not plainly stated are taken in the narrower sense: a row may miss something, but never shows it. */
export function strictFacts(facts: RowFacts): RowFacts {
  return {
    own: isYes(facts.own),
    consent: isYes(facts.consent),
    person: !isNo(facts.person),
    expired: !isNo(facts.expired),
    status: facts.status,
  };
}

/** A number from 0 to 63, equal for equal strict facts; all statuses that do not exist share one. */
export function packFacts(facts: RowFacts): number {
  const status = ENTRY_STATUSES.indexOf(facts.status);
  return (
    (isYes(facts.own) ? 1 : 0) |
    (isYes(facts.consent) ? 2 : 0) |
    (isNo(facts.person) ? 0 : 4) |
    (isNo(facts.expired) ? 0 : 8) |
    ((status === -1 ? ENTRY_STATUSES.length : status) << 4)
  );
}

// Rows come out of a database: what the type promises is asked once more, since only one answer in two is safe to assume.
function isYes(fact: unknown): boolean {
  return fact === true;
}

function isNo(fact: unknown): boolean {
  return fact === false;
}
