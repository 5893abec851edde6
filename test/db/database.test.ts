import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeServer, openDatabase } from '../../src/db/index.ts';
import { OperatorError } from '../../src/errors.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';

let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase();
});

afterAll(() => test.drop());

function open(url: string): ReturnType<typeof openDatabase> {
  return openDatabase({ databaseUrl: url, dataDir: 'unused', poolSize: 2 });
}

function changed(change: (url: URL) => void): string {
  const url = new URL(test.url);
  change(url);
  return url.href;
}

describe('opening the database', () => {
  it('reads and writes the same moment through Prisma and through pg, whatever time zone the server has', async () => {
    const name = new URL(test.url).pathname.slice(1);
    const setter = await test.open();
    await setter.pool.query(`ALTER DATABASE ${name} SET TimeZone = 'Asia/Shanghai'`);
    await setter.close();

    const database = await test.open();
    const moment = new Date('2026-07-01T23:30:00.123Z');
    await database.prisma.catalogVersion.create({
      data: { version: 1, publishedAt: moment, source: 's', digest: 'd', document: {} },
    });
    expect((await database.prisma.catalogVersion.findFirstOrThrow()).publishedAt).toEqual(moment);
    expect((await database.pool.query('SELECT published_at FROM catalog_versions')).rows).toEqual([{ published_at: moment }]);
    await database.close();
  });

  it('outlives the loss of every connection', async () => {
    const database = await test.open();
    await database.pool.query('SELECT 1');
    const other = await test.open();
    await other.pool.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await database.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect(await database.prisma.subject.count()).toBe(0);
    await Promise.all([database.close(), other.close()]);
  });

  it('can be closed twice', async () => {
    const database = await test.open();
    await database.close();
    await database.close();
    await expect(database.pool.query('SELECT 1')).rejects.toThrow();
  });
});

describe('a database that cannot be used', () => {
  let silent: Server;
  let silentPort: number;

  beforeAll(async () => {
    silent = createServer((socket) => socket.destroy());
    silentPort = await new Promise((resolve) =>
      silent.listen(0, '127.0.0.1', () => {
        const address = silent.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      }),
    );
  });

  afterAll(() => void silent.close());

  const named = (url: string): string => describeServer(url);

  it.each([
    [
      'is down',
      () => 'postgresql://someone:geheim@127.0.0.1:1/credit',
      /127\.0\.0\.1:1\/credit does not answer \(nothing listens there\)\. Check DATABASE_URL/,
    ],
    [
      'is no PostgreSQL',
      () => `postgresql://someone:geheim@127.0.0.1:${silentPort}/credit`,
      /does not answer \(it closed the connection\)/,
    ],
    [
      'has no such host',
      () => 'postgresql://someone:geheim@no-such-host.invalid/credit',
      /no-such-host\.invalid:5432\/credit does not answer/,
    ],
    ['has no such database', () => changed((url) => (url.pathname = '/no_such_database')), /no such database.*createdb/],
  ])('names host and port and the mend, never the password, when it %s', async (_, url, message) => {
    const failure = open(url());
    await expect(failure).rejects.toThrow(OperatorError);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.not.toThrow(/geheim/);
  });

  it('is described without account and password', () => {
    expect(named('postgresql://someone:geheim@db.example:6543/credit?sslmode=disable')).toBe('db.example:6543/credit');
    expect(named('postgresql://someone:geheim@db.example/credit')).toBe('db.example:5432/credit');
    expect(named('postgresql://someone@localhost/credit?host=/run/postgresql')).toBe('/run/postgresql:5432/credit');
  });
});
