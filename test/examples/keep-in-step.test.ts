/** examples/keep-in-step against a real gateway: killed again and again while others write, its copy is the listing in the end. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CommandResult } from '../testkit/command-line.ts';
import { ended } from '../testkit/command-line.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';
import { ROOT } from './run-example.ts';
import { slowWay } from './slow-way.ts';
import type { SlowWay } from './slow-way.ts';

type Row = Readonly<Record<string, unknown>> & { readonly id: string };

const PENALTY = '150000-03-003';
const COPIES = 1_500;
const LISTINGS: Readonly<Record<string, string>> = {
  subjects: '... on Organization { name creditCode kind status }',
  records: '... on OrganizationPenalty { subject { id } documentNumber authority decidedOn fineAmount publicUntil disputed }',
  listEntries: '... on AbnormalOperationEntry { subject { id } listName listedOn removedOn authority disputed }',
};
const FILTERS: Readonly<Record<string, string>> = {
  subjects: '',
  records: 'filter: { items: ["OrganizationPenalty"] },',
  listEntries: 'filter: { items: ["AbnormalOperationEntry"] },',
};

let serving: Serving;
let way: SlowWay;
let agency: Ask;
let secret: string;
let exports: string;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  exports = await mkdtemp(path.join(tmpdir(), 'example-exports-'));
  folder = await mkdtemp(path.join(tmpdir(), 'example-keep-'));
  serving = await startServing({ environment: { EXPORT_DIR: exports } });
  secret = await serving.beside.clients.add({
    id: 'agency',
    kind: 'CREDIT_AGENCY',
    name: '示例征信',
    license: 'T-1',
    licenseUntil: '2099-12-31',
  });
  agency = await serving.as('agency');
  // Rows that do not compress away: the file takes some seconds on the slow way.
  await sql(`INSERT INTO credit_records SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(),
      'document_number', md5(random()::text), 'public_until', '2099-01-01', 'content', e.content || jsonb_build_object('violationFacts', repeat(md5(random()::text), 4))))).*
    FROM credit_records e, generate_series(1, ${String(COPIES)})
    WHERE e.id = (SELECT id FROM credit_records WHERE item_code = '${PENALTY}' AND status = 'ACTIVE' LIMIT 1)`);
  way = await slowWay(serving.address, 50_000);
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await way.close();
  await serving.close();
  await rm(exports, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
});

const sql = (text: string): Promise<number> => serving.beside.database.prisma.$executeRawUnsafe(text);

function start(mode: string, through = way.address): ChildProcess {
  const child = spawn(process.execPath, ['examples/keep-in-step/keep.mjs', mode], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      GATEWAY_URL: through,
      CLIENT_ID: 'agency',
      CLIENT_SECRET: secret,
      FOLDER: folder,
      EVERY_SECONDS: '0.05',
    },
  });
  children.push(child);
  return child;
}

/** Runs it until it says that, and some milliseconds more, then kills it as no program can be asked to end: `kill -9`. */
async function killedAfter(words: RegExp, ms: number): Promise<string> {
  const child = start('follow');
  const end = ended(child);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (text: string) => {
      said += text;
      if (words.test(said)) resolve();
    });
    end.then(({ stderr }) => reject(new Error(`It ended by itself: ${stderr}`)), reject);
  });
  await setTimeout(ms);
  child.kill('SIGKILL');
  return (await end).stderr;
}

const run = (mode: string, through?: string): Promise<CommandResult> => ended(start(mode, through));

async function copy(): Promise<Row[]> {
  const { code, stdout, stderr } = await run('print');
  if (code !== 0) throw new Error(stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
}

/** What the API lists, page by page. */
async function listed(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [root, fields] of Object.entries(LISTINGS)) {
    for (let after: string | null = null; ;) {
      const answer = await agency(
        `query ($after: String) { ${root}(${FILTERS[root] ?? ''} first: 1000, after: $after) { edges { node { __typename id ${fields} } } pageInfo { hasNextPage endCursor } } }`,
        { after },
      );
      const { edges, pageInfo } = answer.data[root];
      rows.push(...edges.map((edge: { node: Row }) => edge.node));
      if (pageInfo.hasNextPage !== true) break;
      after = pageInfo.endCursor;
    }
  }
  return rows.filter(({ __typename }) => __typename !== 'NaturalPerson');
}

