import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EntryStatusService } from '../../src/entries/index.ts';
import { OperatorError } from '../../src/errors.ts';
import { encodeEntryId, encodeSubjectId } from '../../src/entries/index.ts';
import { csv, GivenIntake, PENALTY } from '../intake/given-intake.ts';

let given: GivenIntake;
let entries: EntryStatusService;
let id: string;
let subjectId: string;

beforeAll(async () => {
  given = await GivenIntake.open();
  entries = new EntryStatusService(given.database.prisma);
});
beforeEach(async () => {
  await given.emptyTables();
  await given.database.pool.query('TRUNCATE entry_events');
  await given.importText('OrganizationPenalty', csv([PENALTY, { ...PENALTY, penaltyDocNo: '别的' }]));
  const entry = (await given.rows('credit_records')).find((row) => row['document_number'] === PENALTY['penaltyDocNo']);
  subjectId = String(entry?.['subject_id']);
  id = encodeEntryId('RECORD', subjectId, String(entry?.['id']));
  await given.database.pool.query(`UPDATE credit_records SET updated_at = '2020-01-01'`);
});
afterAll(() => given.close());

const states = async (): Promise<unknown[]> => {
  const { rows } = await given.database.pool.query(
    `SELECT document_number, status, disputed, updated_at > '2020-01-01' AS touched FROM credit_records ORDER BY document_number DESC`,
  );
  return rows;
};
const events = async (): Promise<unknown[]> =>
  (await given.database.pool.query('SELECT event, reason FROM entry_events ORDER BY id')).rows;
const other = { document_number: '别的', status: 'ACTIVE', disputed: false, touched: false };

describe('the status of an entry', () => {
  it.each(['REPAIRED', 'WITHDRAWN'])('becomes %s, with the reason on record and the time of the change', async (status) => {
    expect(await entries.changeStatus(id, status, ' 决定书 12号 ')).toEqual({
      changed: true,
      before: { status: 'ACTIVE', disputed: false },
    });
    expect(await states()).toEqual(
      [other, { document_number: PENALTY['penaltyDocNo'], status, disputed: false, touched: true }].toSorted(byNumber),
    );
    expect(await events()).toEqual([{ event: status, reason: '决定书 12号' }]);
  });

  it('can be taken back, and every step stays on record', async () => {
    await entries.changeStatus(id, 'WITHDRAWN', '一');
    await entries.changeStatus(id, 'active', '二');
    expect(await events()).toEqual([
      { event: 'WITHDRAWN', reason: '一' },
      { event: 'ACTIVE', reason: '二' },
    ]);
  });

  it('that it has already changes nothing', async () => {
    expect(await entries.changeStatus(id, 'ACTIVE', '无')).toMatchObject({ changed: false });
    expect(await events()).toEqual([]);
    expect(await states()).toContainEqual({
      document_number: PENALTY['penaltyDocNo'],
      status: 'ACTIVE',
      disputed: false,
      touched: false,
    });
  });

  it('changes once when two operators change it at the same time', async () => {
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => entries.changeStatus(id, 'REPAIRED', '同时')));
    expect(outcomes.filter(({ changed }) => changed)).toHaveLength(1);
    expect(await events()).toHaveLength(1);
  });
});

describe('an objection', () => {
  it('is opened and ended, and leaves the status alone', async () => {
    await entries.changeStatus(id, 'REPAIRED', '修复');
    expect(await entries.setDispute(id, true, '异议')).toMatchObject({ changed: true });
    expect(await states()).toContainEqual({
      document_number: PENALTY['penaltyDocNo'],
      status: 'REPAIRED',
      disputed: true,
      touched: true,
    });
    expect(await entries.setDispute(id, true, '异议')).toMatchObject({ changed: false });
    expect(await entries.setDispute(id, false, '已核实')).toMatchObject({ changed: true });
    expect(await events()).toEqual(['REPAIRED', 'DISPUTE_ON', 'DISPUTE_OFF'].map((event) => expect.objectContaining({ event })));
  });
});

describe('a change is refused, and nothing is written', () => {
  it.each([
    ['no id at all', () => 'nonsense', /not the id of an entry/],
    ['the id of no entry', () => encodeEntryId('RECORD', subjectId, '00000000-0000-8000-8000-000000000000'), /no entry/],
    [
      'the id of an entry of another family',
      () => encodeEntryId('LIST', subjectId, '00000000-0000-8000-8000-000000000000'),
      /no entry/,
    ],
    ['the id of a subject', () => encodeSubjectId(subjectId), /id of a subject/],
  ])('%s', async (_, wrong, message) => {
    await expect(entries.changeStatus(wrong(), 'REPAIRED', '理由')).rejects.toThrow(message);
    await expect(entries.setDispute(wrong(), true, '理由')).rejects.toThrow(OperatorError);
    expect(await events()).toEqual([]);
  });

  it.each(['', '  ', '　'])('a blank reason: "%s"', async (reason) => {
    await expect(entries.changeStatus(id, 'REPAIRED', reason)).rejects.toThrow(/needs a reason/);
    expect(await events()).toEqual([]);
  });

  it('an unknown status', async () => {
    await expect(entries.changeStatus(id, 'DELETED', '理由')).rejects.toThrow(/ACTIVE, REPAIRED, WITHDRAWN/);
  });
});

function byNumber(a: { document_number: string | undefined }, b: { document_number: string | undefined }): number {
  return (a.document_number ?? '') < (b.document_number ?? '') ? 1 : -1;
}
