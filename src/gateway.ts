/**
 * The composition root: the only place that builds stores and services. Its serving half, the part that needs Apollo, Express and
 * the schema, is serve.ts, loaded only when something is served: a command is there at once.
 */
import { CatalogService } from './catalog/index.ts';
import { AuthorizationRegistry, ClientRegistry, GrantRegistry, OperationSafelist, TokenService } from './clients/index.ts';
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
import type { Logger } from './http/logger.ts';
import { IntakeService } from './intake/index.ts';
import { openKeyRing } from './keys/index.ts';
import type { KeyRing } from './keys/index.ts';
import { HolidayCalendar, StatisticsUpkeep } from './statistics/index.ts';

/** Everything that a command may need, on an open database. */
export interface Gateway {
  readonly config: Config;
  readonly database: Database;
  readonly keys: KeyRing;
  readonly catalogs: CatalogService;
  readonly clients: ClientRegistry;
  readonly safelists: OperationSafelist;
  readonly grants: GrantRegistry;
  readonly authorizations: AuthorizationRegistry;
  readonly tokens: TokenService;
  readonly intake: IntakeService;
  readonly entries: EntryStatusService;
  readonly statistics: StatisticsUpkeep;
  readonly calendar: HolidayCalendar;
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
  const [{ serve }, { createLogger }] = await Promise.all([import('./serve.ts'), import('./http/logger.ts')]);
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
  const statistics = new StatisticsUpkeep(database.pool);
  return {
    config,
    database,
    keys,
    ...registers,
    intake: new IntakeService({
      database,
      keys,
      currentCatalog: () => registers.catalogs.current(),
      settle: () => statistics.fold(),
    }),
    statistics,
    calendar: new HolidayCalendar(database.pool),
    entries: new EntryStatusService(database.prisma),
    close: () => database.close(),
  };
}

/** What reads and keeps catalogs, clients and what clients may do: as the owner for commands, as `control` for what serves. */
export type Registers = Pick<Gateway, 'catalogs' | 'clients' | 'safelists' | 'grants' | 'authorizations' | 'tokens'>;

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
    safelists: new OperationSafelist(prisma),
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
    return openRuntimePools(await ensureRoles(database, keys, config.runtimeUrls, config.operationTimeoutMs), keys, {
      poolSize: config.poolSize,
      keep: config.preparedStatements,
      timeoutMs: config.operationTimeoutMs,
    });
  } catch (error) {
    if (config.production || !(error instanceof RolesUnavailable)) throw error;
    logger.warn(
      { reason: error.message },
      'serving as the owner of the database, without row-level security (production refuses this)',
    );
    return ownerPools(database, config.preparedStatements);
  }
}
