import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../testkit/eventually.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';
import { addEntry, addSubject, emptyTables } from './rows.ts';

const LICENCE = '150000-03-001';
const PENALTY = '150000-03-003';
const TAX_GRADE = '150000-09-002';
const SERIOUS = '150000-06-001';
const COMMITMENT = '150000-08-001';
const PERSON_PENALTY = '150000-03-004';
const MARKET = '11150000MAY100026B';
const DEPARTMENT_CODE = '11159900MAY0A0003Q';

let serving: Serving;
let dashboard: Ask;
let department: Ask;

const COUNT = '{ organizations persons suppressed reduced }';
const organizations = (count: { organizations: number }): number => count.organizations;

beforeAll(async () => {
  serving = await startServing();
  const { pool } = serving.beside.database;
  await emptyTables(pool);
  const divisions = ['150102', '150781', '153000', '150702', '152501', '153100', '152502', '159900'];
  const subjects: string[] = [];
  for (const division of divisions)
    subjects.push(await addSubject(pool, { division, kind: division === '150102' ? 'SOLE_TRADER' : 'ENTERPRISE' }));
  await addSubject(pool, { division: '150102', status: '注销', receivedAt: '2026-10-31T16:00:00Z' });
  await addSubject(pool, { division: null, creditCode: '91150203MAY0A0002X', status: null, registered: false });
  const persons: string[] = [];
  for (let n = 0; n < 7; n += 1)
    persons.push(await addSubject(pool, { person: true, division: n < 6 ? '150102' : '150203', status: '正常' }));
  const [hohhot = '', manzhouli = '', alsoManzhouli = '', , erenhot = ''] = subjects;
  const unit = { unit: MARKET, unitName: '内蒙古自治区市场监督管理局' };
  // Decided on the last day before the holiday of October 2026; the 7th working day is the 15th.
  await addEntry(pool, {
    subjectId: hohhot,
    family: 'RECORD',
    item: PENALTY,
    day: '2026-09-30',
    receivedAt: '2026-10-15T23:59:00+08:00',
    ...unit,
  });
  await addEntry(pool, {
    subjectId: hohhot,
    family: 'RECORD',
    item: PENALTY,
    day: '2026-09-30',
    receivedAt: '2026-10-16T00:01:00+08:00',
    ...unit,
  });
  await addEntry(pool, {
    subjectId: manzhouli,
    family: 'RECORD',
    item: PENALTY,
    day: '2023-05-04',
    publicUntil: '2024-01-01',
    ...unit,
  });
  await addEntry(pool, { subjectId: erenhot, family: 'RECORD', item: PENALTY, day: '2026-11-09', ...unit });
  await addEntry(pool, {
    subjectId: erenhot,
    family: 'RECORD',
    item: PENALTY,
    day: '2026-11-09',
    status: 'REPAIRED',
    unit: DEPARTMENT_CODE,
  });
  await addEntry(pool, { subjectId: erenhot, family: 'RECORD', item: LICENCE, day: '2026-11-09', status: 'WITHDRAWN', ...unit });
  await addEntry(pool, {
    subjectId: alsoManzhouli,
    family: 'LIST',
    item: SERIOUS,
    day: '2026-11-02',
    words: ['严重违法失信名单'],
    ...unit,
  });
  await addEntry(pool, {
    subjectId: hohhot,
    family: 'COMMITMENT',
    item: COMMITMENT,
    words: ['信用修复型', '已履行'],
    day: '2026-11-01',
  });
  await addEntry(pool, { subjectId: hohhot, family: 'EVALUATION', item: TAX_GRADE, words: ['A'], day: '2026-11-01', ...unit });
  for (const subjectId of persons) {
    await addEntry(pool, { subjectId, person: true, family: 'RECORD', item: PERSON_PENALTY, day: '2026-11-09', ...unit });
  }
  await serving.beside.statistics.fold();
  dashboard = await serving.as('demo-dashboard');
  department = await serving.as('demo-department');
});
afterAll(() => serving.close());

