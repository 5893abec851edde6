/** What one GraphQL request carries. Made per request; nothing in it crosses to another. */
import type { AccessProfile } from '../access/index.ts';
import type { AccessHistoryFeature } from '../audit/index.ts';
import type { Catalog } from '../catalog/model.ts';
import type { ClientStanding } from '../clients/index.ts';
import type { ExportService } from '../exports/index.ts';
import type { ChangeFeed } from '../feed/index.ts';
import type { LoopBackService } from '../loopback/index.ts';
import type { AccessReport } from '../reading/access-report.ts';
import type { PreparedJson } from '../json-text.ts';
import type { Reader } from '../reading/reader.ts';
import type { StatisticsService } from '../statistics/index.ts';

/** What the HTTP request says, before the operation is known. */
export interface RequestFrame {
  readonly requestId: string;
  /** null: no Authorization header. A header that does not hold ends the request before it gets here. */
  readonly caller: ClientStanding | null;
  /** X-Purpose, normalized; null: none */
  readonly purpose: string | null;
  /** X-Matter-Number; null: none */
  readonly matter: string | null;
  /** X-Access-Mode: strict */
  readonly strict: boolean;
  /** aborted when the time for the operation is up, or the caller has gone: what it still runs is of no use to anybody */
  readonly signal: AbortSignal;
  /** the day in Asia/Shanghai, YYYY-MM-DD: one clock for the whole request */
  readonly today: string;
}

/** What resolvers call besides reading: the services of the features, built by the composition root. */
export interface FeatureServices {
  readonly accessHistory: AccessHistoryFeature;
  readonly loopBack: LoopBackService;
  readonly exports: ExportService;
  readonly feed: ChangeFeed;
  readonly statistics: StatisticsService;
}

/** The same with what the executor adds: the catalog version pinned for the request, and the planned reads. */
export interface GatewayContext extends RequestFrame {
  readonly catalog: Catalog;
  /** an earlier version, for `catalog(version:)` */
  readonly catalogVersion: (version: number) => Promise<Catalog | null>;
  readonly profile: AccessProfile | null;
  readonly report: AccessReport;
  readonly features: FeatureServices;
  /** reads as the caller; null: nobody calls */
  readonly reader: Reader | null;
  /** answers the root field with this response key, as planned */
  readonly answer: (responseKey: string) => Promise<PreparedJson | null>;
}
