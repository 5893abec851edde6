/** Statistics for dashboards: organizations and natural persons apart, small numbers of persons kept back. */
import { Field, Float, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { CatalogItem as Item } from '../../catalog/model.ts';
import { DIMENSIONS, DIVISION_LEVELS } from '../../statistics/index.ts';
import type { DivisionCount as DivisionFigure, DivisionLevel as Level } from '../../statistics/index.ts';
import { CatalogItem, FamilyEnum } from './catalog.ts';
import { ListNature, SubjectKind } from './node.ts';
import { ClientKindEnum } from './viewer.ts';

const words = (list: readonly string[]): Record<string, string> => Object.fromEntries(list.map((word) => [word, word]));
export const DivisionLevel = words(DIVISION_LEVELS);
const StatisticsDimension = words(DIMENSIONS);

registerEnumType(DivisionLevel, {
  name: 'DivisionLevel',
  description: '行政区划汇总口径 / how divisions are added up',
  valuesConfig: {
    REPORTING_REGION: {
      description:
        '14 个盟市口径：二连浩特、满洲里单列，不再计入锡林郭勒盟、呼伦贝尔市 / the 14 reporting regions; 152501 and 150781 stand alone and not in 152500 and 150700 as well',
    },
    PREFECTURE: { description: '国标盟市，含其全部旗县市区 / leagues and cities of GB/T 2260 with all their counties' },
    COUNTY: { description: '旗县市区 / counties, banners, cities and districts' },
  },
});
registerEnumType(StatisticsDimension, {
  name: 'StatisticsDimension',
  description: '未计入的口径；ROWS 指整项未计入 / what a figure was not counted by; ROWS: not at all',
});

@InputType({ description: '月份范围，含首尾 / months, inclusive' })
export class MonthRange {
  @Field(() => String, { nullable: true, description: 'YYYY-MM' })
  from?: string;

  @Field(() => String, { nullable: true, description: 'YYYY-MM' })
  to?: string;
}

@InputType({ description: '统计范围 / which rows are counted' })
export class StatisticsFilter {
  @Field(() => [String], {
    nullable: true,
    description:
      '目录代码或接口类型名；列出不可统计的项目即被拒绝 / catalog codes or type names; one that may not be counted is refused',
  })
  items?: string[];

  @Field(() => String, {
    nullable: true,
    description: '行政区划代码，含下级：1501 匹配 150100 及以下 / with everything below: 1501 matches 150100 and below',
  })
  divisionCode?: string;

  @Field(() => MonthRange, {
    nullable: true,
    description: '首次归集的月份，北京时间 / month in which a row was first received, Asia/Shanghai',
  })
  months?: MonthRange;

  @Field(() => [SubjectKind], {
    nullable: true,
    description: '主体类型，也用于信用信息的主体 / kinds, also of the subjects of entries',
  })
  kinds?: string[];
}

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
