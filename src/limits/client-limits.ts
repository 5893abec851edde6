/** How much one client may ask: what its kind may, unless it has limits of its own. */
import type { ClientStanding } from '../clients/index.ts';

/** null: no limit */
export interface ClientLimits {
  /** requests a minute, over all instances; a look-up of a subject by code or number beyond the first of an operation is one more */
  readonly ratePerMinute: number | null;
  /** requests at the same time, on one instance */
  readonly maxConcurrent: number | null;
  /** distinct subjects whose data it may be given on one day (Asia/Shanghai), over all instances */
  readonly dailySubjects: number | null;
}

export type KindLimits = Readonly<Record<ClientStanding['kind'], ClientLimits>>;

type PerKind = Readonly<Record<ClientStanding['kind'], number | null>>;

/** The settings CLIENT_RATE_PER_MINUTE, CLIENT_MAX_CONCURRENT and CLIENT_DAILY_SUBJECTS, by kind. */
export function kindLimitsOf(settings: {
  readonly clientRatePerMinute: PerKind;
  readonly clientMaxConcurrent: PerKind;
  readonly clientDailySubjects: PerKind;
}): KindLimits {
  const of = (kind: ClientStanding['kind']): ClientLimits => ({
    ratePerMinute: settings.clientRatePerMinute[kind],
    maxConcurrent: settings.clientMaxConcurrent[kind],
    dailySubjects: settings.clientDailySubjects[kind],
  });
  return { DEPARTMENT: of('DEPARTMENT'), CREDIT_AGENCY: of('CREDIT_AGENCY'), DASHBOARD: of('DASHBOARD'), ADMIN: of('ADMIN') };
}

export function limitsOf({ kind, ownLimits }: Pick<ClientStanding, 'kind' | 'ownLimits'>, defaults: KindLimits): ClientLimits {
  const given = defaults[kind];
  return {
    ratePerMinute: ownLimits.ratePerMinute ?? given.ratePerMinute,
    maxConcurrent: ownLimits.maxConcurrent ?? given.maxConcurrent,
    dailySubjects: ownLimits.dailySubjects ?? given.dailySubjects,
  };
}
