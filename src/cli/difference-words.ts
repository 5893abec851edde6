/** A difference of two catalogs in words, Chinese and English, as `catalog diff` and `catalog publish --dry-run` print it. */
import { accessDifference } from '../access/index.ts';
import type { AccessChange } from '../access/index.ts';
import { catalogDifference, fieldCells, isSame, itemCells } from '../catalog/index.ts';
import type { CatalogDifference, CellChange, ItemChange } from '../catalog/index.ts';
import type { Catalog, CatalogField, CatalogItem } from '../catalog/model.ts';

export interface DescribedDifference {
  readonly difference: CatalogDifference;
  readonly access: readonly AccessChange[];
  /** for people; ends with a line break */
  readonly text: string;
}

/** @param from what the earlier catalog is called, for instance `version 3` */
export function describeDifference(before: Catalog, from: string, after: Catalog, to: string): DescribedDifference {
  const difference = catalogDifference(before, after);
  const access = accessDifference(before, after);
  const title = `From ${from} to ${to} / 从 ${from} 到 ${to}`;
  const lines = isSame(difference)
    ? [title, '', 'Nothing differs. / 两者相同。']
    : [title, '', ...structureLines(difference), '', ...accessLines(access), '', ...schemaLines(difference)];
  return { difference, access, text: `${lines.join('\n')}\n` };
}

function structureLines(difference: CatalogDifference): string[] {
  return [
    'What changes in the catalog / 目录变化',
    ...difference.itemsAdded.map(
      (item) => `  + ${itemLabel(item)}: new item, ${item.fields.length} fields / 新增项目，${item.fields.length} 个数据项`,
    ),
    ...difference.itemsRemoved.map((item) => `  - ${itemLabel(item)}: item removed / 删除项目`),
    ...difference.itemsChanged.flatMap(itemLines),
    ...(difference.reordered ? ['  the order of the items / 项目顺序'] : []),
  ];
}

function itemLines(change: ItemChange): string[] {
  const lines = [
    ...cellWords(change.cells),
    ...change.fieldsAdded.map((field) => `+ ${fieldLabel(field)}: new field / 新增数据项 (${addedWords(field)})`),
    ...change.fieldsRemoved.map((field) => `- ${fieldLabel(field)}: field removed / 删除数据项`),
    ...change.fieldsChanged.map(({ after, cells }) => `~ ${fieldLabel(after)}: ${cellWords(cells).join('; ')}`),
    ...(change.reordered ? ['the order of the fields / 数据项顺序'] : []),
  ];
  return [`  ~ ${itemLabel(change.after)}`, ...lines.map((line) => `      ${line}`)];
}

function cellWords(cells: readonly CellChange<string>[]): string[] {
  return cells.map(({ column, from, to }) => `${column} ${from === '' ? '(blank)' : from} → ${to === '' ? '(blank)' : to}`);
}

function addedWords(field: CatalogField): string {
  const cells = fieldCells(field);
  return [cells.数据格式, cells.使用权限, cells.脱敏可见, cells.脱敏规则].filter((word) => word !== '').join(', ');
}

function accessLines(access: readonly AccessChange[]): string[] {
  const title = 'What opens and what closes / 开放与关闭';
  if (access.length === 0) return [title, '  nothing: everybody reads what they read before / 无变化'];
  const of = (direction: AccessChange['direction'], sign: string): string[] =>
    access.filter((change) => change.direction === direction).flatMap(({ en, zh }) => [`  ${sign} ${en}`, `    ${zh}`]);
  return [title, ...of('OPENS', '+'), ...of('CLOSES', '-')];
}

function schemaLines(difference: CatalogDifference): string[] {
  return difference.structure
    ? ['The structure of the schema changes: it is compiled anew. / 接口结构有变化，将重新编译。']
    : ['The structure of the schema stays: no type or field of the API changes. / 接口结构不变。'];
}

function itemLabel(item: CatalogItem): string {
  const cells = itemCells(item);
  return `${cells.目录代码} ${cells.接口类型名} ${cells.项目名称}`;
}

function fieldLabel(field: CatalogField): string {
  return `${field.key} ${field.nameZh}`;
}
