import type { GraphQLResolveInfo } from 'graphql';
import { Args, Ctx, Info, Query, Resolver } from 'type-graphql';
import type { GatewayContext } from '../request-context.ts';
import { ChangeConnection, ChangesArguments } from '../types/change.ts';

@Resolver()
export class ChangeResolver {
  @Query(() => ChangeConnection, {
    description:
      '变更流：自游标以来的全部变更，至少一次，按当前权限 / what changed since a cursor: nothing is skipped, every row comes at least once and as it is now',
  })
  changes(
    @Args(() => ChangesArguments) _arguments: ChangesArguments,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<unknown> {
    return context.answer(String(info.path.key));
  }
}
