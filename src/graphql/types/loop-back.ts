/** What departments send back, and what they are told. */
import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import type { EntryStatus as EntryStatusWord } from '../../access/index.ts';
import { DISPUTE_RESULTS } from '../../loopback/index.ts';
import type { DisputeResult as DisputeResultWord } from '../../loopback/index.ts';
import { DateScalar, DateTimeScalar } from '../scalars.ts';
import { EntryStatus } from './node.ts';

const DisputeResult = Object.fromEntries(DISPUTE_RESULTS.map((word) => [word, word]));
registerEnumType(DisputeResult, {
  name: 'DisputeResult',
  description: '异议处理结果 / how an objection ends',
  valuesConfig: {
    UPHELD: { description: '信息无误，维持 / the entry stands as it is' },
    CORRECTED: { description: '已更正 / corrected by its provider' },
    SUPPLEMENTED: { description: '已补充 / supplemented by its provider' },
    WITHDRAWN: { description: '已撤销，状态随之变为撤销 / withdrawn, and with it the status of the entry' },
  },
});

const KEY = {
  description: '幂等键，接入方自定，重复提交视为一次 / chosen by the client; the same key and input again is the same submission',
};

@InputType({ description: '查询应用结果反馈 / what was decided after a query' })
export class ReportUseInput {
  @Field(() => String, {
    description: '所用查询的编号，即答复中的 extensions.requestId / extensions.requestId of the answer used',
  })
  queryId!: string;

  @Field(() => String, {
    nullable: true,
    description: '办件编号，默认取 X-Matter-Number / matter number; the request’s own unless told',
  })
  matterNumber?: string | null;

  @Field(() => String, { nullable: true, description: '事项名称 / name of the matter' })
  matterName?: string | null;

  @Field(() => String, { description: '办理决定 / what was decided' })
  decision!: string;

  @Field(() => Boolean, { nullable: true, description: '是否命中 / whether the query found something that mattered' })
  hit?: boolean | null;

  @Field(() => String, { nullable: true, description: '奖惩措施 / measure taken' })
  measure?: string | null;

  @Field(() => DateScalar, { nullable: true, description: '决定日期 / decided on' })
  decidedOn?: string | null;

  @Field(() => String, KEY)
  idempotencyKey!: string;
}

@InputType({ description: '变更本单位信用信息的状态 / a change of the status of an own entry' })
export class ChangeStatusInput {
  @Field(() => ID)
  entryId!: string;

  @Field(() => EntryStatus)
  status!: EntryStatusWord;

  @Field(() => String, { description: '理由或文书号 / why, for instance the number of the decision' })
  reason!: string;

  @Field(() => String, KEY)
  idempotencyKey!: string;
}

@InputType({ description: '提出异议 / an objection to an entry' })
export class RaiseDisputeInput {
  @Field(() => ID)
  entryId!: string;

  @Field(() => String, { description: '异议理由 / why' })
  reason!: string;

  @Field(() => String, KEY)
  idempotencyKey!: string;
}

@InputType({ description: '答复异议 / the end of an objection' })
export class ResolveDisputeInput {
  @Field(() => ID)
  entryId!: string;

  @Field(() => DisputeResult)
  result!: DisputeResultWord;

  @Field(() => String, { description: '处理说明 / what was found' })
  reason!: string;

  @Field(() => String, KEY)
  idempotencyKey!: string;
}

@ObjectType({ description: '已收到的反馈 / a report that was taken' })
export class UseReport {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  queryId!: string;

  @Field(() => DateTimeScalar)
  reportedAt!: string;
}

@ObjectType({ description: '一条信用信息变更后的状态 / an entry after a change' })
export class EntryChange {
  @Field(() => ID)
  entryId!: string;

  @Field(() => EntryStatus)
  status!: EntryStatusWord;

  @Field(() => Boolean, { description: '异议处理中 / an objection is being dealt with' })
  disputed!: boolean;

  @Field(() => Boolean, { description: '否：本已如此，未作变更 / false: it was so already, and nothing was written' })
  changed!: boolean;

  @Field(() => DateTimeScalar, { description: '最近更新时间 / last updated at' })
  changedAt!: string;
}
