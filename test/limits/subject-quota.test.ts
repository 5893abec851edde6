import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { today } from '../../src/calendar.ts';
import { eventually } from '../testkit/eventually.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, GraphQLAnswer, Serving } from '../testkit/serving.ts';

let serving: Serving;
let codes: string[];
beforeAll(async () => {
  serving = await startServing();
  const { rows } = await serving.beside.database.pool.query<{ code: string }>(
    'SELECT credit_code AS code FROM subjects WHERE NOT person AND registered AND credit_code IS NOT NULL ORDER BY credit_code LIMIT 60',
  );
  codes = rows.map(({ code }) => code);
});
afterAll(() => serving.close());

/** A client of its own for each test, with a quota. */
async function client(id: string, dailySubjects: number): Promise<Ask> {
  await serving.beside.clients.add({ id, kind: 'DASHBOARD', name: id });
  await serving.beside.clients.setLimits(id, { dailySubjects });
  return serving.as(id);
}

function read(ask: Ask, from: number, to: number): Promise<GraphQLAnswer> {
  return ask('query ($codes: [String!]) { subjects(first: 100, filter: {creditCodes: $codes}) { edges { node { id name } } } }', {
    codes: codes.slice(from, to),
  });
}

const given = ({ data }: GraphQLAnswer): number => data?.subjects?.edges?.length ?? 0;
const code = ({ errors }: GraphQLAnswer): unknown => errors[0]?.extensions['code'];

async function counted(id: string): Promise<{ subjects: number; rows: number }> {
  const { rows } = await serving.beside.database.pool.query<{ subjects: number; rows: number }>(
    `SELECT coalesce((SELECT subjects FROM client_days WHERE client_id = $1 AND day = $2), 0) AS subjects,
            (SELECT count(*)::int FROM client_day_subjects WHERE client_id = $1 AND day = $2) AS rows`,
    [id, today()],
  );
  return rows[0] ?? { subjects: -1, rows: -1 };
}

describe('the daily quota of distinct subjects', () => {
  it('counts a subject once a day, and refuses the answer that goes beyond it whole', async () => {
    const ask = await client('counted', 7);
    expect(given(await read(ask, 0, 5))).toBe(5);
    expect(given(await read(ask, 0, 5))).toBe(5);
    const beyond = await read(ask, 3, 9);
    expect(code(beyond)).toBe('RATE_LIMITED');
    expect(beyond.status).toBe(429);
    expect(beyond.data).toBeNull();
    const retryAfter = Number(beyond.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(86_400);
    expect(beyond.errors[0]?.extensions['retryAfter']).toBe(retryAfter);
    expect(beyond.errors[0]?.message).toMatch(/7 different subjects a day, and has been given 5/);
    expect(beyond.text).not.toContain(codes[8]);
    // What was refused has not been counted: two are left, and they can be had.
    expect(given(await read(ask, 5, 7))).toBe(2);
    expect(code(await read(ask, 7, 8))).toBe('RATE_LIMITED');
    expect(await counted('counted')).toEqual({ subjects: 7, rows: 7 });
  });

  it('is exact over instances that answer at the same time', async () => {
    const here = await client('shared', 20);
    const second = await serving.another();
    try {
      const there = await second.as('shared');
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) => read(index % 2 === 0 ? here : there, index, index + 1)),
      );
      expect(answers.reduce((sum, answer) => sum + given(answer), 0)).toBe(20);
      expect(answers.filter((answer) => code(answer) === 'RATE_LIMITED')).toHaveLength(20);
      expect(await counted('shared')).toEqual({ subjects: 20, rows: 20 });
    } finally {
      await second.close();
    }
  });

  it('holds for an instance that starts afterwards', async () => {
    const ask = await client('durable', 3);
    expect(given(await read(ask, 0, 3))).toBe(3);
    const later = await serving.another();
    try {
      const there = await later.as('durable');
      expect(given(await read(there, 0, 3))).toBe(3);
      expect(code(await read(there, 3, 4))).toBe('RATE_LIMITED');
    } finally {
      await later.close();
    }
  });

  it('counts subjects by whatever way their data come: entries, look-ups, nodes', async () => {
    const ask = await client('ways', 1);
    const answer = await read(ask, 0, 1);
    const id = answer.data.subjects.edges[0].node.id as string;
    expect(code(await ask('query ($id: ID!) { node(id: $id) { id ... on Subject { name } } }', { id }))).toBeUndefined();
    expect(code(await ask('query ($code: String!) { subject(by: {creditCode: $code}) { name } }', { code: codes[1] }))).toBe(
      'RATE_LIMITED',
    );
    expect(code(await ask('{ records(first: 50) { edges { node { id subject { name } } } } }'))).toBe('RATE_LIMITED');
    expect(code(await ask('{ records(first: 50) { edges { node { id title } } } }'))).toBe('RATE_LIMITED');
  });

  it('says nothing against answers without subjects', async () => {
    const ask = await client('empty', 1);
    await read(ask, 0, 1);
    expect(code(await ask('{ viewer { id } catalog { version } }'))).toBeUndefined();
    expect(code(await ask('{ subject(by: {creditCode: "911500000000000000"}) { name } }'))).toBeUndefined();
  });

  it('is lifted at once when the operator lifts it', async () => {
    const ask = await client('lifted', 1);
    expect(code(await read(ask, 0, 2))).toBe('RATE_LIMITED');
    await serving.beside.clients.setLimits('lifted', { dailySubjects: null });
    await eventually(async () => expect(given(await read(ask, 0, 2))).toBe(2));
    expect(await counted('lifted')).toEqual({ subjects: 0, rows: 0 });
  });

  it('forgets the subjects of days before yesterday', async () => {
    const { pool } = serving.beside.database;
    await pool.query(`INSERT INTO client_days VALUES ('old', '2026-01-01', 1)`);
    await pool.query(`INSERT INTO client_day_subjects VALUES ('old', '2026-01-01', gen_random_uuid())`);
    await pool.query(`SELECT claim_subjects('old', '2026-01-03', 9, ARRAY[gen_random_uuid()])`);
    const { rows } = await pool.query(`SELECT day::text FROM client_day_subjects WHERE client_id = 'old'`);
    expect(rows).toEqual([{ day: '2026-01-03' }]);
  });
});
