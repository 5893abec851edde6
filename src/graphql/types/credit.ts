/**
 * The fixed interfaces of DESIGN §4 with their Relay connections. The object types that implement them come from the
 * catalog (compile-schema.ts). One file, because subjects and entries refer to each other.
 * No field here has a resolver of its own: rows arrive decided, masked and shaped (src/reading).
 */
import { Args, Field, Int, InterfaceType, ObjectType } from 'type-graphql';
import { DateScalar, DateTimeScalar, DecimalScalar } from '../scalars.ts';
import { CatalogItem } from './catalog.ts';
import { CommitmentsArguments, CreditRecordsArguments, EvaluationsArguments, ListEntriesArguments } from './inputs.ts';
import { EntryStatus, ListNature, Node, PageInfo, SubjectKind } from './node.ts';

const FIXED = { autoRegisterImplementations: false };
const TOTAL = { nullable: true, description: '总数，仅在请求时计算 / computed only when asked for' };

@InterfaceType('Subject', {
  ...FIXED,
  implements: Node,
  description: '信用主体：组织或自然人 / an organization or a natural person',
})
export abstract class Subject extends Node {
  @Field(() => CatalogItem, { description: '目录项目 / its catalog item' })
  catalogItem!: CatalogItem;

  @Field(() => SubjectKind, { description: '主体类型 / kind' })
  kind!: string;

  @Field(() => Boolean, { description: '是否已有登记信息；否则仅见于信用信息 / false: known only from entries that name it' })
  registered!: boolean;

  @Field(() => String, { nullable: true, description: '名称（姓名） / name' })
  name!: string | null;

  @Field(() => String, { nullable: true, description: '统一社会信用代码 / unified social credit code' })
  creditCode!: string | null;

  @Field(() => String, { nullable: true, description: '公民身份号码 / ID number' })
  idNumber!: string | null;

  @Field(() => String, { nullable: true, description: '行政区划代码 / division code (GB/T 2260)' })
  divisionCode!: string | null;

  @Field(() => String, { nullable: true, description: '登记状态或人口状态 / status in its register' })
  status!: string | null;

  @Field(() => CreditRecordConnection, { description: '记录 / records' })
  records(@Args(() => CreditRecordsArguments) _arguments: CreditRecordsArguments): CreditRecordConnection {
    return resolvedByPlan();
  }

  @Field(() => ListEntryConnection, { description: '名单信息 / list entries' })
  listEntries(@Args(() => ListEntriesArguments) _arguments: ListEntriesArguments): ListEntryConnection {
    return resolvedByPlan();
  }

  @Field(() => CommitmentConnection, { description: '信用承诺 / commitments' })
  commitments(@Args(() => CommitmentsArguments) _arguments: CommitmentsArguments): CommitmentConnection {
    return resolvedByPlan();
  }

  @Field(() => EvaluationConnection, { description: '信用评价 / evaluations' })
  evaluations(@Args(() => EvaluationsArguments) _arguments: EvaluationsArguments): EvaluationConnection {
    return resolvedByPlan();
  }
}

/** compile-schema.ts gives every object type the resolver of the plan in the place of these methods. */
function resolvedByPlan(): never {
  throw new Error('A connection is answered from the plan of its operation, never by its interface.');
}

@InterfaceType('CreditEntry', { ...FIXED, implements: Node, description: '信用信息 / one entry of an item, of any family' })
export abstract class CreditEntry extends Node {
  @Field(() => CatalogItem, { description: '目录项目 / its catalog item' })
  catalogItem!: CatalogItem;

  @Field(() => Subject, { nullable: true, description: '信用主体 / its subject' })
  subject!: Subject | null;

  @Field(() => String, { nullable: true, description: '数据来源单位 / source unit' })
  sourceUnit!: string | null;

  @Field(() => String, { nullable: true, description: '文号 / document number' })
  documentNumber!: string | null;

  @Field(() => String, { nullable: true, description: '认定（决定）机关 / authority' })
  authority!: string | null;

  @Field(() => DateScalar, { nullable: true, description: '有效期至 / valid until' })
  validUntil!: string | null;

  @Field(() => DateScalar, { nullable: true, description: '公示截止期 / public until' })
  publicUntil!: string | null;

  @Field(() => EntryStatus, { description: '状态 / state' })
  status!: string;

  @Field(() => Boolean, { description: '异议处理中 / an objection is being dealt with' })
  disputed!: boolean;

