/** Each fault by itself: exactly one finding, with its code and place. Faults are edits of the bundled sheet. */
import { describe, expect, it } from '@jest/globals';
import type { FindingCode } from '../../src/catalog/finding.ts';
import { FINDING_CODES } from '../../src/catalog/finding.ts';
import type { SheetColumn } from '../../src/catalog/sheet-columns.ts';
import { EditableSheet } from './bundled-sheet.ts';

type Edit = readonly [address: string, column: SheetColumn, value: string];

interface Fault {
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly code: FindingCode;
  /** where the finding must stand; by default the last edit's cell */
  readonly at?: readonly [address: string, column: SheetColumn];
}

const PENALTY = 'OrganizationPenalty';

const FAULTS: readonly Fault[] = [
  { name: 'an unknown permission', edits: [[`${PENALTY}.fineAmount`, '使用权限', '社会公布']], code: 'UNKNOWN_WORD' },
  { name: 'an unknown family', edits: [[PENALTY, '信息归属', '档案']], code: 'UNKNOWN_WORD' },
  { name: 'an unknown scope', edits: [[PENALTY, '主体范围', '法人']], code: 'UNKNOWN_WORD' },
  { name: 'an unknown role', edits: [[`${PENALTY}.unifiedSocialCreditCode`, '标准要素', 'SUBJECT_KODE']], code: 'UNKNOWN_WORD' },
  { name: 'an unknown format', edits: [[`${PENALTY}.fineAmount`, '数据格式', '金额']], code: 'UNKNOWN_WORD' },
  { name: 'an unknown mask rule', edits: [[`${PENALTY}.legalRepCertNo`, '脱敏规则', '身份证']], code: 'UNKNOWN_WORD' },
  { name: 'an unknown masked level', edits: [[`${PENALTY}.violationFacts`, '脱敏可见', '公开']], code: 'UNKNOWN_WORD' },
  { name: 'an unknown list nature', edits: [['HonestyHonourEntry', '名单性质', '白名单']], code: 'UNKNOWN_WORD' },
  { name: 'an unknown security level', edits: [[`${PENALTY}.fineAmount`, '安全级别', 'L5']], code: 'UNKNOWN_WORD' },
  { name: 'an unknown mark for a key', edits: [[`${PENALTY}.fineAmount`, '主键', 'Y']], code: 'UNKNOWN_WORD' },
  { name: 'a blank permission', edits: [[`${PENALTY}.fineAmount`, '使用权限', '']], code: 'MISSING_VALUE' },
  { name: 'a blank 必填', edits: [[`${PENALTY}.fineAmount`, '必填', '']], code: 'MISSING_VALUE' },
  { name: 'a blank element of the item', edits: [[PENALTY, '归集程序', '']], code: 'MISSING_VALUE' },
  { name: 'a blank catalog code', edits: [[PENALTY, '目录代码', '']], code: 'MISSING_VALUE' },
  { name: 'a blank type name', edits: [[PENALTY, '接口类型名', '']], code: 'MISSING_VALUE' },
  { name: 'a blank field name', edits: [[`${PENALTY}.fineAmount`, '数据项标识', '']], code: 'MISSING_VALUE' },
  { name: 'a malformed catalog code', edits: [[PENALTY, '目录代码', '150000-3-003']], code: 'BAD_CODE' },
  { name: 'a deadline in calendar days', edits: [[PENALTY, '归集时限', '7日']], code: 'BAD_DEADLINE' },
  { name: 'a length that is no number', edits: [[`${PENALTY}.fineAmount`, '长度', '18位']], code: 'BAD_LENGTH' },
  { name: 'a length of zero', edits: [[`${PENALTY}.fineAmount`, '长度', '0']], code: 'BAD_LENGTH' },
  { name: 'a date too short for a date', edits: [[`${PENALTY}.penaltyDecisionDate`, '长度', '8']], code: 'BAD_LENGTH' },
  { name: 'an integer too long for an Int', edits: [['Organization.employeeCount', '长度', '11']], code: 'BAD_LENGTH' },
  { name: 'a subject code of 9 characters', edits: [[`${PENALTY}.unifiedSocialCreditCode`, '长度', '9']], code: 'BAD_LENGTH' },
  { name: 'a value twice in a value set', edits: [[`${PENALTY}.severityTier`, '取值范围', '轻微|一般|轻微']], code: 'BAD_VALUE_SET' },
  { name: 'a blank value in a value set', edits: [[`${PENALTY}.severityTier`, '取值范围', '轻微||严重']], code: 'BAD_VALUE_SET' },
  { name: 'a value set with a full-width bar', edits: [[`${PENALTY}.severityTier`, '取值范围', '轻微｜严重']], code: 'BAD_VALUE_SET' },
  { name: 'a field name with a hyphen', edits: [[`${PENALTY}.fineAmount`, '数据项标识', 'fine-amount']], code: 'BAD_NAME' },
  { name: 'a field name that begins with a digit', edits: [[`${PENALTY}.fineAmount`, '数据项标识', '1stFine']], code: 'BAD_NAME' },
  { name: 'a Chinese field name as GraphQL name', edits: [[`${PENALTY}.fineAmount`, '数据项标识', '罚款']], code: 'BAD_NAME' },
  { name: 'an introspection name', edits: [[`${PENALTY}.fineAmount`, '数据项标识', '__fine']], code: 'BAD_NAME' },
  { name: 'a member of every object as field name', edits: [[`${PENALTY}.fineAmount`, '数据项标识', 'constructor']], code: 'BAD_NAME' },
  { name: 'a type name with a blank', edits: [[PENALTY, '接口类型名', 'Organization Penalty']], code: 'BAD_NAME' },
  { name: 'a type name of an interface', edits: [[PENALTY, '接口类型名', 'CreditRecord']], code: 'RESERVED_NAME' },
  { name: 'a type name of a scalar', edits: [[PENALTY, '接口类型名', 'Decimal']], code: 'RESERVED_NAME' },
  { name: 'a type name of the schema root', edits: [[PENALTY, '接口类型名', 'Query']], code: 'RESERVED_NAME' },
  { name: 'a catalog code twice', edits: [['PersonPenalty', '目录代码', '150000-03-003']], code: 'DUPLICATE_CODE' },
  { name: 'an item name twice', edits: [['PersonPenalty', '项目名称', '行政许可信息（自然人）']], code: 'DUPLICATE_ITEM_NAME' },
  { name: 'a type name twice', edits: [['PersonPenalty', '接口类型名', PENALTY]], code: 'DUPLICATE_TYPE_NAME' },
  { name: 'a field name twice', edits: [[`${PENALTY}.confiscatedAmount`, '数据项标识', 'fineAmount']], code: 'DUPLICATE_FIELD_KEY' },
  { name: 'a Chinese field name twice', edits: [[`${PENALTY}.confiscatedAmount`, '信息内容', '罚款金额（万元）']], code: 'DUPLICATE_FIELD_NAME' },
  { name: 'an official code twice', edits: [[`${PENALTY}.confiscatedAmount`, '官方代码', 'CF_NR_FK']], code: 'DUPLICATE_OFFICIAL_CODE' },
  { name: 'an official code that is another field’s name', edits: [[`${PENALTY}.confiscatedAmount`, '官方代码', 'fineAmount']], code: 'AMBIGUOUS_HEADER' },
  { name: 'a field named as an interface’s field without its role', edits: [[`${PENALTY}.confiscatedAmount`, '数据项标识', 'amount']], code: 'INTERFACE_FIELD' },
  { name: 'a field named as an interface’s field with another role', edits: [[`${PENALTY}.penaltyCategory`, '数据项标识', 'documentNumber']], code: 'INTERFACE_FIELD' },
  { name: 'a field named as a field that the gateway fills', edits: [[`${PENALTY}.publicityStatus`, '数据项标识', 'status']], code: 'INTERFACE_FIELD' },
  { name: 'a subject’s field named as a connection', edits: [['Organization.shareholders', '数据项标识', 'records']], code: 'INTERFACE_FIELD' },
  {
    name: 'an interface’s field whose masked form has another type',
    edits: [[`${PENALTY}.fineAmount`, '脱敏规则', '金额区间'], [`${PENALTY}.fineAmount`, '数据项标识', 'amount']],
    code: 'INTERFACE_FIELD',
  },
  { name: 'a role twice in an item', edits: [[`${PENALTY}.confiscatedAmount`, '标准要素', 'AMOUNT']], code: 'DUPLICATE_ROLE' },
  { name: 'a role of another family', edits: [[`${PENALTY}.severityTier`, '标准要素', 'GRADE']], code: 'ROLE_NOT_OF_FAMILY' },
  { name: 'a date role on text', edits: [[`${PENALTY}.penaltyDecisionDate`, '数据格式', '字符']], code: 'ROLE_FORMAT' },
  { name: 'an amount role on an integer', edits: [[`${PENALTY}.fineAmount`, '长度', '8'], [`${PENALTY}.fineAmount`, '数据格式', '整数']], code: 'ROLE_FORMAT' },
  { name: 'a time role on a date', edits: [[`${PENALTY}.reportedAt`, '数据格式', '日期']], code: 'ROLE_FORMAT' },
  { name: 'a text role on a number', edits: [[`${PENALTY}.penaltyCategory`, '数据格式', '数值']], code: 'ROLE_FORMAT' },
  { name: 'an encrypted field that publicity ends by', edits: [['SeriousDishonestyEntry.validTo', '安全级别', 'L4']], code: 'ROLE_SEALED' },
  { name: 'an encrypted field that rows are found by', edits: [[`${PENALTY}.penaltyDecisionDate`, '安全级别', 'L4']], code: 'ROLE_SEALED' },
  {
    name: 'an entry item without a subject role',
    edits: [[`${PENALTY}.unifiedSocialCreditCode`, '标准要素', '']],
    code: 'MISSING_SUBJECT_ROLE',
    at: [PENALTY, '标准要素'],
  },
  {
    name: 'an item about persons linked by a credit code',
    edits: [['PersonPenalty.certNo', '标准要素', 'SUBJECT_CODE']],
    code: 'MISSING_SUBJECT_ROLE',
    at: ['PersonPenalty', '标准要素'],
  },
  {
    name: 'an item about everybody linked by identity number only',
    edits: [['SeriousDishonestyEntry.unifiedSocialCreditCode', '标准要素', '']],
    code: 'MISSING_SUBJECT_ROLE',
    at: ['SeriousDishonestyEntry', '标准要素'],
  },
  {
    name: 'an item about organizations that also links persons',
    edits: [[`${PENALTY}.legalRepCertNo`, '标准要素', 'SUBJECT_ID_NUMBER']],
    code: 'ROLE_NOT_OF_SCOPE',
  },
  { name: 'a list without a nature', edits: [['HonestyHonourEntry', '名单性质', '']], code: 'LIST_NATURE' },
  { name: 'a nature of something that is no list', edits: [[PENALTY, '名单性质', '黑名单']], code: 'LIST_NATURE' },
  {
    name: 'an item without a key',
    edits: [[`${PENALTY}.penaltyDocNo`, '主键', ''], [`${PENALTY}.penaltyDecisionDate`, '主键', '']],
    code: 'MISSING_KEY',
    at: [PENALTY, '主键'],
  },
  { name: 'a key field that may be blank', edits: [[`${PENALTY}.penaltyDocNo`, '必填', '否']], code: 'KEY_NOT_REQUIRED' },
  { name: 'a subject identified by something else', edits: [['Organization.subjectName', '主键', '是']], code: 'KEY_OF_SUBJECT' },
  {
    name: 'a masked level without a mask rule',
    edits: [[`${PENALTY}.violationFacts`, '脱敏规则', '']],
    code: 'MASK_MISSING',
  },
  { name: 'a masked level with the rule that masks nothing', edits: [[`${PENALTY}.violationFacts`, '脱敏规则', '不脱敏']], code: 'MASK_MISSING' },
  { name: 'a masked level that equals the permission', edits: [[`${PENALTY}.violationFacts`, '脱敏可见', '政务共享']], code: 'MASK_LEVEL' },
  { name: 'a masked level below the permission', edits: [[`${PENALTY}.violationFacts`, '脱敏可见', '不予共享']], code: 'MASK_LEVEL' },
  {
    name: 'a narrower masked level beside 社会公开',
    edits: [
      [`${PENALTY}.violationFacts`, '使用权限', '社会公开'],
      [`${PENALTY}.violationFacts`, '脱敏可见', '政务共享'],
    ],
    code: 'MASK_LEVEL',
  },
  { name: 'a masked level beside 社会公开', edits: [[`${PENALTY}.violationFacts`, '使用权限', '社会公开']], code: 'MASK_LEVEL', at: [`${PENALTY}.violationFacts`, '脱敏可见'] },
  { name: 'a year for a text', edits: [[`${PENALTY}.remarks`, '脱敏规则', '仅年份']], code: 'MASK_FORMAT' },
  { name: 'a range for a date', edits: [[`${PENALTY}.penaltyValidUntil`, '脱敏规则', '金额区间']], code: 'MASK_FORMAT' },
  { name: 'a name’s mask for a number', edits: [[`${PENALTY}.fineAmount`, '脱敏规则', '姓名']], code: 'MASK_FORMAT' },
  { name: 'religion', edits: [['NaturalPerson.ethnicity', '信息内容', '宗教信仰']], code: 'LAW_FORBIDDEN' },
  { name: 'genes', edits: [['NaturalPerson.ethnicity', '信息内容', '基因信息']], code: 'LAW_FORBIDDEN' },
  { name: 'fingerprints, by the English name', edits: [['NaturalPerson.ethnicity', '数据项英文名', 'Fingerprint image']], code: 'LAW_FORBIDDEN', at: ['NaturalPerson.ethnicity', '信息内容'] },
  { name: 'blood type, by the field’s key', edits: [['NaturalPerson.ethnicity', '数据项标识', 'bloodType']], code: 'LAW_FORBIDDEN', at: ['NaturalPerson.ethnicity', '信息内容'] },
  { name: 'medical history', edits: [['NaturalPerson.ethnicity', '信息内容', '既往病史']], code: 'LAW_FORBIDDEN' },
  { name: 'a person’s income shared between departments', edits: [['NaturalPerson.gender', '信息内容', '年收入']], code: 'LAW_NEEDS_CONSENT', at: ['NaturalPerson.gender', '使用权限'] },
  { name: 'a person’s deposits, masked for departments', edits: [['NaturalPerson.personName', '信息内容', '存款']], code: 'LAW_NEEDS_CONSENT', at: ['NaturalPerson.personName', '脱敏可见'] },
  { name: 'real estate on a list that persons can be on', edits: [['SeriousDishonestyEntry.listingBasis', '信息内容', '不动产']], code: 'LAW_NEEDS_CONSENT', at: ['SeriousDishonestyEntry.listingBasis', '使用权限'] },
  { name: 'item cells on a row that is not the item’s first', edits: [[`${PENALTY}.fineAmount`, '更新周期', '每周']], code: 'STRAY_ITEM_CELL' },
];

