import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { CsvReader, EndlessLineError, formatRecord, type CsvRecord } from '../../src/intake/csv-records.ts';

function read(text: string, options: { width?: number; delimiter?: string; pieces?: number } = {}): CsvRecord[] {
  const reader = new CsvReader(options.delimiter ?? ',');
  if (options.width !== undefined) reader.expectCells(options.width);
  const records: CsvRecord[] = [];
  const drain = (): void => {
    for (let record = reader.take(); record !== null; record = reader.take()) records.push(record);
  };
  const size = options.pieces ?? text.length + 1;
  for (let at = 0; at < text.length; at += size) {
    reader.push(text.slice(at, at + size));
    drain();
  }
  reader.end();
  drain();
  return records;
}

const good = (text: string, options?: Parameters<typeof read>[1]): string[][] =>
  read(text, options).map(({ cells, broken }) => {
    expect(broken).toBe(false);
    return [...cells];
  });

describe('records of a CSV text', () => {
  it.each([
    [
      'plain',
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'CRLF, no line end at the end',
      'a,b\r\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'carriage returns alone',
      'a,b\r1,2\r',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['quoted delimiter', 'a,"b,c"\n', [['a', 'b,c']]],
    ['doubled mark', '"a ""b""",c\n', [['a "b"', 'c']]],
    [
      'line break in a cell',
      '"a\nb",c\n1,2\n',
      [
        ['a\nb', 'c'],
        ['1', '2'],
      ],
    ],
    ['empty quoted cells', '"",""\n', [['', '']]],
    ['mark inside an unquoted cell', '5" pipe,x\n', [['5" pipe', 'x']]],
    ['quoted cell at the end of the file', 'a,"b"', [['a', 'b']]],
  ])('%s', (_, text, expected) => expect(good(text)).toEqual(expected));

  it('are the same however the text is cut into pieces', () => {
    const text = '名称,"说明"\r\n"甲\r\n乙","他说""好"""\r\n丙,丁\r\n';
    for (let pieces = 1; pieces <= text.length; pieces += 1) expect(good(text, { pieces, width: 2 })).toEqual(good(text));
  });

  it('are what a strict parser reads, for any table', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', ';', '\n', ' ', '中', '1') });
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        (table, pieces) => {
          const text = table.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')).join('\n') + '\n';
          expect(read(text, { pieces, width: 3 }).map(({ cells }) => cells)).toEqual(parse(text));
          const formatted = table.map((row) => formatRecord(row)).join('\n') + '\n';
          expect(parse(formatted, { relax_quotes: true })).toEqual(table);
        },
      ),
    );
  });

  it('are numbered as a spreadsheet numbers its rows', () => {
    const records = read('a,b\n\n1,2\n"x\ny",3\n   \n4,5\n');
    expect(records.map(({ number, cells }) => [number, cells[0]])).toEqual([
      [1, 'a'],
      [3, '1'],
      [4, 'x\ny'],
      [6, '4'],
    ]);
  });
});

describe('a record that cannot be read', () => {
  const rest = [
    [3, false],
    [4, false],
  ];
  it.each([
    ['too few cells', 'a,b\nonly\n1,2\n3,4\n'],
    ['too many cells', 'a,b\n1,2,3\n1,2\n3,4\n'],
    ['a mark that is never closed', 'a,b\n"x,y\n1,2\n3,4\n'],
    ['a mark that a later row would close', 'a,b\n"x,y\n1,"2"\n"3",4\n'],
    ['text behind a closing mark', 'a,b\n"x"z,y\n1,2\n3,4\n'],
    ['a mark that swallows a line break and too many cells', 'a,b\nx,"y\n1,2\n"3",4\n'],
  ])('costs no other: %s', (_, text) => {
    const records = read(text, { width: 2 });
    expect(records[1]).toMatchObject({ number: 2, broken: true });
    expect(records.slice(2).map(({ number, broken }) => [number, broken])).toEqual(rest);
  });

  it('costs no other when thousands of rows follow it', () => {
    const lines = Array.from({ length: 5_000 }, (_, at) => `${String(at)},x`);
    const records = read(`a,b\n"open,y\n${lines.join('\n')}\n`, { width: 2, pieces: 1_000 });
    expect(records).toHaveLength(5_002);
    expect(records.filter(({ broken }) => broken).map(({ number }) => number)).toEqual([2]);
  });

  it('shows its first line as far as it can be told apart', () => {
    expect(read('a,b\n"x,y\n1,2\n', { width: 2 })[1]?.cells).toEqual(['"x', 'y']);
  });
});

it('a line without end is refused before it fills the memory', () => {
  const reader = new CsvReader(',');
  expect(() => {
    for (let at = 0; at < 20; at += 1) reader.push('x'.repeat(500_000));
  }).toThrow(EndlessLineError);
});
