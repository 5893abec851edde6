import { describe, expect, it } from '@jest/globals';
import type { CatalogField, SubjectScope } from '../../src/catalog/model.ts';
import { compileCellRule } from '../../src/intake/cell-rules.ts';

function field(changes: Partial<CatalogField>): CatalogField {
  return {
    key: 'field',
    nameZh: '数据项',
    nameEn: 'field',
    role: null,
    inKey: false,
    officialCode: null,
    format: 'STRING',
    length: 20,
    required: false,
    values: null,
    permission: 'PUBLIC',
    maskedAt: null,
    mask: null,
    securityLevel: 'L1',
    ...changes,
  };
}

function take(changes: Partial<CatalogField>, cell: string, scope: SubjectScope = 'ALL'): string {
  const result = compileCellRule(field(changes), scope)(cell);
  return typeof result === 'string' ? result : result.code;
}

describe('dates', () => {
  it.each([
    ['2026-02-09', '2026-02-09'],
    ['2026/02/09', '2026-02-09'],
    ['2026/2/9', '2026-02-09'],
    ['2026-2-9', '2026-02-09'],
    ['２０２６-０２-０９', '2026-02-09'],
    ['2024-02-29', '2024-02-29'],
    ['2099-12-31', '2099-12-31'],
    ['2025-02-29', 'BAD_DATE'],
    ['2025-02-30', 'BAD_DATE'],
    ['1900-02-29', 'BAD_DATE'],
    ['2025-13-01', 'BAD_DATE'],
    ['2025-00-10', 'BAD_DATE'],
    ['2025-04-31', 'BAD_DATE'],
    ['0206-01-01', 'BAD_DATE'],
    ['2025-1/2', 'BAD_DATE'],
    ['20250102', 'BAD_DATE'],
    ['2025年1月2日', 'BAD_DATE'],
    ['2025-01-02T00:00:00', 'BAD_DATE'],
    ['长期', 'BAD_DATE'],
  ])('%s → %s', (cell, expected) => expect(take({ format: 'DATE', length: 10 }, cell)).toBe(expected));
});

describe('dates with a time', () => {
  it.each([
    ['2026-02-15T09:30:00+08:00', '2026-02-15T09:30:00+08:00'],
    ['2026-02-15T09:30:00', '2026-02-15T09:30:00+08:00'],
    ['2026-02-15 09:30', '2026-02-15T09:30:00+08:00'],
    ['2026/2/15 9:30:05', '2026-02-15T09:30:05+08:00'],
    ['2026-02-15T01:30:00Z', '2026-02-15T01:30:00+00:00'],
    ['2026-02-15T01:30:00.250Z', '2026-02-15T01:30:00.250+00:00'],
    ['2026-02-15T09:30:00+0800', '2026-02-15T09:30:00+08:00'],
    ['2026-02-15T09:30:00+08', '2026-02-15T09:30:00+08:00'],
    ['2026-02-15', 'BAD_DATE'],
    ['2026-02-30T09:30:00', 'BAD_DATE'],
    ['2026-02-15T24:00:00', 'BAD_DATE'],
    ['2026-02-15T09:60:00', 'BAD_DATE'],
    ['2026-02-15T09:30:00+19:00', 'BAD_DATE'],
  ])('%s → %s', (cell, expected) => expect(take({ format: 'DATETIME', length: 25 }, cell)).toBe(expected));
});

describe('decimals', () => {
  it.each([
    ['0.5', '0.5'],
    ['8', '8'],
    ['8.00', '8'],
    ['020.50', '20.5'],
    ['-3.10', '-3.1'],
    ['+3', '3'],
    ['-0.00', '0'],
    ['１２．５', '12.5'],
    ['1234567890.12345678', '1234567890.12345678'],
    ['1234567890.123456789', 'TOO_LONG'],
    ['约五万', 'BAD_NUMBER'],
    ['1,234.5', 'BAD_NUMBER'],
    ['1e5', 'BAD_NUMBER'],
    ['.5', 'BAD_NUMBER'],
    ['5.', 'BAD_NUMBER'],
    ['5万', 'BAD_NUMBER'],
    ['1 000', 'BAD_NUMBER'],
    ['NaN', 'BAD_NUMBER'],
    ['Infinity', 'BAD_NUMBER'],
    ['0x10', 'BAD_NUMBER'],
  ])('%s → %s', (cell, expected) => expect(take({ format: 'DECIMAL', length: 18 }, cell)).toBe(expected));
});

