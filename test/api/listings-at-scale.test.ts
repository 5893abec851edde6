import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cell, demoRows } from '../testkit/demo-rows.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';

/** Listings that are made another way than by reading rows in their order until a page is full. */
describe('listings that do not grow with the region', () => {
  let serving: Serving;
  let department: Ask;
  let agency: Ask;
  const organizations = demoRows('Organization').map((row) => ({
    code: cell(row, '统一社会信用代码'),
    division: cell(row, '行政区划代码'),
  }));

  beforeAll(async () => {
    serving = await startServing();
    [department, agency] = await Promise.all([serving.as('demo-department'), serving.as('demo-agency')]);
    // The samples know prefectures only: some of their organizations move to a county.
    for (const organization of organizations.filter((_, at) => at % 5 === 0)) {
      organization.division = `${organization.division.slice(0, 4)}03`;
      await serving.beside.database.pool.query(
        `UPDATE subjects SET division_code = $1, content = content || jsonb_build_object('administrativeDivisionCode', $1::text) WHERE credit_code = $2`,
        [organization.division, organization.code],
      );
    }
  });
  afterAll(() => serving.close());

  async function all(ask: Ask, divisionCode: string, direction: 'ASC' | 'DESC'): Promise<string[]> {
    const codes: string[] = [];
    for (let after: string | null = null; ;) {
      const answer = await ask(
        `query ($after: String) { subjects(first: 7, after: $after, filter: { divisionCode: "${divisionCode}", kinds: [ENTERPRISE, SOLE_TRADER, COOPERATIVE, PUBLIC_INSTITUTION, GOVERNMENT_BODY, SOCIAL_ORGANIZATION, OTHER_ORGANIZATION] }, orderBy: { by: CREDIT_CODE, direction: ${direction} }) { edges { node { creditCode divisionCode } } pageInfo { hasNextPage endCursor } } }`,
        { after },
      );
      expect(answer.errors).toEqual([]);
      const { edges, pageInfo } = answer.data.subjects;
      for (const { node } of edges) {
        expect(node.divisionCode.startsWith(divisionCode.replace(/(00){1,2}$/, ''))).toBe(true);
        codes.push(String(node.creditCode));
      }
      if (pageInfo.hasNextPage !== true) return codes;
      after = pageInfo.endCursor;
    }
  }

  const prefixes = (): string[] => {
    const [first] = organizations;
    const county = first?.division ?? '';
    return [county, `${county.slice(0, 4)}03`, `${county.slice(0, 4)}00`, county.slice(0, 4), '150000', '15', '99'];
  };

  it.each(['department', 'agency'])('merge the divisions below a code in the order of credit codes, for a %s', async (kind) => {
    for (const divisionCode of prefixes()) {
      const prefix = divisionCode.length === 6 ? divisionCode.replace(/(00){1,2}$/, '') : divisionCode;
      const expected = organizations.filter(({ division }) => division.startsWith(prefix)).map(({ code }) => code);
      const ask = kind === 'agency' ? agency : department;
      expect(await all(ask, divisionCode, 'ASC')).toEqual(expected.sort());
      expect(await all(ask, divisionCode, 'DESC')).toEqual(expected.sort().reverse());
    }
  });

  it('find an agency’s persons and their entries from its authorizations as from the rows', async () => {
    const numbers = [...new Set(demoRows('PersonLicense').map((row) => cell(row, '证件号码')))].slice(0, 3);
    for (const subjectIdentifier of numbers) {
      await serving.beside.authorizations.add({
        clientId: 'demo-agency',
        subjectIdentifier,
        items: ['150000-03-002'],
        purpose: '信贷审批',
        until: '2099-12-31',
      });
    }
    const asked = (): ReturnType<Ask> =>
      agency(
        `{ subjects(first: 2, filter: { kinds: [NATURAL_PERSON] }) { totalCount edges { node { id } } pageInfo { hasNextPage } }
          records(first: 2, filter: { items: ["PersonLicense", "OrganizationLicense"] }) { edges { node { id } } pageInfo { hasNextPage } }
          mine: records(first: 50, filter: { items: ["PersonLicense"] }) { totalCount edges { node { id } } } }`,
        {},
        { 'x-purpose': encodeURIComponent('信贷审批') },
      );
    // What the database knows of its size decides the way: nothing yet, so every number of authorizations is many.
    await serving.beside.database.pool.query(`UPDATE pg_class SET reltuples = 0 WHERE oid = 'subjects'::regclass`);
    const fromRows = await asked();
    await serving.beside.database.pool.query(`UPDATE pg_class SET reltuples = 25000000 WHERE oid = 'subjects'::regclass`);
    const fromAuthorizations = await asked();
    expect(fromRows.errors).toEqual([]);
    expect(fromAuthorizations.data).toEqual(fromRows.data);
    const licenses = demoRows('PersonLicense').filter((row) => numbers.includes(cell(row, '证件号码')));
    expect(fromRows.data.mine.edges.length).toBeGreaterThanOrEqual(licenses.length);
    expect(fromRows.data.subjects.totalCount).toBeGreaterThanOrEqual(numbers.length);
  });

  it('order by amount and keep to its range exactly, the same for both roles', async () => {
    const page = (filter: string): string =>
      `{ records(first: 1000, filter: { items: ["OrganizationPenalty"]${filter} }, orderBy: { by: AMOUNT, direction: DESC }) { edges { node { id amount } } } }`;
    for (const ask of [department, agency]) {
      const { data } = await ask(page(''));
      const amounts = data.records.edges
        .map((edge: { node: { amount: string | null } }) => edge.node.amount)
        .filter(Boolean)
        .map(Number);
      expect(amounts.length).toBeGreaterThan(3);
      expect(amounts).toEqual([...amounts].sort((one: number, other: number) => other - one));
      const middle = String(amounts[Math.floor(amounts.length / 2)]);
      const within = await ask(page(`, amount: { from: "${middle}" }`));
      expect(within.errors).toEqual([]);
      expect(within.data.records.edges).toHaveLength(amounts.filter((amount: number) => amount >= Number(middle)).length);
      // A billionth more than what some rows have: the rounded column alone could not tell.
      const more = `${middle}${middle.includes('.') ? '' : '.'}${'0'.repeat(16)}1`;
      const beyond = await ask(page(`, amount: { from: "${more}" }`));
      expect(beyond.data.records.edges).toHaveLength(amounts.filter((amount: number) => amount > Number(middle)).length);
    }
  });
});
