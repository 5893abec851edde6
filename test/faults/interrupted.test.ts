/** An import and a publish, interrupted at every stage by SIGKILL and by SIGTERM: run again, they end as if nothing had happened. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ChildProcess } from 'node:child_process';
import pg from 'pg';
import { EditableSheet } from '../catalog/bundled-sheet.ts';
import { CODES, csv, PENALTY } from '../intake/given-intake.ts';
import { type CommandResult, ended, runGateway, startGateway } from '../testkit/command-line.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';
import { eventually } from '../testkit/eventually.ts';
import { keptData } from './kept-data.ts';

const PATIENCE_MS = 60_000;

/** Who holds the gateway's command up, so that it can be interrupted at a moment that is known, on any machine. */
interface Hold {
  /** resolves once the command has come to this moment */
  reached(over: () => boolean): Promise<void>;
  release(): Promise<void>;
}

let database: TestDatabase;
let calm: TestDatabase;
let folder: string;
const clients: pg.Client[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'gateway-interrupted-'));
  database = await createTestDatabase({ seeded: true });
  calm = await createTestDatabase({ seeded: true });
}, 180_000);
afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await database.drop();
  await calm.drop();
  await rm(folder, { recursive: true, force: true });
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

/** Holds the command at the moment at which it wants what `text` has locked. */
async function holdAt(text: string): Promise<Hold> {
  const [holder, watcher] = [await connect(), await connect()];
  await holder.query('BEGIN');
  await holder.query(text);
  const { rows } = await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return {
    reached: (over) =>
      eventually(async () => {
        if (over()) return;
        const waiting = await watcher.query(
          'SELECT FROM pg_stat_activity WHERE datname = current_database() AND $1 = ANY(pg_blocking_pids(pid))',
          [rows[0]?.pid],
        );
        if (waiting.rowCount === 0) throw new Error('the command has not come there');
      }, PATIENCE_MS),
    release: async () => {
      await holder.query('ROLLBACK');
    },
  };
}

/** Not held up: interrupted as soon as it has written so many entries, whatever it does then. */
async function whenWritten(rows: number): Promise<Hold> {
  const watcher = await connect();
  const { rows: before } = await watcher.query<{ n: number }>('SELECT count(*)::int AS n FROM credit_records');
  return {
    reached: (over) =>
      eventually(async () => {
        if (over()) return;
        const { rows: now } = await watcher.query<{ n: number }>('SELECT count(*)::int AS n FROM credit_records');
        if ((now[0]?.n ?? 0) - (before[0]?.n ?? 0) < rows) throw new Error('so much is not written yet');
      }, PATIENCE_MS),
    release: () => Promise.resolve(),
  };
}

interface Stage {
  readonly name: string;
  readonly hold: () => Promise<Hold>;
}

