import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OperatorError } from '../../src/errors.ts';
import { encodeGb18030 } from '../catalog/gb18030.ts';
import { csv, GivenIntake, PENALTY } from './given-intake.ts';

let given: GivenIntake;
beforeAll(async () => {
  given = await GivenIntake.open();
});
afterAll(() => given.close());

/** The message with which the import refuses the file, having written nothing. */
async function refusal(content: string | Buffer, item = 'OrganizationPenalty', name?: string): Promise<string> {
  const path = await given.file(content, name);
  const error: unknown = await given.import(item, path).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(OperatorError);
  expect(await given.rows('credit_records')).toEqual([]);
  expect(await given.rows('subjects')).toEqual([]);
  expect(await given.leftovers()).toEqual([]);
  return error instanceof Error ? error.message : '';
}

const without = (...keys: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(PENALTY).filter(([key]) => !keys.includes(key)));
const good = csv([PENALTY]);

describe('a file that cannot be taken imports nothing and says why', () => {
  it('missing', async () => {
    await expect(given.import('OrganizationPenalty', join(given.directory, 'no.csv'))).rejects.toThrow(/no\.csv does not exist/);
  });
  it('a folder', async () => {
    await mkdir(join(given.directory, 'folder'));
    await expect(given.import('OrganizationPenalty', join(given.directory, 'folder'))).rejects.toThrow(/is a folder/);
  });
  it('empty', async () => expect(await refusal('')).toMatch(/is empty/));
  it('without a header', async () => expect(await refusal('\ufeff\r\n  \r\n')).toMatch(/no header row/));
  it('an XLSX workbook', async () => expect(await refusal(Buffer.from('PK\u0003\u0004rest'))).toMatch(/XLSX.*CSV UTF-8/));
  it('an XLS workbook', async () => expect(await refusal(Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 1, 2]))).toMatch(/XLS.*CSV UTF-8/));
  it('UTF-16', async () => expect(await refusal(Buffer.from(`\ufeff${good}`, 'utf16le'))).toMatch(/UTF-16.*CSV UTF-8/));
  it('a NUL byte, with its place', async () => {
    const bytes = Buffer.from(good);
    bytes[321] = 0;
    expect(await refusal(bytes)).toMatch(/NUL byte at byte 321\b/);
  });
  it('bytes that are no text, with their place, even behind a megabyte of good rows', async () => {
    const head = Buffer.from(good.repeat(1_500));
    expect(await refusal(Buffer.concat([head, Buffer.from([0xe5, 0xff, 0x2c])]))).toMatch(
      new RegExp(`not from byte ${String(head.length + 1)} on|not from byte ${String(head.length)} on`),
    );
  });
  it('a character cut in two at the end', async () => {
    const bytes = Buffer.from(`\ufeff${good}备注`);
    expect(await refusal(bytes.subarray(0, -1))).toMatch(new RegExp(`byte ${String(bytes.length - 3)} on`));
  });
  it('a table without line ends', async () => {
    expect(await refusal(`${good}${'x'.repeat(5_000_000)}`)).toMatch(/millions of characters/);
  });
});

describe('a header that does not fit imports nothing and names every column concerned', () => {
  it('UNKNOWN_COLUMN: all of them at once', async () => {
    const message = await refusal(csv([{ ...PENALTY, 处罚金额: '1', 经办电话: '2' }]));
    expect(message).toMatch(/UNKNOWN_COLUMN.*"处罚金额", "经办电话"/);
    expect(message).toContain('150000-03-003');
  });
  it('a required column is missing', async () =>
    expect(await refusal(csv([without('severityTier', 'penaltyDocNo')]))).toMatch(/penaltyDocNo.*severityTier/));
  it('the same field twice, under two of its names', async () =>
    expect(await refusal(csv([{ ...PENALTY, CF_NR_FK: '1' }]))).toMatch(/2 times: fineAmount, CF_NR_FK/));
  it('the header fits another item better', async () => {
    const message = await refusal(good, 'OrganizationLicense');
    expect(message).toMatch(/Wrong item\?.*150000-03-003 OrganizationPenalty/);
  });
  it('an optional column may be missing', async () => {
    await expect(
      given.import('OrganizationPenalty', await given.file(csv([without('remarks', 'fineAmount')])), { dryRun: true }),
    ).resolves.toMatchObject({ accepted: 1 });
  });
  it('damaged UTF-8 that happens to be GB18030 is named as the likely cause', async () => {
    const bytes = Buffer.concat([encodeGb18030('处罚金额\r\n'), Buffer.from('x')]);
    expect(await refusal(bytes)).toMatch(/read as GB18030, because from byte 0 on/);
  });
});

describe('an item that is not there', () => {
  it('is answered with the names that come nearest', async () => {
    const message = await refusal(good, 'OrganisationPenalty');
    expect(message).toMatch(/no item "OrganisationPenalty"[\s\S]*150000-03-003 {2}OrganizationPenalty/);
    expect(message).not.toContain('TaxArrears');
  });
  it('is answered with all items when nothing is near', async () =>
    expect(await refusal(good, 'zzzzzzzzzzzz')).toContain('TaxArrears'));
  it('is answered with the mend when no catalog is published', async () => {
    const bare = await GivenIntake.open(null);
    await expect(bare.import('OrganizationPenalty', await bare.file(good))).rejects.toThrow(/catalog publish/);
    await bare.close();
  });
});
