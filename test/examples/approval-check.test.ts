/** examples/approval-check against a real gateway. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CreditGateway, Refused, Unavailable } from '../../examples/approval-check/credit-gateway.ts';
import { CatalogNamesDocument, ReportUseDocument } from '../../examples/approval-check/operations.ts';
import { checkSubject } from '../../examples/approval-check/check-subject.ts';
import { openGateway, serveGateway } from '../../src/gateway.ts';
import type { ServingGateway } from '../../src/gateway.ts';
import { breakableConnection } from '../testkit/breakable-connection.ts';
import type { BreakableConnection } from '../testkit/breakable-connection.ts';
import type { CommandResult } from '../testkit/command-line.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';
import { runApprovalCheck } from './run-example.ts';

/** has penalties, licences, commitments, a list entry and evaluations in the bundled samples */
const CODE = '91159900002700182F';
const MATTER = ['--purpose', '行政审批', '--matter', 'DEMO-1'];

let database: TestDatabase;
let way: BreakableConnection;
let serving: ServingGateway;
let secrets: Map<string, string>;

beforeAll(async () => {
  database = await createTestDatabase({ seeded: true });
  const beside = await openGateway(database.config);
  secrets = new Map();
  for (const id of ['approval', 'approval-other']) {
    secrets.set(id, await beside.clients.add({ id, kind: 'DEPARTMENT', name: '审批局' }));
  }
  await beside.database.prisma.$executeRaw`
    UPDATE credit_records e SET disputed = true, public_until = CASE WHEN decided_on < '2025-01-01' THEN '2025-02-01'::date ELSE '2099-01-01' END
    FROM subjects s
    WHERE s.id = e.subject_id AND s.credit_code = ${CODE} AND e.item_code = '150000-03-003'`;
  await beside.close();
  way = await breakableConnection(database.url);
  serving = await serveGateway(
    { ...database.config, databaseUrl: way.url },
    { prepareData: () => Promise.resolve(), onFatal: () => undefined },
  );
});
afterAll(async () => {
  await serving.close();
  await way.close();
  await database.drop();
});

const environment = (client = 'approval'): Record<string, string> => ({
  GATEWAY_URL: serving.address,
  CLIENT_ID: client,
  CLIENT_SECRET: secrets.get(client) ?? '',
});
const run = (...args: string[]): Promise<CommandResult> => runApprovalCheck(args, environment());
const gatewayAs = (more: Partial<ConstructorParameters<typeof CreditGateway>[0]> = {}): CreditGateway =>
  new CreditGateway({ url: serving.address, clientId: 'approval', clientSecret: secrets.get('approval') ?? '', ...more });
const queryIdIn = ({ stdout }: CommandResult): string => /查询编号：(\S+)/.exec(stdout)?.[1] ?? '';

describe('check', () => {
  it('prints in Chinese what was found, its flags, and what was withheld or masked and why', async () => {
    const { code, stdout, stderr } = await run('check', CODE, ...MATTER);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^核查对象：\S+ 91159900002700182F\n主体类型：企业，状态：/);
    expect(stdout).toMatch(/名单信息：1 条\n {2}经营（活动）异常名录（状态）信息｜重点关注名单｜.*列入 \d{4}-\d\d-\d\d/);
    expect(stdout).toMatch(/\n {2}行政处罚信息.*｜【异议处理中】\n/);
    expect(stdout).toMatch(/\n {2}行政处罚信息.*｜【异议处理中】｜【公示期已满】\n/);
    expect(stdout).toMatch(/信用承诺：2 条\n/);
    expect(stdout).toMatch(
      /·行政处罚决定书附件：不提供，缺少信用主体的有效授权或依法查询事项（使用权限：授权查询），涉及 1 条\n/,
    );
    expect(stdout).toMatch(/·行政处罚决定书附件：不提供，不在本单位使用权限内（使用权限：授权查询），涉及 1 条\n/);
    expect(stdout).toMatch(/目录版本：1，查询编号：[\w.-]{8,64}\n/);
  });

  it('reads every page of every family', async () => {
    const gateway = gatewayAs();
    const matter = { purpose: '行政审批', number: 'DEMO-2' };
    const before = await checkSubject(gateway, { creditCode: CODE }, matter);
    const beside = await openGateway(database.config);
    await beside.database.prisma.$executeRawUnsafe(
      `INSERT INTO list_entries SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid()))).*
       FROM list_entries e JOIN subjects s ON s.id = e.subject_id, generate_series(1, 230) WHERE s.credit_code = '${CODE}'`,
    );
    await beside.close();
    const found = await checkSubject(gateway, { creditCode: CODE }, matter);
    expect(found.listEntries).toHaveLength(before.listEntries.length * 231);
    expect(found.records).toEqual(before.records);
    expect(found.commitments).toEqual(before.commitments);
    expect(found.evaluations).toEqual(before.evaluations);
  });

  it('says of an unknown subject that unknown and not permitted are answered alike', async () => {
    const { code, stdout } = await run('check', '91159900MA000000XX', ...MATTER);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^未查到该主体的信用信息：查无此主体，或本单位无权查询/),
    });
  });

  it('asks for purpose and matter when they are missing', async () => {
    const { code, stdout, stderr } = await run('check', CODE);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^请填写使用目的和办件编号.*（请求编号 \S+）\nPURPOSE_REQUIRED: /);
  });

  it('says that the secret is wrong', async () => {
    const { code, stderr } = await runApprovalCheck(['check', CODE, ...MATTER], { ...environment(), CLIENT_SECRET: 'wrong' });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^接入方编号或密钥有误。\ninvalid_client: /) });
  });

  it('fetches another token when the one it kept is not taken any more', async () => {
    const gateway = gatewayAs({ token: 'of.last.year' });
    const { data } = await gateway.ask(CatalogNamesDocument, {});
    expect(data.catalog.items.length).toBeGreaterThan(10);
    await expect(gatewayAs({ clientId: 'nobody' }).ask(CatalogNamesDocument, {})).rejects.toMatchObject({
      code: 'invalid_client',
    });
  });
});