/** Starts the command, interrupts it at the stage, and waits for its end. */
async function interrupt(args: readonly string[], { hold }: Stage, signal: 'SIGKILL' | 'SIGTERM'): Promise<CommandResult> {
  const held = await hold();
  const child: ChildProcess = await startGateway(args, { DATABASE_URL: database.url });
  const end = ended(child);
  await held.reached(() => child.exitCode !== null);
  child.kill(signal);
  // What is asked to end may wait for its statement, which waits for us.
  await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 500))]);
  await held.release();
  const result = await end;
  // The server ends what the dead process had begun when it notices.
  const watcher = await connect();
  await eventually(async () => {
    const { rows } = await watcher.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'public-credit-gateway' AND state <> 'idle'`,
    );
    expect(rows).toHaveLength(0);
  }, PATIENCE_MS);
  return result;
}

async function run(url: string, args: readonly string[]): Promise<CommandResult> {
  const result = await runGateway(args, { DATABASE_URL: url });
  expect(result).toMatchObject({ code: 0 });
  return result;
}

/** The same data, changes told once, and statistics that agree with the tables. */
async function equalsUndisturbed(): Promise<void> {
  expect(Object.fromEntries(await keptData(database.url))).toEqual(Object.fromEntries(await keptData(calm.url)));
  const { code, stdout } = await runGateway(['statistics', 'check'], { DATABASE_URL: database.url });
  expect([code, stdout]).toEqual([0, expect.stringContaining('all as the tables say')]);
}

describe('an import', () => {
  /** Nine batches of a thousand. */
  const ROWS = 9_000;
  const IMPORT: readonly Stage[] = [
    { name: 'before its first batch', hold: () => holdAt('SELECT pg_advisory_xact_lock(4107150000)') },
    { name: 'while it writes subjects', hold: () => holdAt('LOCK TABLE subjects IN SHARE MODE') },
    { name: 'while it writes entries', hold: () => holdAt('LOCK TABLE credit_records IN SHARE MODE') },
    { name: 'while its changes are noted', hold: () => holdAt('LOCK TABLE changes IN SHARE MODE') },
    { name: 'while its statistics are counted', hold: () => holdAt('LOCK TABLE statistics_deltas IN SHARE MODE') },
    { name: 'after its first batch', hold: () => whenWritten(1_000) },
    { name: 'in the middle', hold: () => whenWritten(2_000) },
    { name: 'while it folds the statistics', hold: () => holdAt('LOCK TABLE statistics_cells IN SHARE MODE') },
  ];

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'interrupted by %s at each of its stages, one after another, ends as if it had not been',
    async (signal) => {
      const file = path.join(folder, `${signal}.csv`);
      const rows = Array.from({ length: ROWS }, (_, row) => ({
        ...PENALTY,
        unifiedSocialCreditCode: CODES[row % CODES.length] ?? '',
        penaltyDocNo: `内罚〔2026〕${signal}${String(row)}号`,
      }));
      await writeFile(file, csv(rows));
      const args = ['import', 'OrganizationPenalty', file, '--rejects', `${file}.rejects.csv`];
      const interrupted: string[] = [];
      for (const stage of IMPORT) {
        const { code } = await interrupt(args, stage, signal);
        if (code !== 0) interrupted.push(stage.name);
      }
      // One that had ended before its stage came was not interrupted; most are.
      expect(interrupted.length).toBeGreaterThanOrEqual(5);
      const { stdout } = await run(database.url, args);
      expect(stdout).toMatch(/^\d+ accepted, 0 updated, \d+ unchanged, 0 rejected\n$/);
      await run(calm.url, args);
      await equalsUndisturbed();
    },
    240_000,
  );
});

describe('a publish', () => {
  const PUBLISH: readonly Stage[] = [
    { name: 'while it waits for its turn', hold: () => holdAt('SELECT pg_advisory_xact_lock(4107150000)') },
    { name: 'while it reads the current version', hold: () => holdAt('LOCK TABLE catalog_versions IN ACCESS EXCLUSIVE MODE') },
    { name: 'while it derives columns anew', hold: () => holdAt('LOCK TABLE credit_records IN SHARE MODE') },
    { name: 'while it publishes items', hold: () => holdAt('LOCK TABLE published_items IN ACCESS EXCLUSIVE MODE') },
    { name: 'while it writes the version', hold: () => holdAt('LOCK TABLE catalog_versions IN SHARE MODE') },
  ];

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'interrupted by %s at each of its stages is published as a whole or not at all, and once when it is run again',
    async (signal) => {
      const sheet = path.join(folder, `${signal}-catalog.csv`);
      const bundled = await EditableSheet.bundled();
      // A standard element moves, and with the second publish moves back: rows are written anew.
      if (signal === 'SIGKILL')
        bundled
          .set('OrganizationPenalty.penaltyDocNo', '标准要素', '')
          .set('OrganizationPenalty.remarks', '标准要素', 'DOCUMENT_NUMBER');
      else bundled.set('OrganizationPenalty.remarks', '使用权限', '不予共享');
      await writeFile(sheet, bundled.text());
      const args = ['catalog', 'publish', sheet];
      const client = await connect();
      const version = async (): Promise<number> =>
        Number((await client.query<{ v: number }>('SELECT max(version) AS v FROM catalog_versions')).rows[0]?.v);
      const before = await version();
      for (const stage of PUBLISH) {
        const { code } = await interrupt(args, stage, signal);
        expect([stage.name, code, await version()]).toEqual([stage.name, null, before]);
      }
      await run(database.url, args);
      await run(calm.url, args);
      expect(await version()).toBe(before + 1);
      await equalsUndisturbed();
    },
    240_000,
  );
});
