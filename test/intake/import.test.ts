import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { encodeGb18030 } from '../catalog/gb18030.ts';
import { CODES, counts, csv, GivenIntake, PENALTY, rejectsIn } from './given-intake.ts';

const DEMO = fileURLToPath(new URL('../../demo/data/', import.meta.url));
const FIXTURES = fileURLToPath(new URL('./fixtures/', import.meta.url));
const Expected = z.object({
  item: z.string(),
  accepted: z.number(),
  rejected: z.array(z.object({ row: z.number(), field: z.string(), code: z.string() })),
});

let given: GivenIntake;
beforeAll(async () => {
  given = await GivenIntake.open();
});
beforeEach(() => given.emptyTables());
afterAll(() => given.close());

describe('whole files', () => {
  it('every bundled file is taken whole, and importing it again changes nothing and says so', async () => {
    const files = (await readdir(DEMO)).filter((name) => name.endsWith('.csv'));
    expect(files).toHaveLength(17);
    const rowsOf = async (name: string): Promise<number> =>
      (await readFile(join(DEMO, name), 'latin1')).trimEnd().split('\n').length - 1;
    for (const name of files) {
      const rows = String(await rowsOf(name));
      expect([name, counts(await given.import(basename(name, '.csv'), join(DEMO, name)))]).toEqual([
        name,
        `${rows} accepted, 0 updated, 0 unchanged, 0 rejected`,
      ]);
    }
    const [state, moments] = [await given.state(), await given.moments()];
    for (const name of files) {
      const rows = String(await rowsOf(name));
      expect([name, counts(await given.import(basename(name, '.csv'), join(DEMO, name)))]).toEqual([
        name,
        `0 accepted, 0 updated, ${rows} unchanged, 0 rejected`,
      ]);
    }
    expect(await given.state()).toBe(state);
    expect(await given.moments()).toBe(moments);
  });

  it('the dirty file is rejected in exactly its faulty rows', async () => {
    const expected = Expected.parse(
      JSON.parse(await readFile(join(FIXTURES, 'dirty-OrganizationPenalty.expected.json'), 'utf8')),
    );
    const summary = await given.import(
      expected.item,
      await given.file(await readFile(join(FIXTURES, 'dirty-OrganizationPenalty.csv'))),
    );
    expect(summary).toMatchObject({ accepted: expected.accepted, rejected: expected.rejected.length });
    expect((await rejectsIn(summary)).map(({ row, field, code }) => ({ row, field, code }))).toEqual(expected.rejected);
  });
});

describe('one file in any dress', () => {
  const rows = CODES.map((unifiedSocialCreditCode, at) => ({
    ...PENALTY,
    unifiedSocialCreditCode,
    penaltyDocNo: `内罚〔2026〕${String(at)}号`,
    penaltyContent: '罚款; "从重", 公示',
  }));
  const names = async (kind: 'key' | 'officialCode' | 'nameZh'): Promise<Map<string, string>> => {
    const item = (await given.catalogs.current())?.item('OrganizationPenalty');
    return new Map(item?.fields.map((field) => [field.key, field[kind] ?? field.nameZh]));
  };
  const renamed = (header: Map<string, string>): Record<string, string>[] =>
    rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [header.get(key) ?? key, value])));

  it('is the same data, whatever its encoding, delimiter, header names and column order', async () => {
    expect((await given.outcome('OrganizationPenalty', csv(rows))).counts).toBe('5 accepted, 0 updated, 0 unchanged, 0 rejected');
    const state = await given.state();
    const mixed = new Map([...(await names('nameZh')), ['partyName', 'CF_XDR_MC'], ['fineAmount', 'fineAmount']]);
    const headers = [await names('key'), await names('officialCode'), await names('nameZh'), mixed];
    for (const header of headers) {
      for (const delimiter of [',', ';', '\t']) {
        for (const reverse of [false, true]) {
          const table = renamed(header).map((row) => (reverse ? Object.fromEntries(Object.entries(row).toReversed()) : row));
          const text = csv(table, delimiter);
          for (const bytes of [Buffer.from(text), Buffer.from(`\ufeff${text}`), encodeGb18030(text)]) {
            expect((await given.outcome('150000-03-003', bytes)).counts).toBe('0 accepted, 0 updated, 5 unchanged, 0 rejected');
          }
        }
      }
    }
    expect(await given.state()).toBe(state);
  });

  it('knows a header by half-width brackets, blanks around it and letter case', async () => {
    const header = new Map([
      ['unifiedSocialCreditCode', ' 行政相对人代码_1 (统一社会信用代码) '],
      ['fineAmount', '罚款金额(万元)'],
      ['penaltyDocNo', 'cf_wsh'],
    ]);
    expect((await given.outcome('OrganizationPenalty', csv(renamed(header)))).counts).toBe(
      '5 accepted, 0 updated, 0 unchanged, 0 rejected',
    );
  });

  it('may have empty lines, rows of delimiters and columns without a name', async () => {
    const lines = csv(rows)
      .trimEnd()
      .split('\r\n')
      .map((line) => `${line},,`);
    const blank = ','.repeat(Object.keys(PENALTY).length + 1);
    expect(
      (await given.outcome('OrganizationPenalty', [lines[0], '', ...lines.slice(1), blank, blank, ''].join('\r\n'))).counts,
    ).toBe('5 accepted, 0 updated, 0 unchanged, 0 rejected');
  });
});