describe('subjects', () => {
  it('are counted by kind, status and division, organizations and persons apart', async () => {
    const { data, errors } = await dashboard(
      `{ statistics { subjects { total ${COUNT} byKind { kind count ${COUNT} } byStatus { status count { organizations } } } } }`,
    );
    expect(errors).toEqual([]);
    expect(data.statistics.subjects).toEqual({
      total: { organizations: 10, persons: 7, suppressed: false, reduced: false },
      byKind: [
        { kind: 'ENTERPRISE', count: { organizations: 9, persons: 0, suppressed: false, reduced: false } },
        { kind: 'NATURAL_PERSON', count: { organizations: 0, persons: 7, suppressed: false, reduced: false } },
        { kind: 'SOLE_TRADER', count: { organizations: 1, persons: 0, suppressed: false, reduced: false } },
      ],
      byStatus: [
        { status: null, count: { organizations: 1 } },
        { status: '存续', count: { organizations: 8 } },
        { status: '正常', count: { organizations: 0 } },
        { status: '注销', count: { organizations: 1 } },
      ],
    });
  });

  it('roll up without counting 二连浩特 and 满洲里 twice', async () => {
    const { data } = await dashboard(
      `{ statistics { subjects { total { organizations }
         regions: byDivision { code name count { organizations } }
         leagues: byDivision(level: PREFECTURE) { code name count { organizations } }
         counties: byDivision(level: COUNTY) { code name count { organizations } } } } }`,
    );
    const { regions, leagues, counties, total } = data.statistics.subjects;
    const rows = (list: { code: string; name: string; count: { organizations: number } }[]): unknown[] =>
      list.map(({ code, name, count }) => [code, name, count.organizations]);
    expect(rows(regions)).toEqual([
      ['150000', '内蒙古自治区', 1],
      ['150100', '呼和浩特市', 2],
      ['150200', '包头市', 1],
      ['150700', '呼伦贝尔市', 1],
      ['150781', '满洲里市', 2],
      ['152500', '锡林郭勒盟', 1],
      ['152501', '二连浩特市', 2],
    ]);
    expect(rows(leagues)).toEqual([
      ['150000', '内蒙古自治区', 1],
      ['150100', '呼和浩特市', 2],
      ['150200', '包头市', 1],
      ['150700', '呼伦贝尔市', 3],
      ['152500', '锡林郭勒盟', 3],
    ]);
    expect(counties.map(({ code }: { code: string }) => code)).toEqual(
      expect.arrayContaining(['150102', '150203', '150702', '150781', '152501', '152502']),
    );
    for (const list of [regions, leagues, counties]) {
      const sum = list.reduce((all: number, { count }: { count: { organizations: number } }) => all + count.organizations, 0);
      expect(sum).toBe(total.organizations);
    }
  });

  it.each([
    ['1507', 3],
    ['150700', 3],
    ['150781', 2],
    ['153000', 2],
    ['152500', 3],
    ['15', 10],
    ['150000', 10],
  ])('are filtered by division %s and everything below', async (divisionCode, expected) => {
    const { data } = await dashboard(
      `query ($f: StatisticsFilter) { statistics(filter: $f) { subjects { total { organizations } } } }`,
      { f: { divisionCode } },
    );
    expect(data.statistics.subjects.total.organizations).toBe(expected);
  });

  it('are filtered by kind and by the month in which they came, by the clock of the region', async () => {
    const of = async (filter: unknown): Promise<number> =>
      (
        await dashboard(
          `query ($f: StatisticsFilter) { statistics(filter: $f) { subjects { total { organizations persons } } } }`,
          { f: filter },
        )
      ).data.statistics.subjects.total;
    expect(await of({ kinds: ['SOLE_TRADER'] })).toEqual({ organizations: 1, persons: 0 });
    // 2026-10-31T16:00Z is the 1st of November in Asia/Shanghai.
    expect(await of({ months: { to: '2026-10' } })).toEqual({ organizations: 0, persons: 0 });
    expect(await of({ months: { from: '2026-11', to: '2026-11' } })).toEqual({ organizations: 10, persons: 7 });
  });
});