describe('one fault, one finding:', () => {
  it.each(FAULTS)('$name', async ({ edits, code, at }) => {
    const sheet = await EditableSheet.bundled();
    for (const edit of edits) sheet.set(...edit);
    const [address, column] = at ?? edits.at(-1) ?? ['', '目录代码'];
    const { document, findings } = await sheet.check();
    expect(findings.map((finding) => [finding.code, finding.row, finding.column])).toEqual([[code, sheet.rowNumber(address), column]]);
    expect(document).toBeNull();
  });

  it.each([
    ['an unknown column', 'UNKNOWN_COLUMN', (sheet: EditableSheet) => sheet.rows.forEach((row, index) => row.push(index === 0 ? '备注' : ''))],
    ['a column twice', 'DUPLICATE_COLUMN', (sheet: EditableSheet) => sheet.rows.forEach((row) => row.push(row[0] ?? ''))],
    ['a missing column', 'MISSING_COLUMN', (sheet: EditableSheet) => sheet.rows.forEach((row) => row.splice(29, 1))],
    ['a cell beyond the columns', 'CELL_OUTSIDE_COLUMNS', (sheet: EditableSheet) => sheet.row(`${PENALTY}.fineAmount`).push('见附件')],
    ['fields before the first item', 'FIELD_BEFORE_ITEM', (sheet: EditableSheet) => sheet.row('Organization').fill('', 0, 16)],
    ['an item without fields', 'ITEM_WITHOUT_FIELDS', (sheet: EditableSheet) => sheet.rows.push(['150000-12-001', '知识产权信息', 'Intellectual property', 'IntellectualProperty', '知识产权信息', '记录', '法人和非法人组织', '', '', '市场监管局', '全部', '推送', '平台', '7个工作日', '不公布', '每月'])],
    ['a sheet without items', 'NO_ITEMS', (sheet: EditableSheet) => sheet.rows.splice(1)],
    ['a catalog without an item for persons', 'NO_SUBJECT_ITEM', (sheet: EditableSheet) => sheet.rows.splice(sheet.rowNumber('NaturalPerson') - 1, 14)],
  ])('%s', async (_name, code, spoil) => {
    const sheet = await EditableSheet.bundled();
    spoil(sheet);
    expect((await sheet.check()).findings.map((finding) => finding.code)).toEqual([code]);
  });

  it('every code a sheet can earn is tried above', () => {
    const tried = new Set<string>(FAULTS.map(({ code }) => code));
    const byHand = ['UNKNOWN_COLUMN', 'DUPLICATE_COLUMN', 'MISSING_COLUMN', 'CELL_OUTSIDE_COLUMNS', 'FIELD_BEFORE_ITEM', 'ITEM_WITHOUT_FIELDS', 'NO_ITEMS', 'NO_SUBJECT_ITEM'];
    expect([...tried, ...byHand].sort()).toEqual([...FINDING_CODES].sort());
  });
});