describe('integers', () => {
  it.each([
    ['12', '12'],
    ['007', '7'],
    ['-5', '-5'],
    ['-0', '0'],
    ['12.0', 'BAD_NUMBER'],
    ['123456789', 'TOO_LONG'],
    ['12人', 'BAD_NUMBER'],
  ])('%s → %s', (cell, expected) => expect(take({ format: 'INTEGER', length: 8 }, cell)).toBe(expected));

  it('that GraphQL could not carry are refused even where the length allows them', () => {
    expect(take({ format: 'INTEGER', length: 12 }, '2147483647')).toBe('2147483647');
    expect(take({ format: 'INTEGER', length: 12 }, '2147483648')).toBe('BAD_NUMBER');
  });
});

describe('booleans', () => {
  it.each([
    ['是', 'true'],
    ['否', 'false'],
    ['TRUE', 'true'],
    ['false', 'false'],
    ['１', 'true'],
    ['0', 'false'],
    ['有', 'NOT_IN_VALUE_SET'],
  ])('%s → %s', (cell, expected) => expect(take({ format: 'BOOLEAN', length: 5 }, cell)).toBe(expected));
});

describe('texts', () => {
  it('are counted in characters, not in bytes or UTF-16 units', () => {
    expect(take({ length: 3 }, '𠮷𠮷𠮷')).toBe('𠮷𠮷𠮷');
    expect(take({ length: 3 }, '𠮷𠮷𠮷𠮷')).toBe('TOO_LONG');
    expect(take({ length: 3 }, '处罚书')).toBe('处罚书');
  });

  it('stay as they came, full-width characters included', () => expect(take({}, 'Ａ（1）')).toBe('Ａ（1）'));

  it('of a value set are one of its values, exactly', () => {
    const values = ['轻微', '一般', '严重'];
    expect(take({ values }, '一般')).toBe('一般');
    for (const cell of ['特别严重', '一般;严重', '一般。', '一 般']) expect(take({ values }, cell)).toBe('NOT_IN_VALUE_SET');
  });
});

describe('identifiers', () => {
  const code = { role: 'SUBJECT_CODE', length: 18 } as const;
  const number = { role: 'SUBJECT_ID_NUMBER', length: 64 } as const;
  it.each([
    ['a credit code, of an item about organizations', code, 'ORGANIZATION', '91150102MAY0A0011F', '91150102MAY0A0011F'],
    [
      'lower case and full width are brought to the stored form',
      code,
      'ORGANIZATION',
      '９1150102may0a0011f',
      '91150102MAY0A0011F',
    ],
    ['a wrong check character', code, 'ORGANIZATION', '91150102MAY0A0011G', 'BAD_CHECK_DIGIT'],
    ['the letter O for zero is not guessed', code, 'ORGANIZATION', '9115O102MAY0A0011F', 'BAD_CHECK_DIGIT'],
    ['scientific notation of a spreadsheet', code, 'ORGANIZATION', '9.11599E+17', 'BAD_CHECK_DIGIT'],
    ['an ID number, of an item about organizations', code, 'ORGANIZATION', '150100199001010024', 'BAD_CHECK_DIGIT'],
    ['an ID number, of an item about everybody', code, 'ALL', '150100199001010024', '150100199001010024'],
    ['an ID number with a wrong check digit', code, 'ALL', '150100199001010025', 'BAD_CHECK_DIGIT'],
    ['a certificate without check digit is no code', code, 'ALL', 'E12345678', 'BAD_CHECK_DIGIT'],
    ['an ID number', number, 'PERSON', '15250019680808346x', '15250019680808346X'],
    ['an impossible birthday', number, 'PERSON', '150100199002300025', 'BAD_CHECK_DIGIT'],
    ['a first-generation ID number', number, 'PERSON', '150100900101002', '150100900101002'],
    ['a passport, where any certificate fits', number, 'PERSON', 'E12345678', 'E12345678'],
    ['a passport, where only an ID number fits', { ...number, length: 18 }, 'PERSON', 'E12345678', 'BAD_CHECK_DIGIT'],
    ['the code of a source unit', { role: 'SOURCE_UNIT_CODE', length: 18 }, 'ALL', '11150000MAY100018G', '11150000MAY100018G'],
    ['a placeholder as source unit', { role: 'SOURCE_UNIT_CODE', length: 18 }, 'ALL', '00000000000000000X', 'BAD_CHECK_DIGIT'],
    ['a code that is too long', code, 'ALL', '91150102MAY0A0011FF', 'TOO_LONG'],
  ] satisfies [string, Partial<CatalogField>, SubjectScope, string, string][])('%s', (_, changes, scope, cell, expected) => {
    expect(take(changes, cell, scope)).toBe(expected);
  });

  it('are only checked where the role says so', () =>
    expect(take({ length: 64 }, '150100199002300025')).toBe('150100199002300025'));
});
