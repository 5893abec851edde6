import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, expect, it } from '@jest/globals';
import { Admission } from '../../src/http/admission.ts';
import { until } from './test-server.ts';

const servers: Server[] = [];
afterEach(() => {
  servers.splice(0).forEach((server) => {
    server.closeAllConnections();
    server.close();
  });
});

/** A server whose clock stands still, so that nobody waits too long: what is refused is refused for lack of room. */
async function start(maxInFlight: number): Promise<{ address: string; held: (() => void)[]; refused: () => number }> {
  let refused = 0;
  const admission = new Admission({ maxInFlight, maxBodyBytes: 1_000, onRefused: () => (refused += 1), now: () => 0 });
  const held: (() => void)[] = [];
  const app = express();
  app.post('/graphql', express.json(), admission.handler, (_request, response) => {
    held.push(() => response.json({ data: {} }));
  });
  const server = createServer((request, response) => {
    if (!admission.refuses(request, response)) app(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, held, refused: () => refused };
}

const post = (address: string): Promise<number> =>
  fetch(address, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }).then(async (response) => {
    await response.arrayBuffer();
    return response.status;
  });

it('lets half as many wait as are worked on, refuses the others, and lets the next in as one ends', async () => {
  const { address, held, refused } = await start(4);
  const statuses: number[] = [];
  const asked = Array.from({ length: 40 }, () => post(address).then((status) => statuses.push(status)));
  await until(() => statuses.length === 34, '34 refusals');
  expect(held).toHaveLength(4);
  expect(new Set(statuses)).toEqual(new Set([503]));
  // The first look alone refuses, as soon as there is nothing left to wait for: no route, no body, no line in the log.
  expect(await post(address)).toBe(503);
  const before = refused();
  expect(await post(address)).toBe(503);
  expect(refused()).toBe(before + 1);
  for (let ended = 1; ended <= 4; ended += 1) {
    held[ended - 1]?.();
    await until(() => held.length === Math.min(4 + ended, 6), 'those that waited to be let in');
  }
  held.slice(4).forEach((end) => {
    end();
  });
  await Promise.all(asked);
  expect(statuses.filter((status) => status === 200)).toHaveLength(6);
});
