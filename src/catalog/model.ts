/**
 * The compiled catalog (公共信用信息目录): what the sheet says, in the gateway's own words.
 * Plain data, frozen after compilation; everything else in the gateway is derived from it.
 */

/** 使用权限, the access policy of one field (DESIGN §2, §3). */
export const PERMISSIONS = ['PUBLIC', 'GOV_SHARED', 'AUTHORIZED', 'PROVIDER_ONLY'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** 信息归属: the interface an item's type implements. */
export const FAMILIES = ['SUBJECT', 'RECORD', 'LIST', 'COMMITMENT', 'EVALUATION'] as const;
export type Family = (typeof FAMILIES)[number];
/** The four families of entries (信用信息): all but the subjects themselves. */
export type EntryFamily = Exclude<Family, 'SUBJECT'>;

/** 主体范围: whom an item's entries may concern. */
export type SubjectScope = 'ORGANIZATION' | 'PERSON' | 'ALL';

/** 名单性质. */
export type ListNature = 'RED' | 'BLACK' | 'WATCH';

/** 标准要素: the role of a field that all items of a family share. */
export const ROLES = [
  'SUBJECT_CODE',
  'SUBJECT_ID_NUMBER',
  'SUBJECT_NAME',
  'SUBJECT_KIND',
  'SUBJECT_STATUS',
  'DIVISION',
  'DOCUMENT_NUMBER',
  'TITLE',
  'DECIDED_ON',
  'AUTHORITY',
  'VALID_FROM',
  'VALID_UNTIL',
  'PUBLIC_UNTIL',
  'AMOUNT',
  'LIST_NAME',
  'LISTED_ON',
  'REMOVED_ON',
  'COMMITMENT_KIND',
  'COMMITTED_ON',
  'FULFILMENT',
  'GRADE',
  'SCORE',
  'EVALUATED_ON',
  'SOURCE_UNIT',
  'SOURCE_UNIT_CODE',
  'REPORTED_AT',
] as const;
export type Role = (typeof ROLES)[number];

/** 数据格式. */
export const FORMATS = ['STRING', 'TEXT', 'CODE', 'DATE', 'DATETIME', 'INTEGER', 'DECIMAL', 'BOOLEAN'] as const;
export type Format = (typeof FORMATS)[number];

/** 脱敏规则, after docs/domain.md §12.4 of the design papers. */
export const MASK_RULES = [
  'NONE',
  'NAME',
  'ID_CARD',
  'CERT_NO',
  'PERSON_CODE',
  'PHONE',
  'EMAIL',
  'ADDRESS',
  'BANK_ACCOUNT',
  'AMOUNT_RANGE',
  'DATE_YEAR',
  'TEXT_SCRUB',
  'FULL',
] as const;
export type MaskRule = (typeof MASK_RULES)[number];

/** 安全级别. */
export type SecurityLevel = 'L1' | 'L2' | 'L3' | 'L4';

/** One data field (数据项) of an item. */
export interface CatalogField {
  /** 数据项标识: the GraphQL name, and the key under which the value is stored */
  readonly key: string;
  /** 信息内容: the Chinese name */
  readonly nameZh: string;
  /** 数据项英文名 */
  readonly nameEn: string;
  readonly role: Role | null;
  /** 主键: with the subject, identifies the entry */
  readonly inKey: boolean;
  /** 官方代码: the national template's column code (CF_…, XK_…) */
  readonly officialCode: string | null;
  readonly format: Format;
  /** in characters (Unicode code points); for numbers, digits in all */
  readonly length: number;
  readonly required: boolean;
  /** 取值范围; null: any value */
  readonly values: readonly string[] | null;
  readonly permission: Permission;
  /** 脱敏可见: the level at which the masked form is visible; null: at none */
  readonly maskedAt: Permission | null;
  readonly mask: MaskRule | null;
  readonly securityLevel: SecurityLevel;
}

/**
 * Whether the field's values rest encrypted: security level L4, and every natural person's number. Such a value fills no typed
 * column (a copy in the clear would undo the seal), so nothing can be searched or sorted by it.
 */
export function restsSealed(field: CatalogField): boolean {
  return field.securityLevel === 'L4' || field.role === 'SUBJECT_ID_NUMBER';
}

/** One item (目录项目): a kind of information with its provider and its fields. */
export interface CatalogItem {
  /** 目录代码, for instance 150000-03-003 */
  readonly code: string;
  /** 接口类型名: the GraphQL type of its entries */
  readonly typeName: string;
  /** 项目名称 */
  readonly nameZh: string;
  /** 项目英文名 */
  readonly nameEn: string;
  /** 信息类别 */
  readonly category: string;
  readonly family: Family;
  readonly subjectScope: SubjectScope;
  /** 名单性质; lists only */
  readonly listNature: ListNature | null;
  /** 自然人公示: law publishes this item for natural persons too */
  readonly personPublic: boolean;
  /** 提供单位 */
  readonly provider: string;
  /** 归集范围 */
  readonly collectionScope: string;
  /** 归集程序 */
  readonly collectionProcedure: string;
  /** 归集路径 */
  readonly collectionPath: string;
  /** 归集时限, in working days */
  readonly collectionDeadlineDays: number;
  /** 公布方式 */
  readonly publicationMethod: string;
  /** 更新周期, as the sheet words it */
  readonly updateCycle: string;
  readonly fields: readonly CatalogField[];
}

/** What a sheet compiles to, before it has a version. */
export interface CatalogDocument {
  readonly items: readonly CatalogItem[];
}

/** A published catalog with look-ups; immutable. */
export interface Catalog extends CatalogDocument {
  readonly version: number;
  readonly publishedAt: Date;
  /** the sheet's file name, or what was rolled back to */
  readonly source: string;
  /** by catalog code or by type name; undefined when the catalog has no such item */
  item(codeOrTypeName: string): CatalogItem | undefined;
}

/** The item's field with this role, if it has one. */
export function fieldWithRole(item: CatalogItem, role: Role): CatalogField | undefined {
  return item.fields.find((field) => field.role === role);
}
