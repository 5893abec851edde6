/**
 * Prisma's schema engine as WebAssembly: it needs no download, where Prisma's command line fetches a native program.
 * It writes the same `_prisma_migrations` table, so that the ordinary command line can go on from there.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  DriverAdapterError,
  type SqlDriverAdapter,
} from '@prisma/driver-adapter-utils';
import * as engineModule from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

/** The part used here; Node has it, the types of Node and of ES2023 do not say so. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Readonly<Record<string, unknown>> } }>;
};

type SchemaEngine = engineModule.SchemaEngine;

let loaded: Promise<void> | null = null;

/** Loads 5 MB of WebAssembly, so only where there is work for it. The package's own entry uses an import Node 20 does not know. */
function loadEngine(): Promise<void> {
  return (loaded ??= (async () => {
    const file = createRequire(import.meta.url)
      .resolve('@prisma/schema-engine-wasm/schema_engine_bg')
      .replace(/\.js$/, '.wasm');
    const { instance } = await WebAssembly.instantiate(await readFile(file), { './schema_engine_bg.js': imports() });
    engineModule.__wbg_set_wasm(instance.exports);
    const start = instance.exports.__wbindgen_start;
    if (isCallable(start)) start();
  })());
}

/** The engine leaves a timer of ten seconds behind, which would keep every process that migrated alive for as long. */
function imports(): Record<string, unknown> {
  const unref = (timer: unknown): unknown =>
    typeof timer === 'object' && timer !== null && 'unref' in timer && isCallable(timer.unref)
      ? Reflect.apply(timer.unref, timer, [])
      : timer;
  return Object.fromEntries(
    Object.entries(engineModule).map(([name, value]: [string, unknown]) =>
      name.startsWith('__wbg_setTimeout') && isCallable(value)
        ? [name, (...args: unknown[]) => unref(value(...args))]
        : [name, value],
    ),
  );
}

function isCallable(value: unknown): value is (...args: unknown[]) => unknown {
  return typeof value === 'function';
}

/** The engine wants to know the kind of database, and takes it from a Prisma schema only. */
const DATAMODEL: [string, string] = ['provider.prisma', 'datasource db {\n  provider = "postgresql"\n}\n'];

/** Runs `work` with an engine on the database of `url`, and closes every connection that the engine opened. */
export async function withSchemaEngine<T>(url: string, work: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  await loadEngine();
  const adapters = new ScriptedPrismaPg({ connectionString: url, application_name: 'public-credit-gateway migrate' });
  const engine = await engineModule.SchemaEngine.new(
    { datamodels: [DATAMODEL] },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(adapters),
  );
  try {
    return await work(engine);
  } finally {
    engine.free();
    await adapters.dispose();
  }
}

/**
 * Prisma's adapter for PostgreSQL, made fit for migrations. It cuts a script at every semicolon, inside a function's body
 * too; PostgreSQL itself takes a script whole, and then runs it in one transaction, as Prisma's native engine does.
 */
class ScriptedPrismaPg extends PrismaPg {
  readonly #opened: SqlDriverAdapter[] = [];
  readonly #poolConfig: pg.PoolConfig;

  constructor(config: pg.PoolConfig) {
    super(config);
    this.#poolConfig = config;
  }

  override async connect(): ReturnType<PrismaPg['connect']> {
    const adapter = await super.connect();
    this.#opened.push(adapter);
    return mend(adapter);
  }

  /** The inherited one drops the shadow database while it is still connected to it, which PostgreSQL refuses. */
  override async connectToShadowDb(): ReturnType<PrismaPg['connect']> {
    const admin = new pg.Client(this.#poolConfig);
    await admin.connect();
    const database = `prisma_migrate_shadow_db_${crypto.randomUUID()}`;
    await admin.query(`CREATE DATABASE ${admin.escapeIdentifier(database)} TEMPLATE template0`);
    const url = new URL(this.#poolConfig.connectionString ?? '');
    url.pathname = `/${database}`;
    const adapter = await new PrismaPg({ ...this.#poolConfig, connectionString: url.href }).connect();
    const disconnect = adapter.dispose.bind(adapter);
    adapter.dispose = async () => {
      await disconnect();
      await admin.query(`DROP DATABASE IF EXISTS ${admin.escapeIdentifier(database)} WITH (FORCE)`);
      await admin.end();
    };
    this.#opened.push(adapter);
    return mend(adapter);
  }

  /** The engine does not close what it opened. */
  async dispose(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((adapter) => adapter.dispose().catch(() => undefined)));
  }
}

type PgAdapter = Awaited<ReturnType<PrismaPg['connect']>>;

/** PostgreSQL's internal type "char", in which its own catalogs keep kinds and states, and `text`. */
const INTERNAL_CHAR = 18;
const TEXT = 25;

/** Mends what of the adapter the engine stumbles over. */
function mend(adapter: PgAdapter): PgAdapter {
  const pool = adapter.underlyingDriver();
  adapter.executeScript = async (script) => {
    try {
      await pool.query(script);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      const { code = 'XX000', severity = 'ERROR', message, detail, column, hint } = error;
      throw new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint });
    }
  };
  // The adapter refuses columns of the type "char". They pass through it as text, and reach the engine as characters.
  const characters = new WeakMap<object, number[]>();
  // A script of several statements gives an array of results, which has neither fields nor rows.
  const query: (config: pg.QueryConfig) => Promise<Partial<pg.QueryArrayResult>> = pool.query.bind(pool);
  Object.assign(pool, {
    query: async (config: pg.QueryConfig) => {
      const result = await query(config);
      const fields = (result.fields ?? [])
        .map((field, index) => ({ field, index }))
        .filter(({ field }) => field.dataTypeID === INTERNAL_CHAR);
      for (const { field } of fields) field.dataTypeID = TEXT;
      characters.set(
        result.rows ?? {},
        fields.map(({ index }) => index),
      );
      return result;
    },
  });
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (statement) => {
    const result = await queryRaw(statement);
    for (const index of characters.get(result.rows) ?? []) result.columnTypes[index] = ColumnTypeEnum.Character;
    return result;
  };
  return adapter;
}
