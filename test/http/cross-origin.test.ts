import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { startServer } from './test-server.ts';
import type { TestServer } from './test-server.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map(({ server }) => server.close(0)));
});

async function start(options: Parameters<typeof startServer>[0] = {}): Promise<string> {
  const started = await startServer(options);
  servers.push(started);
  return started.address;
}

/** `fetch` sets some of these headers itself. */
function ask(
  address: string,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${address}${path}`, { method, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

const PREFLIGHT = {
  origin: 'https://portal.example',
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization',
};

describe('pages of other origins', () => {
  it('are let in nowhere unless named', async () => {
    const address = await start();
    const answer = await ask(address, 'OPTIONS', '/graphql', PREFLIGHT);
    expect(answer.status).toBe(405);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('are let in when CORS_ORIGINS names them, and only they', async () => {
    const address = await start({ corsOrigins: ['https://portal.example/'] });
    const allowed = await ask(address, 'OPTIONS', '/graphql', PREFLIGHT);
    expect(allowed.status).toBe(204);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://portal.example',
      'access-control-allow-methods': 'GET, HEAD, POST',
      vary: 'Origin',
    });
    expect(allowed.headers['access-control-allow-headers']).toContain('authorization');
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
    for (const origin of ['https://other.example', 'null', 'http://portal.example', 'https://portal.example.evil']) {
      const refused = await ask(address, 'OPTIONS', '/graphql', { ...PREFLIGHT, origin });
      expect(refused.status).toBe(405);
      expect(refused.headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

describe('security headers', () => {
  it.each(['/graphql', '/health/live', '/metrics', '/nothing', '/oauth/token'])('stand on %s', async (path) => {
    const { headers } = await ask(await start(), 'GET', path, {});
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    expect(headers['content-security-policy']).toContain("default-src 'none'; frame-ancestors 'none'");
    expect(headers['x-powered-by']).toBeUndefined();
  });

  it('ask browsers to stay with TLS where a trusted proxy says that there is TLS, and believe nobody else', async () => {
    const said = { 'x-forwarded-proto': 'https' };
    expect(
      (await ask(await start({ trustedProxies: ['loopback'] }), 'GET', '/health/live', said)).headers[
        'strict-transport-security'
      ],
    ).toBe('max-age=31536000');
    expect(
      (await ask(await start({ trustedProxies: ['10.0.0.0/8'] }), 'GET', '/health/live', said)).headers[
        'strict-transport-security'
      ],
    ).toBeUndefined();
    expect((await ask(await start(), 'GET', '/health/live', said)).headers['strict-transport-security']).toBeUndefined();
  });
});
