import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { GatewayError } from '../../src/errors.ts';
import type { TokenService } from '../../src/clients/index.ts';
import { FailureThrottle } from '../../src/http/failure-throttle.ts';
import { createLogger } from '../../src/http/logger.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import { jwksHandler, tokenEndpoint } from '../../src/http/token-endpoint.ts';
import { type ClientsTestbed, insertClient, type Instance, openClientsTestbed } from './clients-testbed.ts';

let testbed: ClientsTestbed;
let instance: Instance;
let tokens: TokenService;
let server: HttpServer;
let url: string;
let secret: string;
let time = Date.now();

beforeAll(async () => {
  testbed = await openClientsTestbed();
  instance = await testbed.instance();
  tokens = instance.tokens({ ttlSeconds: 900 });
  secret = await instance.clients.add({ id: 'dept', kind: 'DEPARTMENT', name: '市场监督管理局' });
  const { secretHash } = await instance.prisma.client.findUniqueOrThrow({ where: { id: 'dept' } });
  await insertClient(instance.prisma, 'suspended', { secretHash, suspendedAt: new Date() });
  await insertClient(instance.prisma, 'expired', {
    secretHash,
    kind: 'CREDIT_AGENCY',
    license: '1',
    licenseUntil: new Date('2020-01-01'),
  });
  server = serve({ authenticate: (id, given, day) => instance.clients.authenticate(id, given, day) });
  url = await server.listen(0, '127.0.0.1');
});
afterAll(async () => {
  await server.close(0);
  await testbed.close();
});
beforeEach(() => {
  // What one test fails at must not slow the next one.
  time += 3_600_000;
});

