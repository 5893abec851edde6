import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cell, demoRows } from '../testkit/demo-rows.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';

const ENTRY =
  'query ($id: ID!) { node(id: $id) { id ... on OrganizationPenalty { documentNumber status disputed publicityEnded } } }';

describe('the state of an entry', () => {
  let serving: Serving;
  let department: Ask;
  let agency: Ask;
  let dashboard: Ask;
  let provider: Ask;
  /** ids of three penalties of one provider, publicly displayable when the test begins */
  let ids: string[];

  beforeAll(async () => {
    serving = await startServing();
    const source = cell(demoRows('OrganizationPenalty')[0], 'CF_SJLYDM');
    await serving.beside.clients.add({ id: 'provider', kind: 'DEPARTMENT', name: '数据来源单位', orgCode: source });
    [department, agency, dashboard, provider] = await Promise.all([
      serving.as('demo-department'),
      serving.as('demo-agency'),
      serving.as('demo-dashboard'),
      serving.as('provider'),
    ]);
    await serving.beside.database.prisma.$executeRaw`
      UPDATE credit_records SET source_unit_code = ${source}, public_until = '2099-01-01' WHERE item_code = '150000-03-003'`;
    const answer = await agency('{ records(first: 3, filter: { items: ["OrganizationPenalty"] }) { edges { node { id } } } }');
    ids = answer.data.records.edges.map((edge: { node: { id: string } }) => edge.node.id);
  });
  afterAll(() => serving.close());

  const seen = async (ask: Ask, id: string | undefined): Promise<unknown> =>
    (await ask(ENTRY, { id }, { 'x-purpose': 'check', 'x-matter-number': '1' })).data.node;

  it('repaired: closed to all but its provider, from the next request on', async () => {
    const [id = ''] = ids;
    for (const ask of [department, agency, dashboard, provider]) expect(await seen(ask, id)).toMatchObject({ status: 'ACTIVE' });
    await serving.beside.entries.changeStatus(id, 'REPAIRED', '已纠正失信行为');
    for (const ask of [department, agency, dashboard]) expect(await seen(ask, id)).toBeNull();
    expect(await seen(provider, id)).toMatchObject({ id, status: 'REPAIRED' });
  });

  it('repaired: not in a count, and found by status only by its provider', async () => {
    const count =
      '{ records(filter: { items: ["OrganizationPenalty"], status: REPAIRED }) { totalCount edges { node { id } } } }';
    for (const ask of [department, agency, dashboard])
      expect((await ask(count)).data.records).toEqual({ totalCount: 0, edges: [] });
    expect((await provider(count, {}, { 'x-purpose': 'check', 'x-matter-number': '1' })).data.records).toMatchObject({
      totalCount: 1,
    });
  });

  it('disputed: seen by all, with its mark', async () => {
    const id = ids[1] ?? '';
    await serving.beside.entries.setDispute(id, true, '当事人提出异议');
    for (const ask of [department, agency, dashboard, provider]) expect(await seen(ask, id)).toMatchObject({ disputed: true });
  });

  it('past its publicity date: closed to the public, seen and marked for government', async () => {
    const id = ids[2] ?? '';
    const [documentNumber] = [((await seen(department, id)) as { documentNumber: string }).documentNumber];
    await serving.beside.database.prisma
      .$executeRaw`UPDATE credit_records SET public_until = '2020-01-01' WHERE document_number = ${documentNumber}`;
    expect(await seen(agency, id)).toBeNull();
    for (const ask of [department, dashboard, provider])
      expect(await seen(ask, id)).toMatchObject({ publicityEnded: true, status: 'ACTIVE' });
  });

  it('own entries: a provider reads even what is shared with nobody', async () => {
    const query =
      '{ records(first: 1, filter: { items: ["OrganizationPenalty"] }) { edges { node { ... on OrganizationPenalty { caseHandler } } } } }';
    const mine = await provider(query, {}, { 'x-purpose': 'check', 'x-matter-number': '1' });
    expect(mine.data.records.edges[0].node.caseHandler).toMatch(/\p{Script=Han}/u);
    const other = await department(query);
    expect(other.data.records.edges[0].node.caseHandler).toBeNull();
    expect(other.access[0]).toMatchObject({ field: 'caseHandler', outcome: 'WITHHELD', required: 'PROVIDER_ONLY' });
  });
});
