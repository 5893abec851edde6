import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cell, demoRows } from '../testkit/demo-rows.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';

const AGREED = { 'x-purpose': encodeURIComponent('贷款审批') };
const LOOK_UP =
  'query ($number: String!) { subject(by: { idNumber: $number }) { id kind name idNumber records { totalCount edges { node { __typename documentNumber } } } } }';

describe('natural persons', () => {
  let serving: Serving;
  let agency: Ask;
  let department: Ask;
  let dashboard: Ask;
  // A person with a licence, from the files as they came in: licences have no publicity date that could pass.
  const license = demoRows('PersonLicense')[0];
  const number = cell(license, '证件号码');
  const unknown = '159999199901019998';
  let authorization = '';

  beforeAll(async () => {
    serving = await startServing();
    [agency, department, dashboard] = await Promise.all([
      serving.as('demo-agency'),
      serving.as('demo-department'),
      serving.as('demo-dashboard'),
    ]);
  });
  afterAll(() => serving.close());

  async function authorize(items: readonly string[], purpose = '贷款审批', until = '2099-12-31'): Promise<void> {
    authorization = await serving.beside.authorizations.add({
      clientId: 'demo-agency',
      subjectIdentifier: number,
      items,
      purpose,
      until,
    });
  }
  beforeEach(async () => {
    if (authorization !== '') await serving.beside.authorizations.revoke(authorization);
    authorization = '';
  });

  it('are found by a department that states its purpose, with name masked and number in the clear', async () => {
    const answer = await department(LOOK_UP, { number });
    expect(answer.errors).toEqual([]);
    expect(answer.data.subject).toMatchObject({ kind: 'NATURAL_PERSON', idNumber: number });
    expect(answer.data.subject.name).toMatch(/^..?\*\*$/);
    expect(answer.data.subject.records.totalCount).toBeGreaterThan(0);
  });

  it('answer alike for an agency, unknown or unauthorized', async () => {
    const [here, nowhere] = await Promise.all([
      agency(LOOK_UP, { number }, AGREED),
      agency(LOOK_UP, { number: unknown }, AGREED),
    ]);
    const body = (text: string): string => text.replace(/"requestId":"[^"]+"/, '');
    expect(here.data.subject).toBeNull();
    expect(body(here.text)).toBe(body(nowhere.text));
  });

  it('exist for an agency from the moment of their authorization, for its items and its purpose', async () => {
    await authorize(['150000-03-002']);
    const answer = await agency(LOOK_UP, { number }, AGREED);
    expect(answer.errors).toEqual([]);
    expect(answer.data.subject).toMatchObject({ kind: 'NATURAL_PERSON', name: null, idNumber: null });
    const types = new Set(
      answer.data.subject.records.edges.map((edge: { node: { __typename: string } }) => edge.node.__typename),
    );
    expect([...types]).toEqual(['PersonLicense']);
    expect(answer.data.subject.records.edges[0].node.documentNumber).not.toBeNull();
    expect(answer.access.find((line) => line.field === 'personName')).toMatchObject({
      outcome: 'WITHHELD',
      required: 'AUTHORIZED',
      reason: 'NO_AUTHORIZATION',
    });
  });

  it.each([
    ['another purpose', { 'x-purpose': encodeURIComponent('招聘') }],
    ['no purpose', {}],
  ])('do not exist for %s', async (_name, headers: Record<string, string>) => {
    await authorize(['150000-01-002', '150000-03-002']);
    const answer = await agency(LOOK_UP, { number }, headers);
    expect(answer.data.subject).toBeNull();
  });

  it('are gone with the revocation, on the next request', async () => {
    await authorize(['150000-01-002']);
    expect((await agency(LOOK_UP, { number }, AGREED)).data.subject).not.toBeNull();
    await serving.beside.authorizations.revoke(authorization);
    expect((await agency(LOOK_UP, { number }, AGREED)).data.subject).toBeNull();
  });

  it('are not in an agency’s listings or counts without authorization', async () => {
    const count =
      '{ subjects(filter: { kinds: [NATURAL_PERSON] }) { totalCount edges { node { id } } } records(filter: { items: ["PersonLicense"] }) { totalCount edges { node { id } } } }';
    expect((await agency(count, {}, AGREED)).data).toEqual({
      subjects: { totalCount: 0, edges: [] },
      records: { totalCount: 0, edges: [] },
    });
    await authorize(['150000-03-002']);
    const after = await agency(count, {}, AGREED);
    const licenses = demoRows('PersonLicense').filter((row) => row['证件号码'] === number);
    expect(after.data.subjects.totalCount).toBe(1);
    expect(after.data.records.totalCount).toBe(licenses.length);
    expect(after.data.records.edges).toHaveLength(after.data.records.totalCount);
  });

  it('cannot be looked up by a dashboard, for which the number is masked', async () => {
    const answer = await dashboard(LOOK_UP, { number });
    expect(answer.errors[0]?.extensions).toMatchObject({ code: 'FILTER_FORBIDDEN', items: ['150000-01-002'] });
  });

  it('keep their numbers out of the database in the clear', async () => {
    const rows = await serving.beside.database.prisma.$queryRaw<{ hits: bigint }[]>`
      SELECT count(*) AS hits FROM (SELECT content::text AS t FROM subjects UNION ALL SELECT content::text FROM credit_records
        UNION ALL SELECT content::text FROM list_entries UNION ALL SELECT content::text FROM commitments) c WHERE t LIKE ${`%${number}%`}`;
    expect(rows[0]?.hits).toBe(0n);
  });
});
