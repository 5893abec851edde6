/**
 * Global object identification (Relay): one opaque text names a subject or an entry. It carries the subject's id first, so that
 * a look-up stays local to the subject's partition, and no sequence that could be counted through.
 */
import type { EntryFamily, Family } from '../catalog/model.ts';

export type GlobalId =
  | { readonly family: 'SUBJECT'; readonly subjectId: string }
  | { readonly family: EntryFamily; readonly subjectId: string; readonly entryId: string };

const LETTERS: Readonly<Record<Family, string>> = { SUBJECT: 'S', RECORD: 'R', LIST: 'L', COMMITMENT: 'C', EVALUATION: 'E' };
const FAMILY_OF_LETTER = new Map(Object.entries(LETTERS).map(([family, letter]) => [letter, family as Family]));

/** @param subjectId a UUID in its usual text form */
export function encodeSubjectId(subjectId: string): string {
  return encode('SUBJECT', subjectId);
}

export function encodeEntryId(family: EntryFamily, subjectId: string, entryId: string): string {
  return encode(family, subjectId + entryId);
}

/** null for every text that this gateway would not have written. */
export function decodeGlobalId(text: string): GlobalId | null {
  if (!/^[A-Za-z0-9_-]{23,44}$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) return null;
  const family = FAMILY_OF_LETTER.get(String.fromCharCode(bytes[0] ?? 0));
  if (family === undefined || bytes.length !== (family === 'SUBJECT' ? 17 : 33)) return null;
  const subjectId = uuid(bytes, 1);
  return family === 'SUBJECT' ? { family, subjectId } : { family, subjectId, entryId: uuid(bytes, 17) };
}

function encode(family: Family, uuids: string): string {
  return Buffer.from(LETTERS[family].charCodeAt(0).toString(16) + uuids.replaceAll('-', ''), 'hex').toString('base64url');
}

function uuid(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
