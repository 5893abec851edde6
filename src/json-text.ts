/** JSON written by hand, the same text that `JSON.stringify` gives. */
import { bytesOf } from './wire-text.ts';
import type { WireText } from './wire-text.ts';

// Quotation marks, backslashes, controls and surrogates: whatever JSON.stringify may write otherwise than it stands (RFC 8259 §7).
// eslint-disable-next-line no-control-regex
const WANTS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

/** A JSON string. Most values hold nothing to escape, and then quoting them is all there is to do. */
export function quoted(text: string): string {
  return WANTS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/**
 * What stands between the marks of a JSON string, one character for each byte. UTF-8 can be escaped byte by byte: whatever JSON
 * escapes in it is ASCII.
 */
export function escaped(wire: WireText): string {
  const bytes = bytesOf(wire);
  return WANTS_ESCAPE.test(bytes) ? JSON.stringify(bytes).slice(1, -1) : bytes;
}

/** `"key":`; response keys are GraphQL names, which hold nothing to escape. */
export function keyed(key: string): string {
  return `"${key}":`;
}

/** JSON that goes into an answer as it stands. */
export class PreparedJson {
  constructor(readonly bytes: readonly Buffer[]) {}

  /** For whoever wants the value after all. */
  toJSON(): unknown {
    return JSON.parse(Buffer.concat(this.bytes).toString());
  }
}
