/** The running embedded server: found, started, stopped. Its callers see to it that one process at a time does any of it. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { OperatorError } from '../errors.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { DATABASE, readPassword, serverEnvironment, SUPERUSER } from './postgres-cluster.ts';
import { errorCode, pidExists, programOf, workingDirectoryOf } from './process-identity.ts';
import type { Launcher } from './server-account.ts';

const HOST = '127.0.0.1';
const POLL_MS = 30;
/** for a server that gives no sign of life; one that says it is recovering is waited for much longer */
const SILENCE_MS = 60_000;
const RECOVERY_MS = 15 * 60_000;
const STOP_MS = 60_000;
const LOG_LIMIT = 10 * 1024 * 1024;
const START_ATTEMPTS = 40;

interface Running {
  readonly pid: number;
  readonly port: number;
}

export class Postmaster {
  #port: number | null = null;

  constructor(
    /** PostgreSQL's data directory; exists */
    private readonly cluster: string,
    private readonly log: string,
    private readonly binaries: PostgresBinaries,
    private readonly launcher: Launcher,
    private readonly settings: Readonly<Record<string, string>>,
  ) {}

  /** @throws OperatorError before `ensureRunning` */
  async url(): Promise<string> {
    if (this.#port === null) throw new OperatorError('The embedded PostgreSQL does not run.');
    return `postgresql://${SUPERUSER}:${encodeURIComponent(await readPassword(this.cluster))}@${HOST}:${this.#port}/${DATABASE}`;
  }

  /**
   * Adopts the server that runs on the data, or starts one, at the last used port if that is free.
   * When it returns, the server takes connections and has the gateway's database.
   * @throws OperatorError with the end of the server's log when it does not come up
   */
  async ensureRunning(): Promise<void> {
    const running = (await this.#find()) ?? (await this.#start());
    if (running.port !== this.#port) await writeFile(this.#portFile, String(running.port));
    this.#port = running.port;
  }

  /** Stops the server and waits until it is gone; does nothing when none runs. */
  async stop(): Promise<void> {
    const pid = await this.#livingPid();
    if (pid === null) return;
    this.#signal(pid, 'SIGINT');
    if (await isGone(pid, STOP_MS)) return;
    this.#signal(pid, 'SIGQUIT');
    if (await isGone(pid, STOP_MS)) return;
    throw new OperatorError(`The embedded PostgreSQL (process ${pid}) does not stop. Its log is ${this.log}.`);
  }

  /** Asks the server to stop, and returns at once. For the very end of a process, which can wait for nothing. */
  beginStop(): void {
    const pid = Number.parseInt(readFileSync(path.join(this.cluster, 'postmaster.pid'), 'utf8'), 10);
    if (pidExists(pid) && programOf(pid)?.includes('postgres') === true) this.#signal(pid, 'SIGINT');
  }

  get #portFile(): string {
    return path.join(path.dirname(this.cluster), 'postgres.port');
  }

  #signal(pid: number, signal: 'SIGINT' | 'SIGQUIT'): void {
    if (process.platform === 'win32') {
      const mode = signal === 'SIGINT' ? 'fast' : 'immediate';
      spawnSync(this.binaries.pgCtl, ['stop', '-D', this.cluster, '-m', mode, '-W'], { stdio: 'ignore' });
      return;
    }
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (errorCode(error) === 'ESRCH') return;
      throw new OperatorError(
        `The embedded PostgreSQL (process ${pid}) belongs to another account and cannot be stopped from this one.`,
        {
          cause: error,
        },
      );
    }
  }

  /** postmaster.pid: the number, the directory, the start, the port, …, and in line 8 the state. */
  async #pidFile(): Promise<{ pid: number; port: number | null } | null> {
    let text: string;
    try {
      text = await readFile(path.join(this.cluster, 'postmaster.pid'), 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    }
    const lines = text.split('\n');
    const pid = Math.abs(Number.parseInt(lines[0] ?? '', 10));
    const port = Number.parseInt(lines[3] ?? '', 10);
    return Number.isInteger(pid) && pid > 0 ? { pid, port: Number.isInteger(port) ? port : null } : null;
  }

  /** The number of the server that lives on the data; a file that a dead one left is removed. */
  async #livingPid(): Promise<number | null> {
    const file = await this.#pidFile();
    if (file === null) return null;
    if (pidExists(file.pid) && (await this.#mayBeOurs(file.pid))) return file.pid;
    await rm(path.join(this.cluster, 'postmaster.pid'), { force: true });
    return null;
  }

  /** False only when it is certain that the process with that number is something else: numbers are used again. */
  async #mayBeOurs(pid: number): Promise<boolean> {
    const program = programOf(pid);
    if (program !== null && !program.includes('postgres')) return false;
    const directory = workingDirectoryOf(pid);
    return directory === null || directory === (await realpath(this.cluster));
  }

