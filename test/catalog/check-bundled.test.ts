import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkSheet } from '../../src/catalog/check-sheet.ts';
import { fieldWithRole, MASK_RULES } from '../../src/catalog/model.ts';
import { decodeSheet, readSheet } from '../../src/catalog/sheet.ts';
import { MASK_RULE_WORDS, readWorkingDays } from '../../src/catalog/vocabulary.ts';
import { catalogSheet } from '../testkit/catalog-sheet.ts';
import { randomCatalog } from '../testkit/random-catalog.ts';
import { BUNDLED_SHEET, EditableSheet } from './bundled-sheet.ts';

describe('the bundled sheet', () => {
  it('has no finding', async () => {
    expect(checkSheet(await readSheet(BUNDLED_SHEET)).findings).toEqual([]);
  });

  it('compiles to 17 items with all their fields', async () => {
    const document = await (await EditableSheet.bundled()).document();
    const rows = (await readFile(BUNDLED_SHEET, 'utf8')).trimEnd().split('\n').length - 1;
    expect(document.items).toHaveLength(17);
    expect(document.items.flatMap((item) => item.fields)).toHaveLength(rows);
  });

  it('keeps all 13 elements of an item', async () => {
    const document = await (await EditableSheet.bundled()).document();
    const { fields, ...item } = document.items.find(({ code }) => code === '150000-02-001') ?? { fields: [] };
    expect(item).toEqual({
      code: '150000-02-001',
      typeName: 'DishonestEnforcementEntry',
      nameZh: '失信被执行人信息',
      nameEn: 'Dishonest persons subject to enforcement',
      category: '司法裁判及执行信息',
      family: 'LIST',
      subjectScope: 'ALL',
      listNature: 'BLACK',
      personPublic: true,
      provider: '内蒙古自治区高级人民法院',
      collectionScope: '全区法院纳入失信被执行人名单的主体',
      collectionProcedure: '人民法院作出纳入决定后推送',
      collectionPath: '最高人民法院数据回流',
      collectionDeadlineDays: 3,
      publicationMethod: '信用中国（内蒙古）网站公示',
      updateCycle: '每日',
    });
    expect(fields.find(({ key }) => key === 'idCardNumber')).toEqual({
      key: 'idCardNumber',
      nameZh: '身份证件号码',
      nameEn: 'identity certificate number',
      role: 'SUBJECT_ID_NUMBER',
      inKey: false,
      officialCode: null,
      format: 'STRING',
      length: 64,
      required: false,
      values: null,
      permission: 'GOV_SHARED',
      maskedAt: 'PUBLIC',
      mask: 'ID_CARD',
      securityLevel: 'L4',
    });
  });

  it('gives value sets, official codes and key marks', async () => {
    const document = await (await EditableSheet.bundled()).document();
    const penalty = document.items.find(({ typeName }) => typeName === 'OrganizationPenalty');
    if (penalty === undefined) throw new Error('no penalties');
    expect(penalty.fields.find(({ key }) => key === 'severityTier')?.values).toEqual(['轻微', '一般', '严重']);
    expect(fieldWithRole(penalty, 'DOCUMENT_NUMBER')).toMatchObject({ officialCode: 'CF_WSH', inKey: true });
  });
});

describe('any catalog', () => {
  it('written as a sheet and read again says the same', async () => {
    await fc.assert(
      fc.asyncProperty(randomCatalog(), async (document) => {
        expect(checkSheet(await decodeSheet(Buffer.from(catalogSheet(document)), 'random.csv'))).toEqual({ document, findings: [] });
      }),
      { numRuns: 100 },
    );
  });
});

describe('the vocabulary', () => {
  it('has a word for each of the 13 mask rules and reads it back', () => {
    expect(MASK_RULES.map((rule) => MASK_RULE_WORDS.read(MASK_RULE_WORDS.word(rule)))).toEqual([...MASK_RULES]);
    expect(MASK_RULE_WORDS.words).toHaveLength(13);
  });

  it.each([
    ['7个工作日', 7],
    ['20 个工作日', 20],
    ['5工作日', 5],
    ['10', 10],
    ['7日', undefined],
    ['七个工作日', undefined],
    ['-1个工作日', undefined],
  ])('reads the deadline %s as %s', (text, days) => {
    expect(readWorkingDays(text)).toBe(days);
  });
});
