import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { claimGateway, openDatabase, type Database } from '../../src/db/index.ts';
import { openEmbeddedServer } from '../../src/db/embedded-server.ts';
import { pidExists } from '../../src/db/process-identity.ts';
import { OperatorError } from '../../src/errors.ts';
import { startServerUser, type ServerUser, type ServerUserRole } from './server-users.ts';

/** Power cuts are not tested here. */
const FAST = { settings: { fsync: 'off' } };

let parent: string;
/** has been started once; every test leaves it stopped */
let dataDir: string;
const children: ServerUser[] = [];

beforeAll(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'public-credit-gateway-embedded-'));
  await chmod(parent, 0o755);
  dataDir = path.join(parent, 'data');
  await openEmbeddedServer(dataDir, FAST).then((server) => server.release());
});

afterEach(async () => {
  for (const user of children.splice(0)) if (user.child.exitCode === null && user.child.signalCode === null) await user.kill();
  if ((await postmasterPid()) !== null) await openEmbeddedServer(dataDir, FAST).then((server) => server.release());
});

afterAll(() => rm(parent, { recursive: true, force: true }));

describe('the embedded server', () => {
  it('makes its data on the first start, with a database in UTF-8 that needs no locale of the system', async () => {
    const server = await openEmbeddedServer(path.join(parent, 'a new', '数据'), FAST);
    expect(await ask(server.url, `SELECT current_database() || ' ' || current_setting('server_encoding') AS value`)).toBe(
      'gateway UTF8',
    );
    expect(
      await ask(
        server.url,
        `SELECT datlocprovider::text || ' ' || datlocale AS value FROM pg_database WHERE datname = 'gateway'`,
      ),
    ).toBe('b C.UTF-8');
    await server.release();
  });

  it('is stopped by the last who leaves, and finds its data and its address again on the next start', async () => {
    const first = await openEmbeddedServer(dataDir, FAST);
    await run(first.url, 'CREATE TABLE kept (value text)');
    await run(first.url, `INSERT INTO kept VALUES ('一')`);
    await first.release();
    expect(await postmasterPid()).toBeNull();

    const second = await openEmbeddedServer(dataDir, FAST);
    expect(await ask(second.url, 'SELECT value FROM kept')).toBe('一');
    expect(second.url).toBe(first.url);
    await second.release();
    await second.release();
    expect(await postmasterPid()).toBeNull();
    expect(await readdir(path.join(dataDir, 'users'))).toEqual([]);
  });

  it('asks for its password, which only its account can read', async () => {
    const server = await openEmbeddedServer(dataDir, FAST);
    const stranger = new URL(server.url);
    stranger.password = 'guess';
    await expect(ask(stranger.href, 'SELECT 1 AS value')).rejects.toThrow(/password authentication failed/);
    expect((await stat(path.join(dataDir, 'postgres', 'gateway.password'))).mode & 0o077).toBe(0);
    expect((await stat(path.join(dataDir, 'postgres'))).mode & 0o077).toBe(0);
    await server.release();
  });

  it('is shared by processes and runs until the last one leaves', async () => {
    const [one, two] = await Promise.all([startUser(), startUser()]);
    const [openedByOne, openedByTwo] = await Promise.all([one.opened, two.opened]);
    expect(openedByOne).toMatchObject({ url: expect.any(String) });
    expect(openedByTwo).toMatchObject({ started: 'started' in openedByOne ? openedByOne.started : '' });
    const pid = await postmasterPid();

    expect(await one.leave()).toBe(0);
    expect(await postmasterPid()).toBe(pid);
    expect(await two.leave()).toBe(0);
    expect(await postmasterPid()).toBeNull();
  });

  it('outlives a user that is killed, is adopted by the next one, and stops with that', async () => {
    const killed = await startUser();
    const before = await killed.opened;
    await killed.kill();
    const pid = await postmasterPid();
    expect(pid).not.toBeNull();

    const next = await startUser();
    expect(await next.opened).toMatchObject({ started: 'started' in before ? before.started : '' });
    expect(await next.leave()).toBe(0);
    expect(pid !== null && pidExists(pid)).toBe(false);
  });

  it('recovers when user and server were killed', async () => {
    const killed = await startUser();
    await killed.opened;
    const pid = await postmasterPid();
    process.kill(pid ?? 0, 'SIGKILL');
    await killed.kill();

    const server = await openEmbeddedServer(dataDir, FAST);
    expect(await ask(server.url, 'SELECT 1 AS value')).toBe('1');
    await server.release();
  });

  it('recovers from a stale postmaster.pid whose number another process has by now', async () => {
    const stale = [process.pid, path.join(dataDir, 'postgres'), 1, 1, '', '127.0.0.1', '', 'ready'].join('\n');
    await writeFile(path.join(dataDir, 'postgres', 'postmaster.pid'), `${stale}\n`);

    const server = await openEmbeddedServer(dataDir, FAST);
    expect(await ask(server.url, 'SELECT 1 AS value')).toBe('1');
    await server.release();
    expect(pidExists(process.pid)).toBe(true);
  });

  it('does not take a lock, or a user, of a dead process for a living one', async () => {
    const dead = { pid: process.pid, started: 'another boot:1' };
    await writeFile(path.join(dataDir, 'postgres.lock'), JSON.stringify({ ...dead, nonce: 'n' }));
    await writeFile(path.join(dataDir, 'users', 'dead.json'), JSON.stringify(dead));

    const server = await openEmbeddedServer(dataDir, FAST);
    await server.release();
    expect(await postmasterPid()).toBeNull();
  });

  it('starts over when making the data was interrupted', async () => {
    const interrupted = path.join(parent, 'interrupted');
    await mkdir(path.join(interrupted, 'postgres-init-000000', 'data'), { recursive: true });
    await writeFile(path.join(interrupted, 'postgres-init-000000', 'data', 'PG_VERSION'), '18\n');
    const server = await openEmbeddedServer(interrupted, FAST);
    expect(await ask(server.url, 'SELECT 1 AS value')).toBe('1');
    await server.release();
    expect(await readdir(interrupted)).not.toContain('postgres-init-000000');
  });

  it('takes another port when the last one is in use', async () => {
    const first = await openEmbeddedServer(dataDir, FAST);
    await first.release();
    const other = await openEmbeddedServer(path.join(parent, 'other'), FAST);
    await writeFile(path.join(dataDir, 'postgres.port'), new URL(other.url).port);

    const second = await openEmbeddedServer(dataDir, FAST);
    expect(new URL(second.url).port).not.toBe(new URL(other.url).port);
    await second.release();
    await other.release();
  });

  it('works below a folder that only the account of this process may enter', async () => {
    const closed = path.join(parent, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const server = await openEmbeddedServer(path.join(closed, 'data'), FAST);
    expect(await ask(server.url, 'SELECT 1 AS value')).toBe('1');
    await server.release();
  });

  it('says what to do when the folder is a file', async () => {
    const file = path.join(parent, 'file');
    await writeFile(file, '');
    await expect(openEmbeddedServer(file)).rejects.toThrow(OperatorError);
    await expect(openEmbeddedServer(file)).rejects.toThrow(/that is a file.*DATA_DIR/);
  });

  it('shows the end of the log and what to do when the server does not start', async () => {
    await writeFile(path.join(dataDir, 'postgres', 'postgresql.conf'), 'no_such_setting = 1\n');
    const failure = openEmbeddedServer(dataDir, FAST);
    await expect(failure).rejects.toThrow(OperatorError);
    await expect(failure).rejects.toThrow(/no_such_setting[\s\S]*DATA_DIR/);
    await writeFile(path.join(dataDir, 'postgres', 'postgresql.conf'), '');
  });

  it('refuses data of another PostgreSQL version', async () => {
    const file = path.join(dataDir, 'postgres', 'PG_VERSION');
    const version = await readFile(file, 'utf8');
    await writeFile(file, '14\n');
    await expect(openEmbeddedServer(dataDir, FAST)).rejects.toThrow(/made by PostgreSQL 14/);
    await writeFile(file, version);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('is left and stopped when a command is ended by %s', async (signal) => {
    const user = await startUser();
    await user.opened;
    await user.kill(signal);
    expect(user.child.signalCode).toBe(signal);
    expect(await postmasterPid()).toBeNull();
  });

  it('is stopped when its last user crashes, and not while another uses it', async () => {
    const other = await startUser();
    await other.opened;
    const first = await startUser('crash');
    await first.opened;
    expect(await first.leave()).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await postmasterPid()).not.toBeNull();
    await other.leave();

    const last = await startUser('crash');
    await last.opened;
    expect(await last.leave()).toBe(1);
    await until(async () => (await postmasterPid()) === null);
  });
});

describe('the claim of a gateway', () => {
  it('lets commands in beside a gateway, and refuses a second gateway with its directory and the number of the first', async () => {
    const gateway = await startUser('gateway');
    await gateway.opened;
    const command = await startUser('command');
    expect(await command.opened).toMatchObject({ url: expect.any(String) });
    const second = await startUser('gateway');
    expect(await second.opened).toEqual({
      kind: 'OperatorError',
      error: expect.stringMatching(new RegExp(`process ${gateway.child.pid}\\).*${dataDir}.*DATA_DIR`)),
    });
    expect(await gateway.leave()).toBe(0);
    expect(await command.leave()).toBe(0);
  });

  it('is free at once after the gateway was killed', async () => {
    const killed = await startUser('gateway');
    await killed.opened;
    await killed.kill();
    const next = await startUser('gateway');
    expect(await next.opened).toMatchObject({ url: expect.any(String) });
    expect(await next.leave()).toBe(0);
  });

  it('is taken again, at the same address, when the server died', async () => {
    await withDatabase(async (database) => {
      const claim = await claimGateway(database, () => undefined);
      process.kill((await postmasterPid()) ?? 0, 'SIGKILL');
      const holder = `SELECT count(*)::text AS value FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE l.locktype = 'advisory'`;
      await until(async () => (await ask(database.url, holder).catch(() => '0')) === '1');
      expect((await database.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      await claim.release();
    });
  });

  it('tells a gateway that lost it to another', async () => {
    await withDatabase(async (database) => {
      const lost = new Promise<OperatorError>((resolve) => void claimGateway(database, resolve));
      const sessions = `SELECT pid::text AS value FROM pg_locks WHERE locktype = 'advisory'`;
      await until(async () => (await ask(database.url, sessions)) !== null);
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      // The lock is waited for, and got the moment the holder's session is ended.
      const taken = client.query(
        'SELECT pg_advisory_lock(classid::int, objid::int) FROM pg_locks WHERE locktype = $1 AND granted',
        ['advisory'],
      );
      await until(
        async () => (await ask(database.url, `SELECT count(*)::text AS value FROM pg_locks WHERE locktype = 'advisory'`)) === '2',
      );
      await run(database.url, `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted`);
      await taken;
      expect((await lost).message).toMatch(/Another gateway/);
      await client.end();
    });
  });
});

async function startUser(role: ServerUserRole = 'command'): Promise<ServerUser> {
  const user = await startServerUser(dataDir, role);
  children.push(user);
  return user;
}

async function withDatabase(work: (database: Database) => Promise<void>): Promise<void> {
  const database = await openDatabase({ databaseUrl: null, dataDir, poolSize: 2 });
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

async function postmasterPid(): Promise<number | null> {
  const text = await readFile(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => null);
  return text === null ? null : Number.parseInt(text, 10);
}

async function ask(url: string, sql: string): Promise<string | null> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    const { rows } = await client.query<{ value: unknown }>(sql);
    return rows[0] === undefined ? null : String(rows[0].value);
  } finally {
    await client.end();
  }
}

async function run(url: string, sql: string): Promise<void> {
  await ask(url, sql);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
    if (await condition()) return;
  }
  throw new Error('It did not come to pass in 20 seconds.');
}
