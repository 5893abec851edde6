/** What an administrator is told of who read a subject's data. */
import { Field, Int, ObjectType } from 'type-graphql';
import { DateTimeScalar } from '../scalars.ts';
import { PageInfo } from './node.ts';

@ObjectType({ description: '查询方 / the client that read' })
export class ReadingClient {
  @Field(() => String)
  id!: string;

  @Field(() => String, { nullable: true, description: '名称 / its name in the register' })
  name!: string | null;

  @Field(() => String, { description: '接入方类型 / its kind at the time' })
  kind!: string;
}

@ObjectType({ description: '被读取的目录项目 / an item of which something was in the answer' })
export class ReadItemSummary {
  @Field(() => String, { description: '目录代码 / catalog code' })
  code!: string;

  @Field(() => String, {
    nullable: true,
    description: '项目名称；当前目录已无此项目时为空 / its name; null: not in the current catalog',
  })
  name!: string | null;

  @Field(() => Int, { description: '行数，含其他主体 / rows, other subjects’ too' })
  rows!: number;

  @Field(() => [String], { description: '提供原值的数据项 / keys of fields given in the clear' })
  clear!: readonly string[];

  @Field(() => [String], { description: '脱敏提供的数据项 / keys of fields given masked' })
  masked!: readonly string[];

  @Field(() => [String], { description: '未提供的数据项 / keys of fields asked for and withheld' })
  withheld!: readonly string[];
}

@ObjectType({ description: '一次查询的日志 / one read, as the log has it: never a value' })
export class ReadRecord {
  @Field(() => DateTimeScalar, { description: '时间 / when' })
  at!: Date;

  @Field(() => ReadingClient, { description: '查询方 / who' })
  client!: ReadingClient;

  @Field(() => String, { nullable: true, description: '用途 / what for' })
  purpose!: string | null;

  @Field(() => String, { nullable: true, description: '办件编号 / the matter it was handling' })
  matterNumber!: string | null;

  @Field(() => String, { nullable: true })
  operationName!: string | null;

  @Field(() => String, { description: 'query, mutation …' })
  operationType!: string;

  @Field(() => String, { description: '结果：ok 或错误代码 / ok, or the code of the first error' })
  outcome!: string;

  @Field(() => String, { description: '请求编号 / id of the answer' })
  requestId!: string;

  @Field(() => Int, { description: '目录版本 / catalog version' })
  catalogVersion!: number;

  @Field(() => Boolean, {
    description:
      '整项导出，且该主体目前在其中有信息 / items were given out as a whole, and the subject has entries in one of them',
  })
  wholeItems!: boolean;

  @Field(() => [ReadItemSummary])
  items!: readonly ReadItemSummary[];
}

@ObjectType()
export class AccessHistoryEdge {
  @Field(() => String)
  cursor!: string;

  @Field(() => ReadRecord)
  node!: ReadRecord;
}

@ObjectType({ description: '查询记录，按时间由近及远 / reads, newest first' })
export class AccessHistoryConnection {
  @Field(() => [AccessHistoryEdge])
  edges!: readonly AccessHistoryEdge[];

  @Field(() => PageInfo)
  pageInfo!: PageInfo;
}
