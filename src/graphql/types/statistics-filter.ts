/** What `statistics` may be asked: which rows are counted, and by which divisions. */
import { Field, InputType, registerEnumType } from 'type-graphql';
import { DIMENSIONS, DIVISION_LEVELS } from '../../statistics/index.ts';
import { SubjectKind } from './node.ts';

const words = (list: readonly string[]): Record<string, string> => Object.fromEntries(list.map((word) => [word, word]));
export const DivisionLevel = words(DIVISION_LEVELS);
export const StatisticsDimension = words(DIMENSIONS);

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
