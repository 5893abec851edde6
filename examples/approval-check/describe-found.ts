/** What an officer reads before deciding, in Chinese. */
import type { Found } from './check-subject.ts';
import type { AccessLine } from './credit-gateway.ts';
import type { CatalogNamesQuery, EntryHeadFragment, EntryStatus, ListNature, SubjectKind } from './operations.ts';

const KINDS: Readonly<Record<SubjectKind, string>> = {
  ENTERPRISE: '企业',
  SOLE_TRADER: '个体工商户',
  COOPERATIVE: '农民专业合作社',
  PUBLIC_INSTITUTION: '事业单位',
  GOVERNMENT_BODY: '机关',
  SOCIAL_ORGANIZATION: '社会组织',
  OTHER_ORGANIZATION: '其他组织',
  NATURAL_PERSON: '自然人',
};
const NATURES: Readonly<Record<ListNature, string>> = { RED: '红名单', BLACK: '黑名单', WATCH: '重点关注名单' };
const STATUSES: Readonly<Record<EntryStatus, string | null>> = { ACTIVE: null, REPAIRED: '已信用修复', WITHDRAWN: '已撤销' };
const LEVELS: Readonly<Record<AccessLine['required'], string>> = {
  PUBLIC: '社会公开',
  GOV_SHARED: '政务共享',
  AUTHORIZED: '授权查询',
  PROVIDER_ONLY: '不予共享',
};
const REASONS: Readonly<Record<AccessLine['reason'], string>> = {
  PERMISSION: '不在本单位使用权限内',
  NO_AUTHORIZATION: '缺少信用主体的有效授权或依法查询事项',
  NATURAL_PERSON: '涉及自然人',
};

/** @param names of the catalog version that answered */
export function describeFound(found: Found, names: CatalogNamesQuery): string {
  const { subject } = found;
  if (subject === null) {
    return lines('未查到该主体的信用信息：查无此主体，或本单位无权查询，二者答复相同。', `查询编号：${found.queryId}`);
  }
  const registered = subject.registered ? '' : '，未见登记信息';
  return lines(
    `核查对象：${subject.name ?? '（名称未提供）'} ${subject.creditCode ?? ''}`.trim(),
    `主体类型：${KINDS[subject.kind]}，状态：${subject.status ?? '未提供'}${registered}`,
    section('名单信息', found.listEntries, (entry) => [
      entry.nature === null ? '名单' : NATURES[entry.nature],
      entry.listName,
      dated('列入', entry.listedOn),
      entry.removedOn === null ? '尚未移出' : dated('移出', entry.removedOn),
    ]),
    section('信用记录', found.records, (entry) => [
      entry.title,
      dated('决定', entry.decidedOn),
      // Where the amount is masked, its range stands at the item's own field.
      amount(entry.__typename === 'ContractPerformance' ? entry.contractAmount : entry.amount),
      entry.__typename === 'OrganizationPenalty' ? entry.violationFacts : null,
      entry.__typename === 'ContractPerformance' ? entry.performanceStatus : null,
    ]),
    section('信用承诺', found.commitments, (entry) => [entry.kind, dated('承诺', entry.committedOn), entry.fulfilment]),
    section('信用评价', found.evaluations, (entry) => [entry.grade, dated('评价', entry.evaluatedOn)]),
    '',
    found.access.length === 0 ? '所查字段全部提供。' : '未提供或脱敏的字段（不等于没有该信息）：',
    ...found.access.map((line) => `  ${describeAccess(line, names)}`),
    '',
    `目录版本：${found.catalogVersion}，查询编号：${found.queryId}`,
  );
}

function section<Entry extends EntryHeadFragment>(
  title: string,
  entries: readonly Entry[],
  detail: (entry: Entry) => readonly (string | null | undefined)[],
): string {
  const described = entries.map((entry) =>
    [
      `  ${entry.catalogItem.nameZh}`,
      ...detail(entry),
      entry.documentNumber,
      entry.authority,
      dated('有效期至', entry.validUntil),
      ...flags(entry),
    ]
      .filter((part) => part != null && part !== '')
      .join('｜'),
  );
  return lines('', `${title}：${entries.length === 0 ? '本单位可见范围内无' : `${entries.length} 条`}`, ...described);
}

/** What must be known before relying on an entry. */
function flags({ status, disputed, publicityEnded }: EntryHeadFragment): (string | null)[] {
  const repaired = STATUSES[status];
  return [
    disputed ? '【异议处理中】' : null,
    publicityEnded ? '【公示期已满】' : null,
    repaired === null ? null : `【${repaired}】`,
  ];
}

function describeAccess({ item, field, outcome, required, reason, count }: AccessLine, names: CatalogNamesQuery): string {
  const found = names.catalog.items.find(({ code }) => code === item);
  const fieldName = found?.fields.find(({ key }) => key === field)?.nameZh ?? field;
  const shown = outcome === 'MASKED' ? '已脱敏' : '不提供';
  return `${found?.nameZh ?? item}·${fieldName}：${shown}，${REASONS[reason]}（使用权限：${LEVELS[required]}），涉及 ${count} 条`;
}

const dated = (what: string, day: string | null): string | null => (day === null ? null : `${what} ${day}`);
/** The catalogued amounts are in 10,000 yuan; a masked one is a range and says its unit itself. */
const amount = (text: string | null): string | null => (text === null ? null : /^[\d.]+$/.test(text) ? `${text} 万元` : text);
const lines = (...parts: readonly string[]): string => parts.join('\n');
