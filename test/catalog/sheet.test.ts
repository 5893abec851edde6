import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkSheet } from '../../src/catalog/check-sheet.ts';
import type { CatalogDocument } from '../../src/catalog/model.ts';
import { decodeSheet, readSheet } from '../../src/catalog/sheet.ts';
import { OperatorError } from '../../src/errors.ts';
import { BUNDLED_SHEET, EditableSheet } from './bundled-sheet.ts';
import { encodeGb18030 } from './gb18030.ts';
import { xlsxFile } from './xlsx-file.ts';

let bundled: CatalogDocument;
let sheet: EditableSheet;
beforeAll(async () => {
  sheet = await EditableSheet.bundled();
  bundled = await sheet.document();
});

const ENCODINGS = {
  'UTF-8': (text: string) => Buffer.from(text),
  'UTF-8 with BOM': (text: string) => Buffer.from(`\uFEFF${text}`),
  GB18030: encodeGb18030,
};

describe('a CSV sheet is read alike', () => {
  const delimiters = { comma: ',', semicolon: ';', tab: '\t' };
  const cases = Object.entries(ENCODINGS).flatMap(([encoding, encode]) =>
    Object.entries(delimiters).map(([name, delimiter]) => ({ encoding, encode, name, delimiter })),
  );
  it.each(cases)('in $encoding with $name', async ({ encode, delimiter }) => {
    const { document, findings } = checkSheet(await decodeSheet(encode(sheet.text(delimiter)), 'sheet.csv'));
    expect(findings).toEqual([]);
    expect(document).toEqual(bundled);
  });

  it('with a title above the header, blank rows and blanks around the cells', async () => {
    const padded = sheet.rows.map((row) => row.map((cell) => (cell === '' ? '' : ` ${cell}\u3000`)));
    const rows = [['内蒙古自治区公共信用信息目录（2026年版）'], [], ...padded.slice(0, 5), [''], ...padded.slice(5)];
    const decoded = await decodeSheet(Buffer.from(rows.map((row) => row.map((cell) => `"${cell}"`).join(',')).join('\n')), 'sheet.csv');
    expect(decoded.header.number).toBe(3);
    expect(checkSheet(decoded).document).toEqual(bundled);
  });
});

describe('an XLSX sheet', () => {
  it('is read like the CSV', async () => {
    const { document, findings } = checkSheet(await decodeSheet(xlsxFile(sheet.rows), 'sheet.xlsx'));
    expect(findings).toEqual([]);
    expect(document).toEqual(bundled);
  });

  it('may have a title above the header and other sheets before; rows keep the numbers that the program shows', async () => {
    const faulty = (await EditableSheet.bundled()).set('Organization.subjectType', '使用权限', '公开');
    const rows = [['内蒙古自治区公共信用信息目录（2026年版）'], [], ...faulty.rows];
    const decoded = await decodeSheet(xlsxFile([['说明'], ['使用权限见第二页']], rows), 'sheet.xlsx');
    expect(checkSheet(decoded).findings).toMatchObject([{ row: faulty.rowNumber('Organization.subjectType') + 2, column: '使用权限', code: 'UNKNOWN_WORD' }]);
  });
});

describe('a file that is no catalog sheet gets one clear error:', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'catalog-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  const xlsx = xlsxFile([['a', 'b']]);
  const BAD: readonly (readonly [name: string, bytes: Buffer, message: RegExp])[] = [
    ['empty', Buffer.alloc(0), /bad\.csv is empty/],
    ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0]), /neither CSV in UTF-8 or GB18030 nor XLSX/],
    ['an undecodable text', Buffer.from([0x81, 0x20, 0xff, 0xff, 0xff]), /neither CSV in UTF-8 or GB18030 nor XLSX/],
    ['UTF-16', Buffer.from('\uFEFF目录代码', 'utf16le'), /is in UTF-16; save it as CSV in UTF-8/],
    ['an old workbook', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1]), /old Excel workbook \(\.xls\); save it as \.xlsx/],
    ['a ZIP that is no workbook', Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(40)]), /not a readable XLSX workbook/],
    ['a workbook cut off', xlsx.subarray(0, 300), /not a readable XLSX workbook/],
    ['a workbook with another table', xlsx, /no catalog header row.*begins with: a \| b/],
    ['a department’s data file', Buffer.from('CF_XDR_MC,CF_WSH\n甲公司,1号\n'), /no catalog header row.*begins with: CF_XDR_MC \| CF_WSH/],
    ['blank lines only', Buffer.from('\n\n,,\n'), /no catalog header row/],
    ['a quotation mark never closed', Buffer.from('目录代码,项目名称,项目英文名,接口类型名,信息类别,信息归属\n"150000-01-001,x\n'), /not well-formed CSV.*quotation mark/],
  ];
  it.each(BAD)('%s', async (_name, bytes, message) => {
    const path = join(directory, 'bad.csv');
    await writeFile(path, bytes);
    await expect(readSheet(path)).rejects.toThrow(OperatorError);
    await expect(readSheet(path)).rejects.toThrow(message);
  });

  it('a file that is not there', () => expect(readSheet(join(directory, 'none.csv'))).rejects.toThrow(/none\.csv does not exist.*check the path/));
  it('a directory', () => expect(readSheet(directory)).rejects.toThrow(/is a directory/));
  it('a path through a file', () => expect(readSheet(join(BUNDLED_SHEET, 'x'))).rejects.toThrow(/does not exist/));
  it('a file far larger than any catalog', async () => {
    await writeFile(join(directory, 'large.csv'), Buffer.alloc(21 * 1024 * 1024, 0x61));
    await expect(readSheet(join(directory, 'large.csv'))).rejects.toThrow(/large\.csv has 21 MB.*data file for `import`/);
  });
});
