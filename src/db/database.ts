/** The gateway's way to PostgreSQL: one pool for Prisma and for handwritten statements. */
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { OperatorError } from '../errors.ts';
import { type EmbeddedServer, openEmbeddedServer } from './embedded-server.ts';
import { PrismaClient } from './generated/client.ts';
import { errorCode } from './process-identity.ts';

export interface Database {
  readonly prisma: PrismaClient;
  readonly pool: pg.Pool;
  /** the connection string, password included: never to be shown; see `describeServer` */
  readonly url: string;
  /** null: the server of DATABASE_URL */
  readonly embedded: EmbeddedServer | null;
  /** Ends every connection and stays in the embedded server, for those who go on under other accounts. */
  disconnect(): Promise<void>;
  /** Ends every connection, and leaves the embedded server. Calling it again does nothing. */
  close(): Promise<void>;
}

/** What this module reads of the gateway's settings. */
export interface DatabaseConfig {
  /** null: the embedded PostgreSQL under `dataDir` */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  readonly poolSize: number;
}

const OLDEST_SERVER = 14;
const CONNECT_MS = 10_000;
/**
 * After a pause the next requests shall find connections on which their statements are prepared: a new one costs some 10 ms, and as
 * much again until its plans are the lasting ones.
 */
const IDLE_MS = 600_000;
const CLOSE_MS = 10_000;

/**
 * Opens the database and makes sure that it answers. Migrations are the caller's business.
 * @throws OperatorError naming host and port, never the password, when the server cannot be used
 */
export async function openDatabase(config: DatabaseConfig): Promise<Database> {
  const { url, embedded } =
    config.databaseUrl === null ? await joinEmbedded(config.dataDir) : { url: config.databaseUrl, embedded: null };
  const pool = createPool(url, config.poolSize);
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });

  let disconnected: Promise<void> | null = null;
  const disconnect = (): Promise<void> =>
    (disconnected ??= (async () => {
      await prisma.$disconnect();
      await endPool(pool);
    })());
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> =>
    (closed ??= (async () => {
      await disconnect();
      await embedded?.release();
    })());

  try {
    await checkServer(pool, url);
  } catch (error) {
    await close();
    throw error;
  }
  return { prisma, pool, url, embedded, disconnect, close };
}

async function joinEmbedded(dataDir: string): Promise<{ url: string; embedded: EmbeddedServer }> {
  const embedded = await openEmbeddedServer(dataDir);
  return { url: embedded.url, embedded };
}

/** A server as an operator may see it: `host:port/database`. */
export function describeServer(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? (hostname === '' ? 'localhost' : hostname);
  return `${host}:${port === '' ? '5432' : port}${pathname}`;
}

/** Turns a failure to connect into one the operator can mend; anything else is returned as it is. */
export function explainConnectionError(error: unknown, url: string): unknown {
  if (error instanceof OperatorError) return error;
  const server = describeServer(url);
  const mend = 'Check DATABASE_URL and that the server runs.';
  if (error instanceof pg.DatabaseError) {
    const user = new URL(url).username;
    switch (error.code) {
      case '28P01':
      case '28000':
        return new OperatorError(
          `PostgreSQL at ${server} refuses the account ${user}: wrong password, or no entry in pg_hba.conf. Check DATABASE_URL.`,
        );
      case '3D000':
        return new OperatorError(`PostgreSQL at ${server} has no such database. Create it (createdb), or check DATABASE_URL.`);
      case '53300':
        return new OperatorError(
          `PostgreSQL at ${server} has no connection left. Raise max_connections there, or lower DATABASE_POOL_SIZE.`,
        );
      case '57P03':
        return new OperatorError(`PostgreSQL at ${server} is starting or stopping. Try again in a moment.`);
      default:
        return error;
    }
  }
  const reason = connectionFailure(error);
  return reason === null ? error : new OperatorError(`PostgreSQL at ${server} does not answer (${reason}). ${mend}`);
}

/** Session settings, once for each new connection. Prisma takes every timestamptz for UTC, whatever offset the server writes. */
async function prepareSession(client: pg.ClientBase): Promise<void> {
  await client.query(`SET TIME ZONE 'UTC'`);
}

/** @param answerMs for any statement: beyond it the connection counts as dead; default: a statement may take as long as it does */
export function createPool(url: string, max: number, answerMs?: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    application_name: 'public-credit-gateway',
    ...(answerMs === undefined ? {} : { query_timeout: answerMs }),
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool waits for it; its types do not say so
    onConnect: prepareSession,
  });
  // An idle connection that breaks is replaced at the next query; unheard, the event would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Waits for running statements, but not for ever: one that hangs must not keep the process from ending. */
export async function endPool(pool: pg.Pool): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  await Promise.race([pool.end(), limit]);
  clearTimeout(timer);
}

async function checkServer(pool: pg.Pool, url: string): Promise<void> {
  let version: number;
  try {
    const result = await pool.query<{ version: string }>(`SELECT current_setting('server_version_num') AS version`);
    version = Math.floor(Number(result.rows[0]?.version) / 10_000);
  } catch (error) {
    throw explainConnectionError(error, url);
  }
  if (version < OLDEST_SERVER) {
    throw new OperatorError(
      `PostgreSQL at ${describeServer(url)} is version ${version}; the gateway needs ${OLDEST_SERVER} or later.`,
    );
  }
}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be looked up',
  ETIMEDOUT: 'no reply in time',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the host',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  ENOENT: 'no such socket',
  EACCES: 'no right to use the socket',
};

function connectionFailure(error: unknown): string | null {
  // A host with several addresses gives one error for each; all of them carry the code of the whole.
  const code = errorCode(error);
  if (code !== null && code in SYSTEM_ERRORS) return SYSTEM_ERRORS[code] ?? null;
  const message = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
  if (/timeout/i.test(message)) return 'no reply in time';
  if (/terminated|closed|connection error/i.test(message)) return 'it closed the connection';
  return /SSL|certificate/i.test(message) ? message : null;
}
