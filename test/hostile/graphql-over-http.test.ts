/** The audit suite of GraphQL over HTTP (graphql-http), as a client whose view can be introspected. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { startServing } from '../testkit/serving.ts';
import type { Serving } from '../testkit/serving.ts';

let serving: Serving;
let authorization = '';
beforeAll(async () => {
  serving = await startServing();
  const { token } = await serving.beside.tokens.issue('demo-department', 600);
  authorization = `Bearer ${token}`;
});
afterAll(() => serving.close());

const audits = serverAudits({
  url: () => `${serving.address}/graphql`,
  fetchFn: (url: string, init: RequestInit = {}) =>
    fetch(url, { ...init, headers: { ...Object.fromEntries(new Headers(init.headers)), authorization } }),
});

it('has as many audits as the suite is known to have, so that none goes missing', () => {
  expect(audits.length).toBe(61);
});

it.each(audits.map((audit) => [`${audit.id} ${audit.name}`, audit] as const))('%s', async (_name, audit) => {
  const result = await audit.fn();
  expect(result.status === 'error' ? result.reason : 'no error').toBe('no error');
});