  async #find(): Promise<Running | null> {
    const pid = await this.#livingPid();
    return pid === null ? null : this.#untilReady(pid, () => !pidExists(pid));
  }

  async #start(): Promise<Running> {
    for (let attempt = 1; ; attempt += 1) {
      const port = await this.#freePort(attempt);
      const result = await this.#startAt(port);
      if (typeof result !== 'string') return result;
      // Somebody took the port meanwhile, or processes of a killed server have not ended yet: both pass.
      const passes = /could not bind|could not create any TCP|Address already in use|pre-existing shared memory block/i.test(
        result,
      );
      if (!passes || attempt === START_ATTEMPTS) {
        throw new OperatorError(
          `The embedded PostgreSQL did not start on ${this.cluster}. The end of its log (${this.log}):\n${result}\n` +
            'Mend what it names (disk space, rights of the folder, memory), set DATA_DIR to another folder, or set DATABASE_URL to a PostgreSQL server.',
        );
      }
      await sleep(250);
    }
  }

  /** The server, ready, or what its log says about why there is none. */
  async #startAt(port: number): Promise<Running | string> {
    const from = await this.#rotateLog();
    const settings = Object.entries({
      ...this.settings,
      port: String(port),
      listen_addresses: HOST,
      unix_socket_directories: '',
    });
    const { file, args, ...account } = this.launcher.command(this.binaries.postgres, [
      ...['-D', this.cluster],
      ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ]);
    const log = await open(this.log, 'a', 0o600);
    // A session of its own: the terminal's interrupt and the end of this process do not reach it.
    const child = spawn(file, args, {
      ...account,
      cwd: this.cluster,
      env: serverEnvironment(this.binaries),
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      windowsHide: true,
    });
    const ended: string[] = [];
    child.on('error', (error) => void ended.push(error.message));
    child.on('exit', (code, signal) => void ended.push(`It ended with ${signal ?? `code ${String(code)}`}.`));
    child.unref();
    await log.close();
    const running = child.pid === undefined ? null : await this.#untilReady(child.pid, () => ended.length > 0);
    if (running !== null) return running;
    // 'error' of a program that is not there comes after spawn() has returned.
    await sleep(0);
    return `${await this.#logSince(from)}\n${ended.join('\n')}`.trim();
  }

  /** Waits until the server takes connections; null when it ended before. */
  async #untilReady(pid: number, hasEnded: () => boolean): Promise<Running | null> {
    const started = Date.now();
    for (;;) {
      const port = (await this.#pidFile())?.port ?? null;
      const state = port === null ? 'silent' : await this.#tryConnect(port);
      if (state === 'ready' && port !== null) return { pid, port };
      if (hasEnded()) return null;
      if (Date.now() - started > (state === 'busy' ? RECOVERY_MS : SILENCE_MS)) {
        throw new OperatorError(
          `The embedded PostgreSQL (process ${pid}) on ${this.cluster} does not answer. See its log, ${this.log}; stop the process, and try again.`,
        );
      }
      await sleep(POLL_MS);
    }
  }

  /** 'busy': it answers, but is starting, recovering or stopping. Makes the gateway's database when it is missing. */
  async #tryConnect(port: number): Promise<'ready' | 'busy' | 'silent'> {
    const password = await readPassword(this.cluster);
    const client = new pg.Client({
      host: HOST,
      port,
      user: SUPERUSER,
      password,
      database: 'postgres',
      connectionTimeoutMillis: 5_000,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const directory = await client.query<{ value: string }>(`SELECT current_setting('data_directory') AS value`);
      const serves = await realpath(directory.rows[0]?.value ?? '').catch(() => '');
      if (serves !== (await realpath(this.cluster))) return 'silent';
      const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
      if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(DATABASE)}`);
      return 'ready';
    } catch (error) {
      if (error instanceof pg.DatabaseError) {
        if (error.code === '57P03' || error.code === '57P01') return 'busy';
        throw new OperatorError(
          `The embedded PostgreSQL on ${this.cluster} refuses the gateway: ${error.message}. Its log is ${this.log}.`,
          {
            cause: error,
          },
        );
      }
      return 'silent';
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** The last used port for the first attempts, so that addresses stay as they were; then any that is free. */
  async #freePort(attempt: number): Promise<number> {
    const last = Number.parseInt(await readFile(this.#portFile, 'utf8').catch(() => ''), 10);
    if (attempt <= 3 && Number.isInteger(last) && (await portIfFree(last)) !== null) return last;
    const port = await portIfFree(0);
    if (port === null) throw new OperatorError(`No free port on ${HOST} for the embedded PostgreSQL.`);
    return port;
  }

  /** The length of the log so far. A log that has grown long is put aside first. */
  async #rotateLog(): Promise<number> {
    const size = await stat(this.log).then(
      (found) => found.size,
      () => 0,
    );
    if (size < LOG_LIMIT) return size;
    await rename(this.log, `${this.log}.1`);
    return 0;
  }

  async #logSince(from: number): Promise<string> {
    const content = await readFile(this.log).catch(() => Buffer.alloc(0));
    return content.subarray(from).toString('utf8').trim().split('\n').slice(-15).join('\n');
  }
}

function portIfFree(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.on('error', () => resolve(null));
    probe.listen(port, HOST, () => {
      const address = probe.address();
      probe.close(() => resolve(address !== null && typeof address === 'object' ? address.port : null));
    });
  });
}

async function isGone(pid: number, withinMs: number): Promise<boolean> {
  const end = Date.now() + withinMs;
  while (pidExists(pid)) {
    if (Date.now() > end) return false;
    await sleep(POLL_MS);
  }
  return true;
}
