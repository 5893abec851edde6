/** The door of the keys module. */
export type { EncryptionPurpose, KeyRing } from './key-ring.ts';
export { openKeyRing } from './open-key-ring.ts';
