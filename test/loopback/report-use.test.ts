import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { PURPOSE, startServing } from '../testkit/serving.ts';
import type { Ask, GraphQLAnswer, Serving } from '../testkit/serving.ts';

const REPORT = 'mutation ($input: ReportUseInput!) { reportUse(input: $input) { id queryId reportedAt } }';
const QUERY = '{ records(first: 1, filter: { items: ["OrganizationPenalty"] }) { edges { node { id documentNumber } } } }';

let serving: Serving;
let department: Ask;
let other: Ask;
let queryId: string;

beforeAll(async () => {
  serving = await startServing();
  await serving.beside.clients.add({ id: 'other', kind: 'DEPARTMENT', name: '另一部门' });
  department = await serving.as('demo-department');
  const bare = await serving.as('other');
  other = (query, variables, headers = {}) => bare(query, variables, { ...PURPOSE, ...headers });
  queryId = String((await department(QUERY)).extensions['requestId']);
});
afterAll(() => serving.close());

const codes = (answer: GraphQLAnswer): unknown[] => answer.errors.map((error) => error.extensions['code']);
const report = (ask: Ask, more: Record<string, unknown> = {}): Promise<GraphQLAnswer> =>
  ask(REPORT, { input: { queryId, decision: '准予', idempotencyKey: randomUUID(), ...more } });
const kept = async (): Promise<Record<string, unknown>[]> => {
  const { rows } = await serving.beside.database.pool.query<Record<string, unknown>>(
    `SELECT client_id, query_id, matter_number, matter_name, decision, hit, measure, decided_on::text FROM use_reports ORDER BY reported_at, id`,
  );
  return rows;
};

describe('reportUse', () => {
  it('keeps what was decided in which matter after which query', async () => {
    const answer = await report(department, {
      matterNumber: '办〔2026〕12号',
      matterName: ' 建筑施工许可 ',
      decision: '不予许可',
      hit: true,
      measure: '限制参与招标投标',
      decidedOn: '2026-01-02',
    });
    expect(answer.errors).toEqual([]);
    expect(answer.data.reportUse).toEqual({ id: expect.any(String), queryId, reportedAt: expect.stringMatching(/Z$/) });
    expect((await kept()).at(-1)).toEqual({
      client_id: 'demo-department',
      query_id: queryId,
      matter_number: '办〔2026〕12号',
      matter_name: '建筑施工许可',
      decision: '不予许可',
      hit: true,
      measure: '限制参与招标投标',
      decided_on: '2026-01-02',
    });
  });

  it('takes the matter of the request when none is named, and leaves the rest empty', async () => {
    await report(department);
    expect((await kept()).at(-1)).toMatchObject({
      matter_number: 'M-1',
      matter_name: null,
      hit: null,
      measure: null,
      decided_on: null,
    });
  });

  it('an unknown query and another client’s are refused alike, and nothing is kept', async () => {
    const before = await kept();
    const refusals = [
      await report(other),
      await report(department, { queryId: randomUUID() }),
      await report(other, { queryId: 'x' }),
    ].map(({ data, errors }) => [
      data,
      errors.map(({ message, extensions: { requestId: _, ...extensions } }) => ({ message, extensions })),
    ]);
    expect(refusals[0]).toEqual([
      null,
      [
        {
          message: expect.stringContaining('names no query of this client'),
          extensions: { code: 'BAD_USER_INPUT', argument: 'queryId' },
        },
      ],
    ]);
    for (const refusal of refusals) expect(refusal).toEqual(refusals[0]);
    expect(await kept()).toEqual(before);
  });

  it('submitted ten times at once is one report; with another input the key is refused', async () => {
    const before = (await kept()).length;
    const idempotencyKey = randomUUID();
    const answers = await Promise.all(Array.from({ length: 10 }, () => report(department, { idempotencyKey })));
    expect(new Set(answers.map(({ data }) => JSON.stringify(data))).size).toBe(1);
    expect(await kept()).toHaveLength(before + 1);
    expect(codes(await report(department, { idempotencyKey, decision: '不予许可' }))).toEqual(['BAD_USER_INPUT']);
    expect(await kept()).toHaveLength(before + 1);
  });

  it.each([
    ['an empty decision', { decision: ' ' }],
    ['a decision without end', { decision: '长'.repeat(2_001) }],
    ['a day that has not come', { decidedOn: '2999-01-01' }],
    ['a day that is none', { decidedOn: '2026-02-30' }],
    ['a key with blanks', { idempotencyKey: 'a key with blanks' }],
  ])('refuses %s', async (_name, more) => {
    expect(codes(await report(department, more))).toEqual(['BAD_USER_INPUT']);
  });

  it('says what for, and is for departments', async () => {
    const bare = await serving.as('other');
    expect(codes(await report(bare))).toEqual(['PURPOSE_REQUIRED']);
    for (const id of ['demo-agency', 'demo-dashboard'])
      expect(codes(await report(await serving.as(id)))).toEqual(['FIELD_FORBIDDEN']);
  });
});

describe('the read log', () => {
  const event = async (requestId: unknown): Promise<Record<string, unknown> | undefined> =>
    (
      await serving.beside.database.pool.query<Record<string, unknown>>(
        `SELECT client_id, purpose, matter, operation_type, outcome, cardinality(subjects) AS subjects, item_list FROM access_events WHERE request_id = $1`,
        [requestId],
      )
    ).rows[0];

  it('has every mutation: who, what for, about whom and which item', async () => {
    const id = (await department(QUERY)).data.records.edges[0].node.id;
    const answer = await department('mutation ($input: RaiseDisputeInput!) { raiseDispute(input: $input) { changed } }', {
      input: { entryId: id, reason: '异议', idempotencyKey: randomUUID() },
    });
    expect(answer.data.raiseDispute).toEqual({ changed: true });
    const found = await event(answer.extensions['requestId']);
    expect(found).toMatchObject({
      client_id: 'demo-department',
      purpose: '行政审批',
      matter: 'M-1',
      operation_type: 'mutation',
      outcome: 'ok',
      subjects: 1,
    });
    expect(JSON.stringify(found?.['item_list'])).toContain('150000-03-003');
  });

  it('has a refused one, too', async () => {
    const answer = await report(department, { queryId: 'nothing' });
    expect(await event(answer.extensions['requestId'])).toMatchObject({
      operation_type: 'mutation',
      outcome: 'BAD_USER_INPUT',
      subjects: 0,
    });
  });
});
