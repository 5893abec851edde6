import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { cell, demoRows } from '../testkit/demo-rows.ts';
import { PURPOSE, startServing } from '../testkit/serving.ts';
import type { Ask, GraphQLAnswer, Serving } from '../testkit/serving.ts';

const STATUS =
  'mutation ($input: ChangeStatusInput!) { changeStatus(input: $input) { entryId status disputed changed changedAt } }';
const RAISE =
  'mutation ($input: RaiseDisputeInput!) { raiseDispute(input: $input) { entryId status disputed changed changedAt } }';
const RESOLVE =
  'mutation ($input: ResolveDisputeInput!) { resolveDispute(input: $input) { entryId status disputed changed changedAt } }';
const ENTRY = 'query ($id: ID!) { node(id: $id) { id ... on CreditEntry { status disputed updatedAt } } }';
const PERSON_LICENSE = '150000-03-002';

let serving: Serving;
let provider: Ask;
let department: Ask;
let agency: Ask;
let dashboard: Ask;
/** ids of penalties of the provider, open to all when the tests begin; each test takes its own */
let ids: string[];
/** an entry of somebody else */
let foreign: string;

beforeAll(async () => {
  serving = await startServing();
  const source = cell(demoRows('OrganizationPenalty')[0], 'CF_SJLYDM');
  await serving.beside.clients.add({ id: 'provider', kind: 'DEPARTMENT', name: '数据来源单位', orgCode: source });
  await serving.beside.clients.add({ id: 'manager', kind: 'ADMIN', name: '管理' });
  const stated = async (id: string): Promise<Ask> => {
    const ask = await serving.as(id);
    return (query, variables, headers = {}) => ask(query, variables, { ...PURPOSE, ...headers });
  };
  [provider, department, agency, dashboard] = await Promise.all([
    stated('provider'),
    stated('demo-department'),
    stated('demo-agency'),
    stated('demo-dashboard'),
  ]);
  await serving.beside.database.prisma.$executeRaw`
    UPDATE credit_records SET source_unit_code = ${source}, public_until = '2099-01-01' WHERE item_code = '150000-03-003'`;
  ids = await listed('OrganizationPenalty');
  [foreign = ''] = await listed('OrganizationLicense');
});
afterAll(() => serving.close());

async function listed(item: string): Promise<string[]> {
  const answer = await department(`{ records(first: 20, filter: { items: ["${item}"] }) { edges { node { id } } } }`);
  return answer.data.records.edges.map((edge: { node: { id: string } }) => edge.node.id);
}

function nextEntry(): string {
  const id = ids.shift();
  if (id === undefined) throw new Error('The demo has too few penalties');
  return id;
}

const codes = (answer: GraphQLAnswer): unknown[] => answer.errors.map((error) => error.extensions['code']);
const seen = async (ask: Ask, id: string): Promise<unknown> => (await ask(ENTRY, { id })).data.node;
const key = (): string => randomUUID();
const status = (ask: Ask, entryId: string, more: Record<string, unknown> = {}, headers = {}): Promise<GraphQLAnswer> =>
  ask(STATUS, { input: { entryId, status: 'REPAIRED', reason: '信用修复决定书 1号', idempotencyKey: key(), ...more } }, headers);
const raise = (ask: Ask, entryId: string, more: Record<string, unknown> = {}): Promise<GraphQLAnswer> =>
  ask(RAISE, { input: { entryId, reason: '当事人称事实有误', idempotencyKey: key(), ...more } });
const resolve = (ask: Ask, entryId: string, result: string, more: Record<string, unknown> = {}): Promise<GraphQLAnswer> =>
  ask(RESOLVE, { input: { entryId, result, reason: '经核实', idempotencyKey: key(), ...more } });
const events = async (
  subjectless: string,
): Promise<{ event: string; reason: string; clientId: string | null; result: string | null }[]> => {
  const entryId = Buffer.from(subjectless, 'base64url').toString('hex', 17);
  return serving.beside.database.prisma.$queryRaw`
    SELECT event, reason, client_id AS "clientId", result FROM entry_events WHERE entry_id = ${entryId}::uuid ORDER BY id`;
};

