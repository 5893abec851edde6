/** What one GraphQL request carries. Made per request; nothing in it crosses to another. */
import type { AccessProfile } from '../access/index.ts';
import type { Catalog } from '../catalog/model.ts';
import type { ClientStanding } from '../clients/index.ts';
import type { AccessReport } from '../reading/access-report.ts';
import type { Connection } from '../reading/reader.ts';
import type { ShapedRow } from '../reading/row-shape.ts';

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
  /** the day in Asia/Shanghai, YYYY-MM-DD: one clock for the whole request */
  readonly today: string;
}

/** The same with what the executor adds: the catalog version pinned for the request, and the planned reads. */
export interface GatewayContext extends RequestFrame {
  readonly catalog: Catalog;
  /** an earlier version, for `catalog(version:)` */
  readonly catalogVersion: (version: number) => Promise<Catalog | null>;
  readonly profile: AccessProfile | null;
  readonly report: AccessReport;
  /** answers the root field with this response key, as planned */
  readonly answer: (responseKey: string) => Promise<ShapedRow | Connection | null>;
}
