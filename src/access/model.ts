/**
 * The words of the access module (DESIGN §3). Nothing here knows GraphQL, HTTP or SQL; nothing outside
 * this folder knows what a permission level opens to whom.
 */
import type { MaskRule, Permission, Role } from '../catalog/model.ts';

export const CLIENT_KINDS = ['DEPARTMENT', 'CREDIT_AGENCY', 'DASHBOARD', 'ADMIN'] as const;
export type ClientKind = (typeof CLIENT_KINDS)[number];

/**
 * What a kind of client may do besides reading rows: take exports, count credit data, count the reads of its own or of all clients,
 * report back what it did (查询应用结果反馈, repair, objection), see who read whose data.
 */
export const ACTIONS = ['EXPORT', 'COUNT', 'COUNT_OWN_READS', 'COUNT_ALL_READS', 'REPORT_BACK', 'SEE_READ_LOG'] as const;
export type Action = (typeof ACTIONS)[number];

export const ENTRY_STATUSES = ['ACTIVE', 'REPAIRED', 'WITHDRAWN'] as const;
export type EntryStatus = (typeof ENTRY_STATUSES)[number];

/** What decides a profile besides the catalog version. Two clients with the same basis share one profile. */
export interface ProfileBasis {
  readonly kind: ClientKind;
  /** catalog codes the client is limited to; null: no limit */
  readonly items: readonly string[] | null;
  /** catalog codes for which the client has a live grant (依法查询事项) */
  readonly grants: readonly string[];
  /** whether the client has an organization code, so that the PROVIDER channel can open */
  readonly providesData: boolean;
}

/** What a decision needs to know of one row; dates are compared by the caller, with one clock per request. */
export interface RowFacts {
  /** the row's source unit code is the client's organization code */
  readonly own: boolean;
  /** the row's subject has a live authorization for this client, this item and the request's purpose */
  readonly consent: boolean;
  /** the row is about a natural person */
  readonly person: boolean;
  /** its publicity date (PUBLIC_UNTIL) has passed */
  readonly expired: boolean;
  readonly status: EntryStatus;
}

export type WithheldReason = 'PERMISSION' | 'NO_AUTHORIZATION' | 'NATURAL_PERSON';

/** The decision on one field of one class of rows. */
export type FieldDecision =
  | { readonly outcome: 'OPEN' }
  | {
      readonly outcome: 'MASKED';
      readonly mask: MaskRule;
      /** the permission at which the value itself would open */
      readonly required: Permission;
      readonly reason: WithheldReason;
    }
  | { readonly outcome: 'WITHHELD'; readonly required: Permission; readonly reason: WithheldReason };

/** The decision on one class of rows (same item, same facts): shared by all of them. */
export interface RowDecision {
  /** a small number that names this class within (profile, item); rows of one class share it */
  readonly index: number;
  /** false: for this caller the row does not exist */
  readonly visible: boolean;
  /** withheld for a key the item does not have */
  field(key: string): FieldDecision;
}

export type VisibleWhen = 'ALWAYS' | 'WITH_CONSENT' | 'NEVER';

/**
 * Which rows of an item exist for the caller, as conditions a store can put into its statement.
 * A row that is not `own` must be ACTIVE and meet the cell for (current | expired) × (organization | person).
 */
export interface Visibility {
  /** rows of the client's own organization are visible whatever their state */
  readonly own: boolean;
  readonly current: { readonly organization: VisibleWhen; readonly person: VisibleWhen };
  readonly expired: { readonly organization: VisibleWhen; readonly person: VisibleWhen };
}

/** For `viewer`: what a client gets of a field of somebody else's current entry about an organization or a person. */
export interface FieldStanding {
  readonly organization: FieldDecision | null;
  readonly person: FieldDecision | null;
}

/** (catalog version, client basis), compiled once; answers every use of a field. Immutable. */
export interface AccessProfile {
  /** names the profile within the process: the basis and the catalog version */
  readonly key: string;
  readonly catalogVersion: number;
  readonly basis: ProfileBasis;
  /** false for ADMIN: no credit data at all */
  readonly readsCreditData: boolean;
  /** true for CREDIT_AGENCY: a natural person exists for it only with that person's live authorization (for any item) */
  readonly personsNeedAuthorization: boolean;
  /** true for DEPARTMENT: what is beyond 社会公开 is read for a stated purpose and matter only (minimum necessity) */
  readonly statesPurpose: boolean;
  may(action: Action): boolean;
  /** whether the client's own limits (item list) leave it the item; true says nothing of what the item opens */
  withinLimits(itemCode: string): boolean;
  /** whether the client has a live grant (依法查询事项) for the item */
  granted(itemCode: string): boolean;
  /**
   * Whether a live authorization can change what the caller gets of this item (so it is worth looking up): whether a row exists,
   * or the decision on one of the fields named; without `keys`, on any.
   */
  consentMatters(itemCode: string, keys?: readonly string[]): boolean;
  decide(itemCode: string, facts: RowFacts): RowDecision;
  /**
   * Whether a row exists for the caller: by decision; and a natural person for a credit agency with any live authorization of
   * that person, and never without one (DESIGN §3). A row outside its item's scope (a later catalog narrowed it) does not exist.
   * @param known the row's subject has a live authorization for this client and purpose, for whatever item
   */
  exists(itemCode: string, facts: RowFacts, known: boolean): boolean;
  visibility(itemCode: string): Visibility;
  /** Whether any row of the item could exist for the caller, with whatever consent. */
  anyVisible(itemCode: string): boolean;
  /**
   * Whether the item's field with this role may be filtered or ordered by: open, and not masked, on every row of the
   * item that the caller could see (about the given party). True when the item has no such role or no visible row:
   * nothing can leak then.
   */
  mayFilter(itemCode: string, role: Role, party: Party): boolean;
  /** whether some channel of the caller's kind could ever open the field, at least masked (introspection) */
  couldEverSee(itemCode: string, key: string): boolean;
  /** whether reading the field asks for more than 社会公开, so that a department must state its purpose */
  beyondPublic(itemCode: string, key: string): boolean;
  standing(itemCode: string, key: string): FieldStanding;
}

/** Whom the rows in scope are about, where an operation narrows it. */
export type Party = 'ORGANIZATION' | 'PERSON' | 'ANY';