describe('changeStatus', () => {
  it('repairs an own entry: the next request of everybody sees it, and the reason and the client are kept', async () => {
    const id = nextEntry();
    const before = await seen(provider, id);
    const answer = await status(provider, id);
    expect(answer.errors).toEqual([]);
    expect(answer.data.changeStatus).toEqual({
      entryId: id,
      status: 'REPAIRED',
      disputed: false,
      changed: true,
      changedAt: expect.any(String),
    });
    for (const ask of [department, agency, dashboard]) expect(await seen(ask, id)).toBeNull();
    const after = (await seen(provider, id)) as { updatedAt: string };
    expect(after).toEqual({ id, status: 'REPAIRED', disputed: false, updatedAt: answer.data.changeStatus.changedAt });
    expect(after.updatedAt > (before as { updatedAt: string }).updatedAt).toBe(true);
    expect(await events(id)).toEqual([{ event: 'REPAIRED', reason: '信用修复决定书 1号', clientId: 'provider', result: null }]);
  });

  it('withdraws, and takes back; to be in that state already changes nothing', async () => {
    const id = nextEntry();
    expect((await status(provider, id, { status: 'WITHDRAWN' })).data.changeStatus).toMatchObject({ changed: true });
    expect((await status(provider, id, { status: 'WITHDRAWN' })).data.changeStatus).toMatchObject({ changed: false });
    expect((await status(provider, id, { status: 'ACTIVE' })).data.changeStatus).toMatchObject({ status: 'ACTIVE' });
    expect(await seen(agency, id)).toMatchObject({ status: 'ACTIVE' });
    expect((await events(id)).map(({ event }) => event)).toEqual(['WITHDRAWN', 'ACTIVE']);
  });

  it("another provider's entry, an unknown one, one that is invisible and no id at all are refused alike", async () => {
    const [subject, entry] = ['0'.repeat(8), '0'.repeat(8)].map((head) => `${head}00008000800000000000`.padEnd(32, '0'));
    const unknown = Buffer.from(`52${subject ?? ''}${entry ?? ''}`, 'hex').toString('base64url');
    const refusals = [];
    for (const id of [foreign, unknown, await personEntry(), 'nonsense']) {
      const answer = await status(provider, id);
      expect(answer.data).toBeNull();
      refusals.push(answer.errors.map(({ message, extensions: { requestId: _, ...extensions } }) => ({ message, extensions })));
    }
    expect(refusals[0]).toEqual([
      { message: expect.stringContaining('谁产生、谁负责'), extensions: { code: 'FIELD_FORBIDDEN', argument: 'entryId' } },
    ]);
    for (const refusal of refusals) expect(refusal).toEqual(refusals[0]);
    expect(await events(foreign)).toEqual([]);
  });

  it('is for departments: an agency, a dashboard, an administrator and nobody are refused', async () => {
    const id = nextEntry();
    const manager = await serving.as('manager');
    for (const ask of [agency, dashboard, manager]) expect(codes(await status(ask, id))).toEqual(['FIELD_FORBIDDEN']);
    expect(codes(await status(serving.anonymous, id))).toEqual(['UNAUTHENTICATED']);
    expect(await seen(agency, id)).toMatchObject({ status: 'ACTIVE' });
  });

  it.each([
    ['no purpose', { 'x-purpose': undefined }],
    ['no matter', { 'x-matter-number': undefined }],
  ])('says what for: %s', async (_name, left) => {
    const id = ids[0] ?? '';
    const bare = await serving.as('provider');
    const headers = Object.entries({ ...PURPOSE, ...left }).filter((pair): pair is [string, string] => pair[1] !== undefined);
    expect(codes(await status(bare, id, {}, Object.fromEntries(headers)))).toEqual(['PURPOSE_REQUIRED']);
    expect(await seen(agency, id)).toMatchObject({ status: 'ACTIVE' });
  });

  it.each([
    ['a blank reason', { reason: ' 　' }],
    ['a reason without end', { reason: '因'.repeat(2_001) }],
    ['a control character in the reason', { reason: 'a\u0000b' }],
    ['a short key', { idempotencyKey: 'k' }],
    ['a key with a blank', { idempotencyKey: 'a b c d e f' }],
    ['an unknown status', { status: 'DELETED' }],
  ])('refuses %s', async (_name, more) => {
    const id = ids[0] ?? '';
    expect(codes(await status(provider, id, more))).toEqual(['BAD_USER_INPUT']);
    expect(await events(id)).toEqual([]);
  });
});

