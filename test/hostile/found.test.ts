/** Faults that hostile requests have found, each by the smallest request that shows it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PURPOSE, startServing } from '../testkit/serving.ts';
import type { Serving } from '../testkit/serving.ts';

let serving: Serving;
let authorization = '';
beforeAll(async () => {
  serving = await startServing();
  authorization = `Bearer ${(await serving.beside.tokens.issue('demo-department', 600)).token}`;
});
afterAll(() => serving.close());

async function post(
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; code: unknown; message: unknown }> {
  const response = await fetch(`${serving.address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization, ...PURPOSE, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const { errors } = (await response.json()) as { errors?: { message: string; extensions: { code: string } }[] };
  return { status: response.status, code: errors?.[0]?.extensions.code, message: errors?.[0]?.message };
}

describe('is refused as what it is, and not as a fault of the server', () => {
  it.each<[string, unknown, Record<string, string>, RegExp]>([
    ['a subscription', { query: 'subscription { viewer { id } }' }, {}, /no operations of the kind/],
    [
      'a name that no operation has',
      { query: '{ viewer { id } }', operationName: 'toString' },
      {},
      /no operation with this operationName/,
    ],
    ['an empty name', { query: '{ viewer { id } }', operationName: '' }, {}, /no operation with this operationName/],
    [
      'two operations without a name',
      { query: 'query A { viewer { id } } query B { viewer { id } }' },
      {},
      /say which one in operationName/,
    ],
    [
      'a body that is not compressed as it says',
      { query: '{ viewer { id } }' },
      { 'content-encoding': 'gzip' },
      /cannot be read/,
    ],
    ['a body that is not brotli', { query: '{ viewer { id } }' }, { 'content-encoding': 'br' }, /cannot be read/],
    ['a purpose that is no percent-encoding', { query: '{ viewer { id } }' }, { 'x-purpose': '%zz' }, /not percent-encoded/],
    ['an access mode that there is not', { query: '{ viewer { id } }' }, { 'x-access-mode': 'x' }, /strict or lenient/],
    [
      'a persisted query of a strange form',
      { query: '{ viewer { id } }', extensions: { persistedQuery: '*' } },
      {},
      /sha256Hash/,
    ],
  ])('%s', async (_name, body, headers, message) => {
    const answer = await post(body, headers);
    expect(answer).toMatchObject({ status: 400, code: 'BAD_USER_INPUT' });
    expect(answer.message).toMatch(message);
  });

  it('an address that cannot be decoded', async () => {
    expect((await fetch(`${serving.address}/exports/%ff/x`)).status).toBe(400);
  });
});

it('an empty name after the same document without one is still no name', async () => {
  const query = '{ viewer { id kind } }';
  expect((await post({ query })).status).toBe(200);
  expect((await post({ query, operationName: '' })).status).toBe(400);
  expect((await post({ query, operationName: null })).status).toBe(200);
});
