/** Permissions, masks and what the law forbids. */
import { fieldLabel } from './draft.ts';
import type { FieldDraft, ItemDraft } from './draft.ts';
import type { Report } from './finding.ts';
import { alwaysForbidden, forbiddenWithoutConsent } from './forbidden-fields.ts';
import { FORMATS_OF_MASK } from './mask-form.ts';
import type { Permission } from './model.ts';
import { FORMAT_WORDS, MASK_RULE_WORDS, PERMISSION_WORDS } from './vocabulary.ts';

export function checkAccess(items: readonly ItemDraft[], report: Report): void {
  for (const item of items) {
    for (const field of item.fields) {
      checkMask(field, report);
      checkLaw(item, field, report);
    }
  }
}

function checkMask(field: FieldDraft, report: Report): void {
  const { format, mask, maskedAt, permission } = field;
  if (mask !== undefined && mask !== null && format !== undefined && !FORMATS_OF_MASK[mask].includes(format)) {
    const formats = FORMATS_OF_MASK[mask].map((allowed) => FORMAT_WORDS.word(allowed)).join('、');
    report(
      field.row,
      '脱敏规则',
      'MASK_FORMAT',
      `脱敏规则「${MASK_RULE_WORDS.word(mask)}」不能用于${FORMAT_WORDS.word(format)}：只用于 ${formats}`,
      `the mask rule ${MASK_RULE_WORDS.word(mask)} cannot mask ${FORMAT_WORDS.word(format)}: it is for ${formats}`,
    );
  }
  if (maskedAt === undefined || maskedAt === null) return;
  if (mask === null || mask === 'NONE') {
    report(
      field.row,
      '脱敏规则',
      'MASK_MISSING',
      `${fieldLabel(field)} 填写了脱敏可见但没有脱敏规则，等于公开原值：请填写脱敏规则或清空脱敏可见`,
      `${fieldLabel(field)} is visible masked but has no mask, which would show the value itself: name a mask rule, or clear 脱敏可见`,
    );
  }
  if (permission !== undefined && !addsToPermission(maskedAt, permission)) {
    report(
      field.row,
      '脱敏可见',
      'MASK_LEVEL',
      `脱敏可见「${PERMISSION_WORDS.word(maskedAt)}」不比使用权限「${PERMISSION_WORDS.word(permission)}」更宽，没有作用：请清空或放宽`,
      `the masked form at ${PERMISSION_WORDS.word(maskedAt)} reaches nobody beyond ${PERMISSION_WORDS.word(permission)}: clear the cell, or widen it`,
    );
  }
}

/** Whether the masked form reaches anybody whom the value does not. Levels are sets of channels: 政务共享 and 授权查询 each add to the other. */
function addsToPermission(maskedAt: Permission, permission: Permission): boolean {
  return permission !== 'PUBLIC' && maskedAt !== permission && maskedAt !== 'PROVIDER_ONLY';
}

function checkLaw(item: ItemDraft, field: FieldDraft, report: Report): void {
  const forbidden = alwaysForbidden(field);
  if (forbidden !== undefined) {
    report(
      field.row,
      '信息内容',
      'LAW_FORBIDDEN',
      `法律禁止归集（${forbidden}，《征信业管理条例》第十四条）：请删除 ${fieldLabel(field)}`,
      `the law forbids collecting this (${forbidden}; 征信业管理条例 art. 14): remove ${fieldLabel(field)}`,
    );
    return;
  }
  // An item about everybody holds natural persons too, and the sheet cannot tell its rows apart.
  if (item.subjectScope !== 'PERSON' && item.subjectScope !== 'ALL') return;
  const restricted = forbiddenWithoutConsent(field);
  if (restricted === undefined) return;
  const opensWithoutConsent = (level: Permission | null | undefined): boolean => level === 'PUBLIC' || level === 'GOV_SHARED';
  const value = opensWithoutConsent(field.permission);
  if (!value && !opensWithoutConsent(field.maskedAt)) return;
  report(
    field.row,
    value ? '使用权限' : '脱敏可见',
    'LAW_NEEDS_CONSENT',
    `自然人的${restricted}须经本人书面同意（《征信业管理条例》第十四条）：${value ? '使用权限只能是授权查询或不予共享' : '请清空脱敏可见'}`,
    `of natural persons, ${restricted} needs written consent (征信业管理条例 art. 14): ${value ? 'make it 授权查询 or 不予共享' : 'clear 脱敏可见'}`,
  );
}
