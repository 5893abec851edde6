/** What `statistics` answers: the figures that were asked for, reads, and what was left out. */
import { Field, Int, ObjectType } from 'type-graphql';
import type { CatalogItem as Item } from '../../catalog/model.ts';
import { CatalogItem } from './catalog.ts';
import { StatisticsDimension } from './statistics-filter.ts';
import {
  CommitmentCount,
  EntryStatistics,
  GradeCount,
  ListCount,
  SubjectStatistics,
  TimelinessCount,
} from './statistics-figures.ts';
import { ClientKindEnum } from './viewer.ts';

@ObjectType({ description: '查询量 / operations in the read log' })
export class ReadCount {
  @Field(() => String)
  clientId!: string;

  @Field(() => ClientKindEnum, { nullable: true })
  clientKind!: string | null;

  @Field(() => String, { nullable: true })
  clientName!: string | null;

  @Field(() => String, { description: 'YYYY-MM' })
  month!: string;

  @Field(() => Int, { description: '操作次数 / operations, refused ones too' })
  reads!: number;

  @Field(() => Int, { description: '其中被拒绝 / of these, denied' })
  denied!: number;
}

@ObjectType({ description: '因无权统计而未计入 / what was left out, because this client may not count it' })
export class NotCounted {
  @Field(() => CatalogItem)
  item!: Item;

  @Field(() => StatisticsDimension, { description: '哪种统计未计入 / in which breakdown' })
  dimension!: string;

  @Field(() => Boolean, { description: '组织的信息未计入 / rows about organizations' })
  organizations!: boolean;

  @Field(() => Boolean, { description: '自然人的信息未计入 / rows about natural persons' })
  persons!: boolean;
}

@ObjectType({
  description:
    '统计。一次请求中要求的分组越细，过小的自然人分组越多 / statistics; the finer the breakdowns asked for in one request, the more groups of persons are too small to be told',
})
export class Statistics {
  @Field(() => SubjectStatistics, { nullable: true })
  subjects!: SubjectStatistics | null;

  @Field(() => EntryStatistics, { nullable: true })
  entries!: EntryStatistics | null;

  @Field(() => [ListCount], { nullable: true, description: '名单，按性质与名称 / lists by nature and name' })
  lists!: readonly ListCount[] | null;

  @Field(() => [CommitmentCount], { nullable: true, description: '承诺，按类型与履行状态 / commitments by kind and fulfilment' })
  commitments!: readonly CommitmentCount[] | null;

  @Field(() => [GradeCount], { nullable: true, description: '评价，按等级 / evaluations by grade' })
  grades!: readonly GradeCount[] | null;

  @Field(() => [TimelinessCount], { nullable: true, description: '归集时效，按来源单位与项目 / timeliness by provider and item' })
  timeliness!: readonly TimelinessCount[] | null;

  @Field(() => [ReadCount], {
    nullable: true,
    description: '查询量，按接入方与月份；部门只见自己的 / operations by client and month; a department sees its own',
  })
  queries!: readonly ReadCount[] | null;

  @Field(() => [NotCounted])
  notCounted!: readonly NotCounted[];
}
