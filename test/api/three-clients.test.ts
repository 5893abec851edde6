import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';

const PENALTY = `{ records(first: 5, filter: { items: ["OrganizationPenalty"] }) { edges { node { __typename documentNumber decidedOn
  ... on OrganizationPenalty { legalRepCertNo violationFacts caseHandler fineAmount } } } } }`;

describe('one query, three clients', () => {
  let serving: Serving;
  let department: Ask;
  let agency: Ask;
  let dashboard: Ask;

  beforeAll(async () => {
    serving = await startServing();
    [department, agency, dashboard] = await Promise.all([
      serving.as('demo-department'),
      serving.as('demo-agency'),
      serving.as('demo-dashboard'),
    ]);
  });
  afterAll(() => serving.close());

  it('gives a department the certificate number in the clear', async () => {
    const answer = await department(PENALTY);
    expect(answer.errors).toEqual([]);
    expect(answer.data.records.edges).toHaveLength(5);
    for (const { node } of answer.data.records.edges) expect(node.legalRepCertNo).toMatch(/^\d{17}[\dX]$/);
  });

  it('gives an agency null and the reason, once per coordinate', async () => {
    const answer = await agency(PENALTY);
    expect(answer.errors).toEqual([]);
    for (const { node } of answer.data.records.edges) {
      expect(node.legalRepCertNo).toBeNull();
      expect(node.documentNumber).toMatch(/^内罚/);
    }
    expect(answer.access.filter((line) => line.field === 'legalRepCertNo')).toEqual([
      {
        coordinate: 'OrganizationPenalty.legalRepCertNo',
        item: '150000-03-003',
        field: 'legalRepCertNo',
        outcome: 'WITHHELD',
        required: 'GOV_SHARED',
        reason: 'PERMISSION',
        count: 5,
      },
    ]);
  });

  it('gives a dashboard the masked number', async () => {
    const answer = await dashboard(PENALTY);
    for (const { node } of answer.data.records.edges) expect(node.legalRepCertNo).toMatch(/^\d{6}\*{8}\d{3}[\dX]$/);
  });

  it('names the catalog version and the request', async () => {
    const answer = await agency(PENALTY, {}, { 'x-request-id': 'request-0001' });
    expect(answer.extensions).toMatchObject({ catalogVersion: 1, requestId: 'request-0001' });
  });
});
