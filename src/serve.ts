/** The serving half of the composition root (gateway.ts): the server on what is open already. */
import { ProfileCache } from './access/index.ts';
import { AccessHistory, startReadLog } from './audit/index.ts';
import type { AuditQuery } from './audit/index.ts';
import { CatalogFollower } from './catalog/index.ts';
import type { Catalog } from './catalog/model.ts';
import type { Config } from './config.ts';
import type { ChangeSignal, RuntimePools } from './db/index.ts';
import { ChangeFeed, FeedPruner } from './feed/index.ts';
import { OperatorError } from './errors.ts';
import type { Registers } from './gateway.ts';
import type { StatementCaller } from './graphql/execute-operation.ts';
import { createGraphQLServer } from './graphql/graphql-server.ts';
import { DocumentLimits } from './graphql/limits/document-limits.ts';
import { PlanCache } from './graphql/plan/plan-cache.ts';
import { SchemaSource } from './graphql/schema-source.ts';
import { describeError } from './http/logger.ts';
import type { Logger } from './http/logger.ts';
import { createMetrics } from './http/metrics.ts';
import { noteRequest, requestIdOf } from './http/request-context.ts';
import { exportDownload } from './http/export-download.ts';
import { createHttpServer } from './http/server.ts';
import { jwksHandler, tokenEndpoint } from './http/token-endpoint.ts';
import type { KeyRing } from './keys/index.ts';
import { Traces } from './telemetry/traces.ts';
import { LoopBackService } from './loopback/index.ts';
import { AddressThrottle, ClientGate, createSharedPoints, kindLimitsOf, PointLeases, SubjectQuota } from './limits/index.ts';
import { HolidayCalendar, StatisticsFolder, StatisticsService, StatisticsUpkeep } from './statistics/index.ts';
import { composeExports } from './serve-exports.ts';
import { textRows } from './wire-text.ts';

/** What serving needs of the opened gateway. */
export interface ServingParts {
  readonly config: Config;
  readonly keys: KeyRing;
  readonly registers: Registers;
  readonly pools: RuntimePools;
  readonly signal: ChangeSignal;
  readonly logger: Logger;
}

/**
 * Serves over HTTP until the closers, last first, have run.
 * @returns the address, for instance http://127.0.0.1:4000
 */