describe('an idempotency key', () => {
  it('makes a second try the same submission: first result, one event', async () => {
    const id = nextEntry();
    const idempotencyKey = key();
    const first = await status(provider, id, { idempotencyKey });
    await serving.beside.entries.changeStatus(id, 'ACTIVE', '撤回');
    const second = await status(provider, id, { idempotencyKey });
    expect(second.data).toEqual(first.data);
    expect(await seen(agency, id)).toMatchObject({ status: 'ACTIVE' });
    expect((await events(id)).map(({ clientId }) => clientId)).toEqual(['provider', null]);
  });

  it('makes ten at once one', async () => {
    const id = nextEntry();
    const idempotencyKey = key();
    const answers = await Promise.all(Array.from({ length: 10 }, () => status(provider, id, { idempotencyKey })));
    expect(new Set(answers.map(({ data }) => JSON.stringify(data))).size).toBe(1);
    expect(answers[0]?.data.changeStatus).toMatchObject({ changed: true });
    expect(await events(id)).toHaveLength(1);
  });

  it('with two entries at once: one is done, the other is refused and untouched', async () => {
    const [one, other] = [nextEntry(), nextEntry()];
    const idempotencyKey = key();
    const answers = await Promise.all([one, other].map((id) => status(provider, id, { idempotencyKey })));
    expect(answers.flatMap(codes)).toEqual(['BAD_USER_INPUT']);
    expect([...(await events(one)), ...(await events(other))]).toHaveLength(1);
  });

  it('with another input is refused, whatever differs', async () => {
    const id = nextEntry();
    const idempotencyKey = key();
    await status(provider, id, { idempotencyKey });
    for (const more of [{ reason: '另一理由' }, { status: 'WITHDRAWN' }])
      expect(codes(await status(provider, id, { idempotencyKey, ...more }))).toEqual(['BAD_USER_INPUT']);
    expect(codes(await raise(provider, id, { idempotencyKey, reason: '信用修复决定书 1号' }))).toEqual(['BAD_USER_INPUT']);
    expect(await events(id)).toHaveLength(1);
  });

  it('is the client’s own: another client may use the same', async () => {
    const id = nextEntry();
    const idempotencyKey = key();
    expect((await raise(department, id, { idempotencyKey })).errors).toEqual([]);
    expect((await raise(provider, id, { idempotencyKey })).data.raiseDispute).toMatchObject({ changed: false });
  });

  it('of a refused submission is free again', async () => {
    const id = nextEntry();
    const idempotencyKey = key();
    expect(codes(await resolve(provider, id, 'UPHELD', { idempotencyKey }))).toEqual(['BAD_USER_INPUT']);
    expect((await status(provider, id, { idempotencyKey })).errors).toEqual([]);
  });

  it('answers the first result still when the entry is no longer the client’s to see', async () => {
    const id = nextEntry();
    const idempotencyKey = key();
    const first = await raise(department, id, { idempotencyKey });
    await serving.beside.entries.changeStatus(id, 'REPAIRED', '修复');
    expect(await seen(department, id)).toBeNull();
    expect((await raise(department, id, { idempotencyKey })).data).toEqual(first.data);
    expect(codes(await raise(department, id))).toEqual(['FIELD_FORBIDDEN']);
  });
});

