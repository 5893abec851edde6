/** Mutations for departments: each is logged like a read, and its change is seen by the next request. */
import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { LoopBackCall } from '../../loopback/index.ts';
import { seeEntry } from '../../reading/see-entry.ts';
import type { GatewayContext } from '../request-context.ts';
import {
  ChangeStatusInput,
  EntryChange,
  RaiseDisputeInput,
  ReportUseInput,
  ResolveDisputeInput,
  UseReport,
} from '../types/loop-back.ts';

@Resolver()
export class LoopBackResolver {
  @Mutation(() => UseReport, { description: '查询应用结果反馈 / reports what was decided after a query' })
  reportUse(@Arg('input', () => ReportUseInput) input: ReportUseInput, @Ctx() context: GatewayContext): Promise<UseReport> {
    return context.features.loopBack.reportUse(callOf(context), input);
  }

  @Mutation(() => EntryChange, {
    description: '信用修复、撤销或恢复本单位提供的信息 / repairs, withdraws or restores an entry of the client’s own',
  })
  changeStatus(
    @Arg('input', () => ChangeStatusInput) input: ChangeStatusInput,
    @Ctx() context: GatewayContext,
  ): Promise<EntryChange> {
    return context.features.loopBack.changeStatus(callOf(context), input);
  }

  @Mutation(() => EntryChange, { description: '提出异议，信息随即加注 / marks an entry as disputed, on behalf of its subject' })
  raiseDispute(
    @Arg('input', () => RaiseDisputeInput) input: RaiseDisputeInput,
    @Ctx() context: GatewayContext,
  ): Promise<EntryChange> {
    return context.features.loopBack.raiseDispute(callOf(context), input);
  }

  @Mutation(() => EntryChange, { description: '答复对本单位信息的异议 / ends an objection to an entry of the client’s own' })
  resolveDispute(
    @Arg('input', () => ResolveDisputeInput) input: ResolveDisputeInput,
    @Ctx() context: GatewayContext,
  ): Promise<EntryChange> {
    return context.features.loopBack.resolveDispute(callOf(context), input);
  }
}

function callOf({ caller, reader, catalog, purpose, matter, today, report }: GatewayContext): LoopBackCall {
  // The shield lets nobody but a department get here.
  if (caller === null || reader === null) throw new Error('A loop back was asked without a client');
  return {
    clientId: caller.id,
    purpose,
    matter,
    today,
    see: (id) => seeEntry(reader, catalog.items, id),
    concerns: ({ subjectId, itemCode }) => {
      report.subjects.add(subjectId);
      if (!report.items.has(itemCode))
        report.items.set(itemCode, { rows: 1, clear: new Set(), masked: new Set(), withheld: new Set() });
    },
  };
}
