/** Names and codes: legal in GraphQL, not the API's own, and unique where they must be. */
import { fieldLabel, itemLabel } from './draft.ts';
import type { FieldDraft, ItemDraft } from './draft.ts';
import type { FindingCode, Report } from './finding.ts';
import { INTERFACE_FIELDS, INTERFACE_OF_FAMILY, RESERVED_TYPE_NAMES, SYSTEM_FIELD } from './interface-fields.ts';
import { maskChangesForm } from './mask-form.ts';
import type { SheetColumn } from './sheet-columns.ts';

/** GraphQL's Name, and what it reserves for introspection (GraphQL specification §2.1.9, §4). */
const GRAPHQL_NAME = /^(?!__)[_A-Za-z][_0-9A-Za-z]*$/;
/** Members that every JavaScript object has: a field of such a name would answer for them. */
const OBJECT_MEMBERS: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

export function checkNames(items: readonly ItemDraft[], report: Report): void {
  checkUnique(items, (item) => item.code, '目录代码', 'DUPLICATE_CODE', report);
  checkUnique(items, (item) => item.nameZh, '项目名称', 'DUPLICATE_ITEM_NAME', report);
  checkUnique(items, (item) => item.typeName, '接口类型名', 'DUPLICATE_TYPE_NAME', report);
  for (const item of items) {
    checkTypeName(item, report);
    for (const field of item.fields) checkFieldName(item, field, report);
    checkUnique(item.fields, (field) => field.key, '数据项标识', 'DUPLICATE_FIELD_KEY', report);
    checkUnique(item.fields, (field) => field.nameZh, '信息内容', 'DUPLICATE_FIELD_NAME', report);
    checkUnique(item.fields, (field) => field.officialCode ?? undefined, '官方代码', 'DUPLICATE_OFFICIAL_CODE', report);
    checkHeaders(item, report);
  }
}

function checkTypeName(item: ItemDraft, report: Report): void {
  const name = item.typeName;
  if (name === undefined) return;
  if (!isLegalName(name)) reportIllegalName(item.row, '接口类型名', name, report);
  else if (RESERVED_TYPE_NAMES.has(name)) {
    report(
      item.row,
      '接口类型名',
      'RESERVED_NAME',
      `「${name}」是接口固有的类型名：请换一个名称`,
      `${name} is a type of the API itself: choose another name`,
    );
  }
}

function checkFieldName(item: ItemDraft, field: FieldDraft, report: Report): void {
  const { key } = field;
  if (key === undefined) return;
  if (!isLegalName(key)) {
    reportIllegalName(field.row, '数据项标识', key, report);
    return;
  }
  if (item.family === undefined) return;
  const fields = INTERFACE_FIELDS[item.family];
  const role = Object.hasOwn(fields, key) ? fields[key] : undefined;
  if (role === undefined) return;
  const owner = INTERFACE_OF_FAMILY[item.family];
  if (role === SYSTEM_FIELD) {
    report(
      field.row,
      '数据项标识',
      'INTERFACE_FIELD',
      `「${key}」是接口 ${owner} 由系统填写的字段：请换一个标识`,
      `${key} is a field of ${owner} that the gateway fills itself: choose another name`,
    );
  } else if (field.role !== undefined && field.role !== role) {
    report(
      field.row,
      '数据项标识',
      'INTERFACE_FIELD',
      `「${key}」是接口 ${owner} 的字段，对应标准要素 ${role}：请填写该标准要素，或换一个标识`,
      `${key} is the field of ${owner} for the standard element ${role}: give it that element, or choose another name`,
    );
  } else if (field.format !== undefined && field.mask !== undefined && maskChangesForm({ format: field.format, mask: field.mask })) {
    report(
      field.row,
      '数据项标识',
      'INTERFACE_FIELD',
      `「${key}」是接口 ${owner} 的字段，而脱敏后的形式与其类型不符：请换一个标识`,
      `${key} is a field of ${owner} whose type the masked form does not fit: choose another name`,
    );
  }
}

/**
 * A file may head a column with a field's Chinese name, its key or its official code, so no two fields of an item may share
 * one of them crosswise. (The same kind of name twice is reported as a duplicate.)
 */
function checkHeaders(item: ItemDraft, report: Report): void {
  const owners = new Map<string, FieldDraft>();
  for (const field of item.fields) {
    const columns: readonly (readonly [SheetColumn, string | null | undefined])[] = [
      ['信息内容', field.nameZh],
      ['数据项标识', field.key],
      ['官方代码', field.officialCode],
    ];
    for (const [column, header] of columns) {
      if (typeof header !== 'string') continue;
      const owner = owners.get(header);
      if (owner === undefined) owners.set(header, field);
      else if (owner !== field && !sharesSameKind(owner, field, header)) {
        report(
          field.row,
          column,
          'AMBIGUOUS_HEADER',
          `「${header}」也是第 ${owner.row} 行数据项 ${fieldLabel(owner)} 的名称：报送文件的表头将无法区分，请改名`,
          `"${header}" also names the field ${fieldLabel(owner)} of row ${owner.row}: a file's header could mean either, rename one`,
        );
      }
    }
  }
}

function sharesSameKind(a: FieldDraft, b: FieldDraft, header: string): boolean {
  return (
    (a.nameZh === header && b.nameZh === header) ||
    (a.key === header && b.key === header) ||
    (a.officialCode === header && b.officialCode === header)
  );
}

function checkUnique<T extends ItemDraft | FieldDraft>(
  things: readonly T[],
  nameOf: (thing: T) => string | undefined,
  column: SheetColumn,
  code: FindingCode,
  report: Report,
): void {
  const first = new Map<string, T>();
  for (const thing of things) {
    const name = nameOf(thing);
    if (name === undefined) continue;
    const other = first.get(name);
    if (other === undefined) {
      first.set(name, thing);
      continue;
    }
    const owner = 'fields' in other ? itemLabel(other) : fieldLabel(other);
    report(
      thing.row,
      column,
      code,
      `「${column}」的值「${name}」与第 ${other.row} 行（${owner}）重复：请改为不同的值`,
      `${column} "${name}" is already on row ${other.row} (${owner}): make it different`,
    );
  }
}

function isLegalName(name: string): boolean {
  return GRAPHQL_NAME.test(name) && !OBJECT_MEMBERS.has(name);
}

function reportIllegalName(row: number, column: SheetColumn, name: string, report: Report): void {
  report(
    row,
    column,
    'BAD_NAME',
    `「${name}」不能作为 GraphQL 名称：只用英文字母、数字和下划线，不以数字或两个下划线开头`,
    `"${name}" is no usable GraphQL name: use letters, digits and underscores, not beginning with a digit or two underscores`,
  );
}
