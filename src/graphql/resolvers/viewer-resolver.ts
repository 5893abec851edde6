import { Ctx, Query, Resolver } from 'type-graphql';
import type { FieldDecision } from '../../access/index.ts';
import type { GatewayContext } from '../request-context.ts';
import { Viewer } from '../types/viewer.ts';
import type { AccessStanding, ViewerItem } from '../types/viewer.ts';

@Resolver()
export class ViewerResolver {
  @Query(() => Viewer, { description: '我是谁，我能得到什么 / who I am and, for every field, what I would get' })
  viewer(@Ctx() { caller, profile, catalog }: GatewayContext): Viewer {
    // The shield lets nobody without a client get here.
    if (caller === null || profile === null) throw new Error('viewer was asked without a client');
    const items = catalog.items.map((item): ViewerItem => ({
      item,
      withinLimits: profile.withinLimits(item.code),
      granted: profile.granted(item.code),
      fields: item.fields.map((field) => {
        const standing = profile.standing(item.code, field.key);
        return { field, organization: answerOf(standing.organization), person: answerOf(standing.person) };
      }),
    }));
    return { ...caller, statesPurpose: profile.statesPurpose, items };
  }
}

function answerOf(decision: FieldDecision | null): AccessStanding | null {
  if (decision === null) return null;
  if (decision.outcome === 'OPEN') return { outcome: 'OPEN', required: null, reason: null };
  return { outcome: decision.outcome, required: decision.required, reason: decision.reason };
}
