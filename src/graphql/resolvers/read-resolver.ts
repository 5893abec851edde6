/** The roots that read credit data. What they read was planned by the operation check; each only hands over its answer. */
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, ID, Info, Query, Resolver } from 'type-graphql';
import type { GatewayContext } from '../request-context.ts';
import {
  CommitmentConnection,
  CreditRecordConnection,
  EvaluationConnection,
  ListEntryConnection,
  Subject,
  SubjectConnection,
} from '../types/credit.ts';
import {
  CommitmentsArguments,
  CreditRecordsArguments,
  EvaluationsArguments,
  ListEntriesArguments,
  SubjectLookup,
  SubjectsArguments,
} from '../types/inputs.ts';
import { Node } from '../types/node.ts';

@Resolver()
export class ReadResolver {
  @Query(() => Subject, {
    nullable: true,
    description: '按标识查询一个主体；不存在与无权查看的答复相同 / one subject; "not there" and "not for you" are one answer',
  })
  subject(
    @Arg('by', () => SubjectLookup) _by: SubjectLookup,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<unknown> {
    return planned(context, info);
  }

  @Query(() => SubjectConnection, { description: '主体列表 / subjects' })
  subjects(
    @Args(() => SubjectsArguments) _arguments: SubjectsArguments,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<unknown> {
    return planned(context, info);
  }

  @Query(() => CreditRecordConnection, { description: '记录列表 / records' })
  records(
    @Args(() => CreditRecordsArguments) _arguments: CreditRecordsArguments,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<unknown> {
    return planned(context, info);
  }

  @Query(() => ListEntryConnection, { description: '名单信息列表 / list entries' })
  listEntries(
    @Args(() => ListEntriesArguments) _arguments: ListEntriesArguments,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<unknown> {
    return planned(context, info);
  }

  @Query(() => CommitmentConnection, { description: '信用承诺列表 / commitments' })
  commitments(
    @Args(() => CommitmentsArguments) _arguments: CommitmentsArguments,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<unknown> {
    return planned(context, info);
  }

  @Query(() => EvaluationConnection, { description: '信用评价列表 / evaluations' })
  evaluations(
    @Args(() => EvaluationsArguments) _arguments: EvaluationsArguments,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<unknown> {
    return planned(context, info);
  }

  @Query(() => Node, { nullable: true, description: '按全局标识取对象 / any object by its global id' })
  node(@Arg('id', () => ID) _id: string, @Ctx() context: GatewayContext, @Info() info: GraphQLResolveInfo): Promise<unknown> {
    return planned(context, info);
  }
}

function planned(context: GatewayContext, info: GraphQLResolveInfo): Promise<unknown> {
  return context.answer(String(info.path.key));
}