const sorted = (rows: readonly Row[]): Row[] => rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));

/** New rows, changed ones, repaired ones and ones whose publicity date has passed. */
async function write(): Promise<void> {
  const some = (count: number): string =>
    `(SELECT id FROM credit_records WHERE item_code = '${PENALTY}' AND status = 'ACTIVE' ORDER BY random() LIMIT ${String(count)})`;
  await sql(`UPDATE credit_records SET disputed = NOT disputed, updated_at = now() WHERE id IN ${some(120)}`);
  await sql(`UPDATE credit_records SET status = 'REPAIRED', updated_at = now() WHERE id IN ${some(15)}`);
  await sql(`UPDATE credit_records SET public_until = '2020-01-01', updated_at = now() WHERE id IN ${some(15)}`);
  await sql(`UPDATE list_entries SET removed_on = '2026-01-01', updated_at = now() WHERE item_code = '150000-05-001'`);
  await sql(`INSERT INTO credit_records SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'updated_at', now()))).*
    FROM credit_records e WHERE e.id IN ${some(10)}`);
}

describe('a copy that is killed again and again while others write', () => {
  it('goes on with the download where it was, and is the listing in the end', async () => {
    // Killed as soon as the large file has begun to come, and twice while it goes on.
    let said = '';
    for (const words of [/003-0001\S+ from byte 0 of/, /from byte [1-9]/, /from byte [1-9]/]) {
      said += await killedAfter(words, 600);
      await write();
    }
    const starts = [...said.matchAll(/003-0001\.ndjson\.gz: from byte (\d+) of (\d+)/g)].map(([, from]) => Number(from));
    expect(starts[0]).toBe(0);
    expect(starts.slice(1).every((from, at) => from > (starts[at] ?? 0))).toBe(true);
    // Killed between two pages, and in the middle of the next one.
    for (const ms of [0, 30, 150, 300]) {
      await write();
      said += await killedAfter(/[1-9]\d* changes/, ms);
    }
    await write();
    expect(await run('once', serving.address)).toMatchObject({ code: 0 });
    expect(sorted(await copy())).toEqual(sorted(await listed()));
    // One export, from the first try to the last.
    expect((await agency('{ exports { id } }')).data.exports).toHaveLength(1);
    expect((await readdir(folder)).toSorted()).toEqual(
      [await readFile(path.join(folder, 'current'), 'utf8'), 'current'].toSorted(),
    );
  });

  it('takes what a kill left half written for not written', async () => {
    const current = await readFile(path.join(folder, 'current'), 'utf8');
    await appendFile(path.join(folder, current, 'journal'), '{"cursor":"half a li');
    await write();
    expect(await run('once', serving.address)).toMatchObject({ code: 0 });
    expect(sorted(await copy())).toEqual(sorted(await listed()));
  });

  it('drops what is no longer there for the agency', async () => {
    const before = await copy();
    const gone = before.find(({ __typename }) => __typename === 'OrganizationPenalty');
    await serving.beside.entries.changeStatus(gone?.id ?? '', 'REPAIRED', '已纠正');
    expect(await run('once', serving.address)).toMatchObject({ code: 0 });
    expect((await copy()).map(({ id }) => id)).not.toContain(gone?.id);
    expect(await copy()).toHaveLength(before.length - 1);
  });

  it('begins again with a snapshot when its cursor is not taken, and deletes the old copy', async () => {
    const before = await readFile(path.join(folder, 'current'), 'utf8');
    await appendFile(path.join(folder, before, 'journal'), '{"cursor":"of-long-ago","changes":[]}\n');
    const { code, stderr } = await run('once', serving.address);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^CURSOR_INVALID: .*\nbeginning again with a snapshot\n/),
    });
    expect(await readFile(path.join(folder, 'current'), 'utf8')).not.toBe(before);
    expect(await readdir(folder)).not.toContain(before);
    expect(sorted(await copy())).toEqual(sorted(await listed()));
  });

  it('ends with the code when somebody must act', async () => {
    await serving.beside.clients.suspend('agency');
    const { code, stderr } = await run('once', serving.address);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/CLIENT_SUSPENDED/) });
  });
});