  @Field(() => Boolean, { description: '公示期已满 / its publicity date has passed' })
  publicityEnded!: boolean;

  @Field(() => DateTimeScalar, { description: '首次收到时间 / first received at' })
  receivedAt!: Date;

  @Field(() => DateTimeScalar, { description: '最近更新时间 / last updated at' })
  updatedAt!: Date;
}

@InterfaceType('CreditRecord', {
  ...FIXED,
  implements: [CreditEntry, Node],
  description: '记录：许可、处罚、合同等 / licences, penalties, contracts …',
})
export abstract class CreditRecord extends CreditEntry {
  @Field(() => String, { nullable: true, description: '标题 / title' })
  title!: string | null;

  @Field(() => DateScalar, { nullable: true, description: '决定日期 / decided on' })
  decidedOn!: string | null;

  @Field(() => DecimalScalar, { nullable: true, description: '金额，单位见目录 / amount, in the unit the catalog names' })
  amount!: string | null;
}

@InterfaceType('ListEntry', {
  ...FIXED,
  implements: [CreditEntry, Node],
  description: '名单信息 / an entry of a red, black or watch list',
})
export abstract class ListEntry extends CreditEntry {
  @Field(() => ListNature, { nullable: true, description: '名单性质 / nature of the list' })
  nature!: string | null;

  @Field(() => String, { nullable: true, description: '名单名称 / name of the list' })
  listName!: string | null;

  @Field(() => DateScalar, { nullable: true, description: '列入日期 / listed on' })
  listedOn!: string | null;

  @Field(() => DateScalar, { nullable: true, description: '移出日期 / removed on' })
  removedOn!: string | null;
}

@InterfaceType('Commitment', { ...FIXED, implements: [CreditEntry, Node], description: '信用承诺 / a credit commitment' })
export abstract class Commitment extends CreditEntry {
  @Field(() => String, { nullable: true, description: '承诺类型 / kind of commitment' })
  kind!: string | null;

  @Field(() => DateScalar, { nullable: true, description: '承诺作出日期 / committed on' })
  committedOn!: string | null;

  @Field(() => String, { nullable: true, description: '承诺履行状态 / fulfilment' })
  fulfilment!: string | null;
}

@InterfaceType('Evaluation', { ...FIXED, implements: [CreditEntry, Node], description: '信用评价 / an evaluation' })
export abstract class Evaluation extends CreditEntry {
  @Field(() => String, { nullable: true, description: '等级 / grade' })
  grade!: string | null;

  @Field(() => DecimalScalar, { nullable: true, description: '得分 / score' })
  score!: string | null;

  @Field(() => DateScalar, { nullable: true, description: '评价日期 / evaluated on' })
  evaluatedOn!: string | null;
}

@ObjectType()
export class SubjectEdge {
  @Field(() => String)
  cursor!: string;

  @Field(() => Subject)
  node!: Subject;
}

@ObjectType()
export class CreditRecordEdge {
  @Field(() => String)
  cursor!: string;

  @Field(() => CreditRecord)
  node!: CreditRecord;
}

@ObjectType()
export class ListEntryEdge {
  @Field(() => String)
  cursor!: string;

  @Field(() => ListEntry)
  node!: ListEntry;
}

@ObjectType()
export class CommitmentEdge {
  @Field(() => String)
  cursor!: string;

  @Field(() => Commitment)
  node!: Commitment;
}

@ObjectType()
export class EvaluationEdge {
  @Field(() => String)
  cursor!: string;

  @Field(() => Evaluation)
  node!: Evaluation;
}

@ObjectType()
abstract class Connection {
  @Field(() => PageInfo)
  pageInfo!: PageInfo;

  @Field(() => Int, TOTAL)
  totalCount!: number | null;
}

@ObjectType()
export class SubjectConnection extends Connection {
  @Field(() => [SubjectEdge])
  edges!: SubjectEdge[];
}

@ObjectType()
export class CreditRecordConnection extends Connection {
  @Field(() => [CreditRecordEdge])
  edges!: CreditRecordEdge[];
}

@ObjectType()
export class ListEntryConnection extends Connection {
  @Field(() => [ListEntryEdge])
  edges!: ListEntryEdge[];
}

@ObjectType()
export class CommitmentConnection extends Connection {
  @Field(() => [CommitmentEdge])
  edges!: CommitmentEdge[];
}

@ObjectType()
export class EvaluationConnection extends Connection {
  @Field(() => [EvaluationEdge])
  edges!: EvaluationEdge[];
}
