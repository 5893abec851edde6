import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cell, demoRows } from '../testkit/demo-rows.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';

const NESTED = `query ($codes: [String!]!) { subjects(first: 1000, filter: { creditCodes: $codes }) { edges { node { name
  records(first: 10) { edges { node { documentNumber subject { name creditCode } } } } listEntries(first: 10) { edges { node { listName } } }
  commitments(first: 10) { edges { node { committedOn } } } evaluations(first: 10) { edges { node { grade } } } } } } }`;

describe('SQL statements of an operation', () => {
  let serving: Serving;
  let department: Ask;

  beforeAll(async () => {
    serving = await startServing();
    department = await serving.as('demo-department');
  });
  afterAll(() => serving.close());

  /** Subjects that have records. */
  function licensed(): string[] {
    return [...new Set(demoRows('OrganizationLicense').map((row) => cell(row, 'XK_XDR_SHXYM')))];
  }

  async function counter(name: string): Promise<number> {
    const text = await (await fetch(`${serving.address}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? '0');
  }

  async function statementsFor(query: string, variables: Record<string, unknown>): Promise<number> {
    const before = await counter('gateway_statements_total');
    const answer = await department(query, variables);
    expect(answer.errors).toEqual([]);
    return (await counter('gateway_statements_total')) - before;
  }

  it.each([1, 10, 50])('are one for %d subjects with what hangs below them, three levels deep', async (many) => {
    expect(await statementsFor(NESTED, { codes: licensed().slice(0, many) })).toBe(1);
  });

  it('are one for a page of one item, its count included', async () => {
    const page = '{ records(first: 100, filter: { items: ["OrganizationPenalty"] }) { edges { node { documentNumber } } } }';
    expect(await statementsFor(page, {})).toBe(1);
    expect(await statementsFor(page.replace('{ edges', '{ totalCount edges'), {})).toBe(1);
  });

  it('are one for each root', async () => {
    expect(
      await statementsFor(
        `{ one: subject(by: { creditCode: "${licensed()[0] ?? ''}" }) { name } two: records { totalCount } }`,
        {},
      ),
    ).toBe(2);
  });

  it('look a subject’s authorizations up in passing', async () => {
    const agency = await serving.as('demo-agency');
    const before = await counter('gateway_statements_total');
    const answer = await agency(
      `{ subject(by: { creditCode: "${licensed()[0] ?? ''}" }) { name ... on Organization { contactPhone } records { edges { node { documentNumber } } } } }`,
      {},
      { 'x-purpose': encodeURIComponent('贷款审批') },
    );
    expect(answer.errors).toEqual([]);
    expect((await counter('gateway_statements_total')) - before).toBe(1);
  });

  it('bring a subject once, however many of its entries lead to it', async () => {
    const [code] = licensed();
    const before = await counter('gateway_statement_rows_total');
    const answer = await department(
      `{ records(first: 50, filter: { subject: { creditCode: "${code ?? ''}" } }) { edges { node { subject { name } } } } }`,
    );
    const records = Number(answer.data.records.edges.length);
    expect(records).toBeGreaterThan(0);
    expect((await counter('gateway_statement_rows_total')) - before).toBe(records + 1);
  });

  it('return no more rows than the answer needs', async () => {
    const before = await counter('gateway_statement_rows_total');
    await department('{ records(first: 20, filter: { items: ["OrganizationPenalty"] }) { edges { node { documentNumber } } } }');
    expect((await counter('gateway_statement_rows_total')) - before).toBe(21);
  });

  it('read no row that only a count was asked for', async () => {
    expect(await statementsFor('{ records(filter: { items: ["OrganizationPenalty"] }) { totalCount } }', {})).toBe(1);
  });

  it('are refused before they grow without measure', async () => {
    const lists = (many: number): string =>
      Array.from({ length: many }, (_, n) => `a${String(n)}: records(first: 1) { edges { node { id } } }`).join(' ');
    const answer = await department(`{ subject(by: { creditCode: "${licensed()[0] ?? ''}" }) { ${lists(100)} } }`);
    expect(answer.errors[0]?.extensions).toMatchObject({ code: 'QUERY_TOO_COSTLY' });
    expect(answer.errors[0]?.message).toContain('100 lists');
    expect(await statementsFor(`{ subject(by: { creditCode: "${licensed()[0] ?? ''}" }) { ${lists(99)} } }`, {})).toBe(1);
  });
});