describe('a row is rejected alone, with all that is wrong with it', () => {
  const good = { ...PENALTY, unifiedSocialCreditCode: CODES[0] };
  it.each([
    ['MISSING_REQUIRED', 'penaltyAuthority', ' 　'],
    ['BAD_CHECK_DIGIT', 'unifiedSocialCreditCode', '91159900002710372G'],
    ['BAD_CHECK_DIGIT', 'dataSourceUnitUscc', '00000000000000000X'],
    ['BAD_DATE', 'penaltyDecisionDate', '2025-02-30'],
    ['BAD_DATE', 'reportedAt', '2025-02-28 25:00'],
    ['BAD_NUMBER', 'fineAmount', '1,234'],
    ['TOO_LONG', 'penaltyDocNo', '内'.repeat(129)],
    ['NOT_IN_VALUE_SET', 'severityTier', '特别严重'],
  ])('%s at %s', async (code, field, cell) => {
    const { counts: line, rejected } = await given.outcome(
      'OrganizationPenalty',
      csv([good, { ...PENALTY, [field]: cell }, { ...good, penaltyDocNo: '另一号' }]),
    );
    expect(line).toBe('2 accepted, 0 updated, 0 unchanged, 1 rejected');
    expect(rejected).toEqual([{ row: 3, field, code, message: expect.stringMatching(/[\u4e00-\u9fff]/) }]);
    expect(rejected[0]?.message).not.toContain(cell.trim() === '' ? '\u0000' : cell);
  });

  it('BAD_ROW for a row that lost a quotation mark, and for one with a cell too many', async () => {
    const lines = csv([good, PENALTY, { ...PENALTY, penaltyDocNo: '乙' }, { ...PENALTY, penaltyDocNo: '丙' }]).split('\r\n');
    lines[2] = `"${lines[2] ?? ''}`;
    lines[3] = `${lines[3] ?? ''},多`;
    const { counts: line, rejected } = await given.outcome('OrganizationPenalty', lines.join('\r\n'));
    expect(line).toBe('2 accepted, 0 updated, 0 unchanged, 2 rejected');
    expect(rejected.map(({ row, field, code }) => [row, field, code])).toEqual([
      [3, '', 'BAD_ROW'],
      [4, '', 'BAD_ROW'],
    ]);
  });

  it('several at once stand in one line', async () => {
    const { rejected } = await given.outcome(
      'OrganizationPenalty',
      csv([{ ...PENALTY, penaltyAuthority: '', penaltyDecisionDate: '昨天', fineAmount: '五万' }]),
    );
    expect(rejected).toHaveLength(1);
    expect(rejected[0]?.field.split(';')).toEqual(['fineAmount', 'penaltyDecisionDate', 'penaltyAuthority']);
    expect(rejected[0]?.code.split(';')).toEqual(['BAD_NUMBER', 'BAD_DATE', 'MISSING_REQUIRED']);
    expect(rejected[0]?.message.split('；')).toHaveLength(3);
  });

  it('MISSING_REQUIRED where neither code nor number says whom the row is about', async () => {
    const row = {
      subjectName: '无名',
      subjectType: '法人',
      unifiedSocialCreditCode: '',
      certNo: '',
      listName: '重大税收违法失信主体',
      listingDocNo: '1号',
      dishonestFacts: '事实',
      listingBasis: '依据',
      listingDate: '2026-01-01',
      listingAuthority: '局',
      listingAuthorityUscc: '111599006787843989',
      listStatus: '列入',
      dataSourceUnit: '局',
      dataSourceUnitUscc: '111599006787843989',
      reportedAt: '2026-02-15T09:30:00',
      collectedAt: '2026-02-15T09:30:00',
    };
    const { rejected } = await given.outcome('SeriousDishonestyEntry', csv([row]));
    expect(rejected).toMatchObject([{ field: 'unifiedSocialCreditCode', code: 'MISSING_REQUIRED' }]);
  });
});

