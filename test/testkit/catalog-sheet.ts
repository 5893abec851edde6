import type { CatalogDocument, CatalogField, CatalogItem } from '../../src/catalog/model.ts';
import type { FieldColumn, ItemColumn } from '../../src/catalog/sheet-columns.ts';
import { SHEET_COLUMNS } from '../../src/catalog/sheet-columns.ts';
import {
  FAMILY_WORDS,
  FORMAT_WORDS,
  LIST_NATURE_WORDS,
  MASK_RULE_WORDS,
  PERMISSION_WORDS,
  SCOPE_WORDS,
  workingDaysWord,
} from '../../src/catalog/vocabulary.ts';

/** The document as the CSV sheet that would compile to it: the way in through the front door. */
export function catalogSheet(document: CatalogDocument): string {
  const lines = document.items.flatMap((item) =>
    item.fields.map((field, at) => {
      const cells: Readonly<Record<string, string>> = { ...(at === 0 ? itemCells(item) : {}), ...fieldCells(field) };
      return SHEET_COLUMNS.map((column) => `"${(cells[column] ?? '').replaceAll('"', '""')}"`).join(',');
    }),
  );
  return `${[SHEET_COLUMNS.join(','), ...lines].join('\r\n')}\r\n`;
}

function itemCells(item: CatalogItem): Readonly<Record<ItemColumn, string>> {
  return {
    目录代码: item.code,
    项目名称: item.nameZh,
    项目英文名: item.nameEn,
    接口类型名: item.typeName,
    信息类别: item.category,
    信息归属: FAMILY_WORDS.word(item.family),
    主体范围: SCOPE_WORDS.word(item.subjectScope),
    名单性质: item.listNature === null ? '' : LIST_NATURE_WORDS.word(item.listNature),
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

function fieldCells(field: CatalogField): Readonly<Record<FieldColumn, string>> {
  return {
    信息内容: field.nameZh,
    数据项标识: field.key,
    数据项英文名: field.nameEn,
    标准要素: field.role ?? '',
    主键: field.inKey ? '是' : '',
    官方代码: field.officialCode ?? '',
    数据格式: FORMAT_WORDS.word(field.format),
    长度: String(field.length),
    必填: field.required ? '是' : '否',
    取值范围: field.values?.join('|') ?? '',
    使用权限: PERMISSION_WORDS.word(field.permission),
    脱敏可见: field.maskedAt === null ? '' : PERMISSION_WORDS.word(field.maskedAt),
    脱敏规则: field.mask === null ? '' : MASK_RULE_WORDS.word(field.mask),
    安全级别: field.securityLevel,
  };
}
