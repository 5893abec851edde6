/**
 * Cuts the demo's sample set out of a full set of department files: the first organizations and persons, and of every other
 * item the rows about them, so that all links hold. Rows are copied byte by byte, so each file keeps its encoding.
 *
 *   node scripts/cut-demo-data.mjs SOURCE_DIRECTORY
 *
 * SOURCE_DIRECTORY holds one CSV file for each item of demo/catalog-2026.csv, named after its type.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';

const ORGANIZATIONS = 120;
const PERSONS = 40;
const LEAST_ROWS = 10;
/** Items with a row for every organization would otherwise make up most of the set. */
const MOST_ROWS = 130;
const MOST_BYTES = 600_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const [source] = process.argv.slice(2);
if (source === undefined) {
  process.stderr.write('usage: node scripts/cut-demo-data.mjs SOURCE_DIRECTORY\n');
  process.exit(1);
}

const items = readItems(await readFile(join(root, 'demo/catalog-2026.csv'), 'utf8'));
const subjects = new Set();
await mkdir(join(root, 'demo/data'), { recursive: true });

let bytes = 0;
// Subjects first: which entries are taken depends on them.
for (const item of [...items].sort((a, b) => Number(b.isSubject) - Number(a.isSubject))) {
  const lines = splitLines(await readFile(join(source, `${item.type}.csv`)));
  const rows = readRows(lines, item);
  const positions = positionsOf(rows[0], item);
  const taken = [lines[0]];
  const limit = item.isSubject ? (item.person ? PERSONS : ORGANIZATIONS) : MOST_ROWS;
  for (let index = 1; index < rows.length && taken.length <= limit; index += 1) {
    const codes = positions.map((position) => rows[index][position].toUpperCase()).filter((code) => code !== '');
    if (item.isSubject) codes.forEach((code) => subjects.add(code));
    else if (!codes.every((code) => subjects.has(code))) continue;
    taken.push(lines[index]);
  }
  if (taken.length <= LEAST_ROWS) throw new Error(`${item.type}: only ${taken.length - 1} rows are about the chosen subjects`);
  const cut = Buffer.concat(taken);
  bytes += cut.length;
  await writeFile(join(root, 'demo/data', `${item.type}.csv`), cut);
  process.stderr.write(`${item.type}: ${taken.length - 1} rows\n`);
}
if (bytes > MOST_BYTES) throw new Error(`the set has ${bytes} bytes, more than ${MOST_BYTES}`);

/** The items of the sheet with the names of the columns that hold their subjects' codes. */
function readItems(sheet) {
  const found = [];
  for (const row of parse(sheet, { bom: true, columns: true })) {
    if (row['目录代码'] !== '') {
      const isSubject = row['信息归属'] === '主体';
      found.push({ type: row['接口类型名'], isSubject, person: row['主体范围'] === '自然人', codeHeaders: [] });
    }
    if (row['标准要素'] === 'SUBJECT_CODE' || row['标准要素'] === 'SUBJECT_ID_NUMBER') {
      found.at(-1).codeHeaders.push([row['信息内容'], row['数据项标识'], row['官方代码']].filter((header) => header !== ''));
    }
  }
  return found;
}

function positionsOf(header, item) {
  const positions = item.codeHeaders.map((headers) => header.findIndex((cell) => headers.includes(cell)));
  if (positions.length === 0 || positions.includes(-1)) throw new Error(`${item.type}: no column for the subject's code`);
  return positions;
}

/** No second byte of GB18030 is a line feed, so lines can be told apart before decoding. */
function splitLines(file) {
  const lines = [];
  for (let from = 0; from < file.length;) {
    const end = file.indexOf(0x0a, from);
    const to = end < 0 ? file.length : end + 1;
    lines.push(file.subarray(from, to));
    from = to;
  }
  return lines;
}

function readRows(lines, item) {
  const file = Buffer.concat(lines);
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(file);
  } catch {
    text = new TextDecoder('gb18030', { fatal: true }).decode(file);
  }
  const rows = parse(text);
  if (rows.length !== lines.length) throw new Error(`${item.type}: a cell holds a line break, which this cutter does not cut`);
  return rows;
}
