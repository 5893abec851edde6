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

  it.each([1, 10, 50])('nested five ways are as many for %d subjects', async (many) => {
    // Subjects that have records: a subject without any leaves out the statement for what hangs below records.
    const codes = new Set(demoRows('OrganizationLicense').map((row) => cell(row, 'XK_XDR_SHXYM')));
    // subjects, their four families, and the subjects of the records
    expect(await statementsFor(NESTED, { codes: [...codes].slice(0, many) })).toBe(6);
  });

  it('are one for a page of one item, and one more for its count', async () => {
    const page = '{ records(first: 100, filter: { items: ["OrganizationPenalty"] }) { edges { node { documentNumber } } } }';
    expect(await statementsFor(page, {})).toBe(1);
    expect(await statementsFor(page.replace('{ edges', '{ totalCount edges'), {})).toBe(2);
  });

  it('return no more rows than the answer needs', async () => {
    const before = await counter('gateway_statement_rows_total');
    await department('{ records(first: 20, filter: { items: ["OrganizationPenalty"] }) { edges { node { documentNumber } } } }');
    expect((await counter('gateway_statement_rows_total')) - before).toBe(21);
  });

  it('read no row that only a count was asked for', async () => {
    expect(await statementsFor('{ records(filter: { items: ["OrganizationPenalty"] }) { totalCount } }', {})).toBe(1);
  });
});
