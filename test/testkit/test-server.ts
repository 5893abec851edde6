/**
 * The PostgreSQL of a test run: the server of DATABASE_URL, or an embedded one in a temporary folder. Databases of a run
 * share a prefix. What a killed run left behind, folder, server or databases, is removed by the next run.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { type EmbeddedServer, openEmbeddedServer } from '../../src/db/embedded-server.ts';
import { migrate } from '../../src/db/index.ts';
import { isAlive, ownIdentity, ProcessIdentity } from '../../src/db/process-identity.ts';

const FOLDER = 'public-credit-gateway-test-';
const DATABASES = 'gateway_test_';
const OWNER_FILE = 'owner.json';
/** databases of another machine's run are only removed when no run can take that long */
const FOREIGN_MS = 24 * 60 * 60_000;

const Owner = z.object({ host: z.string(), process: ProcessIdentity, at: z.number() });

/** Nothing here must survive a power cut; everything else is as in production. */
const FAST = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' };

/** Handed to the workers through their environment. */
export const SERVER_VARIABLE = 'GATEWAY_TEST_SERVER';
export const PREFIX_VARIABLE = 'GATEWAY_TEST_PREFIX';

/** Set up and torn down in one process, by modules that are loaded apart. */
declare global {
  var gatewayTestServer: { embedded: EmbeddedServer | null; admin: string; prefix: string } | undefined;
}

export async function startTestServer(): Promise<void> {
  const given = process.env.DATABASE_URL;
  let embedded: EmbeddedServer | null = null;
  if (given === undefined || given === '') {
    await removeAbandonedFolders();
    const folder = await mkdtemp(path.join(tmpdir(), FOLDER));
    await writeFile(path.join(folder, OWNER_FILE), ownerMark());
    embedded = await openEmbeddedServer(folder, { settings: FAST });
  }
  const admin = embedded?.url ?? given ?? '';
  const prefix = `${DATABASES}${randomBytes(4).toString('hex')}_`;
  globalThis.gatewayTestServer = { embedded, admin, prefix };
  process.env[SERVER_VARIABLE] = admin;
  process.env[PREFIX_VARIABLE] = prefix;
  // The tests' own databases come from the prefix; a gateway started by a test gets its DATABASE_URL from the test.
  delete process.env.DATABASE_URL;

  if (embedded === null) {
    await withAdmin(admin, requireRights);
    await withAdmin(admin, dropAbandonedDatabases);
  }
  const template = `${prefix}template`;
  await withAdmin(admin, async (client) => {
    await client.query(`CREATE DATABASE ${template} TEMPLATE template0 ENCODING 'UTF8'`);
    await client.query(`COMMENT ON DATABASE ${template} IS ${client.escapeLiteral(ownerMark())}`);
  });
  const url = withDatabase(admin, template);
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  await migrate({ pool, url });
  await pool.end();
}

/** The tests clone databases, and make owners with more and with fewer rights than others (docs/decisions/0009). */
async function requireRights(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; enough: boolean }>(
    'SELECT rolname AS name, rolsuper AS enough FROM pg_roles WHERE rolname = current_user',
  );
  if (rows[0]?.enough === true) return;
  throw new Error(
    `The tests need a superuser on a server of their own, and "${rows[0]?.name ?? ''}" is none (the gateway itself needs no such ` +
      `rights). Name another account in DATABASE_URL, or leave it empty for the embedded PostgreSQL.`,
  );
}

export async function stopTestServer(): Promise<void> {
  const run = globalThis.gatewayTestServer;
  if (run === undefined) return;
  if (run.embedded === null) {
    await withAdmin(run.admin, (client) => dropDatabases(client, run.prefix));
    return;
  }
  await run.embedded.release();
  await rm(run.embedded.directory, { recursive: true, force: true });
}

export async function withAdmin<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The same server, another database. */
export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

function ownerMark(): string {
  return JSON.stringify({ host: hostname(), process: ownIdentity(), at: Date.now() } satisfies z.infer<typeof Owner>);
}

/** Without a readable mark nobody can say whose it is, and it stays. */
function isAbandoned(mark: string | null): boolean {
  if (mark === null) return false;
  const parsed = z
    .string()
    .transform((text) => JSON.parse(text))
    .pipe(Owner)
    .safeParse(mark);
  if (!parsed.success) return false;
  const { host, process: owner, at } = parsed.data;
  return host === hostname() ? !isAlive(owner) : Date.now() - at > FOREIGN_MS;
}

async function removeAbandonedFolders(): Promise<void> {
  const parent = await realpath(tmpdir());
  for (const name of await readdir(parent)) {
    if (!name.startsWith(FOLDER)) continue;
    const folder = path.join(parent, name);
    const mark = await readFile(path.join(folder, OWNER_FILE), 'utf8').catch(() => null);
    if (!isAbandoned(mark)) continue;
    // Joining and leaving stops a server that outlived its run.
    await openEmbeddedServer(folder, { settings: FAST })
      .then((server) => server.release())
      .catch(() => undefined);
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function dropAbandonedDatabases(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; mark: string | null }>(
    `SELECT datname AS name, shobj_description(oid, 'pg_database') AS mark FROM pg_database WHERE datname LIKE $1`,
    [`${DATABASES.replaceAll('_', '\\_')}%\\_template`],
  );
  for (const { name, mark } of rows) {
    if (isAbandoned(mark)) await dropDatabases(client, name.replace(/template$/, ''));
  }
}

async function dropDatabases(client: pg.Client, prefix: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname::text, $1)',
    [prefix],
  );
  // The template goes last: it carries the mark by which the others are found.
  const names = rows.map((row) => row.name).toSorted((a, b) => Number(a.endsWith('_template')) - Number(b.endsWith('_template')));
  for (const name of names) await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`);
}
