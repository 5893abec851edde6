import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startServing } from '../testkit/serving.ts';
import type { AccessLine, Ask, Serving } from '../testkit/serving.ts';

/** The same entry's certificate number, asked for in every way the language knows; each must be withheld from an agency and reported. */
const WAYS: readonly (readonly [name: string, query: string])[] = [
  ['plain', '{ node(id: $id) { ... on OrganizationPenalty { legalRepCertNo } } }'],
  ['alias', '{ node(id: $id) { ... on OrganizationPenalty { partyName: legalRepCertNo } } }'],
  ['alias of the root', '{ x: node(id: $id) { ... on OrganizationPenalty { legalRepCertNo } } }'],
  ['named fragment', '{ node(id: $id) { ...F } } fragment F on OrganizationPenalty { legalRepCertNo }'],
  [
    'fragment on an interface',
    '{ node(id: $id) { ... on CreditEntry { ... on CreditRecord { ... on OrganizationPenalty { legalRepCertNo } } } } }',
  ],
  ['fragment without a type', '{ node(id: $id) { ... { ... on OrganizationPenalty { legalRepCertNo } } } }'],
  ['twice', '{ node(id: $id) { ... on OrganizationPenalty { legalRepCertNo a: legalRepCertNo } } }'],
  ['@include', '{ node(id: $id) { ... on OrganizationPenalty { legalRepCertNo @include(if: $yes) } } }'],
  ['@skip', '{ node(id: $id) { ... on OrganizationPenalty { legalRepCertNo @skip(if: $no) } } }'],
  ['@include on a fragment', '{ node(id: $id) { ... on OrganizationPenalty @include(if: $yes) { legalRepCertNo } } }'],
  [
    'through its subject',
    '{ node(id: $id) { ... on CreditEntry { subject { records(filter: { items: ["OrganizationPenalty"] }) { edges { node { ... on OrganizationPenalty { legalRepCertNo } } } } } } } }',
  ],
  [
    'a listing',
    '{ records(first: 1000, filter: { items: ["OrganizationPenalty"] }) { edges { node { ... on OrganizationPenalty { legalRepCertNo } } } } }',
  ],
  [
    'aliased edges',
    '{ records(first: 1000, filter: { items: ["OrganizationPenalty"] }) { e: edges { n: node { ... on OrganizationPenalty { legalRepCertNo } } } } }',
  ],
];

describe('every way to ask for a field', () => {
  let serving: Serving;
  let agency: Ask;
  let department: Ask;
  let id: string;
  let secret: string;

  const variables = (): Record<string, unknown> => ({ id, yes: true, no: false });
  // Variables that a query does not use are refused; these ways use some of them only.
  const ask = (by: Ask, query: string): ReturnType<Ask> => {
    const used = Object.fromEntries(Object.entries(variables()).filter(([name]) => query.includes(`$${name}`)));
    const declared = Object.keys(used).map((name) => `$${name}: ${name === 'id' ? 'ID!' : 'Boolean!'}`);
    return by(declared.length === 0 ? query : `query (${declared.join(', ')}) ${query}`, used);
  };

  beforeAll(async () => {
    serving = await startServing();
    [agency, department] = await Promise.all([serving.as('demo-agency'), serving.as('demo-department')]);
    const first = await agency('{ records(first: 1, filter: { items: ["OrganizationPenalty"] }) { edges { node { id } } } }');
    id = first.data.records.edges[0].node.id;
    const shown = await ask(department, '{ node(id: $id) { ... on OrganizationPenalty { legalRepCertNo } } }');
    secret = shown.data.node.legalRepCertNo;
    expect(secret).toMatch(/^\d{17}[\dX]$/);
  });
  afterAll(() => serving.close());

  it.each(WAYS)('is withheld and reported alike: %s', async (_name, query) => {
    const answer = await ask(agency, query);
    expect(answer.errors).toEqual([]);
    expect(answer.text).not.toContain(secret);
    const lines = answer.access.filter((line: AccessLine) => line.field === 'legalRepCertNo');
    expect(lines).toEqual([
      expect.objectContaining({
        coordinate: 'OrganizationPenalty.legalRepCertNo',
        outcome: 'WITHHELD',
        required: 'GOV_SHARED',
        reason: 'PERMISSION',
      }),
    ]);
  });

  it.each(WAYS)('is given to a department: %s', async (_name, query) => {
    expect((await ask(department, query)).text).toContain(secret);
  });

  it.each(['@include(if: $no)', '@skip(if: $yes)'])('is not even reported where %s leaves it out', async (directive) => {
    const answer = await ask(agency, `{ node(id: $id) { id ... on OrganizationPenalty { legalRepCertNo ${directive} } } }`);
    expect(answer.errors).toEqual([]);
    expect(answer.access).toEqual([]);
  });

  it('counts rows, not occurrences, one line per coordinate and item', async () => {
    const answer = await agency(
      '{ records(first: 4, filter: { items: ["OrganizationPenalty"] }) { edges { node { ... on OrganizationPenalty { a: legalRepCertNo b: legalRepCertNo } } } } }',
    );
    expect(answer.access).toHaveLength(1);
    expect(answer.access[0]?.count).toBe(4);
  });

  it('names the interface’s coordinate for a field asked through the interface', async () => {
    const answer = await agency('{ evaluations(first: 1000) { edges { node { score } } } }');
    const lines = answer.access.map(({ coordinate, item, field }) => `${coordinate} ${item} ${field}`);
    expect(lines.sort()).toEqual([
      'Evaluation.score 150000-09-001 evaluationScore',
      'Evaluation.score 150000-09-002 evaluationScore',
    ]);
  });

  it('keeps aliased connections of one subject apart by their arguments', async () => {
    const answer = await department(
      '{ subjects(first: 50, filter: { kinds: [ENTERPRISE] }) { edges { node { one: records(first: 1) { edges { node { id } } } two: records(first: 2, orderBy: { by: UPDATED_AT, direction: ASC }) { edges { node { id } } } none: records(first: 0) { totalCount edges { node { id } } } } } } }',
    );
    expect(answer.errors).toEqual([]);
    const nodes: { one: { edges: unknown[] }; two: { edges: unknown[] }; none: { totalCount: number; edges: unknown[] } }[] =
      answer.data.subjects.edges.map((edge: { node: unknown }) => edge.node);
    const rich = nodes.filter((node) => node.none.totalCount > 1);
    expect(rich.length).toBeGreaterThan(0);
    for (const node of rich) expect([node.one.edges.length, node.two.edges.length, node.none.edges.length]).toEqual([1, 2, 0]);
  });

  it('keeps the same response key under two aliased edges apart by its arguments', async () => {
    const answer = await department(
      '{ subjects(first: 50, filter: { kinds: [ENTERPRISE] }) { a: edges { node { records(first: 1) { edges { node { id } } } } } b: edges { node { records(first: 2) { totalCount edges { node { id } } } } } } }',
    );
    expect(answer.errors).toEqual([]);
    const { a, b } = answer.data.subjects;
    const rich = b.findIndex((edge: { node: { records: { totalCount: number } } }) => edge.node.records.totalCount > 1);
    expect(a[rich].node.records.edges).toHaveLength(1);
    expect(b[rich].node.records.edges).toHaveLength(2);
  });
});
