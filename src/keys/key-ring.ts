/** Every secret key of the gateway, derived from one master key, and what they are used for. Synchronous once opened. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { createSealer } from './sealer.ts';

/** What a key of `encrypt` is for: data of one purpose never opens as another's. */
export type EncryptionPurpose = 'cursor' | 'signing-key';

export interface KeyRing {
  /**
   * The id of a subject: a UUIDv8 (RFC 9562 §5.8) that nobody can compute or enumerate without the key.
   * @param identifier unified social credit code or ID number, in upper case
   */
  subjectId(identifier: string): string;
  /** The id of an entry, made likewise of what identifies it: the same entry sent twice has the same id. */
  entryId(itemCode: string, subjectId: string, keyValues: readonly string[]): string;
  /**
   * Encrypts a value at rest with SM4 (GB/T 32907) and SM3 (GB/T 32905), deterministically: the same text in the same
   * context gives the same result, so that an unchanged value is seen as unchanged. Another context gives another result.
   * @param context the subject's id; a value moved to another subject does not open
   */
  seal(text: string, context: string): string;
  /** @throws Error when `sealed` was not made by `seal` in that context with that key; the message carries no value */
  unseal(sealed: string, context: string): string;
  isSealed(text: string): boolean;
  /**
   * A value as it was before it was stored, sealed or not.
   * @throws Error as `unseal`
   */
  openStored(stored: string, context: string): string;
  /** 32 bytes that tell whether two lists of texts are equal, and nothing else to whoever has no key. */
  digest(parts: readonly string[]): Buffer;
  /** AES-256-GCM with a random nonce; `aad` is authenticated and not contained in the result. */
  encrypt(purpose: EncryptionPurpose, plaintext: Buffer, aad: Buffer): Buffer;
  /** null: not made by `encrypt` with this purpose, this `aad` and this key */
  decrypt(purpose: EncryptionPurpose, ciphertext: Buffer, aad: Buffer): Buffer | null;
  /** The password of a database role of the gateway's own: the same on every instance, 256 bits in base64url. */
  databasePassword(role: string): string;
  /** The key that proves to the database for which client a statement is run. */
  callerSealKey(): Buffer;
  /** The key of the codes that chain the read log: who can write its table, and has no master key, cannot forge a chain. */
  readLogKey(): KeyObject;
}

export const MASTER_KEY_BYTES = 32;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** @param masterKey 32 random bytes */
export function createKeyRing(masterKey: Buffer): KeyRing {
  const idKey = subKey(masterKey, 'id', 32);
  const digestKey = subKey(masterKey, 'digest', 32);
  const databaseKey = subKey(masterKey, 'database-password', 32);
  const callerSeal = subKey(masterKey, 'caller-seal', 32);
  const readLog = subKey(masterKey, 'read-log', 32);
  const sealMacKey = subKey(masterKey, 'seal-mac', 32);
  const sealKey = subKey(masterKey, 'seal', 16);
  const encryptionKeys: Record<EncryptionPurpose, KeyObject> = {
    cursor: subKey(masterKey, 'encrypt-cursor', 32),
    'signing-key': subKey(masterKey, 'encrypt-signing-key', 32),
  };

  const sealer = createSealer(sealKey, sealMacKey);

  return {
    subjectId: (identifier) => uuid(hmac(idKey, ['subject', identifier])),
    entryId: (itemCode, subjectId, keyValues) => uuid(hmac(idKey, ['entry', itemCode, subjectId, ...keyValues])),
    digest: (parts) => hmac(digestKey, parts),
    databasePassword: (role) => hmac(databaseKey, [role]).toString('base64url'),
    callerSealKey: () => callerSeal.export(),
    readLogKey: () => readLog,

    ...sealer,

    encrypt(purpose, plaintext, aad) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', encryptionKeys[purpose], nonce).setAAD(aad);
      return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },

    decrypt(purpose, ciphertext, aad) {
      if (ciphertext.length < NONCE_BYTES + TAG_BYTES) return null;
      const end = ciphertext.length - TAG_BYTES;
      const options = { authTagLength: TAG_BYTES };
      const decipher = createDecipheriv('aes-256-gcm', encryptionKeys[purpose], ciphertext.subarray(0, NONCE_BYTES), options);
      decipher.setAAD(aad).setAuthTag(ciphertext.subarray(end));
      try {
        return Buffer.concat([decipher.update(ciphertext.subarray(NONCE_BYTES, end)), decipher.final()]);
      } catch {
        return null;
      }
    },
  };
}

/** Tells one master key from another without telling anything about either. */
export function fingerprintOf(masterKey: Buffer): string {
  return subKey(masterKey, 'fingerprint', 16).export().toString('hex');
}

function subKey(masterKey: Buffer, purpose: string, bytes: number): KeyObject {
  if (masterKey.length !== MASTER_KEY_BYTES) throw new Error(`A master key has ${MASTER_KEY_BYTES} bytes.`);
  return createSecretKey(Buffer.from(hkdfSync('sha256', masterKey, '', `public-credit-gateway/v1/${purpose}`, bytes)));
}

/** Each part goes in with its length in bytes (32 bits, big-endian) before it: no two lists look alike. */
function hmac(key: KeyObject, parts: readonly string[]): Buffer {
  // One message and one call: an import makes three codes a row, and every call into the library costs more than the copying.
  const message = Buffer.allocUnsafe(parts.reduce((size, part) => size + 4 + Buffer.byteLength(part), 0));
  let at = 0;
  for (const part of parts) {
    const length = message.write(part, at + 4);
    message.writeUInt32BE(length, at);
    at += 4 + length;
  }
  return createHmac('sha256', key).update(message).digest();
}

/** RFC 9562 §5.8: 122 bits of our own choice around the version 8 and the variant. */
function uuid(bytes: Buffer): string {
  const value = Buffer.from(bytes.subarray(0, 16));
  value.writeUInt8((value.readUInt8(6) & 0x0f) | 0x80, 6);
  value.writeUInt8((value.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = value.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
