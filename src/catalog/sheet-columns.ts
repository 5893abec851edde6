/** The columns of the catalog sheet (DESIGN §2). The order is the bundled sheet's; a sheet may use another. */

export const ITEM_COLUMNS = [
  '目录代码',
  '项目名称',
  '项目英文名',
  '接口类型名',
  '信息类别',
  '信息归属',
  '主体范围',
  '名单性质',
  '自然人公示',
  '提供单位',
  '归集范围',
  '归集程序',
  '归集路径',
  '归集时限',
  '公布方式',
  '更新周期',
] as const;

export const FIELD_COLUMNS = [
  '信息内容',
  '数据项标识',
  '数据项英文名',
  '标准要素',
  '主键',
  '官方代码',
  '数据格式',
  '长度',
  '必填',
  '取值范围',
  '使用权限',
  '脱敏可见',
  '脱敏规则',
  '安全级别',
] as const;

export type ItemColumn = (typeof ITEM_COLUMNS)[number];
export type FieldColumn = (typeof FIELD_COLUMNS)[number];
export type SheetColumn = ItemColumn | FieldColumn;

export const SHEET_COLUMNS: readonly SheetColumn[] = [...ITEM_COLUMNS, ...FIELD_COLUMNS];

const known = new Map<string, SheetColumn>(SHEET_COLUMNS.map((column) => [column, column]));

/** The column with this header, or undefined: headers are compared letter by letter, none is guessed. */
export function columnOfHeader(header: string): SheetColumn | undefined {
  return known.get(header);
}

/** The spreadsheet's name of the column at a 0-based position: A, B … Z, AA. */
export function columnLetter(position: number): string {
  const last = String.fromCharCode(65 + (position % 26));
  return position < 26 ? last : columnLetter(Math.floor(position / 26) - 1) + last;
}