export async function serve(
  { config, keys, registers, pools, signal, logger }: ServingParts,
  closers: (() => Promise<void>)[],
): Promise<string> {
  const { catalogs, clients, tokens } = registers;
  const metrics = createMetrics();
  const follower = new CatalogFollower({
    source: catalogs,
    notices: signal,
    onError: (error) => {
      logger.warn({ err: error }, 'following the catalog failed; trying again');
    },
  });
  await follower.start();
  closers.push(() => Promise.resolve(follower.close()));
  const schemas = new SchemaSource(follower.current);
  const query: AuditQuery = async (text, values) =>
    (await pools.control.pool.query<Record<string, unknown>>(text, [...values])).rows;
  const { audit, watch } = config;
  const calendar = new HolidayCalendar(pools.control.pool);
  const readLog = await startReadLog({
    url: pools.control.url,
    key: keys.readLogKey(),
    query,
    audit,
    watch,
    arrangedDays: (year) => calendar.show(year),
    metrics,
    logger,
  });
  closers.push(() => readLog.close());
  const traces =
    config.traces === null
      ? null
      : new Traces({
          ...config.traces,
          onFailure: (error) => {
            logger.warn({ err: error }, 'traces could not be delivered');
          },
        });
  closers.push(async () => traces?.close());
  const kindLimits = kindLimitsOf(config);
  const quota = new SubjectQuota(pools.control.pool, kindLimits);
  const profiles = new ProfileCache();
  const catalogVersion = (version: number): Promise<Catalog | null> =>
    catalogs.version(version).catch((error: unknown) => nullIfUnknown(error));
  const feed = new ChangeFeed({
    run: async (text, values) => (await pools.control.pool.query<Record<string, unknown>>(text, [...values])).rows,
    keys,
    profiles,
    catalogVersion,
  });
  const pruner = new FeedPruner({
    feed,
    keepDays: config.changeFeedRetentionDays,
    onError: (error) => {
      logger.warn({ err: error }, 'the change log could not be pruned; trying again');
    },
  });
  pruner.start();
  closers.push(() => pruner.close());
  const exports = composeExports({
    config,
    pools,
    keys,
    clients,
    profiles,
    catalog: () => follower.current,
    quota,
    readLog,
    feedCursor: (snapshot, caller, items) => feed.cursorAt(snapshot, caller, items),
    isUnavailable,
    logger,
  });
  exports.runner.start();
  closers.push(() => exports.runner.close());
  const folder = new StatisticsFolder(new StatisticsUpkeep(pools.control.pool), (error) => {
    logger.warn({ err: error }, 'folding the statistics failed; trying again');
  });
  folder.start();
  closers.push(() => folder.close());
  const graphql = await createGraphQLServer({
    schemas,
    profiles,
    plans: new PlanCache(),
    keys,
    runFor: (caller) => {
      const run = runAs(pools, caller);
      return async (statement) => {
        const startedAt = Date.now();
        try {
          const rows = await run(statement, caller.signal);
          metrics.statementDone(rows.length);
          traces?.statement(caller.signal, { startedAt, endedAt: Date.now(), rows: rows.length });
          return rows;
        } catch (error) {
          traces?.statement(caller.signal, { startedAt, endedAt: Date.now(), rows: null });
          throw error;
        }
      };
    },
    catalogVersion,
    readLog,
    onLookup: (clientId, identifier) => {
      readLog.looked(clientId, identifier);
    },
    features: {
      statistics: new StatisticsService(
        async (statement, signal) => {
          const rows = await pools.forReader(statement, signal);
          metrics.statementDone(rows.length);
          return textRows(rows);
        },
        async (text, values) => (await pools.control.pool.query<Record<string, unknown>>(text, [...values])).rows,
      ),
      accessHistory: { history: new AccessHistory(query), keys },
      exports: exports.service,
      feed,
      loopBack: new LoopBackService(
        async (text, values) => (await pools.control.pool.query<Record<string, unknown>>(text, [...values])).rows,
      ),
    },
    limits: { maxDepth: config.maxDepth, maxCost: config.maxCost },
    claimSubjects: (caller, day, subjects) => quota.claim(caller, day, subjects),
    admission: {
      services: { clients, tokens },
      gate: new ClientGate({
        defaults: kindLimits,
        points: new PointLeases(createSharedPoints(pools.control.pool, RATE_WINDOW_SECONDS)),
        addresses: new AddressThrottle(config.strangerRatePerMinute),
      }),
      safelists: registers.safelists,
      documents: new DocumentLimits(config),
      timeoutMs: config.operationTimeoutMs,
    },
    requestIdOf,
    isUnavailable,
    onUnforeseen: (error, requestId) => {
      logger.error({ err: error, requestId }, 'unforeseen error');
    },
    onRefused: (refusal) => {
      readLog.refused(refusal);
    },
    onOperation: (request, { clientId, signal: requestSignal, ...operation }) => {
      const { clientKind, outcome } = operation;
      metrics.operationDone(operation);
      traces?.operation(operation, requestSignal, request.get('traceparent'));
      noteRequest(request, { clientKind, outcome, ...(clientId === null ? {} : { clientId }) });
    },
  });
  closers.push(() => graphql.close());
  follower.onChange((catalog) => {
    const restructured = schemas.follow(catalog);
    if (restructured) graphql.schemaChanged();
    logger.info({ catalogVersion: catalog.version, restructured }, 'catalog followed');
  });
  const http = createHttpServer({
    graphql: graphql.handler,
    tokenEndpoint: tokenEndpoint({ clients, tokens, addresses: new AddressThrottle(config.tokenRatePerMinute) }),
    jwks: jwksHandler(tokens),
    exports: exportDownload({ clients, tokens }, exports.service),
    readiness: async () => {
      // A gateway without a catalog yet is ready too: it answers, it opens nothing, and it follows the first publish.
      const checks = { database: await answers(pools), changes: signal.live };
      return { ready: Object.values(checks).every(Boolean), checks };
    },
    isUnavailable,
    timeouts: {
      requestMs: config.requestTimeoutMs,
      answerMs: config.answerTimeoutMs,
      operationMs: config.operationTimeoutMs,
      drainMs: config.drainMs,
    },
    maxBodyBytes: config.maxBodyBytes,
    maxInFlight: config.maxInFlight,
    trustedProxies: config.trustedProxies,
    corsOrigins: config.corsOrigins,
    metrics,
    explorer: config.explorer,
    logger,
  });
  const address = await http.listen(config.port, config.host);
  closers.push(() => http.close());
  return address;
}

const RATE_WINDOW_SECONDS = 60;

function nullIfUnknown(error: unknown): null {
  if (error instanceof OperatorError) return null;
  throw error;
}

/** Each kind of client is served under its own database role; one that reads no credit data, under none. */
function runAs(pools: RuntimePools, caller: StatementCaller): RuntimePools['forReader'] {
  switch (caller.kind) {
    case 'CREDIT_AGENCY':
      return pools.forAgency(caller);
    case 'DEPARTMENT':
    case 'DASHBOARD':
      return pools.forReader;
    case 'ADMIN':
      return () => Promise.reject(new Error('An ADMIN reads no credit data'));
  }
}

async function answers({ control }: RuntimePools): Promise<boolean> {
  return control.pool.query('SELECT 1').then(
    () => true,
    () => false,
  );
}

/** SQLSTATE classes and driver words for "the database is not there now" (PostgreSQL appendix A: 08 connection, 53 resources, 57P operator). */
function isUnavailable(error: unknown): boolean {
  const { code = '', sqlState = '' } = describeError(error);
  const text = error instanceof Error ? `${error.message} ${code} ${sqlState}` : '';
  return /\b(08\d{3}|53\d{3}|57P0\d|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE)\b|P1001|P1002|P1008|P1017|Connection terminated|timeout exceeded when trying to connect|Query read timeout|server closed the connection|not queryable/.test(
    text,
  );
}
