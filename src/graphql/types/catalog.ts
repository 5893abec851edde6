/** The published catalog as the API shows it: all thirteen elements (the catalog is public). */
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { FAMILIES, FORMATS, MASK_RULES, PERMISSIONS, ROLES } from '../../catalog/model.ts';
import type {
  CatalogItem as Item,
  Family,
  Format,
  ListNature as Nature,
  MaskRule as Rule,
  Permission as Level,
  Role,
  SecurityLevel,
  SubjectScope as Scope,
} from '../../catalog/model.ts';
import { DateTimeScalar } from '../scalars.ts';
import { ListNature } from './node.ts';

const words = (list: readonly string[]): Record<string, string> => Object.fromEntries(list.map((word) => [word, word]));
const PermissionEnum = words(PERMISSIONS);
export const FamilyEnum = words(FAMILIES);
const FormatEnum = words(FORMATS);
const MaskRuleEnum = words(MASK_RULES);
const RoleEnum = words(ROLES);
const ScopeEnum = words(['ORGANIZATION', 'PERSON', 'ALL']);

registerEnumType(PermissionEnum, {
  name: 'Permission',
  description: '使用权限 / usage permission',
  valuesConfig: {
    PUBLIC: { description: '社会公开' },
    GOV_SHARED: { description: '政务共享' },
    AUTHORIZED: { description: '授权查询' },
    PROVIDER_ONLY: { description: '不予共享' },
  },
});
registerEnumType(FamilyEnum, { name: 'ItemFamily', description: '信息归属 / the family an item belongs to' });
registerEnumType(FormatEnum, { name: 'DataFormat', description: '数据格式 / data format' });
registerEnumType(MaskRuleEnum, { name: 'MaskRule', description: '脱敏规则 / mask rule' });
registerEnumType(RoleEnum, {
  name: 'StandardElement',
  description: '标准要素 / the role of a field that all items of a family share',
});
registerEnumType(ScopeEnum, { name: 'SubjectScope', description: '主体范围 / whom the entries may concern' });

@ObjectType({ description: '数据项（信息内容） / one data field of an item' })
export class CatalogField {
  @Field(() => String, { description: '数据项标识 / its name in this API' })
  key!: string;

  @Field(() => String, { description: '信息内容：中文名称 / Chinese name' })
  nameZh!: string;

  @Field(() => String, { description: '数据项英文名 / English name' })
  nameEn!: string;

  @Field(() => RoleEnum, { nullable: true, description: '标准要素 / standard element' })
  role!: Role | null;

  @Field(() => Boolean, { description: '主键 / part of the entry’s key' })
  inKey!: boolean;

  @Field(() => String, { nullable: true, description: '官方代码 / column code of the national template' })
  officialCode!: string | null;

  @Field(() => FormatEnum, { description: '数据格式 / data format' })
  format!: Format;

  @Field(() => Int, { description: '长度（字符） / length in characters' })
  length!: number;

  @Field(() => Boolean, { description: '必填 / required at intake' })
  required!: boolean;

  @Field(() => [String], { nullable: true, description: '取值范围 / allowed values' })
  values!: readonly string[] | null;

  @Field(() => PermissionEnum, { description: '使用权限 / usage permission' })
  permission!: Level;

  @Field(() => PermissionEnum, { nullable: true, description: '脱敏可见 / level at which the masked form is visible' })
  maskedAt!: Level | null;

  @Field(() => MaskRuleEnum, { nullable: true, description: '脱敏规则 / mask rule' })
  mask!: Rule | null;

  @Field(() => String, { description: '安全级别 / security level' })
  securityLevel!: SecurityLevel;
}

@ObjectType({ description: '目录项目 / one kind of information in the catalog' })
export class CatalogItem {
  @Field(() => String, { description: '目录代码 / catalog code' })
  code!: string;

  @Field(() => String, { description: '接口类型名 / GraphQL type of its entries' })
  typeName!: string;

  @Field(() => String, { description: '项目名称 / Chinese name' })
  nameZh!: string;

  @Field(() => String, { description: '项目英文名 / English name' })
  nameEn!: string;

  @Field(() => String, { description: '信息类别 / category' })
  category!: string;

  @Field(() => FamilyEnum, { description: '信息归属 / family' })
  family!: Family;

  @Field(() => ScopeEnum, { description: '主体范围 / subject scope' })
  subjectScope!: Scope;

  @Field(() => ListNature, { nullable: true, description: '名单性质 / nature of the list' })
  listNature!: Nature | null;

  @Field(() => Boolean, { description: '自然人公示：法律规定对自然人也公示 / published for natural persons too, by law' })
  personPublic!: boolean;

  @Field(() => String, { description: '提供单位 / provider' })
  provider!: string;

  @Field(() => String, { description: '归集范围 / scope of collection' })
  collectionScope!: string;

  @Field(() => String, { description: '归集程序 / collection procedure' })
  collectionProcedure!: string;

  @Field(() => String, { description: '归集路径 / collection path' })
  collectionPath!: string;

  @Field(() => Int, { description: '归集时限（工作日） / collection deadline in working days' })
  collectionDeadlineDays!: number;

  @Field(() => String, { description: '公布方式 / way of publication' })
  publicationMethod!: string;

  @Field(() => String, { description: '更新周期 / update cycle' })
  updateCycle!: string;

  @Field(() => [CatalogField], { description: '信息内容 / data fields' })
  fields!: readonly CatalogField[];
}

@ObjectType({ description: '公共信用信息目录的一个版本 / one version of the published catalog' })
export class Catalog {
  @Field(() => Int, { description: '版本号 / version' })
  version!: number;

  @Field(() => DateTimeScalar, { description: '发布时间 / published at' })
  publishedAt!: Date;

  @Field(() => String, { description: '来源文件 / source sheet' })
  source!: string;

  @Field(() => [CatalogItem], { description: '目录项目 / items' })
  items!: readonly Item[];
}
