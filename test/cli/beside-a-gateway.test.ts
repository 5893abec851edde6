import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SHEET_COLUMNS } from '../../src/catalog/sheet-columns.ts';
import { runGateway, startServing, type CommandResult, type ServingCommand } from '../testkit/command-line.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';
import { eventually } from '../testkit/eventually.ts';
import { caller, PURPOSE, type GraphQLAnswer } from '../testkit/serving.ts';

const SHEET = new URL('../../demo/catalog-2026.csv', import.meta.url);
const ORGANIZATION = '91159900002700000B';

let database: TestDatabase;
let serving: ServingCommand;
let folder: string;
/** one of each demo client, as `token` printed it */
const tokens = new Map<string, string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'beside-'));
  database = await createTestDatabase({ seeded: true });
  serving = await startServing([], { DATABASE_URL: database.url });
});
afterAll(async () => {
  const { code, stdout, stderr } = await serving.stop('SIGTERM');
  await database.drop();
  await rm(folder, { recursive: true });
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(stderr).toContain('Stopping (SIGTERM)');
});

const run = (...args: string[]): Promise<CommandResult> => runGateway(args, { DATABASE_URL: database.url });

/** @throws when the command fails; returns what it printed, without the last line break */
async function done(...args: string[]): Promise<string> {
  const result = await run(...args);
  expect(result).toMatchObject({ code: 0 });
  return result.stdout.trimEnd();
}

