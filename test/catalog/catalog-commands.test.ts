import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Command } from 'commander';
import { CatalogService } from '../../src/catalog/catalog-service.ts';
import { registerCatalogCommands } from '../../src/cli/catalog-commands.ts';
import type { Database } from '../../src/db/index.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';
import { BUNDLED_SHEET, EditableSheet } from './bundled-sheet.ts';

let test: TestDatabase;
let database: Database;
let catalogs: CatalogService;
let directory: string;
let faulty: string;
let opened: string;
beforeAll(async () => {
  test = await createTestDatabase();
  database = await test.open();
  catalogs = new CatalogService(database.prisma);
  directory = await mkdtemp(join(tmpdir(), 'catalog-'));
  faulty = join(directory, 'faulty.csv');
  const faults = (await EditableSheet.bundled()).set('OrganizationPenalty.fineAmount', '使用权限', '公开').set('TaxArrears', '归集时限', '尽快');
  await writeFile(faulty, faults.text());
  opened = join(directory, 'opened.csv');
  await writeFile(opened, (await EditableSheet.bundled()).set('OrganizationPenalty.legalRepCertNo', '使用权限', '社会公开').text());
});
afterAll(async () => {
  await database.close();
  await test.drop();
  await rm(directory, { recursive: true });
});
afterEach(async () => {
  await database.prisma.catalogVersion.deleteMany();
  await database.prisma.client.deleteMany();
  await database.prisma.creditRecord.deleteMany();
});

interface Run {
  readonly out: string;
  readonly err: string;
  /** what would make the process exit with 1 */
  readonly failure: string | null;
  readonly opened: number;
}

/** Runs `gateway catalog …` in this process. */
async function run(...words: string[]): Promise<Run> {
  let gatewaysOpened = 0;
  let gatewaysClosed = 0;
  const program = new Command('gateway').exitOverride();
  registerCatalogCommands(program, () => {
    gatewaysOpened += 1;
    return Promise.resolve({ catalogs, database, close: () => Promise.resolve(void (gatewaysClosed += 1)) });
  });
  const written = { out: '', err: '' };
  const out = jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((written.out += String(text)), true));
  const err = jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((written.err += String(text)), true));
  let failure: string | null = null;
  try {
    await program.parseAsync(['node', 'gateway', 'catalog', ...words]);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
  expect(gatewaysClosed).toBe(gatewaysOpened);
  return { ...written, failure, opened: gatewaysOpened };
}

describe('catalog check', () => {
  it('says that a good sheet has no findings, without a database', async () => {
    expect(await run('check', BUNDLED_SHEET)).toEqual({
      out: 'catalog-2026.csv: no findings in 17 items with 349 fields (没有问题).\n',
      err: '',
      failure: null,
      opened: 0,
    });
  });

  it('lists all findings in one table on standard output and fails', async () => {
    const { out, failure, opened: databases } = await run('check', faulty);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^行 ROW +列 COLUMN +代码 CODE +问题与改法/);
    expect(lines).toHaveLength(5);
    expect(lines[1]).toMatch(/^145 +AA 使用权限 +UNKNOWN_WORD +「使用权限」没有「公开」这个取值/);
    expect(lines[3]).toMatch(/^\d+ +N 归集时限 +BAD_DEADLINE +「归集时限」的值「尽快」不正确/);
    expect(failure).toBe('faulty.csv: 2 findings (2 处问题). Mend the sheet and try again.');
    expect(databases).toBe(0);
  });

  it('fails with one sentence for a file that is not there', async () => {
    expect((await run('check', join(directory, 'none.csv'))).failure).toMatch(/none\.csv does not exist/);
  });
});

describe('catalog publish', () => {
  it('publishes, and says what is current now', async () => {
    const { out, err, failure } = await run('publish', BUNDLED_SHEET);
    expect(failure).toBeNull();
    expect(out).toBe('Published catalog version 1 (已发布版本 1): 17 items with 349 fields.\n');
    expect(err).toMatch(/Next: import/);
    expect((await catalogs.current())?.source).toBe('catalog-2026.csv');
  });

  it('says when nothing changed', async () => {
    await run('publish', BUNDLED_SHEET);
    expect(await run('publish', BUNDLED_SHEET)).toMatchObject({
      out: 'Nothing changed (没有变化): catalog-2026.csv says what version 1 says.\n',
      failure: null,
    });
  });

  it('publishes nothing of a faulty sheet, and does not even open the database', async () => {
    expect(await run('publish', faulty)).toMatchObject({ failure: expect.stringContaining('2 findings'), opened: 0 });
    expect(await catalogs.currentVersion()).toBe(0);
  });

  it('--dry-run says what opens and how many entries and clients are concerned, and changes nothing', async () => {
    await run('publish', BUNDLED_SHEET);
    await database.prisma.client.createMany({
      data: [
        { id: 'agency', kind: 'CREDIT_AGENCY', name: 'a', secretHash: '' },
        { id: 'agency-elsewhere', kind: 'CREDIT_AGENCY', name: 'b', secretHash: '', items: ['150000-10-001'] },
        { id: 'agency-suspended', kind: 'CREDIT_AGENCY', name: 'c', secretHash: '', suspendedAt: new Date() },
        { id: 'department', kind: 'DEPARTMENT', name: 'd', secretHash: '' },
      ],
    });
    await database.prisma.creditRecord.createMany({
      data: ['150000-03-003', '150000-03-003', '150000-03-001'].map((itemCode, n) => ({
        subjectId: '00000000-0000-8000-8000-000000000000',
        id: `00000000-0000-8000-8000-00000000000${n}`,
        itemCode,
        person: false,
        content: {},
        contentDigest: Buffer.alloc(0),
        catalogVersion: 1,
        receivedAt: new Date(),
        updatedAt: new Date(),
      })),
    });
    const { out, failure } = await run('publish', opened, '--dry-run');
    expect(failure).toBeNull();
    expect(out).toContain('legalRepCertNo 法定代表人证件号码: opens to CREDIT_AGENCY, CREDIT_AGENCY with consent (政务共享 → 社会公开)');
    expect(out).toContain('2 stored entries and subjects of the items above');
    expect(out).toContain('1 clients / 接入方 1 个: agency\n');
    expect(await catalogs.currentVersion()).toBe(1);
  });

  it('--dry-run of a faulty sheet lists the findings and fails', async () => {
    const { out, failure } = await run('publish', faulty, '--dry-run');
    expect(out).toContain('UNKNOWN_WORD');
    expect(failure).toContain('2 findings');
  });

  it('--dry-run works before anything was published', async () => {
    const { out, failure } = await run('publish', BUNDLED_SHEET, '--dry-run');
    expect(failure).toBeNull();
    expect(out).toContain('From nothing published to catalog-2026.csv');
    expect(await catalogs.currentVersion()).toBe(0);
  });
});

