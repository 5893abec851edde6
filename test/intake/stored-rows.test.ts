import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CODES, counts, csv, GivenIntake, PENALTY } from './given-intake.ts';

const NUMBER = '150100199001010024';

const ORGANIZATION: Readonly<Record<string, string>> = {
  subjectName: '包头鹿城物流有限责任公司',
  unifiedSocialCreditCode: CODES[0],
  subjectType: '个体工商户',
  enterpriseType: '有限责任公司',
  legalRepresentative: '罗平霞',
  legalRepCertNo: '159931198610150008',
  registeredCapital: '1000',
  capitalCurrency: 'CNY',
  establishmentDate: '2025-11-22',
  approvalDate: '2025-11-27',
  registrationStatus: '存续',
  registrationAuthority: '包头市市场监督管理局',
  administrativeDivisionCode: '150200',
  registeredAddress: '示例街道251号',
  businessScope: '技术服务',
  industryCode: 'D4415',
  dataSourceUnit: '包头市市场监督管理局',
  dataSourceUnitUscc: '11159900234759562D',
};

const COMMITMENT: Readonly<Record<string, string>> = {
  commitmentCode: 'CN2024',
  committerName: '杨军洋',
  committerCategory: '自然人',
  committerCode: NUMBER,
  commitmentType: '主动公示型',
  commitmentReason: '办理行政许可',
  commitmentContent: '依法诚信经营',
  breachLiability: '依法承担违诺责任',
  commitmentDate: '2024-11-02',
  acceptanceUnit: '兴安盟农牧局',
  acceptanceUnitUscc: '11159900403164210F',
  publicityType: '主动公示',
  fulfilmentStatus: '已履行',
  reportedAt: '2024-11-04T09:30:00+08:00',
  collectedAt: '2024-11-18T02:00:00+08:00',
};

const QUALIFICATION: Readonly<Record<string, string>> = {
  personName: '张涛刚',
  certType: '身份证',
  certNo: NUMBER,
  qualificationName: '注册会计师',
  qualificationLevel: '中级',
  qualificationCertNo: 'ZG1',
  obtainedDate: '2019/5/1',
  issuingAuthority: '人力资源和社会保障厅',
  qualificationStatus: '有效',
  dataSourceUnit: '呼和浩特市农牧局',
  dataSourceUnitUscc: '11159900535700169W',
};

let given: GivenIntake;
beforeAll(async () => {
  given = await GivenIntake.open();
});
beforeEach(() => given.emptyTables());
afterAll(() => given.close());

const take = async (item: string, ...rows: Readonly<Record<string, string>>[]): Promise<string> =>
  counts(await given.importText(item, csv(rows)));

describe('an entry', () => {
  it('fills the columns of its standard elements and keeps every field in its content', async () => {
    expect(await take('OrganizationPenalty', { ...PENALTY, fineAmount: '020.50', penaltyDecisionDate: '2026/2/9' })).toMatch(
      /^1 accepted/,
    );
    const [entry] = await given.rows('credit_records');
    const subjectId = given.keys.subjectId('91159900002710372H');
    expect(entry).toMatchObject({
      subject_id: subjectId,
      id: given.keys.entryId('150000-03-003', subjectId, ['内罚〔2026〕000000号', '2026-02-09']),
      item_code: '150000-03-003',
      person: false,
      status: 'ACTIVE',
      disputed: false,
      source_unit: '鄂尔多斯市税务局',
      source_unit_code: '111599006787843989',
      document_number: '内罚〔2026〕000000号',
      authority: '鄂尔多斯市税务局',
      title: '没收违法所得',
      amount: '20.5',
      catalog_version: 1,
    });
    expect(entry?.['content']).toMatchObject({
      fineAmount: '20.5',
      penaltyDecisionDate: '2026-02-09',
      violationType: '虚假宣传',
    });
    expect(entry?.['content']).not.toHaveProperty('remarks');
    const { rows } = await given.database.pool.query(
      'SELECT decided_on::text, valid_until::text, public_until::text FROM credit_records',
    );
    expect(rows).toEqual([{ decided_on: '2026-02-09', valid_until: '2099-12-31', public_until: '2029-02-08' }]);
  });

  it('rests with its L4 fields sealed', async () => {
    await take('OrganizationPenalty', PENALTY);
    const [entry] = await given.rows('credit_records');
    const { rows } = await given.database.pool.query<{ sealed: string }>(
      `SELECT content ->> 'legalRepCertNo' AS sealed FROM credit_records`,
    );
    const sealed = rows[0]?.sealed ?? '';
    expect(given.keys.isSealed(sealed)).toBe(true);
    expect(given.keys.unseal(sealed, String(entry?.['subject_id']))).toBe('159974198003260379');
    expect(await given.state()).not.toContain('159974198003260379');
  });

  it('sent again changed is updated, keeps when it was received, and its status and objection', async () => {
    await take('OrganizationPenalty', PENALTY, { ...PENALTY, penaltyDocNo: '不变' });
    await given.database.pool.query(
      `UPDATE credit_records SET status = 'REPAIRED', disputed = true, received_at = '2020-01-01', updated_at = '2020-01-01'`,
    );
    expect(await take('OrganizationPenalty', { ...PENALTY, fineAmount: '9' }, { ...PENALTY, penaltyDocNo: '不变' })).toBe(
      '0 accepted, 1 updated, 1 unchanged, 0 rejected',
    );
    const rows = (await given.rows('credit_records')).map((row) => [
      row['document_number'],
      row['amount'],
      row['status'],
      row['disputed'],
      text(row['received_at']),
      text(row['updated_at']).startsWith('2020'),
    ]);
    expect(rows.toSorted()).toEqual(
      [
        ['不变', '0.5', 'REPAIRED', true, '2020-01-01T00:00:00.000Z', true],
        ['内罚〔2026〕000000号', '9', 'REPAIRED', true, '2020-01-01T00:00:00.000Z', false],
      ].toSorted(),
    );
  });

  it('twice in one file: the last row wins, and counts as a change of the first', async () => {
    const rows = [PENALTY, { ...PENALTY, fineAmount: '1' }, { ...PENALTY, fineAmount: '1' }, { ...PENALTY, fineAmount: '2' }];
    expect(await take('OrganizationPenalty', ...rows)).toBe('1 accepted, 2 updated, 1 unchanged, 0 rejected');
    expect(await given.rows('credit_records')).toMatchObject([{ amount: '2' }]);
    expect(await take('OrganizationPenalty', ...rows)).toBe('0 accepted, 0 updated, 4 unchanged, 0 rejected');
    expect(await take('OrganizationPenalty', { ...PENALTY, fineAmount: '3' }, { ...PENALTY, fineAmount: '4' })).toBe(
      '0 accepted, 2 updated, 0 unchanged, 0 rejected',
    );
  });

  it('with the same key about another subject is another entry', async () => {
    expect(await take('OrganizationPenalty', PENALTY, { ...PENALTY, unifiedSocialCreditCode: CODES[0] })).toMatch(/^2 accepted/);
  });
});

