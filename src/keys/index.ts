/** The door of the keys module. */
export { createKeyRing, type EncryptionPurpose, type KeyRing } from './key-ring.ts';
export { openKeyRing } from './open-key-ring.ts';
