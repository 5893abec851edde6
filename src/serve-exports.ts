/** The exports' part of the composition root: the service that clients ask and the runner that does the work. */
import type { ProfileCache } from './access/index.ts';
import type { ReadLog } from './audit/index.ts';
import { today } from './calendar.ts';
import type { Catalog } from './catalog/model.ts';
import { profileBasisOf } from './clients/index.ts';
import type { ClientRegistry } from './clients/index.ts';
import type { Config } from './config.ts';
import type { RuntimePools } from './db/index.ts';
import { ExportFolder, ExportRunner, ExportService, ExportStore } from './exports/index.ts';
import type { ExportRunnerDependencies } from './exports/index.ts';
import type { Logger } from './http/logger.ts';
import type { KeyRing } from './keys/index.ts';
import type { SubjectQuota } from './limits/index.ts';

/** A file ends when it has grown to this: small enough to be fetched again, large enough that there are not thousands. */
const PART_BYTES = 256 * 1024 * 1024;

export interface ExportParts {
  readonly config: Pick<Config, 'exportDir' | 'exportTtlHours'>;
  readonly pools: RuntimePools;
  readonly keys: Pick<KeyRing, 'openStored'>;
  readonly clients: Pick<ClientRegistry, 'standing'>;
  readonly profiles: ProfileCache;
  readonly catalog: () => Catalog;
  readonly quota: SubjectQuota;
  readonly readLog: ReadLog;
  readonly feedCursor: ExportRunnerDependencies['feedCursor'];
  readonly isUnavailable: (error: unknown) => boolean;
  readonly logger: Logger;
}

export function composeExports(parts: ExportParts): { readonly service: ExportService; readonly runner: ExportRunner } {
  const { config, pools, keys, clients, profiles, catalog, quota, readLog, feedCursor, isUnavailable, logger } = parts;
  const store = new ExportStore(
    async (text, values) => (await pools.control.pool.query<Record<string, unknown>>(text, [...values])).rows,
  );
  const folder = new ExportFolder(config.exportDir);
  const runner = new ExportRunner({
    store,
    folder,
    catalog,
    profiles,
    standing: (clientId, day) => clients.standing(clientId, day),
    // A kind that reads no credit data has no role to read under; the profile has refused it before.
    openSnapshot: ({ kind, ...caller }) => pools.openSnapshot(kind === 'CREDIT_AGENCY' ? caller : null),
    unseal: (stored, subjectId) => keys.openStored(stored, subjectId),
    today,
    feedCursor,
    quota,
    record: (job, client, decidedBy, { items }) =>
      readLog.record({
        at: new Date(),
        clientId: client.id,
        clientKind: client.kind,
        purpose: job.purpose,
        matter: job.matter,
        requestId: job.requestId,
        operationName: 'export',
        // Not an operation's text: the order was, and has its own event.
        operationHash: Buffer.alloc(32),
        operationType: 'mutation',
        outcome: 'ok',
        catalogVersion: decidedBy.version,
        subjects: new Set(),
        items,
        bulk: job.items,
      }),
    onError: (error, exportId) => {
      logger.error({ err: error, exportId }, 'an export failed');
    },
    isUnavailable,
    ttlHours: config.exportTtlHours,
    partBytes: PART_BYTES,
  });
  const service = new ExportService(
    store,
    folder,
    (client) => profiles.profileFor(catalog(), profileBasisOf(client)),
    () => runner.look(),
  );
  return { service, runner };
}