describe('report', () => {
  it('is one report, however often it is sent, and another one for another decision', async () => {
    const queryId = queryIdIn(await run('check', CODE, ...MATTER));
    const [first, again, other] = [
      await run('report', queryId, '--decision', '准予许可', ...MATTER),
      await run('report', queryId, '--decision', '准予许可', ...MATTER),
      await run('report', queryId, '--decision', '不予许可', '--hit', ...MATTER),
    ];
    expect([first.code, again.code, other.code]).toEqual([0, 0, 0]);
    expect(first.stdout).toMatch(/^已反馈：\S+，\d{4}-/);
    expect(again.stdout).toBe(first.stdout);
    expect(other.stdout).not.toBe(first.stdout);
  });

  it('is refused for a query of another client', async () => {
    const queryId = queryIdIn(await runApprovalCheck(['check', CODE, ...MATTER], environment('approval-other')));
    const { code, stderr } = await run('report', queryId, '--decision', '准予许可', ...MATTER);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^提交的内容有误。.*\nBAD_USER_INPUT: queryId/) });
    const input = { queryId, decision: '准予许可', idempotencyKey: 'test-key-1' };
    await expect(gatewayAs().ask(ReportUseDocument, { input }, { purpose: '行政审批', number: '1' })).rejects.toThrow(Refused);
  });
});

describe('a client that asks too much', () => {
  const limited = async (id: string, limits: { ratePerMinute?: number; maxConcurrent?: number }): Promise<string> => {
    const beside = await openGateway(database.config);
    const secret = await beside.clients.add({ id, kind: 'DEPARTMENT', name: '审批局' });
    await beside.clients.setLimits(id, limits);
    await beside.close();
    return secret;
  };

  it('waits as long as Retry-After says, and gets its answers', async () => {
    const clientSecret = await limited('approval-busy', { maxConcurrent: 1 });
    const waits: [string, number][] = [];
    const gateway = gatewayAs({ clientId: 'approval-busy', clientSecret, onWait: (...wait) => waits.push(wait) });
    await gateway.ask(CatalogNamesDocument, {});
    const matter = { purpose: '行政审批', number: 'DEMO-3' };
    const found = await Promise.all([1, 2, 3].map(() => checkSubject(gateway, { creditCode: CODE }, matter)));
    expect(found.map(({ subject }) => subject?.creditCode)).toEqual([CODE, CODE, CODE]);
    expect(waits.length).toBeGreaterThan(0);
    expect(waits.every(([reason, ms]) => reason === 'RATE_LIMITED' && ms >= 1_000)).toBe(true);
  });

  it('gives up when it is to wait longer than it has patience', async () => {
    const clientSecret = await limited('approval-rated', { ratePerMinute: 1 });
    const gateway = gatewayAs({ clientId: 'approval-rated', clientSecret, longestWaitMs: 10 });
    await gateway.ask(CatalogNamesDocument, {});
    await expect(gateway.ask(CatalogNamesDocument, {})).rejects.toThrow(/^RATE_LIMITED: the gateway asks to come back in \d+ s$/);
  });
});

describe('a gateway that cannot answer', () => {
  it('leaves the check unmade, and never says that there is nothing', async () => {
    await gatewayAs().ask(CatalogNamesDocument, {});
    way.cut();
    const { code, stdout, stderr } = await run('check', CODE, ...MATTER, '--patience', '0.5');
    way.mend();
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^未完成核查，不得视为无不良信息，请稍后重试。\nTOKEN: the gateway asks to come back in \d+ s/);
  });

  it('is asked again until it answers', async () => {
    way.cut();
    const waits: string[] = [];
    const gateway = gatewayAs({
      onWait: (reason) => {
        waits.push(reason);
        way.mend();
      },
    });
    const { data } = await gateway.ask(CatalogNamesDocument, {});
    expect(data.catalog.items.length).toBeGreaterThan(10);
    expect(waits.length).toBeGreaterThan(0);
  });

  it('is given up after the attempts when nobody is there', async () => {
    const waits: number[] = [];
    const gateway = gatewayAs({
      url: 'http://127.0.0.1:1',
      attempts: 3,
      longestWaitMs: 50,
      onWait: (_reason, ms) => waits.push(ms),
    });
    await expect(gateway.ask(CatalogNamesDocument, {})).rejects.toThrow(Unavailable);
    expect(waits).toHaveLength(2);
  });
});
