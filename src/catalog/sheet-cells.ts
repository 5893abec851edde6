/** The model back in the sheet's words: the inverse of reading a sheet. */
import type { CatalogField, CatalogItem } from './model.ts';
import type { FieldColumn, ItemColumn } from './sheet-columns.ts';
import {
  FAMILY_WORDS,
  FORMAT_WORDS,
  LIST_NATURE_WORDS,
  MASK_RULE_WORDS,
  PERMISSION_WORDS,
  ROLE_WORDS,
  SCOPE_WORDS,
  SECURITY_LEVEL_WORDS,
  workingDaysWord,
} from './vocabulary.ts';
import type { Vocabulary } from './vocabulary.ts';

/** An item as its cells would be written, '' for what a sheet leaves blank. */
export function itemCells(item: CatalogItem): Readonly<Record<ItemColumn, string>> {
  return {
    目录代码: item.code,
    项目名称: item.nameZh,
    项目英文名: item.nameEn,
    接口类型名: item.typeName,
    信息类别: item.category,
    信息归属: FAMILY_WORDS.word(item.family),
    主体范围: SCOPE_WORDS.word(item.subjectScope),
    名单性质: optional(LIST_NATURE_WORDS, item.listNature),
    自然人公示: item.personPublic ? '是' : '',
    提供单位: item.provider,
    归集范围: item.collectionScope,
    归集程序: item.collectionProcedure,
    归集路径: item.collectionPath,
    归集时限: workingDaysWord(item.collectionDeadlineDays),
    公布方式: item.publicationMethod,
    更新周期: item.updateCycle,
  };
}

/** A field likewise. */
export function fieldCells(field: CatalogField): Readonly<Record<FieldColumn, string>> {
  return {
    信息内容: field.nameZh,
    数据项标识: field.key,
    数据项英文名: field.nameEn,
    标准要素: optional(ROLE_WORDS, field.role),
    主键: field.inKey ? '是' : '',
    官方代码: field.officialCode ?? '',
    数据格式: FORMAT_WORDS.word(field.format),
    长度: String(field.length),
    必填: field.required ? '是' : '否',
    取值范围: field.values?.join('|') ?? '',
    使用权限: PERMISSION_WORDS.word(field.permission),
    脱敏可见: optional(PERMISSION_WORDS, field.maskedAt),
    脱敏规则: optional(MASK_RULE_WORDS, field.mask),
    安全级别: SECURITY_LEVEL_WORDS.word(field.securityLevel),
  };
}

function optional<T>(vocabulary: Vocabulary<T>, meaning: T | null): string {
  return meaning === null ? '' : vocabulary.word(meaning);
}
