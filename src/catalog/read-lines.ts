/** Lines of the sheet → drafts of items and fields. Judges each cell by itself; what cells say together is checked elsewhere. */
import type { FieldDraft, ItemDraft } from './draft.ts';
import type { Report } from './finding.ts';
import type { Format } from './model.ts';
import type { SheetColumn } from './sheet-columns.ts';
import type { ItemLines, SheetLine } from './sheet-layout.ts';
import {
  FAMILY_WORDS,
  FORMAT_WORDS,
  LIST_NATURE_WORDS,
  MASK_RULE_WORDS,
  PERMISSION_WORDS,
  readWorkingDays,
  ROLE_WORDS,
  SCOPE_WORDS,
  SECURITY_LEVEL_WORDS,
} from './vocabulary.ts';
import type { Vocabulary } from './vocabulary.ts';

/** 内蒙古's form of a catalog code: region (6) – class (2) – serial (3). */
const CATALOG_CODE = /^\d{6}-\d{2}-\d{3}$/;
/** PostgreSQL and GraphQL would take more; a longer field is a slip of the keyboard. */
const MAX_LENGTH = 1_000_000;
/** An Int of GraphQL has 32 bits: ten digits at most. */
const MAX_INTEGER_DIGITS = 10;
/** ISO 8601: 2026-01-31 and 2026-01-31T09:30:00+08:00 */
const LEAST_LENGTH: Partial<Record<Format, number>> = { DATE: 10, DATETIME: 19 };

export function readItem(lines: ItemLines, report: Report): ItemDraft {
  const cell = new CellReader(lines.head, report);
  return {
    row: lines.head.row,
    code: cell.parsed('目录代码', 'BAD_CODE', (text) => (CATALOG_CODE.test(text) ? text : undefined), [
      '应为 6 位区划-2 位类别-3 位序号，例如 150000-03-003',
      'write region (6 digits)-class (2)-serial (3), for instance 150000-03-003',
    ]),
    typeName: cell.required('接口类型名'),
    nameZh: cell.required('项目名称'),
    nameEn: cell.required('项目英文名'),
    category: cell.required('信息类别'),
    family: cell.word('信息归属', FAMILY_WORDS),
    subjectScope: cell.word('主体范围', SCOPE_WORDS),
    listNature: cell.optionalWord('名单性质', LIST_NATURE_WORDS),
    personPublic: cell.yesOrBlank('自然人公示'),
    provider: cell.required('提供单位'),
    collectionScope: cell.required('归集范围'),
    collectionProcedure: cell.required('归集程序'),
    collectionPath: cell.required('归集路径'),
    collectionDeadlineDays: cell.parsed('归集时限', 'BAD_DEADLINE', readWorkingDays, [
      '应写工作日数，例如 7个工作日',
      'write a number of working days, for instance 7个工作日',
    ]),
    publicationMethod: cell.required('公布方式'),
    updateCycle: cell.required('更新周期'),
    fields: lines.fields.map((line) => readField(line, report)),
  };
}

function readField(line: SheetLine, report: Report): FieldDraft {
  const cell = new CellReader(line, report);
  const format = cell.word('数据格式', FORMAT_WORDS);
  return {
    row: line.row,
    key: cell.required('数据项标识'),
    nameZh: cell.required('信息内容'),
    nameEn: cell.required('数据项英文名'),
    role: cell.optionalWord('标准要素', ROLE_WORDS),
    inKey: cell.yesOrBlank('主键'),
    officialCode: cell.optional('官方代码'),
    format,
    length: cell.parsed('长度', 'BAD_LENGTH', (text) => readLength(text, format), lengthMend(format)),
    required: cell.yesOrNo('必填'),
    values: cell.valueSet('取值范围'),
    permission: cell.word('使用权限', PERMISSION_WORDS),
    maskedAt: cell.optionalWord('脱敏可见', PERMISSION_WORDS),
    mask: cell.optionalWord('脱敏规则', MASK_RULE_WORDS),
    securityLevel: cell.word('安全级别', SECURITY_LEVEL_WORDS),
  };
}

function readLength(text: string, format: Format | undefined): number | undefined {
  if (!/^[1-9]\d{0,6}$/.test(text)) return undefined;
  const length = Number(text);
  if (length > (format === 'INTEGER' ? MAX_INTEGER_DIGITS : MAX_LENGTH)) return undefined;
  return format !== undefined && length < (LEAST_LENGTH[format] ?? 1) ? undefined : length;
}

