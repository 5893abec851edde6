/** Limits per client and per address (docs/security.md). The door of this folder. */
export { AddressThrottle } from './address-throttle.ts';
export { ClientGate } from './client-gate.ts';
export { kindLimitsOf } from './client-limits.ts';
export type { ClientLimits, KindLimits } from './client-limits.ts';
export { PointLeases } from './point-leases.ts';
export { createSharedPoints } from './shared-points.ts';
export { SubjectQuota } from './subject-quota.ts';