describe('entries', () => {
  it('are counted by item, family and month, those in force that the caller sees whatever their dates', async () => {
    const { data } = await dashboard(
      `{ statistics { entries { total ${COUNT} byItem { item { typeName } count { organizations } } byFamily { family count { organizations } } byMonth { month count { organizations } } } } }`,
    );
    const { entries } = data.statistics;
    expect(entries.total).toEqual({ organizations: 7, persons: 7, suppressed: false, reduced: false });
    expect(
      entries.byItem.map((row: { item: { typeName: string }; count: { organizations: number } }) => [
        row.item.typeName,
        row.count.organizations,
      ]),
    ).toEqual([
      ['OrganizationPenalty', 4],
      ['PersonPenalty', 0],
      ['SeriousDishonestyEntry', 1],
      ['CreditCommitment', 1],
      ['TaxCreditEvaluation', 1],
    ]);
    expect(
      entries.byFamily.map((row: { family: string; count: { organizations: number } }) => [row.family, organizations(row.count)]),
    ).toEqual([
      ['COMMITMENT', 1],
      ['EVALUATION', 1],
      ['LIST', 1],
      ['RECORD', 4],
    ]);
    expect(
      entries.byMonth.map((row: { month: string; count: { organizations: number } }) => [row.month, organizations(row.count)]),
    ).toEqual([
      ['2026-10', 2],
      ['2026-11', 5],
    ]);
  });

  it('stand in the division of their subject', async () => {
    const { data } = await dashboard('{ statistics { entries { byDivision(level: COUNTY) { code count { organizations } } } } }');
    expect(
      data.statistics.entries.byDivision.map((row: { code: string; count: { organizations: number } }) => [
        row.code,
        row.count.organizations,
      ]),
    ).toEqual([
      ['150102', 4],
      ['150203', 0],
      ['150781', 2],
      ['152501', 1],
    ]);
  });

  it('of a department’s own count in every state', async () => {
    const query = '{ statistics(filter: { items: ["OrganizationPenalty"] }) { entries { total { organizations } } } }';
    expect((await department(query)).data.statistics.entries.total.organizations).toBe(5);
    expect((await dashboard(query)).data.statistics.entries.total.organizations).toBe(4);
  });

  it('are lists by nature and name, commitments by kind and fulfilment', async () => {
    const { data } = await dashboard(
      `{ statistics { lists { item { typeName } nature name count { organizations } } commitments { kind fulfilment count { organizations } } } }`,
    );
    expect(data.statistics).toEqual({
      lists: [
        { item: { typeName: 'SeriousDishonestyEntry' }, nature: 'BLACK', name: '严重违法失信名单', count: { organizations: 1 } },
      ],
      commitments: [{ kind: '信用修复型', fulfilment: '已履行', count: { organizations: 1 } }],
    });
  });

  it('are on time by working days across the holiday, late a minute after, back-filled after a year', async () => {
    const { data } = await dashboard(
      `{ statistics(filter: { items: ["OrganizationPenalty"] }) { timeliness { item { typeName } providerCode providerName deadlineDays
         onTime { organizations } late { organizations } backfill { organizations } organizationShare personShare } } }`,
    );
    expect(data.statistics.timeliness).toEqual([
      {
        item: { typeName: 'OrganizationPenalty' },
        providerCode: MARKET,
        providerName: '内蒙古自治区市场监督管理局',
        deadlineDays: 7,
        onTime: { organizations: 2 },
        late: { organizations: 1 },
        backfill: { organizations: 1 },
        organizationShare: 2 / 3,
        personShare: null,
      },
    ]);
  });
});

describe('small numbers of natural persons', () => {
  it('do not come back by subtracting one statistics of an operation from another', async () => {
    // Seven persons, one of them in 150203.
    const { data } = await dashboard(
      `{ all: statistics { subjects { total { persons suppressed reduced } } }
         most: statistics(filter: { divisionCode: "150102" }) { subjects { total { persons suppressed reduced } } }
         one: statistics(filter: { divisionCode: "1502" }) { subjects { total { persons suppressed reduced } } } }`,
    );
    expect(data.all.subjects.total).toEqual({ persons: 6, suppressed: false, reduced: true });
    expect(data.most.subjects.total).toEqual({ persons: 6, suppressed: false, reduced: false });
    expect(data.one.subjects.total).toEqual({ persons: null, suppressed: true, reduced: false });
  });

  it('do not come back by a breakdown either, under whatever alias and in whatever fragment', async () => {
    const { data } = await dashboard(
      `query { statistics { subjects { total { persons } ...Divisions } } }
       fragment Divisions on SubjectStatistics { where: byDivision(level: COUNTY) { code count { persons suppressed } } }`,
    );
    expect(data.statistics.subjects.total).toEqual({ persons: 6 });
    expect(data.statistics.subjects.where).toContainEqual({ code: '150203', count: { persons: null, suppressed: true } });
    expect(data.statistics.subjects.where).toContainEqual({ code: '150102', count: { persons: 6, suppressed: false } });
  });

  it('are as told where nothing tells them apart', async () => {
    const { data } = await dashboard(
      '{ statistics { subjects { total { persons reduced } byKind { kind count { persons } } } } }',
    );
    expect(data.statistics.subjects.total).toEqual({ persons: 7, reduced: false });
  });
});

