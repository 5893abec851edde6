/** Who the caller is and what it would get: a department's developer reads it instead of calling the centre. */
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { CLIENT_KINDS } from '../../access/index.ts';
import { DateScalar } from '../scalars.ts';
import { CatalogField, CatalogItem } from './catalog.ts';

const words = (list: readonly string[]): Record<string, string> => Object.fromEntries(list.map((word) => [word, word]));
export const ClientKindEnum = words(CLIENT_KINDS);
const OutcomeEnum = words(['OPEN', 'MASKED', 'WITHHELD']);
const ReasonEnum = words(['PERMISSION', 'NO_AUTHORIZATION', 'NATURAL_PERSON']);

registerEnumType(ClientKindEnum, { name: 'ClientKind', description: '接入方类型 / kind of client' });
registerEnumType(OutcomeEnum, {
  name: 'AccessOutcome',
  description: '访问结果 / what a caller gets of a field',
  valuesConfig: {
    OPEN: { description: '原值 / the value' },
    MASKED: { description: '脱敏值 / its masked form' },
    WITHHELD: { description: '不提供 / nothing' },
  },
});
registerEnumType(ReasonEnum, {
  name: 'WithheldReason',
  description: '未提供原值的原因 / why not the value itself',
  valuesConfig: {
    PERMISSION: { description: '使用权限不足 / the permission does not open it' },
    NO_AUTHORIZATION: { description: '缺少有效授权 / no live authorization or grant' },
    NATURAL_PERSON: { description: '涉及自然人 / about a natural person' },
  },
});

@ObjectType({ description: '一种情形下的访问结果 / what the caller gets in one situation' })
export class AccessStanding {
  @Field(() => OutcomeEnum)
  outcome!: string;

  @Field(() => String, { nullable: true, description: '取得原值所需的使用权限 / the permission that would open the value' })
  required!: string | null;

  @Field(() => ReasonEnum, { nullable: true })
  reason!: string | null;
}

@ObjectType({ description: '一个数据项上的权限 / the caller’s standing on one field' })
export class ViewerField {
  @Field(() => CatalogField)
  field!: CatalogField;

  @Field(() => AccessStanding, { nullable: true, description: '关于组织的有效信息 / on an entry in force about an organization' })
  organization!: AccessStanding | null;

  @Field(() => AccessStanding, {
    nullable: true,
    description: '关于自然人的有效信息 / on an entry in force about a natural person',
  })
  person!: AccessStanding | null;
}

@ObjectType({ description: '一个目录项目上的权限 / the caller’s standing on one item' })
export class ViewerItem {
  @Field(() => CatalogItem)
  item!: CatalogItem;

  @Field(() => Boolean, { description: '是否在接入方的项目范围内 / within the items the client is limited to' })
  withinLimits!: boolean;

  @Field(() => Boolean, { description: '是否持有依法查询事项 / whether the client holds a live grant' })
  granted!: boolean;

  @Field(() => [ViewerField])
  fields!: ViewerField[];
}

@ObjectType({ description: '当前接入方 / the calling client' })
export class Viewer {
  @Field(() => String)
  id!: string;

  @Field(() => ClientKindEnum)
  kind!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String, { nullable: true, description: '机构统一社会信用代码 / organization code' })
  orgCode!: string | null;

  @Field(() => String, { nullable: true, description: '许可证或备案号 / licence or filing number' })
  license!: string | null;

  @Field(() => DateScalar, { nullable: true, description: '许可有效期至 / last day of the licence' })
  licenseUntil!: string | null;

  @Field(() => Boolean, { description: '查询须说明目的与事项 / must state X-Purpose and X-Matter-Number beyond 社会公开' })
  statesPurpose!: boolean;

  @Field(() => [ViewerItem], { description: '各目录项目与数据项上的权限 / standing per item and field' })
  items!: ViewerItem[];
}
