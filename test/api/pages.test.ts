import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { demoRows } from '../testkit/demo-rows.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';

interface Node {
  readonly id: string;
  readonly [field: string]: unknown;
}

describe('pages', () => {
  let serving: Serving;
  let department: Ask;
  let agency: Ask;

  beforeAll(async () => {
    serving = await startServing();
    [department, agency] = await Promise.all([serving.as('demo-department'), serving.as('demo-agency')]);
  });
  afterAll(() => serving.close());

  /** Reads a listing to its end in small steps. */
  async function walk(ask: Ask, listing: string, argumentsText: string, selection: string, step: number): Promise<Node[]> {
    const nodes: Node[] = [];
    let after: string | null = null;
    for (let pages = 0; pages < 100; pages += 1) {
      const answer = await ask(
        `query ($after: String) { ${listing}(first: ${String(step)}, after: $after${argumentsText}) { edges { node { id ${selection} } } pageInfo { hasNextPage endCursor } } }`,
        { after },
      );
      expect(answer.errors).toEqual([]);
      const page = answer.data[listing];
      nodes.push(...page.edges.map((edge: { node: Node }) => edge.node));
      if (page.pageInfo.hasNextPage !== true) return nodes;
      after = page.pageInfo.endCursor;
    }
    throw new Error('The listing does not end');
  }

  it.each([
    ['records', '', ''],
    [
      'records',
      ', filter: { items: ["OrganizationPenalty"] }, orderBy: { by: AMOUNT, direction: ASC }',
      '... on OrganizationPenalty { fineAmount }',
    ],
    ['records', ', filter: { items: ["OrganizationPenalty", "OrganizationLicense"] }, orderBy: { by: DECIDED_ON }', 'decidedOn'],
    ['listEntries', ', orderBy: { by: LISTED_ON, direction: ASC }', 'listedOn'],
    ['commitments', ', orderBy: { by: COMMITTED_ON }', 'committedOn'],
    ['evaluations', ', filter: { items: ["PublicCreditEvaluation"] }, orderBy: { by: EVALUATED_ON }', 'evaluatedOn'],
    ['subjects', '', 'kind'],
    ['subjects', ', filter: { kinds: [ENTERPRISE, SOLE_TRADER, COOPERATIVE] }, orderBy: { by: NAME, direction: ASC }', 'name'],
    ['subjects', ', filter: { kinds: [ENTERPRISE] }, orderBy: { by: CREDIT_CODE }', 'creditCode'],
  ])('of %s%s come whole and without repetition', async (listing, argumentsText, selection) => {
    const nodes = await walk(department, listing, argumentsText, selection, 7);
    const whole = await department(`{ ${listing}(first: 1000${argumentsText}) { totalCount edges { node { id } } } }`);
    expect(whole.errors).toEqual([]);
    expect(nodes.map(({ id }) => id)).toEqual(whole.data[listing].edges.map((edge: { node: Node }) => edge.node.id));
    expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
    expect(whole.data[listing].totalCount).toBe(nodes.length);
    expect(nodes.length).toBeGreaterThan(7);
  });

  it('are in the order asked for, empty values last when descending', async () => {
    const nodes = await walk(
      agency,
      'records',
      ', filter: { items: ["OrganizationPenalty"] }, orderBy: { by: AMOUNT }',
      '... on OrganizationPenalty { fineAmount }',
      10,
    );
    const amounts = nodes.map((node) => (node['fineAmount'] === null ? Number.NEGATIVE_INFINITY : Number(node['fineAmount'])));
    expect(amounts).toEqual([...amounts].sort((one, other) => other - one));
  });

  it('carry no sort value in their cursors', async () => {
    const answer = await agency(
      '{ records(first: 3, filter: { items: ["OrganizationPenalty"] }, orderBy: { by: DECIDED_ON }) { edges { cursor node { decidedOn } } } }',
    );
    for (const { cursor, node } of answer.data.records.edges) {
      expect(Buffer.from(cursor, 'base64url').toString('latin1')).not.toContain(node.decidedOn);
    }
  });

  it.each([
    ['another client', ', filter: { items: ["OrganizationPenalty"] }', 'department'],
    ['another filter', ', filter: { items: ["OrganizationLicense"] }', 'agency'],
    ['another order', ', filter: { items: ["OrganizationPenalty"] }, orderBy: { by: DECIDED_ON }', 'agency'],
    ['another listing', '', 'agency'],
  ])('do not continue from the cursor of %s', async (name, argumentsText, who) => {
    const first = await agency('{ records(first: 2, filter: { items: ["OrganizationPenalty"] }) { pageInfo { endCursor } } }');
    const listing = name === 'another listing' ? 'listEntries' : 'records';
    const ask = who === 'agency' ? agency : department;
    const answer = await ask(
      `query ($after: String) { ${listing}(first: 2, after: $after${argumentsText}) { edges { node { id } } } }`,
      { after: first.data.records.pageInfo.endCursor },
    );
    expect(answer.errors.map((error) => error.extensions['code'])).toEqual(['CURSOR_INVALID']);
    expect(answer.data).toBeNull();
  });

  it.each(['', 'x', 'AAAA', 'null', '{"a":1}', 'é', 'A'.repeat(5_000)])('refuse a cursor that nobody gave: %p', async (after) => {
    const answer = await agency('query ($after: String) { records(after: $after) { edges { node { id } } } }', { after });
    expect(answer.errors.map((error) => error.extensions['code'])).toEqual(['CURSOR_INVALID']);
  });

  it.each([-1, 1_001, 100_000])('refuse first: %d', async (first) => {
    const answer = await agency('query ($first: Int) { records(first: $first) { edges { node { id } } } }', { first });
    expect(answer.errors.map((error) => error.extensions['code'])).toEqual(['BAD_USER_INPUT']);
    expect(answer.errors[0]?.message).toContain('1000');
  });

  it('of zero rows still count', async () => {
    const answer = await agency(
      '{ evaluations(first: 0, filter: { items: ["PublicCreditEvaluation"] }) { totalCount edges { node { id } } pageInfo { hasNextPage } } }',
    );
    expect(answer.data.evaluations).toMatchObject({ totalCount: demoRows('PublicCreditEvaluation').length, edges: [] });
  });

  it('below a page of subjects give every subject its own, each continued by its own cursor', async () => {
    const answer = await department(
      '{ subjects(first: 20, filter: { kinds: [ENTERPRISE] }) { edges { node { id records(first: 1) { totalCount edges { node { id } } pageInfo { hasNextPage endCursor } } } } } }',
    );
    const rich = answer.data.subjects.edges
      .map((edge: { node: Node & { records: { totalCount: number } } }) => edge.node)
      .filter((node: { records: { totalCount: number } }) => node.records.totalCount > 1);
    expect(rich.length).toBeGreaterThan(1);
    const next =
      'query ($id: ID!, $after: String) { subject(by: { id: $id }) { records(first: 1, after: $after) { edges { node { id } } } } }';
    const own = await department(next, { id: rich[0].id, after: rich[0].records.pageInfo.endCursor });
    expect(own.data.subject.records.edges).toHaveLength(1);
    expect(own.data.subject.records.edges[0].node.id).not.toBe(rich[0].records.edges[0].node.id);
    const foreign = await department(next, { id: rich[1].id, after: rich[0].records.pageInfo.endCursor });
    expect(foreign.errors.map((error) => error.extensions['code'])).toEqual(['CURSOR_INVALID']);
  });
});
