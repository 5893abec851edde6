/** A minimal workbook as spreadsheet programs write them: shared strings, numbers as numbers, blank cells left out, merged ranges. */
import { crc32, deflateRawSync } from 'node:zlib';
import { columnLetter } from '../../src/catalog/sheet-columns.ts';

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONS = 'http://schemas.openxmlformats.org/package/2006/relationships';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';

/** @param sheets rows of cells for each sheet; `''` is left out of the file, and so is a row without cells */
export function xlsxFile(...sheets: (readonly (readonly string[])[])[]): Buffer {
  const strings: string[] = [];
  const numbers = new Map<string, number>();
  const shared = (text: string): number => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, strings.push(text) - 1);
    return strings.length - 1;
  };
  const cell = (text: string, at: string): string => {
    if (text === '') return '';
    return /^[1-9]\d*$/.test(text) ? `<c r="${at}"><v>${text}</v></c>` : `<c r="${at}" t="s"><v>${shared(text)}</v></c>`;
  };
  const bodies = sheets.map((rows) =>
    rows
      .map((row, index) => ({ number: index + 1, cells: row.map((text, position) => cell(text, `${columnLetter(position)}${index + 1}`)).join('') }))
      .filter(({ cells }) => cells !== '')
      .map(({ number, cells }) => `<row r="${number}">${cells}</row>`)
      .join(''),
  );
  const files: Record<string, string> = {
    '[Content_Types].xml': `${XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
    '_rels/.rels': `${XML}<Relationships xmlns="${RELATIONS}"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `${XML}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${bodies
      .map((_, index) => `<sheet name="目录${index + 1}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`)
      .join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `${XML}<Relationships xmlns="${RELATIONS}">${bodies
      .map((_, index) => `<Relationship Id="rId${index + 1}" Type="${OFFICE}/worksheet" Target="worksheets/sheet${index + 1}.xml"/>`)
      .join('')}<Relationship Id="rId99" Type="${OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
    'xl/sharedStrings.xml': `${XML}<sst xmlns="${MAIN}">${strings.map((text) => `<si><t xml:space="preserve">${escape(text)}</t></si>`).join('')}</sst>`,
  };
  bodies.forEach((body, index) => {
    const merged = index === 0 ? '<mergeCells count="1"><mergeCell ref="A1:C1"/></mergeCells>' : '';
    files[`xl/worksheets/sheet${index + 1}.xml`] = `${XML}<worksheet xmlns="${MAIN}"><sheetData>${body}</sheetData>${merged}</worksheet>`;
  });
  return zip(files);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** PKWARE's APPNOTE.TXT §4.3: local headers with their data, then the central directory. */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const data = Buffer.from(text);
    const packed = deflateRawSync(data);
    const path = Buffer.from(name);
    // version, flags (UTF-8 names), method (deflate), time, date, checksum, sizes, lengths of name and extra
    const common = Buffer.alloc(26);
    [20, 0x800, 8, 0, 0x21].forEach((value, index) => common.writeUInt16LE(value, index * 2));
    [crc32(data), packed.length, data.length].forEach((value, index) => common.writeUInt32LE(value, 10 + index * 4));
    common.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, path, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002'), Buffer.from([20, 0]), common, tail, path]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}