function serve(clients: Parameters<typeof tokenEndpoint>[0]['clients']): HttpServer {
  return createHttpServer({
    graphql: (_request, response) => void response.end(),
    tokenEndpoint: tokenEndpoint({ clients, tokens, throttle: new FailureThrottle(() => time) }),
    jwks: jwksHandler(tokens),
    exports: (_request, response) => void response.end(),
    readiness: () => Promise.reject(new Error('not asked here')),
    isUnavailable: () => false,
    timeouts: { requestMs: 30_000, answerMs: 30_000, operationMs: 20_000 },
    maxBodyBytes: 1_000_000,
    maxInFlight: 100,
    trustedProxies: [],
    corsOrigins: [],
    metrics: createMetrics(),
    explorer: false,
    logger: createLogger('silent'),
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function ask(
  form: Record<string, string> | string | null,
  headers: Record<string, string> = {},
  at = url,
): Promise<Answer> {
  const body = form === null ? null : typeof form === 'string' ? form : new URLSearchParams(form).toString();
  const type: Record<string, string> = body === null ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  const response = await fetch(`${at}/oauth/token`, { method: 'POST', body, headers: { ...type, ...headers } });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
}

const grant = { grant_type: 'client_credentials' };
const basic = (id: string, given: string) => ({ authorization: `Basic ${Buffer.from(`${id}:${given}`).toString('base64')}` });

describe('POST /oauth/token', () => {
  it.each<[string, () => Promise<Answer>]>([
    ['HTTP Basic', () => ask(grant, basic('dept', secret))],
    ['HTTP Basic, percent-encoded', () => ask(grant, basic('%64ept', secret.replaceAll('-', '%2D')))],
    ['HTTP Basic with the id in the form too', () => ask({ ...grant, client_id: 'dept' }, basic('dept', secret))],
    ['the form', () => ask({ ...grant, client_id: 'dept', client_secret: secret })],
    ['the form with an empty scope', () => ask({ ...grant, client_id: 'dept', client_secret: secret, scope: '' })],
  ])('gives a token for credentials in %s', async (_, asking) => {
    const { status, headers, body } = await asking();
    expect({ status, body }).toEqual({
      status: 200,
      body: { access_token: expect.any(String), token_type: 'Bearer', expires_in: 900 },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(await tokens.verify(String(body.access_token))).toEqual({ clientId: 'dept' });
  });

  it.each<[string, () => Promise<Answer>]>([
    ['a wrong secret', () => ask(grant, basic('dept', 'wrong'))],
    ['an unknown client', () => ask(grant, basic('nobody', secret))],
    ['a secret of 300 characters', () => ask(grant, basic('dept', 'x'.repeat(300)))],
    ['an id with a NUL', () => ask(grant, basic('dept%00', secret))],
  ])('answers alike for %s', async (_, asking) => {
    const { status, headers, body } = await asking();
    expect({ status, body }).toEqual({
      status: 401,
      body: { error: 'invalid_client', error_description: 'The client id or the secret is wrong.' },
    });
    expect(headers.get('www-authenticate')).toMatch(/^Basic realm=/);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it.each<[string, () => Promise<Answer>, number, string]>([
    ['no credentials', () => ask(grant), 401, 'invalid_client'],
    ['an id without a secret', () => ask({ ...grant, client_id: 'dept' }), 401, 'invalid_client'],
    ['a Bearer header', () => ask(grant, { authorization: 'Bearer x' }), 401, 'invalid_client'],
    ['a Basic header that is not base64', () => ask(grant, { authorization: 'Basic ***' }), 401, 'invalid_client'],
    ['a Basic header without a colon', () => ask(grant, { authorization: 'Basic ZGVwdA==' }), 401, 'invalid_client'],
    ['a broken percent-encoding', () => ask(grant, basic('dept', '%zz')), 401, 'invalid_client'],
    ['no grant type', () => ask({ client_id: 'dept', client_secret: secret }), 400, 'invalid_request'],
    [
      'another grant type',
      () => ask({ grant_type: 'password', client_id: 'dept', client_secret: secret }),
      400,
      'unsupported_grant_type',
    ],
    [
      'a grant type named after a property of objects',
      () => ask('__proto__=x&grant_type=constructor'),
      400,
      'unsupported_grant_type',
    ],
    ['a scope', () => ask({ ...grant, scope: 'all' }, basic('dept', secret)), 400, 'invalid_scope'],
    [
      'a field twice',
      () => ask(`grant_type=client_credentials&client_id=dept&client_id=x&client_secret=${secret}`),
      400,
      'invalid_request',
    ],
    ['the secret in two places', () => ask({ ...grant, client_secret: secret }, basic('dept', secret)), 400, 'invalid_request'],
    ['two different ids', () => ask({ ...grant, client_id: 'other' }, basic('dept', secret)), 400, 'invalid_request'],
    [
      'JSON',
      () => ask(JSON.stringify(grant), { 'content-type': 'application/json', ...basic('dept', secret) }),
      400,
      'invalid_request',
    ],
    ['no body', () => ask(null, basic('dept', secret)), 400, 'invalid_request'],
    ['a body of 20 kB', () => ask(`x=${'y'.repeat(20_000)}`, basic('dept', secret)), 413, 'invalid_request'],
  ])('says what is wrong with %s', async (_, asking, status, error) => {
    const answer = await asking();
    expect({ status: answer.status, error: answer.body.error }).toEqual({ status, error });
    // RFC 6749 §5.2 allows these characters only.
    expect(answer.body.error_description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/);
    expect(JSON.stringify(answer.body)).not.toContain(secret);
  });

  it.each([
    ['suspended', 'CLIENT_SUSPENDED'],
    ['expired', 'LICENSE_EXPIRED'],
  ])('tells the holder of the secret that the client is %s, and nobody else', async (id, code) => {
    const told = await ask(grant, basic(id, secret));
    expect(told).toMatchObject({
      status: 400,
      body: { error: 'unauthorized_client', error_description: expect.stringMatching(`^${code}: `) },
    });
    expect(await ask(grant, basic(id, 'wrong'))).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  it('slows a guesser down, and lets the right secret in after the wait', async () => {
    for (let guess = 0; guess < 5; guess += 1) expect((await ask(grant, basic('dept', 'wrong'))).status).toBe(401);
    const waiting = await ask(grant, basic('dept', secret));
    expect(waiting).toMatchObject({ status: 429, body: { error: 'temporarily_unavailable' } });
    expect(waiting.headers.get('retry-after')).toBe('1');
    time += 1_000;
    expect((await ask(grant, basic('dept', 'wrong'))).status).toBe(401);
    expect((await ask(grant, basic('dept', secret))).headers.get('retry-after')).toBe('2');
    time += 2_000;
    expect((await ask(grant, basic('dept', secret))).status).toBe(200);
    expect((await ask(grant, basic('dept', 'wrong'))).status).toBe(401);
  });

  it.each<[string, Error, number, string]>([
    ['too much hashing at once', new GatewayError('SERVICE_UNAVAILABLE', 'Too many.'), 503, 'temporarily_unavailable'],
    ['something unforeseen', new Error('password in a message'), 500, 'server_error'],
  ])('hides nothing behind a token and nothing in the answer when there is %s', async (_, failure, status, error) => {
    const failing = serve({ authenticate: () => Promise.reject(failure) });
    try {
      const answer = await ask(grant, basic('dept', secret), await failing.listen(0, '127.0.0.1'));
      expect({ status: answer.status, error: answer.body.error }).toEqual({ status, error });
      expect(JSON.stringify(answer.body)).not.toContain('password');
    } finally {
      await failing.close(0);
    }
  });

  it('takes POST only', async () => {
    const response = await fetch(`${url}/oauth/token?grant_type=client_credentials`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });
});

describe('GET /.well-known/jwks.json', () => {
  it('shows the public halves of the keys, and may be cached for minutes', async () => {
    const response = await fetch(`${url}/.well-known/jwks.json`);
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    expect(response.headers.get('content-type')).toMatch(/^application\/jwk-set\+json/);
    const { keys } = (await response.json()) as { keys: Record<string, unknown>[] };
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']]);
  });
});