describe('a finding', () => {
  it('names file, row, column with its letter, and says in both languages what to do', async () => {
    const sheet = (await EditableSheet.bundled()).set(`${PENALTY}.fineAmount`, '使用权限', '社会公布');
    expect((await sheet.check()).findings).toEqual([
      {
        file: 'sheet.csv',
        row: sheet.rowNumber(`${PENALTY}.fineAmount`),
        column: '使用权限',
        letter: 'AA',
        code: 'UNKNOWN_WORD',
        zh: '「使用权限」没有「社会公布」这个取值：可用 社会公开、政务共享、授权查询、不予共享',
        en: '"社会公布" is no word of 使用权限: use one of 社会公开、政务共享、授权查询、不予共享',
      },
    ]);
  });
});

describe('many faults', () => {
  it('20 faults in one sheet are 20 findings, in the order of the sheet', async () => {
    const faults: readonly (readonly [FindingCode, ...Edit])[] = [
      ['DUPLICATE_COLUMN', 'Organization', '目录代码', ''],
      ['UNKNOWN_WORD', 'Organization.subjectType', '必填', '必须'],
      ['LAW_FORBIDDEN', 'NaturalPerson.ethnicity', '信息内容', '宗教信仰'],
      ['LAW_NEEDS_CONSENT', 'NaturalPerson.gender', '信息内容', '收入'],
      ['BAD_CODE', 'DishonestEnforcementEntry', '目录代码', '150000/02/001'],
      ['ROLE_FORMAT', 'DishonestEnforcementEntry.publicationDate', '数据格式', '字符'],
      ['MASK_MISSING', 'DishonestEnforcementEntry.legalObligation', '脱敏规则', ''],
      ['RESERVED_NAME', 'OrganizationLicense', '接口类型名', 'CreditEntry'],
      ['DUPLICATE_OFFICIAL_CODE', 'OrganizationLicense.licenseCertNo', '官方代码', 'XK_XKZS'],
      ['BAD_LENGTH', 'OrganizationLicense.validFrom', '长度', '8'],
      ['KEY_NOT_REQUIRED', 'PersonLicense.licenseDocNo', '必填', '否'],
      ['MISSING_VALUE', 'PersonLicense', '公布方式', ''],
      ['BAD_NAME', 'OrganizationPenalty.violationType', '数据项标识', '违法行为类型'],
      ['INTERFACE_FIELD', 'OrganizationPenalty.publicityStatus', '数据项标识', 'disputed'],
      ['BAD_VALUE_SET', 'OrganizationPenalty.severityTier', '取值范围', '轻微|轻微'],
      ['MASK_LEVEL', 'PersonPenalty.violationFacts', '脱敏可见', '授权查询'],
      ['DUPLICATE_ROLE', 'PersonPenalty.confiscatedAmount', '标准要素', 'AMOUNT'],
      ['LIST_NATURE', 'HonestyHonourEntry', '名单性质', ''],
      ['MISSING_SUBJECT_ROLE', 'TaxArrears.unifiedSocialCreditCode', '标准要素', ''],
      ['BAD_DEADLINE', 'SelfDeclaration', '归集时限', '尽快'],
    ];
    const sheet = await EditableSheet.bundled();
    for (const [code, ...edit] of faults) {
      if (code === 'DUPLICATE_COLUMN') sheet.rows.forEach((row) => row.push(row[0] ?? ''));
      else sheet.set(...edit);
    }
    const { document, findings } = await sheet.check();
    expect(findings).toHaveLength(20);
    expect(findings.map(({ code }) => code).sort()).toEqual(faults.map(([code]) => code).sort());
    expect(findings.map(({ row }) => row)).toEqual(findings.map(({ row }) => row).toSorted((a, b) => a - b));
    expect(document).toBeNull();
  });
});