describe('what may not be counted', () => {
  it('is left out and named: a grade that the permission closes, a timeliness by closed dates', async () => {
    const { data } = await dashboard(
      '{ statistics { grades { item { typeName } grade count { organizations } } timeliness { item { typeName } } notCounted { item { typeName } dimension organizations persons } } }',
    );
    expect(data.statistics.grades).toEqual([]);
    const left = data.statistics.notCounted.map(
      (row: { item: { typeName: string }; dimension: string; organizations: boolean; persons: boolean }) =>
        [row.item.typeName, row.dimension, row.organizations, row.persons].join(' '),
    );
    expect(left).toEqual([
      'PersonLicense TIMELINESS false true',
      'PersonPenalty TIMELINESS false true',
      'ProfessionalQualification TIMELINESS false true',
      'TaxCreditEvaluation TIMELINESS true false',
      'TaxCreditEvaluation GRADE true false',
    ]);
    expect(data.statistics.timeliness.map((row: { item: { typeName: string } }) => row.item.typeName)).not.toContain(
      'PersonPenalty',
    );
  });

  it('is refused where a filter names it', async () => {
    const { errors, data } = await dashboard('{ statistics(filter: { items: ["TaxCreditEvaluation"] }) { grades { grade } } }');
    expect(data).toBeNull();
    expect(errors[0]?.extensions).toMatchObject({ code: 'FILTER_FORBIDDEN', items: [TAX_GRADE] });
  });

  it('is refused in strict mode', async () => {
    const { errors } = await dashboard('{ statistics { grades { grade } } }', {}, { 'x-access-mode': 'strict' });
    expect(errors[0]?.extensions).toMatchObject({ code: 'FIELD_FORBIDDEN', items: [TAX_GRADE] });
  });

  it('opens to a department with a grant for the item', async () => {
    const query = '{ statistics(filter: { items: ["TaxCreditEvaluation"] }) { grades { grade count { organizations } } } }';
    expect((await department(query)).errors[0]?.extensions['code']).toBe('FILTER_FORBIDDEN');
    const { grants } = serving.beside;
    const added = await grants.add({ clientId: 'demo-department', item: TAX_GRADE, basis: '税收征收管理法' });
    await eventually(async () => {
      expect((await department(query)).data?.statistics.grades).toEqual([{ grade: 'A', count: { organizations: 1 } }]);
    });
    await grants.revoke(added);
  });

  it('depends on the items a client is limited to', async () => {
    await serving.beside.clients.add({ id: 'limited-dashboard', kind: 'DASHBOARD', name: '局部大屏', items: [PENALTY] });
    const limited = await serving.as('limited-dashboard');
    const { data } = await limited(
      '{ statistics { subjects { total { organizations persons } } entries { total { organizations persons } byDivision { code } } notCounted { item { typeName } dimension } } }',
    );
    expect(data.statistics.subjects.total).toEqual({ organizations: 0, persons: 0 });
    expect(data.statistics.entries.total).toEqual({ organizations: 4, persons: 0 });
    // The division is a field of the subjects, which this client may not see.
    expect(data.statistics.entries.byDivision).toEqual([]);
    expect(data.statistics.notCounted).toContainEqual({ item: { typeName: 'OrganizationPenalty' }, dimension: 'DIVISION' });
    const named = await limited(
      '{ statistics(filter: { items: ["OrganizationLicense"] }) { entries { total { organizations } } } }',
    );
    expect(named.errors[0]?.extensions).toMatchObject({ code: 'FILTER_FORBIDDEN', items: [LICENCE] });
    const filtered = await limited(
      '{ statistics(filter: { divisionCode: "1501" }) { entries { total { organizations persons } } } }',
    );
    expect(filtered.data.statistics.entries.total).toEqual({ organizations: 0, persons: 0 });
  });
});

