/** Standard elements, keys and list natures: what an item needs to be stored, linked and identified. */
import { fieldLabel, itemLabel } from './draft.ts';
import type { FieldDraft, ItemDraft } from './draft.ts';
import type { Report } from './finding.ts';
import { FORMATS_OF_ROLE, ROLES_OF_FAMILY } from './interface-fields.ts';
import type { Role, SubjectScope } from './model.ts';
import { FAMILY_WORDS, FORMAT_WORDS, SCOPE_WORDS } from './vocabulary.ts';

/**
 * The element that links an item's rows to their subjects. An item about everybody needs SUBJECT_CODE: its cell may hold a
 * person's number too (DESIGN §6), while a SUBJECT_ID_NUMBER cell never holds an organization's code.
 */
const LINK_OF_SCOPE: Readonly<Record<SubjectScope, Role>> = { ORGANIZATION: 'SUBJECT_CODE', PERSON: 'SUBJECT_ID_NUMBER', ALL: 'SUBJECT_CODE' };
const MISFIT_OF_SCOPE: Readonly<Record<SubjectScope, Role | null>> = { ORGANIZATION: 'SUBJECT_ID_NUMBER', PERSON: 'SUBJECT_CODE', ALL: null };
/** Identifiers of a fixed length: GB 32100 and GB 11643 have 18 characters, GB/T 2260 has 6. */
const LENGTH_OF_ROLE: Partial<Record<Role, number>> = { SUBJECT_CODE: 18, SUBJECT_ID_NUMBER: 18, SOURCE_UNIT_CODE: 18, DIVISION: 6 };

/**
 * Standard elements by which rows are decided (PUBLIC_UNTIL, SOURCE_UNIT_CODE), found or ordered. Values of security level L4 rest
 * encrypted, where nothing can be compared: publicity would never end, and a filter would find nothing.
 */
const COMPARED_ROLES: ReadonlySet<Role> = new Set<Role>([
  ...(['SUBJECT_NAME', 'SUBJECT_STATUS', 'DIVISION', 'DOCUMENT_NUMBER', 'AUTHORITY', 'DECIDED_ON', 'AMOUNT', 'LIST_NAME'] as const),
  ...(['LISTED_ON', 'REMOVED_ON', 'COMMITMENT_KIND', 'COMMITTED_ON', 'FULFILMENT', 'GRADE', 'EVALUATED_ON'] as const),
  ...(['PUBLIC_UNTIL', 'SOURCE_UNIT_CODE'] as const),
]);

export function checkRoles(items: readonly ItemDraft[], report: Report): void {
  for (const item of items) {
    checkListNature(item, report);
    if (item.fields.length === 0) {
      report(item.row, null, 'ITEM_WITHOUT_FIELDS', `项目 ${itemLabel(item)} 没有数据项：请填写`, `item ${itemLabel(item)} has no fields: add them`);
      continue;
    }
    checkEachRole(item, report);
    checkLink(item, report);
    checkKey(item, report);
  }
}

function checkListNature(item: ItemDraft, report: Report): void {
  if (item.family === undefined || item.listNature === undefined) return;
  if (item.family === 'LIST' && item.listNature === null) {
    report(
      item.row,
      '名单性质',
      'LIST_NATURE',
      '名单必须填写名单性质：红名单、黑名单或重点关注',
      'a list needs its nature: write 红名单, 黑名单 or 重点关注',
    );
  } else if (item.family !== 'LIST' && item.listNature !== null) {
    const family = FAMILY_WORDS.word(item.family);
    report(
      item.row,
      '名单性质',
      'LIST_NATURE',
      `信息归属为「${family}」的项目没有名单性质：请清空，或把信息归属改为名单`,
      `only a list has a nature, and this item is ${family}: clear the cell, or make the item a list`,
    );
  }
}

function checkEachRole(item: ItemDraft, report: Report): void {
  const first = new Map<Role, FieldDraft>();
  for (const field of item.fields) {
    const { role, format, row } = field;
    if (role === null || role === undefined) continue;
    const other = first.get(role);
    if (other !== undefined) {
      report(
        row,
        '标准要素',
        'DUPLICATE_ROLE',
        `标准要素 ${role} 在本项目中已用于第 ${other.row} 行（${fieldLabel(other)}）：只保留一个`,
        `the standard element ${role} is already on row ${other.row} (${fieldLabel(other)}): keep it on one field`,
      );
      continue;
    }
    first.set(role, field);
    if (item.family !== undefined && !ROLES_OF_FAMILY[item.family].includes(role)) {
      const family = FAMILY_WORDS.word(item.family);
      report(
        row,
        '标准要素',
        'ROLE_NOT_OF_FAMILY',
        `信息归属为「${family}」的项目没有标准要素 ${role}：请清空或更换`,
        `an item of the family ${family} has no standard element ${role}: clear or change it`,
      );
      continue;
    }
    if (format !== undefined && !FORMATS_OF_ROLE[role].includes(format)) {
      const formats = FORMATS_OF_ROLE[role].map((allowed) => FORMAT_WORDS.word(allowed)).join('、');
      report(
        row,
        '数据格式',
        'ROLE_FORMAT',
        `标准要素 ${role} 的数据格式不能是「${FORMAT_WORDS.word(format)}」：可用 ${formats}`,
        `the standard element ${role} cannot have the format ${FORMAT_WORDS.word(format)}: use ${formats}`,
      );
    }
    if (field.securityLevel === 'L4' && COMPARED_ROLES.has(role)) {
      report(
        row,
        '安全级别',
        'ROLE_SEALED',
        `标准要素 ${role} 用于判定、查询或排序，不能是加密存储的 L4：请改为 L3，或清空标准要素`,
        `rows are decided, found or ordered by the standard element ${role}, which the encryption of L4 does not allow: make it L3, or clear the element`,
      );
    }
    const length = LENGTH_OF_ROLE[role];
    if (length !== undefined && field.length !== undefined && field.length < length) {
      report(row, '长度', 'BAD_LENGTH', `标准要素 ${role} 需要 ${length} 个字符：请加长`, `the standard element ${role} needs ${length} characters: lengthen it`);
    }
  }
}

