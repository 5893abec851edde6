/** The door of the access module: what others may use of it. Who may see what is decided behind it and nowhere else. */
export { maskChangesForm as masksToOtherType } from '../catalog/mask-form.ts';
export { compileProfile } from './compile-profile.ts';
export { accessDifference } from './difference.ts';
export type { AccessChange } from './difference.ts';
export { applyMask } from './masks.ts';
export { lessOpen, opennessOf } from './openness.ts';
export type { Openness } from './openness.ts';
export { ProfileCache } from './profile-cache.ts';
export { ACTIONS, CLIENT_KINDS, ENTRY_STATUSES } from './model.ts';
export type {
  AccessProfile,
  Action,
  ClientKind,
  EntryStatus,
  FieldDecision,
  FieldStanding,
  Party,
  ProfileBasis,
  RowDecision,
  RowFacts,
  Visibility,
  VisibleWhen,
  WithheldReason,
} from './model.ts';