describe('who asks', () => {
  const query = '{ statistics { subjects { total { organizations } } } }';

  it('no credit agency is answered', async () => {
    const agency = await serving.as('demo-agency');
    const { data, errors } = await agency(query);
    expect([data, errors[0]?.extensions['code']]).toEqual([null, 'FIELD_FORBIDDEN']);
    expect((await agency('{ statistics { queries { reads } } }')).errors[0]?.extensions['code']).toBe('FIELD_FORBIDDEN');
  });

  it('nobody without a token', async () => {
    expect((await serving.anonymous(query)).errors[0]?.extensions['code']).toBe('UNAUTHENTICATED');
  });

  it('a department says what for', async () => {
    const { errors } = await department(query, {}, { 'x-purpose': '', 'x-matter-number': '' });
    expect(errors[0]?.extensions['code']).toBe('PURPOSE_REQUIRED');
    await serving.beside.clients.add({ id: 'other-department', kind: 'DEPARTMENT', name: '某局', orgCode: '11150000MAY100018G' });
    const without = await serving.as('other-department');
    expect((await without(query)).errors[0]?.extensions).toMatchObject({
      code: 'PURPOSE_REQUIRED',
      coordinate: 'Query.statistics',
    });
    expect((await without('{ statistics { queries { reads } } }')).errors).toEqual([]);
  });

  it('an administrator gets reads and no credit data', async () => {
    await serving.beside.clients.add({ id: 'admin', kind: 'ADMIN', name: '管理员' });
    const admin = await serving.as('admin');
    expect((await admin(query)).errors[0]?.extensions['code']).toBe('FIELD_FORBIDDEN');
    expect((await admin('{ statistics { queries { clientId } } }')).errors).toEqual([]);
  });

  it('the reads of all clients are the dashboards’, of its own the department’s, with denials', async () => {
    await (
      await serving.as('demo-agency')
    )(query);
    const rows = async (
      ask: Ask,
    ): Promise<{ clientId: string; reads: number; denied: number; month: string; clientKind: string }[]> =>
      (await ask('{ statistics { queries { clientId clientKind clientName month reads denied } } }')).data.statistics.queries;
    const all = await rows(dashboard);
    const { rows: logged } = await serving.beside.database.pool.query<{ clientId: string; reads: number; denied: number }>(
      `SELECT client_id AS "clientId", count(*)::int AS reads, count(*) FILTER (WHERE denied)::int AS denied FROM access_events GROUP BY 1 ORDER BY 1`,
    );
    const sums = all.map(({ clientId, reads, denied }) => ({ clientId, reads, denied }));
    // The dashboard's own last question was logged after it was answered.
    const earlier = logged.map((row) => (row.clientId === 'demo-dashboard' ? { ...row, reads: row.reads - 1 } : row));
    expect(sums).toEqual(earlier);
    expect(all.find(({ clientId }) => clientId === 'demo-agency')).toMatchObject({
      clientKind: 'CREDIT_AGENCY',
      denied: expect.any(Number),
    });
    expect(all.find(({ clientId }) => clientId === 'demo-agency')?.denied).toBeGreaterThan(0);
    expect(new Set((await rows(department)).map(({ clientId }) => clientId))).toEqual(new Set(['demo-department']));
  });
});

describe('a filter that cannot be', () => {
  it.each([
    ['items: ["Nonsense"]', 'filter.items'],
    ['divisionCode: "15x"', 'filter.divisionCode'],
    ['months: { from: "2026-13" }', 'filter.months.from'],
    ['months: { to: "2026-1-1" }', 'filter.months.to'],
  ])('is refused: %s', async (filter, named) => {
    const { errors } = await dashboard(`{ statistics(filter: { ${filter} }) { entries { total { organizations } } } }`);
    expect(errors[0]?.extensions['code']).toBe('BAD_USER_INPUT');
    expect(errors[0]?.message).toContain(named);
  });
});