async function ask(client: string, query: string, headers: Record<string, string> = PURPOSE): Promise<GraphQLAnswer> {
  return caller(serving.address, { authorization: `Bearer ${tokens.get(client) ?? ''}` })(query, {}, headers);
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function penalty(client: string): Promise<{ id: string; legalRepCertNo: string | null } & Record<string, unknown>> {
  const { data } = await ask(
    client,
    `{ records(first: 1, filter: { items: ["OrganizationPenalty"], subject: { creditCode: "${ORGANIZATION}" } })
       { edges { node { id disputed ... on OrganizationPenalty { legalRepCertNo } } } } }`,
  );
  return data.records.edges[0]?.node;
}

describe('beside a running gateway', () => {
  it('token prints the token and nothing else', async () => {
    const print = async (client: string): Promise<void> => {
      const { code, stdout, stderr } = await run('token', client, '--ttl', '10m');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
      tokens.set(client, stdout.trim());
    };
    await Promise.all(['demo-department', 'demo-agency'].map(print));
    expect((await penalty('demo-department')).legalRepCertNo).toMatch(/^\d{17}[\dX]$/);
    expect((await penalty('demo-agency')).legalRepCertNo).toBeNull();
  });

  it('catalog publish of a sheet with one cell of 使用权限 changed, and rollback, reach the callers within two seconds', async () => {
    const sheet = (await readFile(SHEET, 'utf8')).replace(/(CF_FR_ZJHM.*?)政务共享/, '$1社会公开');
    expect(await done('catalog', 'publish', await file('open.csv', sheet))).toContain('Published catalog version 2');
    await eventually(async () => expect((await penalty('demo-agency')).legalRepCertNo).toMatch(/^\d{17}[\dX]$/));
    expect(await done('catalog', 'rollback', '1')).toContain('Published catalog version 3');
    await eventually(async () => expect((await penalty('demo-agency')).legalRepCertNo).toBeNull());
  });

  it('an item nobody has seen before has its type, its import and its access rules after a publish', async () => {
    const path = await file('new-item.csv', `${(await readFile(SHEET, 'utf8')).trimEnd()}\r\n${newItem()}`);
    await done('catalog', 'publish', path);
    const rows = `统一社会信用代码,名称,表号,欠费金额\n${ORGANIZATION},某公司,W-1,12.50\n`;
    expect(await done('import', 'WaterArrears', await file('water.csv', rows))).toBe(
      '1 accepted, 0 updated, 0 unchanged, 0 rejected',
    );
    const query =
      '{ records(first: 5, filter: { items: ["WaterArrears"] }) { edges { node { ... on WaterArrears { meterNumber owed } } } } }';
    await eventually(async () => {
      const department = await ask('demo-department', query);
      expect(department.data?.records.edges).toEqual([{ node: { meterNumber: 'W-1', owed: '12.5' } }]);
    });
    const agency = await ask('demo-agency', query);
    expect(agency.data.records.edges).toEqual([{ node: { meterNumber: 'W-1', owed: null } }]);
    expect(agency.access).toMatchObject([{ coordinate: 'WaterArrears.owed', outcome: 'WITHHELD', reason: 'PERMISSION' }]);
  });

  it('authorization add opens 授权查询 fields for the agreed purpose, and revoke closes them, at the next request', async () => {
    const query = `{ subject(by: { creditCode: "${ORGANIZATION}" }) { ... on Organization { employeeCount } } }`;
    const employees = async (): Promise<unknown> => (await ask('demo-agency', query)).data.subject.employeeCount;
    const consent = ['--client', 'demo-agency', '--subject', ORGANIZATION, '--items', 'Organization', '--purpose', '行政审批'];
    expect(await employees()).toBeNull();
    const id = await done('authorization', 'add', ...consent, '--until', '2099-12-31');
    expect(id).toMatch(/^\S+$/);
    expect(await employees()).toEqual(expect.any(Number));
    await done('authorization', 'revoke', id);
    expect(await employees()).toBeNull();
  });

  it('entry dispute and entry status take the id that the API gave', async () => {
    const { id, disputed } = await penalty('demo-agency');
    expect(disputed).toBe(false);
    await done('entry', 'dispute', id, 'on', '--reason', '异议申请 2026-0031');
    expect(await penalty('demo-agency')).toMatchObject({ id, disputed: true });
    await done('entry', 'status', id, 'REPAIRED', '--reason', '信用修复决定书 12号');
    expect((await ask('demo-agency', `{ node(id: "${id}") { id } }`)).data).toEqual({ node: null });
  });

  it('client suspend stops a client at its next request, with its code', async () => {
    expect(await done('client', 'suspend', 'demo-agency')).toBe('');
    await eventually(async () => {
      const { status, errors } = await ask('demo-agency', '{ viewer { id } }');
      expect({ status, code: errors[0]?.extensions['code'] }).toEqual({ status: 403, code: 'CLIENT_SUSPENDED' });
    });
  });
});

describe('bad input', () => {
  it('a sheet with many faults is refused with all of them, and the catalog stays', async () => {
    const sheet = (await readFile(SHEET, 'utf8')).replaceAll('政务共享', '政府共享');
    const { code, stdout, stderr } = await run('catalog', 'publish', await file('faulty.csv', sheet));
    expect(code).toBe(1);
    expect(stdout.match(/^\d+ .*UNKNOWN_WORD/gm)?.length).toBeGreaterThan(20);
    expect(stderr).toMatch(/faulty\.csv: \d+ findings/);
    expect(await done('catalog', 'show')).not.toContain('faulty.csv');
  });

  it('fails with a sentence that names the thing', async () => {
    const cases: [string[], RegExp][] = [
      [['import', 'OrganizationPenalty', 'no-such.csv'], /no-such\.csv does not exist/],
      [['import', 'NoSuchItem', 'no-such.csv'], /no item "NoSuchItem"/],
      [['token', 'nobody'], /no client “nobody”.*client list/],
    ];
    const results = await Promise.all(cases.map(([args]) => run(...args)));
    for (const [at, { code, stdout, stderr }] of results.entries()) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(cases[at]?.[1] ?? '');
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });

  it('a port that is taken is named, with the mend', async () => {
    const { port } = new URL(serving.address);
    const { code, stderr } = await run('start', '--port', port);
    expect(code).toBe(1);
    expect(stderr).toContain(`Port ${port} on 127.0.0.1 is already in use`);
    expect(stderr).toContain('--port');
  });
});

/** Rows of a sheet for one more item, of few fields. */
function newItem(): string {
  const item = {
    目录代码: '150000-90-001',
    项目名称: '欠缴水费信息',
    项目英文名: 'Arrears of water charges',
    接口类型名: 'WaterArrears',
    信息类别: '遵守法律法规情况信息',
    信息归属: '记录',
    主体范围: '法人和非法人组织',
    提供单位: '供水企业',
    归集范围: '欠缴水费的主体',
    归集程序: '按月报送',
    归集路径: '自治区政务大数据平台',
    归集时限: '20个工作日',
    公布方式: '政务共享',
    更新周期: '每月',
  };
  const field = { 数据格式: '字符', 长度: '64', 必填: '是', 使用权限: '社会公开', 安全级别: 'L1' };
  const fields = [
    { 信息内容: '统一社会信用代码', 数据项标识: 'creditNumber', 标准要素: 'SUBJECT_CODE', 长度: '18' },
    { 信息内容: '名称', 数据项标识: 'payer', 标准要素: 'SUBJECT_NAME' },
    { 信息内容: '表号', 数据项标识: 'meterNumber', 主键: '是' },
    { 信息内容: '欠费金额', 数据项标识: 'owed', 数据格式: '数值', 长度: '16', 使用权限: '政务共享', 安全级别: 'L2' },
  ];
  return fields
    .map((own, at): Record<string, string> => ({ ...(at === 0 ? item : {}), ...field, 数据项英文名: own.数据项标识, ...own }))
    .map((cells) => SHEET_COLUMNS.map((column) => cells[column] ?? '').join(','))
    .join('\r\n');
}
