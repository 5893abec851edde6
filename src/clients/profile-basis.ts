/** What of a client decides its access profile. */
import type { ProfileBasis } from '../access/index.ts';
import type { ClientStanding } from './client-standing.ts';

export function profileBasisOf({ kind, items, grants, orgCode }: ClientStanding): ProfileBasis {
  return { kind, items, grants, providesData: orgCode !== null };
}
