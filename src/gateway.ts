/** The composition root: the only place that builds stores, services and the server. */
import { ProfileCache } from './access/index.ts';
import { CatalogFollower, CatalogService } from './catalog/index.ts';
import { AuthorizationLoader, AuthorizationRegistry, ClientRegistry, GrantRegistry, TokenService } from './clients/index.ts';
import type { Config } from './config.ts';
import {
  ChangeSignal,
  claimGateway,
  ensureRoles,
  migrate,
  openDatabase,
  openRuntimePools,
  ownerPools,
  pendingMigrations,
  RolesUnavailable,
} from './db/index.ts';
import type { Database, RuntimePools } from './db/index.ts';
import { EntryStatusService, rederiveRoles } from './entries/index.ts';
import { OperatorError } from './errors.ts';
import type { StatementCaller } from './graphql/execute-operation.ts';
import { createGraphQLServer } from './graphql/graphql-server.ts';
import { SchemaSource } from './graphql/schema-source.ts';
import { createLogger, describeError } from './http/logger.ts';
import type { Logger } from './http/logger.ts';
import { createMetrics } from './http/metrics.ts';
import { noteRequest, requestIdOf } from './http/request-context.ts';
import { createHttpServer } from './http/server.ts';
import { jwksHandler, tokenEndpoint } from './http/token-endpoint.ts';
import { IntakeService } from './intake/index.ts';
import { openKeyRing } from './keys/index.ts';
import type { KeyRing } from './keys/index.ts';
import type { RunStatement } from './reading/statement.ts';

/** Everything that a command may need, on an open database. */
export interface Gateway {
  readonly config: Config;
  readonly database: Database;
  readonly keys: KeyRing;
  readonly catalogs: CatalogService;
  readonly clients: ClientRegistry;
  readonly grants: GrantRegistry;
  readonly authorizations: AuthorizationRegistry;
  readonly tokens: TokenService;
  readonly intake: IntakeService;
  readonly entries: EntryStatusService;
  close(): Promise<void>;
}

export type OpenGateway = () => Promise<Gateway>;

/** A gateway that serves. */
export interface ServingGateway {
  /** for instance http://127.0.0.1:4000 */
  readonly address: string;
  /** stops accepting, lets requests in flight end, closes the database */
  close(): Promise<void>;
}

/**
 * Opens the database and everything on it. Pending migrations are applied, but in production only by `migrate`.
 * @throws OperatorError when the database cannot be reached, or is not migrated, or belongs to another master key
 */
