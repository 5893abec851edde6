/** What can be wrong with one row, and how a clerk is told. */
import type { CatalogField } from '../catalog/model.ts';

type RowCode = 'MISSING_REQUIRED' | 'BAD_CHECK_DIGIT' | 'BAD_DATE' | 'BAD_NUMBER' | 'TOO_LONG' | 'NOT_IN_VALUE_SET' | 'BAD_ROW';

export interface RowProblem {
  readonly code: RowCode;
  /** the field's key; null when the whole row is concerned */
  readonly field: string | null;
  /** for the clerk, in Chinese: which field, what it must be like. Never a value, so never another row's data */
  readonly message: string;
}

const EXPECTED: Readonly<Record<Exclude<RowCode, 'BAD_ROW'>, (field: CatalogField) => string>> = {
  MISSING_REQUIRED: () => '必填项为空，请补充',
  BAD_CHECK_DIGIT: (field) =>
    `${numberName(field)}校验未通过，请对照证照原件核对（注意数字0与字母O、1与I；表格软件可能把长号码改写成科学计数法，请将该列设为文本）`,
  BAD_DATE: (field) =>
    field.format === 'DATETIME'
      ? '不是有效的日期时间，应为 2024-05-31T09:30:00+08:00 或 2024-05-31 09:30:00，且日期真实存在'
      : '不是有效的日期，应为 2024-05-31 或 2024/5/31，且日期真实存在',
  BAD_NUMBER: (field) =>
    field.format === 'INTEGER'
      ? '不是有效的整数，只能填写数字，不加单位、千位分隔符或小数'
      : '不是有效的数值，应为 1234.56 的形式，不加单位、千位分隔符或科学计数法',
  TOO_LONG: (field) =>
    field.format === 'DECIMAL' || field.format === 'INTEGER'
      ? `数字位数超过${field.length}位`
      : `内容过长，最多${field.length}个字符`,
  NOT_IN_VALUE_SET: (field) =>
    field.format === 'BOOLEAN' ? '只能填写：是、否' : `不在取值范围内，只能填写：${(field.values ?? []).join('、')}`,
};

export function problemOf(code: Exclude<RowCode, 'BAD_ROW'>, field: CatalogField): RowProblem {
  return { code, field: field.key, message: `${field.nameZh}：${EXPECTED[code](field)}` };
}

/** @param expected cells of the header; @param found cells of the row as far as they could be told apart */
export function brokenRow(expected: number, found: number): RowProblem {
  const message =
    expected === found
      ? '整行无法读取：引号不成对，或内容写在了没有列名的列里'
      : `整行无法读取：应有${expected}列，实际${found}列；请检查引号是否成对、内容中的分隔符是否加了引号`;
  return { code: 'BAD_ROW', field: null, message };
}

function numberName(field: CatalogField): string {
  if (field.role === 'SUBJECT_ID_NUMBER') return '身份证件号码';
  return field.role === 'SOURCE_UNIT_CODE' ? '统一社会信用代码' : '代码';
}