describe('the rejects file', () => {
  const bad = [
    { ...PENALTY, penaltyDocNo: '甲', fineAmount: '约 "五" 万' },
    PENALTY,
    { ...PENALTY, penaltyDocNo: '乙', severityTier: '很重', remarks: '第一行\n第二行' },
  ];

  it('has the rows as they came behind a byte order mark, and can be mended and imported as it is', async () => {
    const first = await given.importText('OrganizationPenalty', csv(bad));
    expect(counts(first)).toBe('1 accepted, 0 updated, 0 unchanged, 2 rejected');
    const text = await readFile(first.rejectsPath ?? '', 'utf8');
    expect(text.startsWith('\ufeff')).toBe(true);
    const [header, ...rows] = parse(text, { bom: true });
    expect(header).toEqual([...Object.keys(PENALTY), '行号', '字段', '错误代码', '错误说明']);
    expect(rows.map((cells) => cells.slice(0, -4))).toEqual([bad[0], bad[2]].map((row) => Object.values(row ?? {})));

    const mended = await given.importText('OrganizationPenalty', text.replace('约 ""五"" 万', '5').replace('很重', '严重'));
    expect(counts(mended)).toBe('2 accepted, 0 updated, 0 unchanged, 0 rejected');
    expect(
      (
        await given.importText(
          'OrganizationPenalty',
          csv(
            bad.map((row) => ({
              ...row,
              fineAmount: row.fineAmount?.startsWith('约') === true ? '5' : (row.fineAmount ?? ''),
              severityTier: row.severityTier === '很重' ? '严重' : '一般',
            })),
          ),
        )
      ).unchanged,
    ).toBe(3);
  });

  it('of a half-mended rejects file has its notes once, with the new row numbers', async () => {
    const first = await given.importText('OrganizationPenalty', csv(bad));
    const half = (await readFile(first.rejectsPath ?? '', 'utf8')).replace('约 ""五"" 万', '5');
    const second = await given.importText('OrganizationPenalty', half);
    expect(counts(second)).toBe('1 accepted, 0 updated, 0 unchanged, 1 rejected');
    const [header] = parse(await readFile(second.rejectsPath ?? '', 'utf8'), { bom: true });
    expect(header).toEqual([...Object.keys(PENALTY), '行号', '字段', '错误代码', '错误说明']);
    expect(await rejectsIn(second)).toMatchObject([{ row: 3, field: 'severityTier' }]);
  });

  it('keeps every cell of a row that had too many', async () => {
    const lines = csv([PENALTY]).trimEnd().split('\r\n');
    const summary = await given.importText('OrganizationPenalty', `${lines[0] ?? ''}\r\n${lines[1] ?? ''},多一,多二\r\n`);
    const [, row] = parse(await readFile(summary.rejectsPath ?? '', 'utf8'), { bom: true });
    expect(row?.[Object.keys(PENALTY).length - 1]).toBe(`${PENALTY['collectedAt'] ?? ''},多一,多二`);
  });

  it('is not made when nothing is rejected', async () => {
    const path = await given.file(csv([PENALTY]));
    expect((await given.import('OrganizationPenalty', path)).rejectsPath).toBeNull();
    await expect(readFile(`${path}.rejects.csv`)).rejects.toThrow(/ENOENT/);
  });

  it('never overwrites the file that is imported', async () => {
    const path = await given.file(csv(bad));
    await expect(given.import('OrganizationPenalty', path, { rejectsPath: path })).rejects.toThrow(/--rejects/);
    expect(await readFile(path, 'utf8')).toBe(csv(bad));
  });

  it('that could not be written stops the import before it starts', async () => {
    const path = await given.file(csv(bad));
    await expect(
      given.import('OrganizationPenalty', path, { rejectsPath: join(given.directory, 'no-such', 'r.csv') }),
    ).rejects.toThrow(/--rejects/);
    expect(await given.rows('credit_records')).toEqual([]);
  });
});

describe('a dry run', () => {
  it('counts and rejects as an import would, and writes nothing', async () => {
    await given.importText('OrganizationPenalty', csv([PENALTY, { ...PENALTY, penaltyDocNo: '甲' }]));
    const [state, moments] = [await given.state(), await given.moments()];
    const path = await given.file(
      csv([
        PENALTY,
        { ...PENALTY, penaltyDocNo: '甲', fineAmount: '9' },
        { ...PENALTY, penaltyDocNo: '乙', unifiedSocialCreditCode: CODES[1] },
        { ...PENALTY, fineAmount: '多' },
      ]),
    );
    const dry = await given.import('OrganizationPenalty', path, { dryRun: true });
    expect(counts(dry)).toBe('1 accepted, 1 updated, 1 unchanged, 1 rejected');
    expect(await rejectsIn(dry)).toHaveLength(1);
    expect([await given.state(), await given.moments()]).toEqual([state, moments]);
    expect(counts(await given.import('OrganizationPenalty', path))).toBe(counts(dry));
  });

  it('of a subject item counts a subject known by its entries as new', async () => {
    const organizations = join(DEMO, 'Organization.csv');
    const dry = counts(await given.import('Organization', organizations, { dryRun: true }));
    expect(await given.rows('subjects')).toEqual([]);
    expect(counts(await given.import('Organization', organizations))).toBe(dry);
    expect((await given.import('Organization', organizations, { dryRun: true })).accepted).toBe(0);
  });
});
