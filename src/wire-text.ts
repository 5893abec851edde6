/**
 * UTF-8 in a string: one character (U+0000 to U+00FF) for each byte. What comes as bytes from the database and goes as bytes into an
 * answer need not be read as text in between: such a string is made, put together and written by copying alone, and whatever JSON
 * escapes is ASCII, which is the same in both. Only what looks at characters (a mask, a seal, a cursor) reads the text.
 */
declare const utf8: unique symbol;

/** To the compiler no string, so that nobody takes it for the text that it stands for. */
export interface WireText {
  readonly [utf8]: true;
}

/** One value for each column, null for NULL. */
export type WireRow = readonly (WireText | null)[];

const BEYOND_ASCII = /[\u0080-\uffff]/;

/** @param bytes one character for each byte already */
export function asWire(bytes: string): WireText {
  return bytes as unknown as WireText;
}

/** One character for each byte: also the text, where the value can only be ASCII (an id, a number, a word of PostgreSQL's). */
export function bytesOf(wire: WireText): string {
  return wire as unknown as string;
}

export function wireOf(text: string): WireText {
  return asWire(BEYOND_ASCII.test(text) ? Buffer.from(text).toString('latin1') : text);
}

/** Bytes that are no UTF-8 become U+FFFD; PostgreSQL sends none. */
export function textOf(wire: WireText): string {
  const bytes = bytesOf(wire);
  return BEYOND_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes;
}

/** For readers that look at every value. */
export function textRows(rows: readonly WireRow[]): (string | null)[][] {
  return rows.map((row) => row.map((value) => (value === null ? null : textOf(value))));
}
