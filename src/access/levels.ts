/**
 * DESIGN §3 as arithmetic: levels, clients and states of an entry are sets of channels, and a field opens where
 * two sets meet. Sets, not a ladder: 授权查询 and 政务共享 open to different callers, neither is above the other.
 * Every function answers the empty set for a word it does not know.
 */
import type { Permission } from '../catalog/model.ts';
import type { Action, ClientKind, EntryStatus } from './model.ts';

/** A set of channels, one bit each. */
export type ChannelSet = number;

export const NO_CHANNEL: ChannelSet = 0;
export const PUBLIC: ChannelSet = 0b0001;
export const GOV: ChannelSet = 0b0010;
export const CONSENT: ChannelSet = 0b0100;
export const PROVIDER: ChannelSet = 0b1000;

/** The channels to which a permission (使用权限, or the level of 脱敏可见) opens; `null`: none. */
export function opensTo(permission: Permission | null): ChannelSet {
  switch (permission) {
    case 'PUBLIC':
      return PUBLIC | GOV | CONSENT | PROVIDER;
    case 'GOV_SHARED':
      return GOV | PROVIDER;
    case 'AUTHORIZED':
      return CONSENT | PROVIDER;
    case 'PROVIDER_ONLY':
      return PROVIDER;
    default:
      return NO_CHANNEL;
  }
}

/** What a kind of client can ever hold, and what its kind alone does to a value. */
export interface KindRule {
  /** open without any condition */
  readonly always: ChannelSet;
  /** whether a subject's authorization opens CONSENT */
  readonly byAuthorization: boolean;
  /** whether a statutory grant (依法查询事项) for the item opens CONSENT */
  readonly byGrant: boolean;
  /** whether PROVIDER opens on entries of the client's own organization */
  readonly byProviding: boolean;
  /** every field that has a mask rule is masked at best */
  readonly masksAlways: boolean;
  /** whether a natural person exists only with that person's live authorization */
  readonly personsNeedAuthorization: boolean;
  /** whether reading beyond 社会公开 asks for purpose and matter number (minimum necessity) */
  readonly statesPurpose: boolean;
  /** what the kind may do besides reading rows */
  readonly actions: ReadonlySet<Action>;
}

export const NOTHING: KindRule = {
  always: NO_CHANNEL,
  byAuthorization: false,
  byGrant: false,
  byProviding: false,
  masksAlways: true,
  personsNeedAuthorization: false,
  statesPurpose: false,
  actions: new Set(),
};

const DEPARTMENT: KindRule = {
  always: PUBLIC | GOV,
  byAuthorization: true,
  byGrant: true,
  byProviding: true,
  masksAlways: false,
  personsNeedAuthorization: false,
  statesPurpose: true,
  actions: new Set(['EXPORT', 'COUNT', 'COUNT_OWN_READS', 'REPORT_BACK']),
};

// An agency counts nothing: what exists for it depends on dates and consents row by row, so a count would tell which rows those are.
const CREDIT_AGENCY: KindRule = {
  ...NOTHING,
  always: PUBLIC,
  byAuthorization: true,
  masksAlways: false,
  personsNeedAuthorization: true,
  actions: new Set(['EXPORT']),
};

const DASHBOARD: KindRule = { ...NOTHING, always: PUBLIC | GOV, actions: new Set(['COUNT', 'COUNT_ALL_READS']) };

const ADMIN: KindRule = { ...NOTHING, actions: new Set(['COUNT_ALL_READS', 'SEE_READ_LOG']) };

/** ADMIN manages and reads no credit data; a kind that is not known gets nothing. */
export function ruleOfKind(kind: ClientKind): KindRule {
  switch (kind) {
    case 'DEPARTMENT':
      return DEPARTMENT;
    case 'CREDIT_AGENCY':
      return CREDIT_AGENCY;
    case 'DASHBOARD':
      return DASHBOARD;
    case 'ADMIN':
      return ADMIN;
    default:
      return NOTHING;
  }
}

/**
 * The channels that the state of an entry leaves open. Repair and withdrawal end publication, sharing and use alike
 * (信用修复管理办法 art. 3, in force 2026-04-01); the end of publicity ends publication and use by consent only.
 */
export function leftOpenBy(status: EntryStatus, expired: boolean): ChannelSet {
  switch (status) {
    case 'ACTIVE':
      return expired ? GOV | PROVIDER : PUBLIC | GOV | CONSENT | PROVIDER;
    case 'REPAIRED':
    case 'WITHDRAWN':
      return PROVIDER;
    default:
      return NO_CHANNEL;
  }
}
