/** The figures of `statistics`: organizations and natural persons apart, small numbers of persons kept back. */
import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { CatalogItem as Item } from '../../catalog/model.ts';
import type { DivisionCount as DivisionFigure, DivisionLevel as Level } from '../../statistics/index.ts';
import { CatalogItem, FamilyEnum } from './catalog.ts';
import { ListNature, SubjectKind } from './node.ts';

@ObjectType({ description: '数量；组织与自然人分列，不合并 / a count; organizations and natural persons are never added up' })
export class StatisticsCount {
  @Field(() => Int, { description: '法人和非法人组织 / about organizations' })
  organizations!: number;

  @Field(() => Int, {
    nullable: true,
    description: '自然人；少于 5 的分组不计入任何数字 / about natural persons; groups smaller than 5 are in no number at all',
  })
  persons!: number | null;

  @Field(() => Boolean, { description: '自然人数量因过小未提供 / there are some, too few to be told' })
  suppressed!: boolean;

  @Field(() => Boolean, { description: '自然人数量未含过小的分组 / `persons` leaves out groups too small to be told' })
  reduced!: boolean;
}

@ObjectType()
export class DivisionCount implements DivisionFigure {
  @Field(() => String, { nullable: true, description: '行政区划代码（GB/T 2260），空为未知 / six digits; null: not known' })
  code!: string | null;

  @Field(() => String, { nullable: true, description: '行政区划名称 / Chinese name' })
  name!: string | null;

  @Field(() => StatisticsCount)
  count!: StatisticsCount;
}

@ObjectType()
export class SubjectKindCount {
  @Field(() => SubjectKind)
  kind!: string;

  @Field(() => StatisticsCount)
  count!: StatisticsCount;
}

@ObjectType()
export class SubjectStatusCount {
  @Field(() => String, { nullable: true, description: '登记状态 / registration status; null: not stated' })
  status!: string | null;

  @Field(() => StatisticsCount)
  count!: StatisticsCount;
}

@ObjectType({ description: '信用主体数量 / subjects' })
export class SubjectStatistics {
  @Field(() => StatisticsCount)
  total!: StatisticsCount;

  @Field(() => [SubjectKindCount], { description: '按主体类型 / by kind' })
  byKind!: readonly SubjectKindCount[];

  @Field(() => [SubjectStatusCount], { description: '按登记状态 / by status' })
  byStatus!: readonly SubjectStatusCount[];

  /** for byDivision */
  divisions!: (level: Level) => readonly DivisionFigure[];
}

@ObjectType()
export class ItemCount {
  @Field(() => CatalogItem)
  item!: Item;

  @Field(() => StatisticsCount)
  count!: StatisticsCount;
}

@ObjectType()
export class FamilyCount {
  @Field(() => FamilyEnum)
  family!: string;

  @Field(() => StatisticsCount)
  count!: StatisticsCount;
}

@ObjectType()
export class MonthCount {
  @Field(() => String, { description: 'YYYY-MM' })
  month!: string;

  @Field(() => StatisticsCount)
  count!: StatisticsCount;
}

@ObjectType({ description: '信用信息归集量 / entries' })
export class EntryStatistics {
  @Field(() => StatisticsCount)
  total!: StatisticsCount;

  @Field(() => [ItemCount], { description: '按目录项目 / by item' })
  byItem!: readonly ItemCount[];

  @Field(() => [FamilyCount], { description: '按信息归属 / by family' })
  byFamily!: readonly FamilyCount[];

  @Field(() => [MonthCount], { description: '按首次归集的月份 / by the month of first arrival' })
  byMonth!: readonly MonthCount[];

  /** for byDivision */
  divisions!: (level: Level) => readonly DivisionFigure[];
}

@ObjectType()
export class ListCount {
  @Field(() => CatalogItem)
  item!: Item;

  @Field(() => ListNature, { nullable: true, description: '名单性质 / nature' })
  nature!: string | null;

  @Field(() => String, {
    nullable: true,
    description: '名单名称；空为未载明，或不在最常见的 500 个之列 / null: not stated, or beyond the 500 most frequent',
  })
  name!: string | null;

  @Field(() => StatisticsCount)
  count!: StatisticsCount;
}

@ObjectType()
export class CommitmentCount {
  @Field(() => String, { nullable: true, description: '承诺类型 / kind of commitment' })
  kind!: string | null;

  @Field(() => String, { nullable: true, description: '履行状态 / fulfilment' })
  fulfilment!: string | null;

  @Field(() => StatisticsCount)
  count!: StatisticsCount;
}

@ObjectType()
export class GradeCount {
  @Field(() => CatalogItem)
  item!: Item;

  @Field(() => String, { nullable: true, description: '评价等级 / grade' })
  grade!: string | null;

  @Field(() => StatisticsCount)
  count!: StatisticsCount;
}

@ObjectType({
  description:
    '归集时效：自决定之日至首次归集的工作日，与目录归集时限相比 / working days from the decision to the first arrival, against the catalog’s deadline',
})
export class TimelinessCount {
  @Field(() => CatalogItem)
  item!: Item;

  @Field(() => String, { nullable: true, description: '数据来源单位代码 / source unit code' })
  providerCode!: string | null;

  @Field(() => String, { nullable: true, description: '数据来源单位 / source unit' })
  providerName!: string | null;

  @Field(() => Int, { description: '归集时限（工作日） / deadline in working days' })
  deadlineDays!: number;

  @Field(() => StatisticsCount, { description: '及时 / on time' })
  onTime!: StatisticsCount;

  @Field(() => StatisticsCount, { description: '迟报 / late' })
  late!: StatisticsCount;

  @Field(() => StatisticsCount, {
    description: '补录：决定一年以后才归集，不计迟报 / back-filled more than a year after the decision, not counted as late',
  })
  backfill!: StatisticsCount;

  @Field(() => Float, { nullable: true, description: '组织信息及时率 / share on time, organizations' })
  organizationShare!: number | null;

  @Field(() => Float, { nullable: true, description: '自然人信息及时率 / share on time, natural persons' })
  personShare!: number | null;
}
