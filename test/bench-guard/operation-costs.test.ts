/**
 * What an operation costs, in counts: SQL statements, rows that they return, promises. A time would say more about the machine than
 * about the change that made it longer. The three operations are those of bench/: a subject, a page of subjects, a page of entries.
 */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cell, demoRows } from '../testkit/demo-rows.ts';
import { startServing } from '../testkit/serving.ts';
import type { Serving } from '../testkit/serving.ts';
import { promisesOf } from './promise-count.ts';

const FAMILIES = `records(first: 20, orderBy: { by: DECIDED_ON }) { edges { node { __typename id status documentNumber title amount } } }
  listEntries(first: 20, orderBy: { by: LISTED_ON }) { edges { node { __typename id status listName } } }
  commitments(first: 20, orderBy: { by: COMMITTED_ON }) { edges { node { __typename id status kind } } }
  evaluations(first: 20, orderBy: { by: UPDATED_AT }) { edges { node { __typename id status grade } } }`;
const SUBJECT = 'id kind name creditCode divisionCode status ... on Organization { legalRepresentative contactPhone }';
const ONE = `query ($code: String!) { subject(by: { creditCode: $code }) { ${SUBJECT} ${FAMILIES} } }`;
const MANY = `query ($codes: [String!], $first: Int!) { subjects(first: $first, filter: { creditCodes: $codes }) { edges { node { ${SUBJECT} ${FAMILIES} } } } }`;
const PAGE = `query ($first: Int!) { records(first: $first, filter: { items: ["OrganizationPenalty"] }, orderBy: { by: DECIDED_ON }) { edges { node { id status
  ... on OrganizationPenalty { partyName penaltyDocNo fineAmount violationFacts caseHandler } } } } }`;

/**
 * Promises of one operation from the first byte to the last, at most: HTTP, Express, Apollo Server, authentication, the plan, the
 * statement, the read log. Who raises it says in the commit what for.
 */
const MOST_PROMISES = 105;

describe('an operation costs no more than it did', () => {
  let serving: Serving;
  let token: string;
  const codes = [...new Set(demoRows('OrganizationLicense').map((row) => cell(row, 'XK_XDR_SHXYM')))].slice(0, 50);

  beforeAll(async () => {
    serving = await startServing();
    ({ token } = await serving.beside.tokens.issue('demo-agency', 600));
  });
  afterAll(() => serving.close());

  it.each([
    ['a subject', ONE, { code: codes[0] }],
    ['a page of subjects', MANY, { codes, first: 50 }],
    ['a page of entries', PAGE, { first: 100 }],
  ])('%s takes one statement', async (_name, query, variables) => {
    expect(await counted('gateway_statements_total', query, variables)).toBe(1);
  });

  it('a page of entries reads its rows and the one that says whether there are more', async () => {
    expect(await counted('gateway_statement_rows_total', PAGE, { first: 20 })).toBe(21);
    expect(await counted('gateway_statement_rows_total', PAGE, { first: 50 })).toBe(51);
  });

  it('a page of subjects reads no more rows for each subject than one subject alone', async () => {
    let alone = 0;
    for (const code of codes.slice(0, 10)) alone += await counted('gateway_statement_rows_total', ONE, { code });
    expect(await counted('gateway_statement_rows_total', MANY, { codes: codes.slice(0, 10), first: 10 })).toBeLessThanOrEqual(
      alone,
    );
  });

  it.each([
    ['a subject', ONE, { code: codes[0] }, { code: codes[1] }],
    ['a page of 50 subjects as for one of 2', MANY, { codes, first: 50 }, { codes, first: 2 }],
    ['a page of 50 entries as for one of 2', PAGE, { first: 50 }, { first: 2 }],
  ])('%s makes as few promises', async (_name, query, large, small) => {
    const [many, few] = [await promises(query, large), await promises(query, small)];
    expect(many).toBeLessThanOrEqual(MOST_PROMISES);
    expect(many).toBeLessThanOrEqual(few + 5);
  });

  /** The fewest of some runs: now and then the process does something of its own meanwhile. */
  async function promises(query: string, variables: object): Promise<number> {
    const runs: number[] = [];
    for (let run = 0; run < 8; run += 1) runs.push(await promisesOf((done) => ask(query, variables, done)));
    return Math.min(...runs);
  }

  async function counted(counter: string, query: string, variables: object): Promise<number> {
    const before = await counterOf(counter);
    await promisesOf((done) => ask(query, variables, done));
    return (await counterOf(counter)) - before;
  }

  async function counterOf(name: string): Promise<number> {
    const text = await (await fetch(`${serving.address}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? '0');
  }

  /** Asks without a promise of its own. */
  function ask(query: string, variables: object, done: () => void): void {
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      'x-purpose': encodeURIComponent('信用服务'),
      connection: 'close',
    };
    const asked = request(`${serving.address}/graphql`, { method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        if (response.statusCode !== 200 || text.includes('"errors"')) throw new Error(text.slice(0, 500));
        done();
      });
    });
    asked.end(JSON.stringify({ query, variables }));
  }
});
