/**
 * The default database: a real PostgreSQL from an npm package, with its data under DATA_DIR.
 *
 * Every process that works on one DATA_DIR (the gateway, and each command beside it) shares one server. The first one
 * starts it, each leaves its name in `users/`, and whoever leaves last stops it. A process that was killed is noticed by
 * the next one. The server itself belongs to no process: an interrupt in the terminal does not reach it.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { OperatorError } from '../errors.ts';
import { withFileLock } from './file-lock.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { initializeCluster } from './postgres-cluster.ts';
import { Postmaster } from './postmaster.ts';
import { errorCode, isAlive, ownIdentity, ProcessIdentity } from './process-identity.ts';
import { findLauncher } from './server-account.ts';

export interface EmbeddedServer {
  /** the connection string of the gateway's database, password included */
  readonly url: string;
  /** DATA_DIR, absolute */
  readonly directory: string;
  /** Starts the server again at the same address if it has died; does nothing while it runs. */
  revive(): Promise<void>;
  /** Leaves the server, and stops it when nobody else uses it. Calling it again does nothing. */
  release(): Promise<void>;
}

export interface EmbeddedServerOptions {
  /** settings of PostgreSQL beside the usual ones, by name */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A machine of two cores that does other work too. Queries of this gateway are short: compiling them costs more than it saves. */
const SETTINGS = {
  shared_buffers: '128MB',
  max_connections: '200',
  jit: 'off',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  wal_compression: 'on',
  effective_cache_size: '1GB',
  random_page_cost: '1.1',
  work_mem: '8MB',
  maintenance_work_mem: '128MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
  // Statements and details of errors hold credit data, which has no place in a log.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
} as const;

/**
 * Joins, or starts, the server of `dataDirectory`.
 * @throws OperatorError for everything the operator can mend: rights, disk, a server that does not start (with the end of its log)
 */
export async function openEmbeddedServer(dataDirectory: string, options: EmbeddedServerOptions = {}): Promise<EmbeddedServer> {
  const directory = await makeDirectory(dataDirectory);
  const inUse = path.join(directory, 'postgres.lock');
  const users = path.join(directory, 'users');
  await explainRights(directory, () => mkdir(users, { recursive: true }));

  const me = path.join(users, `${process.pid}-${randomUUID()}.json`);
  const postmaster = await withFileLock(inUse, async () => {
    const binaries = await findPostgresBinaries(path.join(directory, 'postgres-lib'));
    const cluster = path.join(directory, 'postgres');
    const launcher = await findLauncher(cluster, binaries);
    await initializeCluster(cluster, binaries, launcher, options.settings?.fsync !== 'off');
    const server = new Postmaster(cluster, path.join(directory, 'postgres.log'), binaries, launcher, {
      ...SETTINGS,
      ...options.settings,
    });
    await writeFile(me, JSON.stringify(ownIdentity()));
    try {
      await server.ensureRunning();
    } catch (error) {
      await rm(me, { force: true });
      throw error;
    }
    return server;
  }).catch((error: unknown) => rethrowExplained(directory, error));

  let left: Promise<void> | null = null;
  const release = (): Promise<void> =>
    (left ??= (async () => {
      stopOnSignals();
      process.off('exit', abandon);
      await withFileLock(inUse, async () => {
        await rm(me, { force: true });
        if (livingUsers(users) === 0) await postmaster.stop();
      });
    })());
  const stopOnSignals = releaseOnSignals(release);
  // An uncaught error, or process.exit(): nothing can be waited for any more, but a server that nobody uses need not stay.
  // Somebody who joins in this very moment has signed in before looking for the server, and starts it again.
  const abandon = (): void => {
    try {
      rmSync(me, { force: true });
      if (livingUsers(users) === 0) postmaster.beginStop();
    } catch {
      // The next one to open this directory sees to what is left.
    }
  };
  process.once('exit', abandon);

  return {
    url: await postmaster.url(),
    directory,
    revive: () => withFileLock(inUse, () => postmaster.ensureRunning()),
    release,
  };
}

/** How many living processes use the server; the names of dead ones are removed. */
function livingUsers(users: string): number {
  let living = 0;
  for (const name of readdirSync(users)) {
    const file = path.join(users, name);
    const parsed = ProcessIdentity.safeParse(readJson(file));
    if (parsed.success && isAlive(parsed.data)) living += 1;
    else rmSync(file, { force: true });
  }
  return living;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * A command that is interrupted leaves the server as well. Only where nothing else in the process handles the signal:
 * the gateway has its own way to stop, and calls `release` at the end of it.
 */
function releaseOnSignals(release: () => Promise<void>): () => void {
  const handlers = SIGNALS.map((signal) => {
    const handler = (): void => {
      if (process.listenerCount(signal) > handlersOn(signal)) return;
      void release()
        .catch(() => undefined)
        .finally(() => {
          if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
        });
    };
    ours.get(signal)?.add(handler);
    process.on(signal, handler);
    return { signal, handler };
  });
  return () => {
    for (const { signal, handler } of handlers) {
      ours.get(signal)?.delete(handler);
      process.off(signal, handler);
    }
  };
}

/** The handlers of this module: one process may use several servers. */
const ours = new Map<string, Set<() => void>>(SIGNALS.map((signal) => [signal, new Set()]));

function handlersOn(signal: string): number {
  return ours.get(signal)?.size ?? 0;
}

async function makeDirectory(dataDirectory: string): Promise<string> {
  const wanted = path.resolve(dataDirectory);
  await explainRights(wanted, () => mkdir(wanted, { recursive: true, mode: 0o755 }));
  return realpath(wanted);
}

async function explainRights<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    return rethrowExplained(directory, error);
  }
}

function rethrowExplained(directory: string, error: unknown): never {
  const mend = `Set DATA_DIR to a folder of your own, or DATABASE_URL to a PostgreSQL server.`;
  switch (errorCode(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      throw new OperatorError(
        `The database cannot be kept in ${directory}: this account may not write there (it may belong to another account). ${mend}`,
        { cause: error },
      );
    case 'ENOSPC':
    case 'EDQUOT':
      throw new OperatorError(
        `The database cannot be kept in ${directory}: the disk is full. Free some space, or set DATA_DIR to another disk.`,
        {
          cause: error,
        },
      );
    case 'ENOTDIR':
    case 'EEXIST':
      throw new OperatorError(`The database cannot be kept in ${directory}: that is a file, not a folder. ${mend}`, {
        cause: error,
      });
    default:
      throw error;
  }
}
