/**
 * The sheet's Chinese words and the model's, both ways. A word that is not listed here has no meaning:
 * nothing is guessed from a similar one.
 */
import { ROLES } from './model.ts';
import type { Family, Format, ListNature, MaskRule, Permission, Role, SecurityLevel, SubjectScope } from './model.ts';

/** One closed set of words. */
export interface Vocabulary<T> {
  /** in the order in which they are shown to people */
  readonly words: readonly string[];
  /** the meaning of a word; undefined when the vocabulary lacks it */
  read(word: string): T | undefined;
  /** the word for a meaning */
  word(meaning: T): string;
}

function vocabulary<T extends string>(wordOf: Readonly<Record<T, string>>): Vocabulary<T> {
  const meanings = new Map<string, T>();
  for (const meaning in wordOf) meanings.set(wordOf[meaning], meaning);
  return {
    words: [...meanings.keys()],
    read: (word) => meanings.get(word),
    word: (meaning) => wordOf[meaning],
  };
}

/** 使用权限 and 脱敏可见 */
export const PERMISSION_WORDS = vocabulary<Permission>({
  PUBLIC: '社会公开',
  GOV_SHARED: '政务共享',
  AUTHORIZED: '授权查询',
  PROVIDER_ONLY: '不予共享',
});

/** 信息归属 */
export const FAMILY_WORDS = vocabulary<Family>({ SUBJECT: '主体', RECORD: '记录', LIST: '名单', COMMITMENT: '承诺', EVALUATION: '评价' });

/** 主体范围 */
export const SCOPE_WORDS = vocabulary<SubjectScope>({ ORGANIZATION: '法人和非法人组织', PERSON: '自然人', ALL: '全部' });

/** 名单性质 */
export const LIST_NATURE_WORDS = vocabulary<ListNature>({ RED: '红名单', BLACK: '黑名单', WATCH: '重点关注' });

/** 数据格式 */
export const FORMAT_WORDS = vocabulary<Format>({
  STRING: '字符',
  TEXT: '文本',
  CODE: '代码',
  DATE: '日期',
  DATETIME: '日期时间',
  INTEGER: '整数',
  DECIMAL: '数值',
  BOOLEAN: '布尔',
});

/** 脱敏规则: the thirteen rules, those included that the 2026 sheet does not use */
export const MASK_RULE_WORDS = vocabulary<MaskRule>({
  NONE: '不脱敏',
  NAME: '姓名',
  ID_CARD: '证件号码',
  CERT_NO: '证书号码',
  PERSON_CODE: '自然人代码',
  PHONE: '电话',
  EMAIL: '邮箱',
  ADDRESS: '地址',
  BANK_ACCOUNT: '银行账号',
  AMOUNT_RANGE: '金额区间',
  DATE_YEAR: '仅年份',
  TEXT_SCRUB: '文本脱敏',
  FULL: '全部遮盖',
});

/** 安全级别 */
export const SECURITY_LEVEL_WORDS = vocabulary<SecurityLevel>({ L1: 'L1', L2: 'L2', L3: 'L3', L4: 'L4' });

const roles = new Map<string, Role>(ROLES.map((role) => [role, role]));

/** 标准要素: the sheet writes the role's own name */
export const ROLE_WORDS: Vocabulary<Role> = { words: ROLES, read: (word) => roles.get(word), word: (role) => role };

/** 归集时限: `7个工作日` or `7` is 7; undefined for anything else, calendar days (`7日`) included, since they would be another limit. */
export function readWorkingDays(text: string): number | undefined {
  const days = /^(\d{1,4})\s*(?:个?工作日)?$/.exec(text)?.[1];
  return days === undefined ? undefined : Number(days);
}

export function workingDaysWord(days: number): string {
  return `${days}个工作日`;
}