describe('an objection', () => {
  it('is raised by any department that sees the entry, and shown with its mark to all from the next request on', async () => {
    const id = nextEntry();
    expect((await raise(department, id)).data.raiseDispute).toMatchObject({ disputed: true, changed: true, status: 'ACTIVE' });
    for (const ask of [department, agency, dashboard, provider]) expect(await seen(ask, id)).toMatchObject({ disputed: true });
    expect((await raise(provider, id)).data.raiseDispute).toMatchObject({ changed: false });
    expect(await events(id)).toEqual([
      { event: 'DISPUTE_ON', reason: '当事人称事实有误', clientId: 'demo-department', result: null },
    ]);
  });

  it('is not raised against what the department does not see, nor by an agency', async () => {
    const person = await personEntry();
    expect(await seen(department, person)).not.toBeNull();
    await serving.beside.entries.changeStatus(person, 'WITHDRAWN', '撤销');
    expect(codes(await raise(department, person))).toEqual(['FIELD_FORBIDDEN']);
    for (const ask of [agency, dashboard]) expect(codes(await raise(ask, foreign))).toEqual(['FIELD_FORBIDDEN']);
    expect(await seen(agency, foreign)).toMatchObject({ disputed: false });
  });

  it.each(['UPHELD', 'CORRECTED', 'SUPPLEMENTED'])('ends by its provider alone: %s', async (result) => {
    const id = nextEntry();
    await raise(department, id);
    expect(codes(await resolve(department, id, result))).toEqual(['FIELD_FORBIDDEN']);
    expect(await seen(agency, id)).toMatchObject({ disputed: true });
    expect((await resolve(provider, id, result)).data.resolveDispute).toMatchObject({ disputed: false, status: 'ACTIVE' });
    expect(await seen(agency, id)).toMatchObject({ disputed: false, status: 'ACTIVE' });
    expect((await events(id)).at(-1)).toEqual({ event: 'DISPUTE_OFF', reason: '经核实', clientId: 'provider', result });
  });

  it('that ends in withdrawal withdraws the entry in the same step', async () => {
    const id = nextEntry();
    await raise(department, id);
    const answer = await resolve(provider, id, 'WITHDRAWN');
    expect(answer.data.resolveDispute).toMatchObject({ disputed: false, status: 'WITHDRAWN' });
    expect(await seen(department, id)).toBeNull();
    expect((await events(id)).map(({ event }) => event)).toEqual(['DISPUTE_ON', 'DISPUTE_OFF', 'WITHDRAWN']);
  });
});

describe('the database itself', () => {
  it('lets no suspended client, no agency and no stranger write through its functions', async () => {
    const { prisma } = serving.beside.database;
    const id = nextEntry();
    const [subject, entry] = [1, 17].map((at) => Buffer.from(id, 'base64url').toString('hex', at, at + 16));
    const change = (client: string): Promise<unknown> =>
      prisma.$queryRaw`SELECT change_entry(${client}, ${key()}, '\\x00', 'RECORD', ${subject}::uuid, ${entry}::uuid, 'REPAIRED', NULL, '因') ->> 'outcome' AS outcome`;
    const [{ orgCode } = { orgCode: null }] = await prisma.client.findMany({ where: { id: 'provider' } });
    await serving.beside.clients.add({ id: 'sleeper', kind: 'DEPARTMENT', name: '停用', orgCode: orgCode ?? '' });
    await serving.beside.clients.suspend('sleeper');
    for (const client of ['demo-agency', 'demo-department', 'sleeper', 'nobody'])
      expect(await change(client)).toEqual([{ outcome: 'REFUSED' }]);
    expect(await seen(agency, id)).toMatchObject({ status: 'ACTIVE' });
    expect(await change('provider')).toEqual([{ outcome: 'DONE' }]);
  });
});

/** An entry about a natural person, of a provider that is none of these clients. */
async function personEntry(): Promise<string> {
  const rows = await serving.beside.database.prisma.$queryRaw<{ subject: string; id: string }[]>`
    SELECT replace(subject_id::text, '-', '') AS subject, replace(id::text, '-', '') AS id FROM credit_records
    WHERE item_code = ${PERSON_LICENSE} AND status = 'ACTIVE' ORDER BY id LIMIT 1`;
  return Buffer.from(`52${rows[0]?.subject ?? ''}${rows[0]?.id ?? ''}`, 'hex').toString('base64url');
}
