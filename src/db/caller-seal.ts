/** The proof that goes with a client's name into the database: see `agency_caller` in the migrations. */
import { createHmac } from 'node:crypto';
import type { SealedCaller } from './caller-statement.ts';

/** Of SHA-256, in bytes. */
const BLOCK = 64;

/** @param purpose null: none stated, so that no authorization opens anything, and nothing needs proof */
export function sealCaller(key: Buffer, clientId: string, purpose: string | null, day: string): SealedCaller {
  if (purpose === null || purpose === '') return { clientId, purpose: '', day, seal: '' };
  return { clientId, purpose, day, seal: createHmac('sha256', key).update(`${day}\n${clientId}\n${purpose}`).digest('hex') };
}

/** The inner and the outer padded key of HMAC (RFC 2104), with which SQL verifies a seal: PostgreSQL has SHA-256 but no HMAC. */
export function sealPads(key: Buffer): Buffer {
  if (key.length > BLOCK) throw new Error(`A seal's key has at most ${BLOCK} bytes.`);
  const block = Buffer.concat([key, Buffer.alloc(BLOCK - key.length)]);
  return Buffer.concat([block.map((byte) => byte ^ 0x36), block.map((byte) => byte ^ 0x5c)]);
}