export async function openGateway(config: Config): Promise<Gateway> {
  const database = await openDatabase(config);
  try {
    await prepare(config, database);
    return await compose(config, database);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Opens the gateway and serves it over HTTP until `close`.
 * @param prepareData runs on the open gateway before it serves (the demo)
 * @param onFatal called when this gateway must stop, for instance because another one has taken its embedded database
 */
export async function serveGateway(
  config: Config,
  options: {
    readonly prepareData: (gateway: Gateway) => Promise<void>;
    readonly onFatal: (error: Error) => void;
    readonly logger?: Logger;
  },
): Promise<ServingGateway> {
  const logger = options.logger ?? createLogger(config.logLevel);
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    const database = await openDatabase(config);
    closers.push(() => database.close());
    let claim = await claimGateway(database, options.onFatal);
    closers.push(() => claim.release());
    await prepare(config, database);
    const gateway = await compose(config, database);
    await options.prepareData(gateway);
    const pools = await runtimePools(gateway, logger);
    closers.push(() => pools.close());
    if (pools.locked) {
      // From here on this process serves, and the owner's connections are none of its business any more.
      await claim.release();
      claim = await claimGateway({ embedded: database.embedded, url: pools.control.url }, options.onFatal);
      await database.disconnect();
    }
    const signal = await ChangeSignal.start(pools.control.url);
    closers.push(() => signal.close());
    const registers = composeRegisters({ config, prisma: pools.control.prisma, keys: gateway.keys, signal });
    const address = await serve({ config, keys: gateway.keys, registers, pools, signal, logger }, closers);
    return { address, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function prepare(config: Config, database: Database): Promise<void> {
  if (!config.production) {
    await migrate(database);
    return;
  }
  const pending = await pendingMigrations(database);
  if (pending.length > 0) {
    throw new OperatorError(
      `The database lacks these migrations: ${pending.join(', ')}. Run "npm run gateway -- migrate" first.`,
    );
  }
}

async function compose(config: Config, database: Database): Promise<Gateway> {
  const keys = await openKeyRing(database, config);
  const registers = composeRegisters({ config, prisma: database.prisma, keys, signal: null });
  return {
    config,
    database,
    keys,
    ...registers,
    intake: new IntakeService({ database, keys, currentCatalog: () => registers.catalogs.current() }),
    entries: new EntryStatusService(database.prisma),
    close: () => database.close(),
  };
}

/** What reads and keeps catalogs, clients and what clients may do: as the owner for commands, as `control` for what serves. */
type Registers = Pick<Gateway, 'catalogs' | 'clients' | 'grants' | 'authorizations' | 'tokens'>;

function composeRegisters(options: {
  readonly config: Config;
  readonly prisma: Database['prisma'];
  readonly keys: KeyRing;
  readonly signal: ChangeSignal | null;
}): Registers {
  const { config, prisma, keys, signal } = options;
  const catalogs = new CatalogService(prisma, rederiveRoles);
  const currentCatalog = (): ReturnType<CatalogService['current']> => catalogs.current();
  return {
    catalogs,
    clients: new ClientRegistry({ prisma, signal, currentCatalog }),
    grants: new GrantRegistry({ prisma, currentCatalog }),
    authorizations: new AuthorizationRegistry({ prisma, keys, currentCatalog }),
    tokens: new TokenService({
      prisma,
      keys,
      issuer: config.tokenIssuer,
      ttlSeconds: config.tokenTtlSeconds,
      outsideIssuer: config.oidcIssuer,
      outsideAudience: config.oidcAudience,
    }),
  };
}

/** @throws OperatorError in production where the second lock cannot be closed */
async function runtimePools({ config, database, keys }: Gateway, logger: Logger): Promise<RuntimePools> {
  try {
    return openRuntimePools(await ensureRoles(database, keys, config.runtimeUrls), keys, config.poolSize);
  } catch (error) {
    if (config.production || !(error instanceof RolesUnavailable)) throw error;
    logger.warn(
      { reason: error.message },
      'serving as the owner of the database, without row-level security (production refuses this)',
    );
    return ownerPools(database);
  }
}

interface ServingParts {
  readonly config: Config;
  readonly keys: KeyRing;
  readonly registers: Registers;
  readonly pools: RuntimePools;
  readonly signal: ChangeSignal;
  readonly logger: Logger;
}

async function serve(
  { config, keys, registers, pools, signal, logger }: ServingParts,
  closers: (() => Promise<void>)[],
): Promise<string> {
  const { catalogs, clients, tokens, authorizations } = registers;
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
  const graphql = await createGraphQLServer({
    schemas,
    profiles: new ProfileCache(),
    keys,
    runFor: (caller) => {
      const run = runAs(pools, caller);
      return async (statement) => {
        const rows = await run(statement);
        metrics.statementDone(rows.length);
        return rows;
      };
    },
    catalogVersion: (version) => catalogs.version(version).catch((error: unknown) => nullIfUnknown(error)),
    authorizedItems: (request) => {
      const loader = new AuthorizationLoader(authorizations, request);
      return async (subjectIds) => {
        const items = await loader.loadMany(subjectIds);
        return new Map(subjectIds.map((id, index) => [id, items[index] ?? new Set<string>()]));
      };
    },
    limits: { maxDepth: config.maxDepth, maxCost: config.maxCost },
    services: { clients, tokens },
    requestIdOf,
    isUnavailable,
    onUnforeseen: (error, requestId) => {
      logger.error({ err: error, requestId }, 'unforeseen error');
    },
    onOperation: (request, { clientId, clientKind, operationType, outcome, seconds }) => {
      metrics.operationDone({ clientKind, operationType, outcome, seconds });
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
    tokenEndpoint: tokenEndpoint({ clients, tokens }),
    jwks: jwksHandler(tokens),
    readiness: async () => {
      // A gateway without a catalog yet is ready too: it answers, it opens nothing, and it follows the first publish.
      const checks = { database: await answers(pools), changes: signal.live };
      return { ready: Object.values(checks).every(Boolean), checks };
    },
    isUnavailable,
    metrics,
    explorer: config.explorer,
    logger,
  });
  const address = await http.listen(config.port, config.host);
  closers.push(() => http.close());
  return address;
}

function nullIfUnknown(error: unknown): null {
  if (error instanceof OperatorError) return null;
  throw error;
}

/** Each kind of client is served under its own database role; one that reads no credit data, under none. */
function runAs(pools: RuntimePools, caller: StatementCaller): RunStatement {
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
  return /\b(08\d{3}|53\d{3}|57P0\d|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE)\b|P1001|P1002|P1008|P1017|Connection terminated|timeout exceeded when trying to connect|server closed the connection|not queryable/.test(
    text,
  );
}
