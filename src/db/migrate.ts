/** Migrations in Prisma's own format, applied without Prisma's command line and without any network. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MigrationList } from '@prisma/schema-engine-wasm/schema_engine_bg';
import type pg from 'pg';
import { OperatorError } from '../errors.ts';
import { type Database, describeServer, explainConnectionError } from './database.ts';
import { withSchemaEngine } from './schema-engine.ts';

/** The same from src/db and from dist/db. */
export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('../../prisma/migrations/', import.meta.url));

/**
 * An arbitrary number of this project's own: every instance that migrates this database asks for the same lock. The engine
 * has one too, but gives up on it after ten seconds, which a migration of large tables exceeds.
 */
const MIGRATION_LOCK = 0x63_72_65_64;

type Target = Pick<Database, 'pool' | 'url'>;

interface Migration {
  readonly name: string;
  readonly script: string;
}

/**
 * Applies what is pending and returns the names applied, in order; nothing pending: an empty array, at the cost of one query.
 * Several instances may call it at once: one applies, the others wait and find nothing to do. A script that fails is rolled back whole.
 * @throws OperatorError naming the migration and PostgreSQL's message
 */
export async function migrate(database: Target): Promise<string[]> {
  const migrations = await readMigrations();
  if ((await pendingOf(database, migrations)).length === 0) return [];
  const holder = await database.pool.connect().catch((error: unknown) => {
    throw explainConnectionError(error, database.url);
  });
  try {
    await holder.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    if ((await pendingOf(database, migrations, holder)).length === 0) return [];
    return await apply(database.url, migrations);
  } finally {
    // The lock is the session's: ending it releases the lock whatever happened.
    holder.release(true);
  }
}

/**
 * The names of the migrations that the database has not seen, in order.
 * @throws OperatorError when an applied migration was changed afterwards, or one failed half way
 */
export async function pendingMigrations(database: Target): Promise<string[]> {
  return pendingOf(database, await readMigrations());
}

async function pendingOf(
  database: Target,
  migrations: readonly Migration[],
  client: pg.Pool | pg.PoolClient = database.pool,
): Promise<string[]> {
  const applied = await appliedMigrations(database, client);
  return migrations
    .filter(({ name, script }) => {
      const row = applied.get(name);
      if (row === undefined) return true;
      if (row.checksum !== createHash('sha256').update(script).digest('hex')) {
        throw new OperatorError(
          `Migration ${name} was changed after it was applied to ${describeServer(database.url)}. Restore the file, and put the change into a new migration.`,
        );
      }
      return false;
    })
    .map(({ name }) => name);
}

interface AppliedRow {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished: boolean;
}

async function appliedMigrations(database: Target, client: pg.Pool | pg.PoolClient): Promise<Map<string, AppliedRow>> {
  const rows = await readApplied(client).catch((error: unknown) => {
    throw explainConnectionError(error, database.url);
  });
  const failed = rows.find((row) => !row.finished);
  if (failed !== undefined) throw new OperatorError(failedMessage(failed.migration_name, database.url));
  return new Map(rows.map((row) => [row.migration_name, row]));
}

async function readApplied(client: pg.Pool | pg.PoolClient): Promise<AppliedRow[]> {
  const table = await client.query<{ found: boolean }>(`SELECT to_regclass('_prisma_migrations') IS NOT NULL AS found`);
  if (table.rows[0]?.found !== true) return [];
  const result = await client.query<AppliedRow>(
    'SELECT migration_name, checksum, finished_at IS NOT NULL AS finished FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  return result.rows;
}

async function apply(url: string, migrations: readonly Migration[]): Promise<string[]> {
  try {
    const list = await migrationList(migrations);
    return await withSchemaEngine(url, async (engine) => {
      const output = await engine.applyMigrations({ migrationsList: list, filters: { externalTables: [], externalEnums: [] } });
      return output.appliedMigrationNames;
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (/P3005|not empty/.test(reason)) {
      throw new OperatorError(
        `The database ${describeServer(url)} holds other tables already, and none of this gateway. Give it a database of its own (createdb), and set DATABASE_URL.`,
        { cause: error },
      );
    }
    throw new OperatorError(`The migrations could not be applied to ${describeServer(url)}:\n${reason.trim()}`, { cause: error });
  }
}

/** The migrations as Prisma's engine takes them. */
export async function migrationList(migrations?: readonly Migration[]): Promise<MigrationList> {
  return {
    baseDir: MIGRATIONS_DIRECTORY,
    lockfile: {
      path: 'migration_lock.toml',
      content: await readFile(path.join(MIGRATIONS_DIRECTORY, 'migration_lock.toml'), 'utf8'),
    },
    shadowDbInitScript: '',
    migrationDirectories: (migrations ?? (await readMigrations())).map(({ name, script }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: script } },
    })),
  };
}

async function readMigrations(): Promise<Migration[]> {
  const entries = await readdir(MIGRATIONS_DIRECTORY, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names
      .toSorted()
      .map(async (name) => ({ name, script: await readFile(path.join(MIGRATIONS_DIRECTORY, name, 'migration.sql'), 'utf8') })),
  );
}

function failedMessage(name: string, url: string): string {
  return (
    `Migration ${name} failed earlier on ${describeServer(url)} and was rolled back. Its message stands in column logs of table _prisma_migrations. ` +
    `Mend the cause, then delete the row with migration_name = '${name}' and migrate again.`
  );
}
