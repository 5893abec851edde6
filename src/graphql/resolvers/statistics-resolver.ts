/** `statistics`: parses what all roots of the operation ask, asks the service once, and maps its figures. */
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, FieldResolver, Info, Query, Resolver, Root } from 'type-graphql';
import type {
  DivisionCount as DivisionFigure,
  DivisionLevel as Level,
  StatisticsAnswer,
  StatisticsCaller,
} from '../../statistics/index.ts';
import { statisticsQuestions } from '../plan/statistics-questions.ts';
import type { GatewayContext } from '../request-context.ts';
import { DivisionCount, EntryStatistics, SubjectStatistics } from '../types/statistics-figures.ts';
import { DivisionLevel, StatisticsFilter } from '../types/statistics-filter.ts';
import { Statistics } from '../types/statistics.ts';

const LEVEL = { description: '汇总口径 / how to add up', defaultValue: 'REPORTING_REGION' };

/** By response key. Kept as long as the request: the first root asks for all of them. */
const answers = new WeakMap<GatewayContext, Promise<Map<string, StatisticsAnswer>>>();

@Resolver()
export class StatisticsResolver {
  @Query(() => Statistics, {
    description:
      '统计：部门与大屏可用；只统计可以全部看到的信息，自然人少于 5 的分组不提供 / counts, for departments and dashboards: of what the client sees in full, and no group of fewer than 5 natural persons',
  })
  async statistics(
    @Arg('filter', () => StatisticsFilter, { nullable: true }) _filter: StatisticsFilter | undefined,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Statistics> {
    let asked = answers.get(context);
    if (asked === undefined) {
      asked = answerAll(context, info);
      answers.set(context, asked);
    }
    const answer = (await asked).get(String(info.path.key));
    if (answer === undefined) throw new Error('A statistics root was not planned');
    return statisticsOf(answer);
  }
}

@Resolver(() => SubjectStatistics)
export class SubjectStatisticsResolver {
  @FieldResolver(() => [DivisionCount], { description: '按行政区划 / by division' })
  byDivision(
    @Root() statistics: SubjectStatistics,
    @Arg('level', () => DivisionLevel, LEVEL) level: Level,
  ): readonly DivisionFigure[] {
    return statistics.divisions(level);
  }
}

@Resolver(() => EntryStatistics)
export class EntryStatisticsResolver {
  @FieldResolver(() => [DivisionCount], { description: '按主体所在行政区划 / by the division of the subject' })
  byDivision(
    @Root() statistics: EntryStatistics,
    @Arg('level', () => DivisionLevel, LEVEL) level: Level,
  ): readonly DivisionFigure[] {
    return statistics.divisions(level);
  }
}

async function answerAll(context: GatewayContext, info: GraphQLResolveInfo): Promise<Map<string, StatisticsAnswer>> {
  const questions = statisticsQuestions(info);
  const answered = await context.features.statistics.answer(callerOf(context), [...questions.values()]);
  return new Map([...questions.keys()].flatMap((key, at) => (answered[at] === undefined ? [] : [[key, answered[at]]])));
}

function callerOf({ caller, profile, catalog, purpose, matter, strict, signal }: GatewayContext): StatisticsCaller {
  // The shield lets nobody without a client get here.
  if (caller === null || profile === null) throw new Error('statistics was asked without a client');
  return { clientId: caller.id, orgCode: caller.orgCode, catalog, profile, purpose, matter, strict, signal };
}

function statisticsOf({ figures, notCounted, reads }: StatisticsAnswer): Statistics {
  return {
    subjects:
      figures === null
        ? null
        : {
            total: figures.subjects,
            byKind: figures.subjectKinds,
            byStatus: figures.subjectStatuses,
            divisions: (level) => figures.subjectDivisions(level),
          },
    entries:
      figures === null
        ? null
        : {
            total: figures.entries,
            byItem: figures.entryItems,
            byFamily: figures.entryFamilies,
            byMonth: figures.entryMonths,
            divisions: (level) => figures.entryDivisions(level),
          },
    lists: figures?.lists ?? null,
    commitments: figures?.commitments ?? null,
    grades: figures?.grades ?? null,
    timeliness: figures?.timeliness ?? null,
    queries: reads,
    notCounted,
  };
}