describe('catalog diff', () => {
  const firstLine = ({ out }: Run): string => out.split('\n')[0] ?? '';

  it('compares two files without a database', async () => {
    const result = await run('diff', BUNDLED_SHEET, opened);
    expect(firstLine(result)).toContain('From catalog-2026.csv to opened.csv');
    expect(result.out).toContain('使用权限 政务共享 → 社会公开');
    expect(result.opened).toBe(0);
  });

  it('compares the current version with a file, an earlier version with the current one, and two versions', async () => {
    await run('publish', BUNDLED_SHEET);
    await run('publish', opened);
    expect(firstLine(await run('diff', BUNDLED_SHEET))).toContain('From version 2 (opened.csv) to catalog-2026.csv');
    expect(firstLine(await run('diff', '1'))).toContain('From version 1 (catalog-2026.csv) to version 2 (opened.csv)');
    expect((await run('diff', '2', '1')).out).toContain('closes to CREDIT_AGENCY, CREDIT_AGENCY with consent (社会公开 → 政务共享)');
    expect((await run('diff', '1', BUNDLED_SHEET)).out).toContain('Nothing differs.');
  });

  it('of a version that is not there fails', async () => {
    await run('publish', BUNDLED_SHEET);
    expect((await run('diff', '7')).failure).toMatch(/no catalog version 7/);
  });
});

describe('catalog show', () => {
  it('fails with the next step while nothing is published', async () => {
    expect((await run('show')).failure).toMatch(/No catalog has been published.*catalog publish FILE/);
  });

  it('lists the items and the versions', async () => {
    await run('publish', BUNDLED_SHEET);
    const { out, err } = await run('show');
    expect(out).toMatch(/150000-03-003 +OrganizationPenalty +行政处罚信息（法人和非法人组织、个体工商户） +记录 +法人和非法人组织 +34 /);
    expect(out).toMatch(/\n1 +\S+T\S+Z +catalog-2026\.csv\n$/);
    expect(err).toContain('version 1 (catalog-2026.csv)');
  });

  it('shows one item with its 13 elements and its fields, by code or type name', async () => {
    await run('publish', BUNDLED_SHEET);
    const { out } = await run('show', '--item', 'OrganizationPenalty');
    expect(out).toMatch(/归集时限 +7个工作日/);
    expect(out).toMatch(/legalRepCertNo +法定代表人证件号码 +字符 +64 +否 +政务共享 +证件号码 +L4 +CF_FR_ZJHM/);
    expect((await run('show', '--item', '150000-03-003')).out).toBe(out);
    expect((await run('show', '--item', 'Nothing')).failure).toMatch(/version 1 has no item Nothing/);
  });

  it('--json prints one JSON value and nothing else', async () => {
    await run('publish', BUNDLED_SHEET);
    await run('publish', opened);
    const json: unknown = JSON.parse((await run('show', '--version', '1', '--json')).out);
    expect(json).toMatchObject({ version: 1, source: 'catalog-2026.csv', items: expect.arrayContaining([expect.objectContaining({ code: '150000-03-003' })]) });
    expect(JSON.parse((await run('show', '--item', 'TaxArrears', '--json')).out)).toMatchObject({ typeName: 'TaxArrears' });
  });
});

describe('catalog rollback', () => {
  it('publishes the earlier version anew', async () => {
    await run('publish', BUNDLED_SHEET);
    await run('publish', opened);
    const { out, err } = await run('rollback', '1');
    expect(out).toContain('Published catalog version 3');
    expect(err).toContain('catalog diff 2 3');
    expect((await run('rollback', '3')).out).toContain('Nothing changed (没有变化): Version 3 says what version 3 says.');
  });

  it.each([['9', /no catalog version 9/], ['x', /A version is a number/]])('to %s fails', async (n, message) => {
    await run('publish', BUNDLED_SHEET);
    const { failure, err } = await run('rollback', n);
    expect(`${failure ?? ''}${err}`).toMatch(message);
    expect(await catalogs.currentVersion()).toBe(1);
  });
});

describe('every command', () => {
  it.each(['check', 'publish', 'diff', 'show', 'rollback'])('%s has a help with an example', async (command) => {
    expect((await run(command, '--help')).out).toMatch(new RegExp(`Examples?:\\n  \\$ gateway catalog ${command}`));
  });
});
