import { beforeAll, describe, expect, it } from '@jest/globals';
import { accessDifference } from '../../src/access/index.ts';
import { catalogFromDocument } from '../../src/catalog/catalog.ts';
import { catalogDifference, isSame, itemsConcerned } from '../../src/catalog/difference.ts';
import type { Catalog, CatalogDocument } from '../../src/catalog/model.ts';
import type { SheetColumn } from '../../src/catalog/sheet-columns.ts';
import { describeDifference } from '../../src/cli/difference-words.ts';
import { EditableSheet } from './bundled-sheet.ts';

type Edit = readonly [address: string, column: SheetColumn, value: string];

let bundled: CatalogDocument;
beforeAll(async () => {
  bundled = await (await EditableSheet.bundled()).document();
});

async function edited(...edits: Edit[]): Promise<CatalogDocument> {
  const sheet = await EditableSheet.bundled();
  for (const edit of edits) sheet.set(...edit);
  return sheet.document();
}

const before = (): Catalog => catalogFromDocument(1, new Date(0), 'a.csv', bundled);
const after = (document: CatalogDocument): Catalog => catalogFromDocument(2, new Date(0), 'b.csv', document);

describe('the structural difference', () => {
  it('of equal documents is nothing', async () => {
    const difference = catalogDifference(bundled, await edited());
    expect(isSame(difference)).toBe(true);
    expect(difference.structure).toBe(false);
  });

  it('names the cell that changed, from what to what', async () => {
    const difference = catalogDifference(bundled, await edited(['OrganizationPenalty.fineAmount', '使用权限', '授权查询']));
    expect(difference.itemsChanged).toHaveLength(1);
    expect(difference.itemsChanged[0]).toMatchObject({ cells: [], fieldsAdded: [], fieldsRemoved: [], reordered: false });
    expect(difference.itemsChanged[0]?.fieldsChanged).toMatchObject([
      { after: { key: 'fineAmount' }, cells: [{ column: '使用权限', from: '社会公开', to: '授权查询' }] },
    ]);
    expect(itemsConcerned(difference)).toEqual(['150000-03-003']);
  });

  it('knows items added and removed, fields added and removed, and a new order', () => {
    const [first, second, ...others] = bundled.items;
    if (first === undefined || second === undefined) throw new Error('too few items');
    const [field, ...fields] = second.fields;
    const difference = catalogDifference(
      { items: [second, ...others] },
      { items: [first, { ...second, fields: [...fields].reverse() }, ...others.slice(1)] },
    );
    expect(difference.itemsAdded).toEqual([first]);
    expect(difference.itemsRemoved).toEqual([others[0]]);
    expect(difference.itemsChanged).toMatchObject([{ fieldsRemoved: [field], fieldsAdded: [], reordered: true }]);
    expect(catalogDifference({ items: [first, second] }, { items: [second, first] })).toMatchObject({ reordered: true, structure: false });
  });

  const STRUCTURE: readonly (readonly [what: string, structure: boolean, edit: Edit])[] = [
    ['a permission', false, ['OrganizationPenalty.fineAmount', '使用权限', '授权查询']],
    ['a mask for text', false, ['OrganizationPenalty.remarks', '脱敏规则', '全部遮盖']],
    ['a length', false, ['OrganizationPenalty.remarks', '长度', '600']],
    ['a value set', false, ['OrganizationPenalty.severityTier', '取值范围', '轻微|一般']],
    ['a deadline', false, ['OrganizationPenalty', '归集时限', '5个工作日']],
    ['a mask that changes the field’s type', true, ['OrganizationPenalty.fineAmount', '脱敏规则', '金额区间']],
    ['a format', true, ['OrganizationPenalty.violationType', '数据格式', '代码']],
    ['a Chinese name', true, ['OrganizationPenalty.violationType', '信息内容', '违法行为种类']],
    ['a field’s name', true, ['OrganizationPenalty.violationType', '数据项标识', 'violationKind']],
    ['a type’s name', true, ['OrganizationPenalty', '接口类型名', 'Penalty']],
    ['a standard element', true, ['OrganizationPenalty.penaltyAuthority', '标准要素', '']],
  ];
  it.each(STRUCTURE)('%s changes the structure of the schema: %s', async (_what, structure, edit) => {
    expect(catalogDifference(bundled, await edited(edit)).structure).toBe(structure);
  });
});

