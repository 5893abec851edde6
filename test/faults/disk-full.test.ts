/**
 * No room left on the database's disk, and on the one for exports. A full disk needs a disk of one's own and the right to mount it;
 * what a program is told is the same where a file of PostgreSQL leads to /dev/full, which refuses every write with ENOSPC, and where
 * the system bounds the size of files (RLIMIT_FSIZE).
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { csv, PENALTY } from '../intake/given-intake.ts';
import { runGateway, startServing, type ServingCommand } from '../testkit/command-line.ts';
import { eventually } from '../testkit/eventually.ts';
import { caller, PURPOSE } from '../testkit/serving.ts';
import { openOwnServer, type OwnServer } from './own-server.ts';

const PATIENCE_MS = 60_000;
const FULL = '/dev/full';

let server: OwnServer;
let token: string;

beforeAll(async () => {
  server = await openOwnServer({ demo: true });
  token = await server.beside(async (gateway) => (await gateway.tokens.issue('demo-department', 3_600)).token);
}, 180_000);
afterAll(() => server.close(), 60_000);

/**
 * Leaves the table no room: it is emptied, and its file, which has no page now, is put on a device that is full.
 * @returns what makes room again; sessions that have the device open are ended
 */
async function fill(table: string): Promise<() => Promise<void>> {
  // A new file, of which no session knows anything yet.
  await server.ask(`TRUNCATE ${table}`);
  const [row] = await server.ask(`SELECT pg_relation_filepath($1::regclass) AS path`, [table]);
  const file = path.join(server.folder, 'postgres', String(row?.['path']));
  await server.ask('CHECKPOINT');
  await rename(file, `${file}.kept`);
  await symlink(FULL, file);
  return async () => {
    await rm(file);
    await rename(`${file}.kept`, file);
    await server.ask(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
  };
}

const started: ServingCommand[] = [];
async function serve(more: Record<string, string> = {}): Promise<ServingCommand> {
  const serving = await startServing([], { DATABASE_URL: server.url, DATABASE_POOL_SIZE: '4', LOG_LEVEL: 'silent', ...more });
  started.push(serving);
  return serving;
}
afterAll(async () => {
  await Promise.all(started.map((serving) => serving.stop()));
});

describe('no room for the read log', () => {
  it('gives no answer, says so with 503, and answers again as soon as there is room', async () => {
    const [partition] = await server.ask(
      `SELECT format('access_events_%s', to_char(now() AT TIME ZONE 'Asia/Shanghai', 'YYYY_MM')) AS name`,
    );
    const makeRoom = await fill(String(partition?.['name']));
    const serving = await serve();
    const ask = caller(serving.address, { authorization: `Bearer ${token}`, ...PURPOSE });
    for (const _attempt of [1, 2]) {
      const answer = await ask('{ subjects(first: 3) { edges { node { id name } } } }');
      expect(answer).toMatchObject({ status: 503, data: null });
      expect(answer.errors[0]?.extensions['code']).toBe('SERVICE_UNAVAILABLE');
      expect(answer.headers.get('retry-after')).toBe('5');
    }
    expect((await server.ask('SELECT FROM access_checkpoints WHERE heads <> $1', ['[]'])).length).toBe(0);
    await makeRoom();
    await eventually(async () => {
      expect(await ask('{ subjects(first: 3) { edges { node { id name } } } }')).toMatchObject({ status: 200, errors: [] });
    }, PATIENCE_MS);
    expect((await serving.stop('SIGTERM')).code).toBe(0);
    expect(await runGateway(['audit', 'verify'], { DATABASE_URL: server.url })).toMatchObject({ code: 0, stdout: '' });
  }, 180_000);
});

describe('no room for what an import writes', () => {
  it('keeps nothing of the batch, says that the disk is full, and takes the file when there is room', async () => {
    const makeRoom = await fill('credit_records');
    const subjects = async (): Promise<unknown> => (await server.ask('SELECT count(*)::int AS n FROM subjects'))[0]?.['n'];
    const before = await subjects();
    const file = path.join(server.folder, 'penalties.csv');
    await writeFile(file, csv([{ ...PENALTY, unifiedSocialCreditCode: '911599000027000198', partyName: '新主体有限公司' }]));
    const args = ['import', 'OrganizationPenalty', file, '--rejects', `${file}.rejects.csv`];
    const { code, stdout, stderr } = await runGateway(args, { DATABASE_URL: server.url });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/disk of the database is full.*0 rows are in; run the same command again/s);
    expect(stderr).not.toContain('fault of the gateway');
    expect(await subjects()).toBe(before);
    await makeRoom();
    expect(await runGateway(args, { DATABASE_URL: server.url })).toMatchObject({
      code: 0,
      stdout: '1 accepted, 0 updated, 0 unchanged, 0 rejected\n',
    });
  }, 180_000);
});

describe('no room for an export', () => {
  it('fails it with the reason and leaves no half file, and the server goes on', async () => {
    // The file of rows is larger than a block of 512 bytes; the limit is the process's own and cannot be raised by it.
    const exports = path.join(server.folder, 'exports');
    const serving = await serveLimited(exports);
    const ask = caller(serving.address, { authorization: `Bearer ${token}`, ...PURPOSE });
    const { data } = await ask('mutation { startExport(items: ["Organization"]) { id } }');
    await eventually(async () => {
      const shown = await ask(`{ export(id: "${String(data.startExport.id)}") { status failure files { name } } }`);
      expect(shown.data.export).toEqual({
        status: 'FAILED',
        failure: expect.stringMatching(/write no larger file .* Ask its operator/),
        files: [],
      });
    }, PATIENCE_MS);
    const left = await readdir(exports, { recursive: true });
    expect(left.filter((name) => name.includes('.'))).toEqual([]);
    expect((await ask('{ subjects(first: 1) { edges { node { id } } } }')).status).toBe(200);
    await serving.stop();
  }, 180_000);

  async function serveLimited(exports: string): Promise<{ address: string; stop: () => Promise<void> }> {
    const main = path.resolve(import.meta.dirname, '../../dist/main.js');
    const child = spawn('/bin/sh', ['-c', `ulimit -f 2 && exec "$0" "$1" start --port 0`, process.execPath, main], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], DATABASE_URL: server.url, EXPORT_DIR: exports, LOG_LEVEL: 'silent', DRAIN_SECONDS: '0' },
    });
    const gone = new Promise<void>((resolve) => child.on('close', () => resolve()));
    let said = '';
    const address = await new Promise<string>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const [, found] = /Listening on (http:\S+)/.exec(said) ?? [];
        if (found !== undefined) resolve(found);
      });
      child.on('close', () => reject(new Error(said)));
    });
    return {
      address,
      stop: async () => {
        child.kill('SIGTERM');
        await gone;
      },
    };
  }
});
