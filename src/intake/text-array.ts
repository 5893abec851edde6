/**
 * PostgreSQL arrays in their binary wire format (array_send in the server's arrayfuncs.c): dimensions, has-null, element type,
 * size, lower bound, then each element with its length, −1 for NULL. The driver sends a Buffer as it is, so a batch of
 * rows costs one pass over its texts; its own array text would quote and escape every cell, and the server undo it.
 */

const TEXT = 25;
const BYTEA = 17;
const HEADER_BYTES = 20;

/** A parameter for `$n::text[]`; a Buffer is a text in UTF-8. */
export function textArray(values: readonly (string | Buffer | null)[]): Buffer {
  let size = HEADER_BYTES;
  const lengths = new Int32Array(values.length);
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at];
    const length =
      value === null || value === undefined ? -1 : typeof value === 'string' ? Buffer.byteLength(value) : value.length;
    lengths[at] = length;
    size += 4 + Math.max(length, 0);
  }
  const array = header(size, TEXT, values.length);
  let offset = HEADER_BYTES;
  for (let at = 0; at < values.length; at += 1) {
    offset = array.writeInt32BE(lengths[at] ?? -1, offset);
    const value = values[at];
    if (typeof value === 'string') offset += array.write(value, offset);
    else if (value !== null && value !== undefined) offset += value.copy(array, offset);
  }
  return array;
}

/** A parameter for `$n::bytea[]`. */
export function byteaArray(values: readonly Buffer[]): Buffer {
  const array = header(
    values.reduce((size, value) => size + 4 + value.length, HEADER_BYTES),
    BYTEA,
    values.length,
  );
  let offset = HEADER_BYTES;
  for (const value of values) {
    offset = array.writeInt32BE(value.length, offset);
    offset += value.copy(array, offset);
  }
  return array;
}

function header(size: number, type: number, count: number): Buffer {
  const array = Buffer.allocUnsafe(size);
  // An empty array has no dimension; the server takes one of length 0 for the same.
  array.writeInt32BE(1, 0);
  array.writeInt32BE(1, 4);
  array.writeInt32BE(type, 8);
  array.writeInt32BE(count, 12);
  array.writeInt32BE(1, 16);
  return array;
}
