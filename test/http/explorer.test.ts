import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { get } from 'node:http';
import { Kind, parse } from 'graphql';
import { startServer } from './test-server.ts';
import type { TestServer } from './test-server.ts';

let running: TestServer;

beforeAll(async () => {
  running = await startServer();
});

afterAll(() => running.server.close(0));

const ADDRESS_IN_PAGE = /(?:src|href)="([^"]+)"/g;

describe('GET /', () => {
  it('serves a page in Chinese and English', async () => {
    const response = await fetch(running.address);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const page = await response.text();
    for (const words of ['访问令牌', 'Access token', 'X-Purpose', 'X-Matter-Number', '严格模式', 'Strict'])
      expect(page).toContain(words);
  });

  it('loads everything from the gateway itself, and all of it is there', async () => {
    const page = await (await fetch(running.address)).text();
    const addresses = [...page.matchAll(ADDRESS_IN_PAGE)]
      .map(([, address]) => address ?? '')
      .filter((address) => address !== 'data:,');
    expect(addresses).toHaveLength(6);
    for (const address of addresses) {
      expect(address).not.toMatch(/^(?:[a-z]+:|\/)/);
      const response = await fetch(new URL(address, `${running.address}/`));
      expect([address, response.status]).toEqual([address, 200]);
      expect((await response.text()).length).toBeGreaterThan(1_000);
    }
  });

  it('has no inline script, and its policy allows none', async () => {
    const response = await fetch(running.address);
    expect(await response.text()).not.toMatch(/<script(?![^>]*\bsrc=)|\son[a-z]+=/);
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self';");
  });

  it('answers 304 to a browser that has the page already', async () => {
    const tag = (await fetch(running.address)).headers.get('etag') ?? '';
    expect(tag).not.toBe('');
    // Not with fetch: it adds "Cache-Control: no-cache", which asks for the whole page.
    const status = await new Promise((resolve, reject) => {
      get(running.address, { headers: { 'If-None-Match': tag } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(304);
  });

  it.each(['/explorer/', '/explorer/package.json', '/explorer/..%2fpackage.json', '/explorer/%2e%2e/package.json'])(
    '%s serves no other file',
    async (path) => {
      expect((await fetch(running.address + path)).status).toBe(404);
    },
  );

  it('is absent when it is switched off', async () => {
    const { server, address } = await startServer({ explorer: false });
    expect((await fetch(address)).status).toBe(404);
    expect((await fetch(`${address}/explorer/explorer.js`)).status).toBe(404);
    await server.close(0);
  });
});

describe('the example operations', () => {
  it('are three, each one named operation with variables that fit it', async () => {
    const operations: unknown = await (await fetch(`${running.address}/explorer/operations.json`)).json();
    expect(operations).toEqual(
      ['agency-open-data', 'approval-check', 'filtered-page'].map((name) => ({
        name,
        query: expect.any(String),
        variables: expect.any(String),
      })),
    );
    if (!Array.isArray(operations)) throw new TypeError('a list was expected');
    for (const { query, variables } of operations) {
      const [operation, ...more] = parse(String(query)).definitions;
      expect(more).toEqual([]);
      if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new TypeError('an operation was expected');
      expect(operation.name).toBeDefined();
      const declared = operation.variableDefinitions?.map(({ variable }) => variable.name.value) ?? [];
      expect(Object.keys(JSON.parse(String(variables)))).toEqual(declared);
    }
  });
});
