import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';

describe('introspection', () => {
  let serving: Serving;
  let department: Ask;
  let agency: Ask;
  let dashboard: Ask;
  let admin: Ask;

  beforeAll(async () => {
    serving = await startServing();
    await serving.beside.clients.add({ id: 'centre', kind: 'ADMIN', name: '信用中心' });
    [department, agency, dashboard, admin] = await Promise.all([
      serving.as('demo-department'),
      serving.as('demo-agency'),
      serving.as('demo-dashboard'),
      serving.as('centre'),
    ]);
  });
  afterAll(() => serving.close());

  async function fieldsOf(ask: Ask, type: string): Promise<string[] | null> {
    const answer = await ask('query ($type: String!) { __type(name: $type) { fields { name } } }', { type });
    expect(answer.errors).toEqual([]);
    return answer.data.__type?.fields.map((field: { name: string }) => field.name) ?? null;
  }

  it('shows an agency no field that only government could see', async () => {
    const fields = await fieldsOf(agency, 'OrganizationPenalty');
    expect(fields).toContain('penaltyDocNo');
    expect(fields).toContain('decisionDocumentUrl');
    expect(fields).not.toContain('legalRepCertNo');
    expect(fields).not.toContain('caseHandler');
  });

  it('shows a dashboard no field that only consent opens, and no provider’s', async () => {
    const fields = await fieldsOf(dashboard, 'OrganizationPenalty');
    expect(fields).toContain('legalRepCertNo');
    expect(fields).not.toContain('decisionDocumentUrl');
    expect(fields).not.toContain('caseHandler');
  });

  it('shows ADMIN no credit type at all', async () => {
    expect(await fieldsOf(admin, 'OrganizationPenalty')).toBeNull();
  });

  it('still answers a hidden field in a plain query: null and the reason', async () => {
    const answer = await agency(
      '{ records(first: 1, filter: { items: ["OrganizationPenalty"] }) { edges { node { ... on OrganizationPenalty { legalRepCertNo } } } } }',
    );
    expect(answer.errors).toEqual([]);
    expect(answer.data.records.edges[0].node.legalRepCertNo).toBeNull();
  });

  it('holds data asked for in the same operation to the view, too', async () => {
    const mixed = (field: string): string =>
      `{ __typename __type(name: "Query") { name } records(first: 1, filter: { items: ["OrganizationPenalty"] }) { edges { node { ... on OrganizationPenalty { ${field} } } } } }`;
    const hidden = await agency(mixed('legalRepCertNo'));
    expect(hidden.errors.map((error) => error.extensions['code'])).toEqual(['BAD_USER_INPUT']);
    expect(hidden.text).not.toContain('Did you mean');
    const shown = await agency(mixed('penaltyDocNo'));
    expect(shown.errors).toEqual([]);
    expect(shown.data.records.edges[0].node.penaltyDocNo).toMatch(/^内罚/);
  });

  it.each([
    '{ records { edges { node { documentNumbr } } } }',
    '{ records { edges { node { ... on OrganizationPenalty { legalRepCertN } } } } }',
    '{ records(filtr: {}) { totalCount } }',
    '{ records(filter: { items: ["OrganizationPenalty"], sttus: ACTIVE }) { totalCount } }',
    '{ records(filter: { status: ACTIV }) { totalCount } }',
    '{ recors { totalCount } }',
    '{ records { edges { node { ... on OrganizationPenalti { id } } } } }',
  ])('suggests nothing: %s', async (query) => {
    const answer = await agency(query);
    expect(answer.errors).not.toEqual([]);
    expect(answer.text).not.toContain('Did you mean');
    expect(new Set(answer.errors.map((error) => error.extensions['code']))).toEqual(new Set(['BAD_USER_INPUT']));
  });

  it('answers the query that tools send, with descriptions in both languages', async () => {
    const answer = await department(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }));
    expect(answer.errors).toEqual([]);
    const types: { name: string; description: string | null; isOneOf?: boolean }[] = answer.data.__schema.types;
    expect(types.find((type) => type.name === 'OrganizationPenalty')?.description).toMatch(
      /行政处罚信息.*Administrative penalties/,
    );
    expect(types.find((type) => type.name === 'SubjectLookup')?.isOneOf).toBe(true);
  });

  it('serves many at once from one compiled view', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => fieldsOf(dashboard, 'TaxArrears')));
    expect(new Set(answers.map((fields) => JSON.stringify(fields))).size).toBe(1);
  });
});
