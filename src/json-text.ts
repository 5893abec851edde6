/** JSON written by hand, the same text that `JSON.stringify` gives. */

// Quotation marks, backslashes, controls and surrogates: whatever JSON.stringify may write otherwise than it stands (RFC 8259 §7).
// eslint-disable-next-line no-control-regex
const WANTS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

/** A JSON string. Most values hold nothing to escape, and then quoting them is all there is to do. */
export function quoted(text: string): string {
  return WANTS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
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
