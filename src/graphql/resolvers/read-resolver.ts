/** The roots that read credit data, with their arguments. What they read is planned by the operation check, and answered from its plan. */
import { Arg, Args, ID, Query, Resolver } from 'type-graphql';
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
  subject(@Arg('by', () => SubjectLookup) _by: SubjectLookup): unknown {
    return answeredAsPlanned();
  }

  @Query(() => SubjectConnection, { description: '主体列表 / subjects' })
  subjects(@Args(() => SubjectsArguments) _arguments: SubjectsArguments): unknown {
    return answeredAsPlanned();
  }

  @Query(() => CreditRecordConnection, { description: '记录列表 / records' })
  records(@Args(() => CreditRecordsArguments) _arguments: CreditRecordsArguments): unknown {
    return answeredAsPlanned();
  }

  @Query(() => ListEntryConnection, { description: '名单信息列表 / list entries' })
  listEntries(@Args(() => ListEntriesArguments) _arguments: ListEntriesArguments): unknown {
    return answeredAsPlanned();
  }

  @Query(() => CommitmentConnection, { description: '信用承诺列表 / commitments' })
  commitments(@Args(() => CommitmentsArguments) _arguments: CommitmentsArguments): unknown {
    return answeredAsPlanned();
  }

  @Query(() => EvaluationConnection, { description: '信用评价列表 / evaluations' })
  evaluations(@Args(() => EvaluationsArguments) _arguments: EvaluationsArguments): unknown {
    return answeredAsPlanned();
  }

  @Query(() => Node, { nullable: true, description: '按全局标识取对象 / any object by its global id' })
  node(@Arg('id', () => ID) _id: string): unknown {
    return answeredAsPlanned();
  }
}

/** base-schema.ts puts the answer of the plan in the place of these methods. */
function answeredAsPlanned(): never {
  throw new Error('A root that reads is answered from the plan of its operation.');
}