describe('allowed:', () => {
  const ALLOWED: readonly { name: string; edits: readonly Edit[] }[] = [
    { name: 'a mask rule without a masked level, for dashboards', edits: [[`${PENALTY}.legalRepCertNo`, '脱敏可见', '']] },
    { name: '授权查询 masked for departments', edits: [[`${PENALTY}.violationFacts`, '使用权限', '授权查询']] },
    { name: '政务共享 masked for those with consent', edits: [[`${PENALTY}.violationFacts`, '脱敏可见', '授权查询']] },
    { name: 'an interface’s field with its role', edits: [[`${PENALTY}.fineAmount`, '数据项标识', 'amount']] },
    { name: 'an interface’s text field with a mask', edits: [[`${PENALTY}.penaltyAuthority`, '脱敏规则', '全部遮盖'], [`${PENALTY}.penaltyAuthority`, '数据项标识', 'authority']] },
    { name: 'an organization’s income in public', edits: [[`${PENALTY}.fineAmount`, '信息内容', '营业收入']] },
    { name: 'a person’s income by consent', edits: [['NaturalPerson.certType', '信息内容', '收入']] },
    { name: 'a person’s income kept by the provider', edits: [['NaturalPerson.mobilePhone', '信息内容', '收入']] },
    { name: 'good faith, which is no religion', edits: [[`${PENALTY}.remarks`, '数据项英文名', 'good faith, general gender']] },
    { name: '否 where blank is usual', edits: [[`${PENALTY}.remarks`, '主键', '否'], [PENALTY, '自然人公示', '否']] },
    { name: 'stars for a number that is no interface’s field', edits: [[`${PENALTY}.fineAmount`, '脱敏规则', '全部遮盖']] },
  ];
  it.each(ALLOWED)('$name', async ({ edits }) => {
    const sheet = await EditableSheet.bundled();
    for (const edit of edits) sheet.set(...edit);
    expect((await sheet.check()).findings).toEqual([]);
  });

  it('item cells filled down instead of merged', async () => {
    const sheet = await EditableSheet.bundled();
    const head = sheet.row(PENALTY).slice(0, 16);
    sheet.row(`${PENALTY}.fineAmount`).splice(0, 16, ...head);
    const { document } = await sheet.check();
    expect(document).toEqual(await (await EditableSheet.bundled()).document());
  });

  it('columns in another order', async () => {
    const sheet = await EditableSheet.bundled();
    sheet.rows.forEach((row) => row.reverse());
    const { document } = await sheet.check();
    expect(document).toEqual(await (await EditableSheet.bundled()).document());
  });
});