/** Whether the item's roles are not all known, so that the lack of one cannot be told. */
function rolesUnclear(item: ItemDraft): boolean {
  return item.fields.some((field) => field.role === undefined);
}

function checkLink(item: ItemDraft, report: Report): void {
  const scope = item.subjectScope;
  if (scope === undefined || rolesUnclear(item)) return;
  const link = LINK_OF_SCOPE[scope];
  const word = SCOPE_WORDS.word(scope);
  if (!item.fields.some((field) => field.role === link)) {
    report(
      item.row,
      '标准要素',
      'MISSING_SUBJECT_ROLE',
      `主体范围为「${word}」的项目需要一个标准要素为 ${link} 的数据项，才能对应到信用主体`,
      `an item about ${word} needs a field with the standard element ${link}, so that its rows find their subject`,
    );
    return;
  }
  const misfit = item.fields.find((field) => field.role !== null && field.role === MISFIT_OF_SCOPE[scope]);
  if (misfit !== undefined) {
    report(
      misfit.row,
      '标准要素',
      'ROLE_NOT_OF_SCOPE',
      `主体范围为「${word}」的项目不能有标准要素 ${misfit.role ?? ''}：请清空，或更改主体范围`,
      `an item about ${word} cannot have the standard element ${misfit.role ?? ''}: clear it, or change 主体范围`,
    );
  }
}

function checkKey(item: ItemDraft, report: Report): void {
  if (item.family === undefined || item.fields.some((field) => field.inKey === undefined)) return;
  const keys = item.fields.filter((field) => field.inKey === true);
  if (keys.length === 0) {
    report(
      item.row,
      '主键',
      'MISSING_KEY',
      `项目 ${itemLabel(item)} 没有主键：请标出与主体一起确定一条信息的数据项`,
      `item ${itemLabel(item)} has no key: mark the fields that, with the subject, identify a row`,
    );
  }
  for (const field of keys) {
    if (item.family === 'SUBJECT') {
      if (field.role === undefined || field.role === 'SUBJECT_CODE' || field.role === 'SUBJECT_ID_NUMBER') continue;
      report(
        field.row,
        '主键',
        'KEY_OF_SUBJECT',
        '主体只由其代码确定：主键只能标在 SUBJECT_CODE 或 SUBJECT_ID_NUMBER 上',
        'a subject is identified by its code alone: mark only SUBJECT_CODE or SUBJECT_ID_NUMBER as key',
      );
    } else if (field.required === false) {
      report(
        field.row,
        '必填',
        'KEY_NOT_REQUIRED',
        `主键 ${fieldLabel(field)} 必须必填：为空时不同的信息会被当作同一条`,
        `the key field ${fieldLabel(field)} must be required: without it different rows would count as one`,
      );
    }
  }
}

/** Every party that entries are about needs an item of the family 主体, to which an unknown subject then belongs (DESIGN §6). */
export function checkSubjectItems(items: readonly ItemDraft[], report: Report): void {
  if (items.some((item) => item.family === undefined || item.subjectScope === undefined)) return;
  for (const party of ['ORGANIZATION', 'PERSON'] as const) {
    const concerns = (item: ItemDraft): boolean => item.subjectScope === party || item.subjectScope === 'ALL';
    if (items.some((item) => item.family === 'SUBJECT' && concerns(item))) continue;
    const entry = items.find(concerns);
    if (entry === undefined) continue;
    const word = SCOPE_WORDS.word(party);
    report(
      entry.row,
      '主体范围',
      'NO_SUBJECT_ITEM',
      `目录缺少主体范围为「${word}」的「主体」项目，${itemLabel(entry)} 等项目的信息没有可以归属的主体：请补上`,
      `the catalog has no 主体 item for ${word}, to which the subjects of ${itemLabel(entry)} could belong: add one`,
    );
  }
}
