/** Rows into a table through COPY, in its text format. */
import { once } from 'node:events';
import { from as copyFrom } from 'pg-copy-streams';

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const CHUNK = 1 << 17;

/** @param {string | Buffer | boolean | number | null | undefined} value */
export function copyCell(value) {
  if (value === null || value === undefined) return '\\N';
  if (Buffer.isBuffer(value)) return `\\\\x${value.toString('hex')}`;
  const text = String(value);
  return SPECIAL.test(text) ? text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character]) : text;
}

/**
 * @param {import('pg').PoolClient} client
 * @param {string} table
 * @param {readonly string[]} columns
 * @param {Iterable<readonly unknown[]>} rows
 * @param {string} [options] of the statement
 */
export async function copyRows(client, table, columns, rows, options = '') {
  const stream = client.query(copyFrom(`COPY ${table} (${columns.join(', ')}) FROM STDIN ${options}`));
  const failed = once(stream, 'error').then(([error]) => Promise.reject(error));
  failed.catch(() => undefined);
  let chunk = '';
  let count = 0;
  for (const row of rows) {
    chunk += `${row.map(copyCell).join('\t')}\n`;
    count += 1;
    if (chunk.length < CHUNK) continue;
    if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), failed]);
    chunk = '';
  }
  stream.end(chunk);
  await Promise.race([once(stream, 'finish'), failed]);
  return count;
}
