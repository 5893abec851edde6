import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../testkit/eventually.ts';
import { startServing } from '../testkit/serving.ts';
import type { Serving } from '../testkit/serving.ts';

const LISTED = 'query Known($code: String!) { subject(by: {creditCode: $code}) { id } }';
const OTHER = '{ viewer { id } }';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const persisted = (sha256Hash: string): object => ({ persistedQuery: { version: 1, sha256Hash } });

let serving: Serving;
beforeAll(async () => {
  serving = await startServing();
  for (const id of ['held', 'other-held']) {
    await serving.beside.clients.add({ id, kind: 'DASHBOARD', name: id });
  }
  await serving.beside.safelists.set('held', [LISTED]);
  await serving.beside.safelists.set('other-held', [OTHER]);
});
afterAll(() => serving.close());

interface Answer {
  readonly status: number;
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

async function send(clientId: string, body: object): Promise<Answer> {
  const { token } = await serving.beside.tokens.issue(clientId, 600);
  const response = await fetch(`${serving.address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ variables: { code: '911500000000000000' }, ...body }),
  });
  return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
}

describe('a client held to a list of operations', () => {
  it('sends an operation of the list as text', async () => {
    expect(await send('held', { query: LISTED })).toMatchObject({ status: 200, data: { subject: null } });
  });

  it('sends it by its digest alone', async () => {
    const answer = await send('held', { extensions: persisted(sha256(LISTED)) });
    expect(answer).toMatchObject({ status: 200, data: { subject: null } });
    expect(answer.errors).toBeUndefined();
  });

  it('sends it with both', async () => {
    expect(await send('held', { query: LISTED, extensions: persisted(sha256(LISTED)) })).toMatchObject({ status: 200 });
  });

  it.each<[string, object]>([
    ['another operation', { query: OTHER }],
    ['the same with one more space', { query: `${LISTED} ` }],
    ['another operation under a listed digest', { query: OTHER, extensions: persisted(sha256(LISTED)) }],
    ['a digest of no operation', { extensions: persisted(sha256('nothing')) }],
    ['the digest of another client’s operation', { extensions: persisted(sha256(OTHER)) }],
    ['introspection', { query: '{ __schema { types { name } } }' }],
    ['nothing', {}],
    ['something else than a digest', { extensions: { persistedQuery: { version: 1, sha256Hash: ['x'] } } }],
    ['a digest of the prototype', { extensions: persisted('__proto__') }],
  ])('is refused %s', async (_name, body) => {
    const answer = await send('held', body);
    expect(answer.status).toBe(400);
    expect(answer.data).toBeUndefined();
    expect(answer.errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
  });

  it('is told what to do', async () => {
    expect((await send('held', { query: OTHER })).errors?.[0]?.message).toMatch(/held to a list of operations.*client safelist/);
  });

  it('may send any operation again once the list is cleared, and follows a new list at once', async () => {
    await serving.beside.safelists.set('other-held', []);
    await eventually(async () => expect((await send('other-held', { query: LISTED })).status).toBe(200));
    await serving.beside.safelists.set('other-held', [LISTED]);
    await eventually(async () => expect((await send('other-held', { query: OTHER })).status).toBe(400));
  });
});

describe('everybody else', () => {
  it('cannot put operations into the server by automatic persisted queries', async () => {
    const answer = await send('demo-agency', { extensions: persisted(sha256(OTHER)) });
    expect(answer.status).toBe(400);
    // The words by which clients of that protocol know that they must send the text.
    expect(answer.errors?.[0]?.message).toBe('PersistedQueryNotSupported');
    expect(await send('demo-agency', { query: OTHER, extensions: persisted(sha256(OTHER)) })).toMatchObject({ status: 200 });
    expect((await send('demo-agency', { extensions: persisted(sha256(OTHER)) })).status).toBe(400);
  });
});
