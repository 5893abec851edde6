import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../testkit/eventually.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';

const OPEN =
  '{ records(filter: { items: ["OrganizationPenalty"] }, first: 1) { totalCount edges { node { documentNumber ... on OrganizationPenalty { partyName } } } } }';
const SHARED =
  '{ records(filter: { items: ["OrganizationPenalty"] }, first: 1) { edges { node { ... on OrganizationPenalty { legalRepCertNo } } } } }';
const GRANTED =
  '{ records(filter: { items: ["PersonLicense"] }, first: 1) { edges { node { ... on PersonLicense { licenseCategory partyName } } } } }';
const NONE = { 'x-purpose': '', 'x-matter-number': '' };

describe('purpose, grants and limits', () => {
  let serving: Serving;
  let department: Ask;
  let bare: Ask;

  beforeAll(async () => {
    serving = await startServing();
    department = await serving.as('demo-department');
    await serving.beside.clients.add({ id: 'bureau', kind: 'DEPARTMENT', name: '某局' });
    bare = await serving.as('bureau');
  });
  afterAll(() => serving.close());

  const codes = (answer: Awaited<ReturnType<Ask>>): unknown[] => answer.errors.map((error) => error.extensions['code']);

  it('are not asked of a department that reads what is public', async () => {
    expect(codes(await bare(OPEN))).toEqual([]);
  });

  it.each([
    ['no header', {}],
    ['a purpose alone', { 'x-purpose': 'check' }],
    ['a matter alone', { 'x-matter-number': '1' }],
    ['an empty purpose', { 'x-purpose': ' ', 'x-matter-number': '1' }],
    ['empty headers', NONE],
  ])('are required beyond 社会公开: %s', async (_name, headers: Record<string, string>) => {
    const answer = await bare(SHARED, {}, headers);
    expect(codes(answer)).toEqual(['PURPOSE_REQUIRED']);
    expect(answer.data).toBeNull();
  });

  it.each([
    ['10,000 characters', 'a'.repeat(10_000)],
    ['broken percent-encoding', '%E4%B8'],
    ['a control character', '%00'],
  ])('refuse a purpose of %s', async (_name, purpose) => {
    expect(codes(await bare(SHARED, {}, { 'x-purpose': purpose, 'x-matter-number': '1' }))).toEqual(['BAD_USER_INPUT']);
  });

  it('let a department read once both are stated', async () => {
    const answer = await bare(
      SHARED,
      {},
      { 'x-purpose': encodeURIComponent('行政审批'), 'x-matter-number': encodeURIComponent('办〔2026〕1号') },
    );
    expect(codes(answer)).toEqual([]);
    expect(answer.data.records.edges[0].node.legalRepCertNo).toMatch(/^\d{17}[\dX]$/);
  });

  it('a grant opens 授权查询 fields from the next request on, and closes with its revocation', async () => {
    interface Shown {
      readonly licenseCategory: string | null;
      readonly partyName: string;
    }
    const shown = async (): Promise<Shown> => (await department(GRANTED)).data.records.edges[0].node;
    expect(await shown()).toEqual({ licenseCategory: null, partyName: expect.stringContaining('*') });
    const grant = await serving.beside.grants.add({
      clientId: 'demo-department',
      item: 'PersonLicense',
      basis: '行政许可法第六十一条',
    });
    await eventually(async () => {
      expect(await shown()).toEqual({ licenseCategory: expect.any(String), partyName: expect.not.stringContaining('*') });
    });
    await serving.beside.grants.revoke(grant);
    await eventually(async () => {
      expect(await shown()).toEqual({ licenseCategory: null, partyName: expect.stringContaining('*') });
    });
  });

  it('limits: other items do not exist, and naming one is refused', async () => {
    await serving.beside.clients.add({ id: 'narrow', kind: 'DASHBOARD', name: '处罚大屏', items: ['OrganizationPenalty'] });
    const narrow = await serving.as('narrow');
    const all = await narrow(
      '{ records(first: 1000) { totalCount edges { node { __typename } } } subjects { totalCount } listEntries { totalCount } }',
    );
    expect(new Set(all.data.records.edges.map((edge: { node: { __typename: string } }) => edge.node.__typename))).toEqual(
      new Set(['OrganizationPenalty']),
    );
    expect(all.data).toMatchObject({ subjects: { totalCount: 0 }, listEntries: { totalCount: 0 } });
    const named = await narrow('{ records(filter: { items: ["OrganizationLicense"] }) { totalCount } }');
    expect(codes(named)).toEqual(['FILTER_FORBIDDEN']);
    expect(named.errors[0]?.extensions).toMatchObject({ items: ['150000-03-001'] });
  });

  it('strict mode fails instead of withholding, and returns no data', async () => {
    const agency = await serving.as('demo-agency');
    const answer = await agency(SHARED, {}, { 'x-access-mode': 'strict' });
    expect(codes(answer)).toEqual(['FIELD_FORBIDDEN']);
    expect(answer.data).toBeNull();
    expect(answer.errors[0]?.message).toContain('OrganizationPenalty.legalRepCertNo');
    expect(codes(await agency(OPEN, {}, { 'x-access-mode': 'strict' }))).toEqual([]);
    expect(codes(await agency(OPEN, {}, { 'x-access-mode': 'severe' }))).toEqual(['BAD_USER_INPUT']);
  });
});