describe('what opens and what closes', () => {
  const CASES: readonly { readonly name: string; readonly edits: readonly Edit[]; readonly says: readonly string[] }[] = [
    {
      name: '政务共享 → 社会公开 opens to agencies and those with consent only, not to departments, who had it',
      edits: [['OrganizationPenalty.legalRepCertNo', '使用权限', '社会公开']],
      says: [
        'OrganizationPenalty.legalRepCertNo 法定代表人证件号码: opens to CREDIT_AGENCY, CREDIT_AGENCY with consent (政务共享 → 社会公开)',
      ],
    },
    {
      name: '社会公开 → 政务共享 closes to agencies',
      edits: [['OrganizationPenalty.fineAmount', '使用权限', '政务共享']],
      says: ['OrganizationPenalty.fineAmount 罚款金额（万元）: closes to CREDIT_AGENCY, CREDIT_AGENCY with consent (社会公开 → 政务共享)'],
    },
    {
      name: '授权查询 → 政务共享 opens to departments and dashboards and closes to agencies with consent',
      edits: [['Organization.employeeCount', '使用权限', '政务共享']],
      says: [
        'Organization.employeeCount 从业人数: opens to DEPARTMENT, DASHBOARD (授权查询 → 政务共享)',
        'Organization.employeeCount 从业人数: closes to CREDIT_AGENCY with consent (授权查询 → 政务共享)',
      ],
    },
    {
      name: '社会公开 → 不予共享 closes to all but the provider',
      edits: [['OrganizationPenalty.fineAmount', '使用权限', '不予共享']],
      says: [
        'OrganizationPenalty.fineAmount 罚款金额（万元）: closes to DEPARTMENT, DEPARTMENT with consent or grant, CREDIT_AGENCY, CREDIT_AGENCY with consent, DASHBOARD (社会公开 → 不予共享)',
      ],
    },
    {
      name: 'a masked form at 社会公开 opens masked',
      edits: [['OrganizationPenalty.legalRepCertNo', '脱敏可见', '社会公开']],
      says: [
        'OrganizationPenalty.legalRepCertNo 法定代表人证件号码: opens, masked, to CREDIT_AGENCY, CREDIT_AGENCY with consent (政务共享 → 政务共享，脱敏可见 社会公开)',
      ],
    },
    {
      name: 'a mask rule alone closes the value to dashboards',
      edits: [['OrganizationPenalty.penaltyAuthority', '脱敏规则', '全部遮盖']],
      says: ['OrganizationPenalty.penaltyAuthority 处罚机关: closes, its masked form stays open, to DASHBOARD (its mask rule changed)'],
    },
    { name: 'a length opens and closes nothing', edits: [['OrganizationPenalty.remarks', '长度', '600']], says: [] },
    {
      name: 'in an item about everybody, persons are told apart where they go another way',
      edits: [['SeriousDishonestyEntry.removalDate', '使用权限', '社会公开']],
      says: [
        'SeriousDishonestyEntry.removalDate 移出日期: opens to CREDIT_AGENCY, about organizations (政务共享 → 社会公开)',
        'SeriousDishonestyEntry.removalDate 移出日期: opens to CREDIT_AGENCY with consent (政务共享 → 社会公开)',
      ],
    },
  ];
  it.each(CASES)('$name', async ({ edits, says }) => {
    const changes = accessDifference(before(), after(await edited(...edits)));
    expect(changes.map(({ en }) => en)).toEqual(says);
    // A department with consent has what 政务共享 and 授权查询 open; no change of permission may name ADMIN.
    expect(changes.flatMap(({ kinds }) => kinds)).not.toContain('ADMIN');
  });

  it('says it in Chinese too', async () => {
    const [change] = accessDifference(before(), after(await edited(['OrganizationPenalty.legalRepCertNo', '使用权限', '社会公开'])));
    expect(change?.zh).toBe('OrganizationPenalty.legalRepCertNo 法定代表人证件号码：开放给：征信机构、有授权的征信机构（政务共享 → 社会公开）');
  });

  it('自然人公示 opens a list’s public fields about persons', async () => {
    const changes = accessDifference(before(), after(await edited(['SeriousDishonestyEntry', '自然人公示', '是'])));
    expect(changes.length).toBeGreaterThan(0);
    expect(changes.every(({ direction, party, zh }) => direction === 'OPENS' && party === 'PERSON' && zh.includes('自然人公示 否 → 是'))).toBe(true);
    expect(changes.find(({ key }) => key === 'subjectName')?.en).toBe(
      'SeriousDishonestyEntry.subjectName 失信主体名称（姓名）: opens to CREDIT_AGENCY with the person’s consent for another item, about natural persons (自然人公示 否 → 是)',
    );
  });

  it('a removed item closes, a new one opens', () => {
    const without = { items: bundled.items.filter(({ typeName }) => typeName !== 'TaxArrears') };
    const closed = accessDifference(before(), after(without));
    expect(new Set(closed.map(({ typeName, direction }) => `${typeName} ${direction}`))).toEqual(new Set(['TaxArrears CLOSES']));
    const opened = accessDifference(after(without), before());
    expect(new Set(opened.map(({ typeName, direction }) => `${typeName} ${direction}`))).toEqual(new Set(['TaxArrears OPENS']));
    // Nobody but its provider reads a 不予共享 field, so nothing opens to others with it.
    expect(opened.find(({ key }) => key === 'arrearsBalance')?.en).toContain('opens to DEPARTMENT, DEPARTMENT with consent or grant, the providing DEPARTMENT');
  });
});

describe('the difference in words', () => {
  it('names both sides, what changes, who is concerned, and whether the schema does', async () => {
    const next = await edited(['OrganizationPenalty.legalRepCertNo', '使用权限', '社会公开'], ['OrganizationPenalty', '归集时限', '5个工作日']);
    expect(describeDifference(before(), 'version 1', after(next), 'b.csv').text.split('\n')).toEqual([
      'From version 1 to b.csv / 从 version 1 到 b.csv',
      '',
      'What changes in the catalog / 目录变化',
      '  ~ 150000-03-003 OrganizationPenalty 行政处罚信息（法人和非法人组织、个体工商户）',
      '      归集时限 7个工作日 → 5个工作日',
      '      ~ legalRepCertNo 法定代表人证件号码: 使用权限 政务共享 → 社会公开',
      '',
      'What opens and what closes / 开放与关闭',
      '  + OrganizationPenalty.legalRepCertNo 法定代表人证件号码: opens to CREDIT_AGENCY, CREDIT_AGENCY with consent (政务共享 → 社会公开)',
      '    OrganizationPenalty.legalRepCertNo 法定代表人证件号码：开放给：征信机构、有授权的征信机构（政务共享 → 社会公开）',
      '',
      'The structure of the schema stays: no type or field of the API changes. / 接口结构不变。',
      '',
    ]);
  });

  it('of equal catalogs says so', () => {
    expect(describeDifference(before(), 'version 1', before(), 'version 2').text).toContain('Nothing differs. / 两者相同。');
  });
});
