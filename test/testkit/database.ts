/** A database of its own for a test file, cloned from the run's migrated template in a fraction of a second. */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { type Config, readConfig } from '../../src/config.ts';
import { type Database, openDatabase } from '../../src/db/index.ts';
import { seedTemplate } from './seeded-template.ts';
import { PREFIX_VARIABLE, SERVER_VARIABLE, withAdmin, withDatabase } from './test-server.ts';

export interface TestDatabase {
  readonly url: string;
  /** settings of a gateway on this database, silent and on any free port */
  readonly config: Config;
  /** Opens another pool on it; the caller closes it. */
  open(): Promise<Database>;
  /** Drops it, whoever is still connected. */
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** with the bundled catalog published and the sample files imported; see `seeded-template.ts` */
  readonly seeded?: boolean;
  /** environment variables on top */
  readonly environment?: Readonly<Record<string, string>>;
}

export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { server, prefix } = run();
  const template = options.seeded === true ? await seededTemplate() : `${prefix}template`;
  const name = `${prefix}${randomBytes(6).toString('hex')}`;
  await withAdmin(server, (client) => cloneDatabase(client, name, template));
  const url = withDatabase(server, name);
  const config = testConfig(url, options.environment);
  return {
    url,
    config,
    open: () => openDatabase(config),
    drop: () =>
      withAdmin(server, async (client) => {
        // Roles are the server's: those of a gateway that served on this database would outlive it.
        const { rows } = await client.query<{ role: string }>(
          `SELECT rolname AS role FROM pg_roles, pg_database d WHERE d.datname = $1 AND rolname ~ ('^gateway_(agency|reader|control)_' || lpad(to_hex(d.oid::bigint), 8, '0') || '$')`,
          [name],
        );
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
        for (const { role } of rows) await client.query(`DROP ROLE ${role}`);
      }),
  };
}

/** As files: the other way, which PostgreSQL 15 made the usual one, logs every page, and takes six times as long for these. */
async function cloneDatabase(client: pg.Client, name: string, template: string): Promise<void> {
  const { rows } = await client.query<{ asked: boolean }>(`SELECT current_setting('server_version_num')::int >= 150000 AS asked`);
  const strategy = rows[0]?.asked === true ? 'STRATEGY FILE_COPY' : '';
  await client.query(`CREATE DATABASE ${name} TEMPLATE ${template} ${strategy}`);
}

/** An arbitrary number; the lock is taken in the server's own database, which all workers share. */
const SEED_LOCK = 7_261_026;

/** Built by the first test that asks for it, once per run, whichever worker that is in. */
async function seededTemplate(): Promise<string> {
  const { server, prefix } = run();
  const name = `${prefix}seeded`;
  const draft = `${prefix}seeding`;
  await withAdmin(server, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [SEED_LOCK]);
    const ready = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (ready.rowCount === 1) return;
    await client.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
    await cloneDatabase(client, draft, `${prefix}template`);
    await seedTemplate(testConfig(withDatabase(server, draft)));
    // The name appears only when the data is complete.
    await client.query(`ALTER DATABASE ${draft} RENAME TO ${name}`);
  });
  return name;
}

function testConfig(url: string, environment: Readonly<Record<string, string>> = {}): Config {
  return readConfig({
    NODE_ENV: 'test',
    DATABASE_URL: url,
    LOG_LEVEL: 'silent',
    PORT: '0',
    DRAIN_SECONDS: '0',
    DATABASE_POOL_SIZE: '5',
    ...environment,
  });
}

function run(): { server: string; prefix: string } {
  const server = process.env[SERVER_VARIABLE];
  const prefix = process.env[PREFIX_VARIABLE];
  if (server === undefined || prefix === undefined)
    throw new Error('Start the tests with `npm test`: the global setup did not run.');
  return { server, prefix };
}