describe('a subject known by its entries alone', () => {
  it('is created unregistered: an organization with its code and name', async () => {
    await take('OrganizationPenalty', PENALTY, { ...PENALTY, penaltyDocNo: '二', partyName: '后来的名字' });
    expect(await given.rows('subjects')).toMatchObject([
      {
        id: given.keys.subjectId('91159900002710372H'),
        item_code: '150000-01-001',
        kind: 'ENTERPRISE',
        person: false,
        registered: false,
        name: '鄂尔多斯乌兰食品1037有限责任公司',
        credit_code: '91159900002710372H',
        content: { subjectName: '鄂尔多斯乌兰食品1037有限责任公司', unifiedSocialCreditCode: '91159900002710372H' },
      },
    ]);
  });

  it('is created unregistered: a person, whose number is nowhere in the clear', async () => {
    await take('ProfessionalQualification', QUALIFICATION);
    await take('CreditCommitment', COMMITMENT);
    const subjects = await given.rows('subjects');
    expect(subjects).toMatchObject([
      { item_code: '150000-01-002', kind: 'NATURAL_PERSON', person: true, registered: false, name: '张涛刚', credit_code: null },
    ]);
    expect(await given.rows('commitments')).toMatchObject([{ person: true, subject_id: subjects[0]?.['id'] }]);
    expect(await given.state()).not.toContain(NUMBER);
  });

  it('by a code that an ID number could be too, is an organization where the item is about organizations', async () => {
    expect(await take('CreditCommitment', { ...COMMITMENT, committerCode: CODES[1] }, COMMITMENT)).toMatch(/^2 accepted/);
    expect((await given.rows('subjects')).map((row) => row['person']).toSorted()).toEqual([false, true]);
  });

  it('is one person, whether the source knows the number of 15 or of 18 characters', async () => {
    await take('ProfessionalQualification', QUALIFICATION, {
      ...QUALIFICATION,
      certNo: '150100900101002',
      qualificationCertNo: 'ZG2',
    });
    expect(await given.rows('subjects')).toHaveLength(1);
    expect(await given.rows('credit_records')).toHaveLength(2);
  });

  it('by a passport is a person', async () => {
    await take('ProfessionalQualification', { ...QUALIFICATION, certNo: 'E12345678' });
    expect(await given.rows('subjects')).toMatchObject([{ id: given.keys.subjectId('E12345678'), person: true }]);
    expect(await given.state()).not.toContain('E12345678');
  });
});

describe('a registered subject', () => {
  it('has the kind that the registry says, and the typed columns', async () => {
    expect(await take('Organization', ORGANIZATION)).toBe('1 accepted, 0 updated, 0 unchanged, 0 rejected');
    expect(await given.rows('subjects')).toMatchObject([
      {
        kind: 'SOLE_TRADER',
        registered: true,
        name: '包头鹿城物流有限责任公司',
        credit_code: CODES[0],
        division_code: '150200',
        status: '存续',
        source_unit_code: '11159900234759562D',
      },
    ]);
    expect(await given.state()).not.toContain('159931198610150008');
  });

  it('is never overwritten by an entry', async () => {
    await take('Organization', ORGANIZATION);
    const before = await given.rows('subjects');
    await take('OrganizationPenalty', { ...PENALTY, unifiedSocialCreditCode: CODES[0], partyName: '别的名字' });
    expect(await given.rows('subjects')).toEqual(before);
  });

  it('takes the place of the unregistered one, once as new', async () => {
    await take('OrganizationPenalty', { ...PENALTY, unifiedSocialCreditCode: CODES[0] });
    expect(await take('Organization', ORGANIZATION)).toBe('1 accepted, 0 updated, 0 unchanged, 0 rejected');
    expect(await given.rows('subjects')).toMatchObject([{ registered: true, name: '包头鹿城物流有限责任公司' }]);
    expect(await take('Organization', ORGANIZATION)).toBe('0 accepted, 0 updated, 1 unchanged, 0 rejected');
    expect(await take('Organization', { ...ORGANIZATION, registrationStatus: '注销' })).toBe(
      '0 accepted, 1 updated, 0 unchanged, 0 rejected',
    );
  });
});

function text(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}
