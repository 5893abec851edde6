/** 逢办必查: `check` before deciding, `report` after it. See README.md. */
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { checkSubject } from './check-subject.ts';
import { CreditGateway, Refused, Unavailable } from './credit-gateway.ts';
import type { Matter } from './credit-gateway.ts';
import { describeFound } from './describe-found.ts';
import { CatalogNamesDocument, ReportUseDocument } from './operations.ts';
import type { ReportUseInput } from './operations.ts';

const USAGE = `用法：
  check CODE [--person] --purpose 使用目的 --matter 办件编号
  report QUERY_ID --decision 办理决定 [--hit] [--measure 奖惩措施] --purpose 使用目的 --matter 办件编号

例：
  check 91159900002700182F --purpose 行政审批 --matter 2026-0001
  report 查询编号 --decision 准予许可 --purpose 行政审批 --matter 2026-0001

--patience 秒数：每次至多等待多久，默认 60
环境变量：GATEWAY_URL（默认 http://127.0.0.1:4000）、CLIENT_ID、CLIENT_SECRET
`;

/** What the approval system does about a refusal. Whatever is not here is a fault of the program: its message says what. */
const ADVICE: Readonly<Record<string, string>> = {
  PURPOSE_REQUIRED: '请填写使用目的和办件编号：查询非社会公开信息必须说明用途。',
  CLIENT_SUSPENDED: '本系统的接入已停用，请联系数据管理机构。',
  UNAUTHENTICATED: '令牌不被接受，请核对接入方编号和密钥。',
  invalid_client: '接入方编号或密钥有误。',
  FIELD_FORBIDDEN: '本单位无权进行此操作。',
  FILTER_FORBIDDEN: '查询条件用到了本单位无权使用的字段。',
  BAD_USER_INPUT: '提交的内容有误。',
  QUERY_TOO_COSTLY: '一次查询过多，请缩小范围。',
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    person: { type: 'boolean', default: false },
    purpose: { type: 'string' },
    matter: { type: 'string' },
    decision: { type: 'string' },
    hit: { type: 'boolean', default: false },
    measure: { type: 'string' },
    patience: { type: 'string', default: '60' },
  },
});
const [command, subjectOrQuery] = positionals;
const { GATEWAY_URL = 'http://127.0.0.1:4000', CLIENT_ID, CLIENT_SECRET } = process.env;

if (subjectOrQuery === undefined || CLIENT_ID === undefined || CLIENT_SECRET === undefined) {
  process.stderr.write(USAGE);
  process.exit(2);
}
const gateway = new CreditGateway({
  url: GATEWAY_URL,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  longestWaitMs: Number(values.patience) * 1_000,
  onWait: (reason, ms) => console.error(`${reason}：${Math.ceil(ms / 1_000)} 秒后重试`),
});
// Left out on purpose, the headers are left out too: the gateway is the one who says that they are needed.
const matter: Matter | undefined =
  values.purpose === undefined || values.matter === undefined ? undefined : { purpose: values.purpose, number: values.matter };

try {
  if (command === 'check') await check(subjectOrQuery);
  else if (command === 'report' && values.decision !== undefined) await report(subjectOrQuery, values.decision);
  else throw new Refused('BAD_USER_INPUT', USAGE, null);
} catch (error) {
  if (error instanceof Refused) {
    const quote = error.requestId === null ? '' : `（请求编号 ${error.requestId}）`;
    console.error(`${ADVICE[error.code] ?? '核查系统拒绝了请求。'}${quote}\n${error.code}: ${error.message}`);
    process.exitCode = 2;
  } else if (error instanceof Unavailable) {
    // Never "nothing found": the matter waits until the check has been made.
    console.error(`未完成核查，不得视为无不良信息，请稍后重试。\n${error.message}`);
    process.exitCode = 3;
  } else throw error;
}

async function check(code: string): Promise<void> {
  const lookup = values.person ? { idNumber: code } : { creditCode: code };
  const found = await checkSubject(gateway, lookup, matter);
  // A long-running system keeps these names for as long as catalogVersion stays the same.
  const names = await gateway.ask(CatalogNamesDocument, { version: found.catalogVersion });
  console.log(describeFound(found, names.data));
  console.log(`\n办结后请反馈：report ${found.queryId} --decision 办理决定`);
}

async function report(queryId: string, decision: string): Promise<void> {
  const said = { queryId, decision, hit: values.hit, measure: values.measure ?? null, matterNumber: values.matter ?? null };
  // The key follows from what is said: sent twice it is one report, and a changed decision is another.
  const idempotencyKey = createHash('sha256').update(JSON.stringify(said)).digest('hex');
  const input: ReportUseInput = { ...said, idempotencyKey };
  const { data } = await gateway.ask(ReportUseDocument, { input }, matter);
  console.log(`已反馈：${data.reportUse.id}，${data.reportUse.reportedAt}`);
}