function lengthMend(format: Format | undefined): readonly [zh: string, en: string] {
  const least = format === undefined ? undefined : LEAST_LENGTH[format];
  if (least !== undefined) return [`日期需要至少 ${least} 个字符`, `a date needs at least ${least} characters`];
  if (format === 'INTEGER') {
    return [`整数最多 ${MAX_INTEGER_DIGITS} 位，更大的数请用数值`, `an integer has at most ${MAX_INTEGER_DIGITS} digits; use 数值 for larger ones`];
  }
  return [`应为 1 到 ${MAX_LENGTH} 的整数`, `write a whole number from 1 to ${MAX_LENGTH}`];
}

/** Reads the cells of one line; each method reports what it cannot read and answers undefined for it. */
class CellReader {
  readonly #line: SheetLine;
  readonly #report: Report;

  constructor(line: SheetLine, report: Report) {
    this.#line = line;
    this.#report = report;
  }

  required(column: SheetColumn): string | undefined {
    const text = this.#line.text(column);
    if (text !== '') return text;
    this.#report(this.#line.row, column, 'MISSING_VALUE', `「${column}」未填写：请补上`, `${column} is blank: fill it in`);
    return undefined;
  }

  optional(column: SheetColumn): string | null | undefined {
    const text = this.#line.text(column);
    return text === '' ? null : text;
  }

  parsed<T>(
    column: SheetColumn,
    code: 'BAD_CODE' | 'BAD_DEADLINE' | 'BAD_LENGTH',
    read: (text: string) => T | undefined,
    [zh, en]: readonly [zh: string, en: string],
  ): T | undefined {
    const text = this.required(column);
    if (text === undefined) return undefined;
    const value = read(text);
    if (value === undefined) this.#report(this.#line.row, column, code, `「${column}」的值「${text}」不正确：${zh}`, `"${text}" is no valid ${column}: ${en}`);
    return value;
  }

  word<T>(column: SheetColumn, vocabulary: Vocabulary<T>): T | undefined {
    const text = this.required(column);
    return text === undefined ? undefined : this.#meaning(column, text, vocabulary.words, vocabulary.read(text));
  }

  optionalWord<T>(column: SheetColumn, vocabulary: Vocabulary<T>): T | null | undefined {
    const text = this.optional(column);
    return typeof text === 'string' ? this.#meaning(column, text, vocabulary.words, vocabulary.read(text)) : text;
  }

  yesOrNo(column: SheetColumn): boolean | undefined {
    const text = this.required(column);
    return text === undefined ? undefined : this.#meaning(column, text, ['是', '否'], readYesOrNo(text));
  }

  /** Blank is no: the sheet marks only the exceptions. */
  yesOrBlank(column: SheetColumn): boolean | undefined {
    const text = this.optional(column);
    if (text === null) return false;
    return text === undefined ? undefined : this.#meaning(column, text, ['是', '否'], readYesOrNo(text));
  }

  valueSet(column: SheetColumn): readonly string[] | null | undefined {
    const text = this.optional(column);
    if (typeof text !== 'string') return text;
    const values = text.split('|').map((value) => value.trim());
    const fault = valueSetFault(text, values);
    if (fault === undefined) return values;
    this.#report(this.#line.row, column, 'BAD_VALUE_SET', `取值范围中${fault.zh}`, `in the value set ${fault.en}`);
    return undefined;
  }

  #meaning<T>(column: SheetColumn, text: string, words: readonly string[], meaning: T | undefined): T | undefined {
    if (meaning === undefined) {
      const allowed = words.join('、');
      this.#report(
        this.#line.row,
        column,
        'UNKNOWN_WORD',
        `「${column}」没有「${text}」这个取值：可用 ${allowed}`,
        `"${text}" is no word of ${column}: use one of ${allowed}`,
      );
    }
    return meaning;
  }
}

function readYesOrNo(text: string): boolean | undefined {
  if (text === '是') return true;
  return text === '否' ? false : undefined;
}

function valueSetFault(text: string, values: readonly string[]): { zh: string; en: string } | undefined {
  const repeated = values.find((value, index) => value !== '' && values.indexOf(value) !== index);
  if (repeated !== undefined) return { zh: `「${repeated}」重复：只保留一个`, en: `"${repeated}" appears twice: keep one` };
  if (values.includes('')) return { zh: '有空的取值：请删除多余的「|」', en: 'a value is blank: remove the stray "|"' };
  if (text.includes('｜')) return { zh: '请用半角「|」分隔', en: 'separate the values with an ASCII "|", not "｜"' };
  return undefined;
}
