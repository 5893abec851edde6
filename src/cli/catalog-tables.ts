/** Catalogs as tables for people: `catalog show`. */
import { fieldCells, itemCells } from '../catalog/index.ts';
import type { VersionSummary } from '../catalog/index.ts';
import { PERMISSIONS } from '../catalog/model.ts';
import type { Catalog, CatalogItem } from '../catalog/model.ts';
import { ITEM_COLUMNS } from '../catalog/sheet-columns.ts';
import type { FieldColumn } from '../catalog/sheet-columns.ts';
import { PERMISSION_WORDS } from '../catalog/vocabulary.ts';
import { table } from './table.ts';

const SHOWN_OF_FIELD: readonly FieldColumn[] = [
  '数据项标识',
  '信息内容',
  '数据格式',
  '长度',
  '必填',
  '主键',
  '标准要素',
  '使用权限',
  '脱敏可见',
  '脱敏规则',
  '安全级别',
  '官方代码',
  '取值范围',
];

/** All items with their number of fields by permission. */
export function itemsTable(catalog: Catalog): string {
  const header = [
    '目录代码',
    '接口类型名',
    '项目名称',
    '信息归属',
    '主体范围',
    '数据项',
    ...PERMISSIONS.map((level) => PERMISSION_WORDS.word(level)),
  ];
  return table(
    header,
    catalog.items.map((item) => {
      const cells = itemCells(item);
      const counts = PERMISSIONS.map((level) => String(item.fields.filter((field) => field.permission === level).length));
      return [
        cells.目录代码,
        cells.接口类型名,
        cells.项目名称,
        cells.信息归属,
        cells.主体范围,
        String(item.fields.length),
        ...counts,
      ];
    }),
  );
}

/** One item: its elements, then its fields. */
export function itemTables(item: CatalogItem): string {
  const cells = itemCells(item);
  const elements = ITEM_COLUMNS.filter((column) => cells[column] !== '').map((column) => [column, cells[column]]);
  const fields = item.fields.map((field) => {
    const words = fieldCells(field);
    return SHOWN_OF_FIELD.map((column) => words[column]);
  });
  return `${table(['要素', '内容'], elements)}\n${table(SHOWN_OF_FIELD, fields)}`;
}

export function versionsTable(versions: readonly VersionSummary[]): string {
  return table(
    ['版本 VERSION', '发布时间 PUBLISHED', '来源 SOURCE'],
    versions.map(({ version, publishedAt, source }) => [String(version), publishedAt.toISOString(), source]),
  );
}
