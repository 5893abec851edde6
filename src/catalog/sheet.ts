/** A catalog file, decoded: CSV (UTF-8 with or without BOM, GB18030; comma, semicolon or tab) or XLSX. */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import readXlsxFile from 'read-excel-file/node';
import { OperatorError } from '../errors.ts';
import { columnOfHeader } from './sheet-columns.ts';

/** One row as the spreadsheet shows it. */
export interface SheetRow {
  /** 1-based, counted as a spreadsheet program counts */
  readonly number: number;
  /** by position; trimmed; '' where the cell is blank or covered by a merged one */
  readonly cells: readonly string[];
}

export interface Sheet {
  /** the file's name without its folder */
  readonly file: string;
  readonly header: SheetRow;
  /** the rows below the header that have any content */
  readonly rows: readonly SheetRow[];
}

/** A catalog of thousands of items stays far below this; whatever is larger is a data file, not a catalog. */
const MAX_BYTES = 20 * 1024 * 1024;
/** Sheets are often headed by a title and a date; below that the header must come. */
const HEADER_WITHIN_ROWS = 10;
/** Fewer known headers than this and the file is some other table. */
const HEADERS_TO_RECOGNIZE = 5;

/** @throws OperatorError when the file cannot be read or is not a catalog sheet; the message names the file and the mend. */
export async function readSheet(path: string): Promise<Sheet> {
  return decodeSheet(await readBytes(path), basename(path));
}

/**
 * @param file the name that findings and versions will carry
 * @throws OperatorError as `readSheet`
 */
export async function decodeSheet(bytes: Uint8Array, file: string): Promise<Sheet> {
  if (bytes.length === 0) throw unreadable(file, 'is empty (文件为空)', 'export the catalog again');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const tables = startsWith(buffer, 0x50, 0x4b, 0x03, 0x04) ? await xlsxTables(buffer, file) : csvTables(buffer, file);
  for (const table of tables) {
    const sheet = sheetOf(table, file);
    if (sheet !== undefined) return sheet;
  }
  const first = tables[0]?.find((row) => row.some((cell) => cell !== '')) ?? [];
  const seen = first.filter((cell) => cell !== '').slice(0, 5);
  throw unreadable(
    file,
    `has no catalog header row (没有目录表头) within its first ${HEADER_WITHIN_ROWS} rows; it begins with: ${seen.join(' | ').slice(0, 120)}`,
    'give the catalog sheet, with the column names 目录代码, 项目名称, 信息内容 … in one row',
  );
}

async function readBytes(path: string): Promise<Uint8Array> {
  const file = basename(path);
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw unreadable(path, 'is a directory (是文件夹)', 'name the catalog file in it');
    if (!found.isFile()) throw unreadable(path, 'is no regular file (不是普通文件)', 'name the catalog file');
    if (found.size > MAX_BYTES) {
      throw unreadable(file, `has ${Math.round(found.size / 1_048_576)} MB`, 'a catalog sheet is far smaller: is this a data file for `import`?');
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const code = typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown reason';
    if (code === 'ENOENT' || code === 'ENOTDIR') throw unreadable(path, 'does not exist (文件不存在)', 'check the path', error);
    if (code === 'EACCES' || code === 'EPERM') throw unreadable(path, 'may not be read (没有读取权限)', 'allow reading it', error);
    throw unreadable(path, `cannot be read (${code})`, 'check the path and the disk', error);
  }
}

type Table = readonly (readonly string[])[];

async function xlsxTables(bytes: Buffer, file: string): Promise<readonly Table[]> {
  try {
    const sheets = await readXlsxFile(bytes);
    return sheets.map((sheet) => sheet.data.map((row) => row.map((cell) => (cell === null ? '' : clean(String(cell))))));
  } catch (error) {
    throw unreadable(file, 'looks like a ZIP file but is not a readable XLSX workbook', 'save it again as .xlsx, or as CSV in UTF-8', error);
  }
}

/** The table by each delimiter; only one of them can show a header row. */
function csvTables(bytes: Buffer, file: string): readonly Table[] {
  const text = decodeText(bytes, file);
  const tables: Table[] = [];
  let broken: CsvError | undefined;
  for (const delimiter of [',', ';', '\t']) {
    try {
      tables.push(rowsOf(text, delimiter));
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      // The delimiter that is not the file's own often trips over a quote; the comma's complaint is the likeliest to help.
      broken ??= error;
    }
  }
  if (broken !== undefined && !tables.some((table) => headerOf(table) !== undefined)) {
    const line = 'lines' in broken && typeof broken.lines === 'number' ? ` at line ${broken.lines}` : '';
    throw unreadable(file, `is not well-formed CSV${line} (CSV 格式错误)`, 'look for a quotation mark that is not closed or not doubled there', broken);
  }
  return tables;
}

function rowsOf(text: string, delimiter: string): Table {
  const records = parse(text, { delimiter, relax_column_count: true, skip_empty_lines: false });
  return records.map((record) => record.map(clean));
}

function decodeText(bytes: Buffer, file: string): string {
  if (startsWith(bytes, 0xff, 0xfe) || startsWith(bytes, 0xfe, 0xff)) {
    throw unreadable(file, 'is in UTF-16', 'save it as CSV in UTF-8 or as .xlsx');
  }
  if (startsWith(bytes, 0xd0, 0xcf, 0x11, 0xe0)) {
    throw unreadable(file, 'is an old Excel workbook (.xls)', 'save it as .xlsx or as CSV in UTF-8');
  }
  for (const encoding of ['utf-8', 'gb18030']) {
    try {
      const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
      // A table has no control characters but tab and line ends; what has others only happens to decode.
      // eslint-disable-next-line no-control-regex
      if (!/[\u0000-\u0008\u000e-\u001f]/.test(text)) return text;
    } catch {
      // not this encoding: the next one may fit
    }
  }
  throw unreadable(file, 'is neither CSV in UTF-8 or GB18030 nor XLSX (不是可识别的表格文件)', 'save the catalog as CSV in UTF-8 or as .xlsx');
}

function sheetOf(table: Table, file: string): Sheet | undefined {
  const header = headerOf(table);
  if (header === undefined) return undefined;
  const rows = table
    .map((cells, index): SheetRow => ({ number: index + 1, cells }))
    .slice(header.number)
    .filter((row) => row.cells.some((cell) => cell !== ''));
  return { file, header, rows };
}

function headerOf(table: Table): SheetRow | undefined {
  const known = (row: readonly string[]): number => row.filter((cell) => columnOfHeader(cell) !== undefined).length;
  const at = table.slice(0, HEADER_WITHIN_ROWS).findIndex((row) => known(row) >= HEADERS_TO_RECOGNIZE);
  const cells = table[at];
  return cells === undefined ? undefined : { number: at + 1, cells };
}

/** Blanks around a cell, full-width and no-break ones too, and a line break inside a merged heading, are layout and not content. */
function clean(cell: string): string {
  return cell.replace(/\r\n?/g, '\n').trim();
}

function startsWith(bytes: Buffer, ...signature: number[]): boolean {
  return signature.every((byte, index) => bytes[index] === byte);
}

function unreadable(file: string, what: string, mend: string, cause?: unknown): OperatorError {
  return new OperatorError(`${file} ${what}; ${mend}.`, cause === undefined ? {} : { cause });
}
