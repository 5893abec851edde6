import { afterEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { OperatorError } from '../../src/errors.ts';
import type { Readiness } from '../../src/http/health.ts';
import { noteRequest, requestIdOf } from '../../src/http/request-context.ts';
import type { HttpServerOptions } from '../../src/http/server.ts';
import { startServer, until } from './test-server.ts';
import type { TestServer } from './test-server.ts';

const running: TestServer[] = [];

async function start(overrides: Partial<HttpServerOptions> = {}): Promise<TestServer> {
  const started = await startServer(overrides);
  running.push(started);
  return started;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ server }) => server.close(0)));
});

const JSON_HEADERS = { 'Content-Type': 'application/json' };

function post(
  address: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = JSON_HEADERS,
): Promise<Response> {
  return fetch(`${address}/graphql`, { method: 'POST', headers, body });
}

describe('routes', () => {
  it('POST /graphql hands the parsed object to the handler', async () => {
    const { address } = await start();
    const response = await post(address, '{"query":"{ viewer { id } }"}');
    expect(await response.json()).toEqual({ data: { got: { query: '{ viewer { id } }' } } });
  });

  it('POST /oauth/token hands the form to the handler', async () => {
    const { address } = await start();
    const response = await fetch(`${address}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'a b' }),
    });
    expect(await response.json()).toEqual({ form: { grant_type: 'client_credentials', scope: 'a b' } });
  });

  it('GET /.well-known/jwks.json answers', async () => {
    const { address } = await start();
    expect(await (await fetch(`${address}/.well-known/jwks.json`)).json()).toEqual({ keys: [] });
  });

  it.each([
    ['GET', '/graphql', 'POST'],
    ['DELETE', '/graphql', 'POST'],
    ['OPTIONS', '/graphql', 'POST'],
    ['GET', '/oauth/token', 'POST'],
    ['POST', '/.well-known/jwks.json', 'GET, HEAD'],
    ['POST', '/health/live', 'GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
  ])('%s %s is 405 and names what is allowed', async (method, path, allow) => {
    const { address } = await start();
    const response = await fetch(address + path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(response.headers.get('content-type')).toContain('application/json');
  });

  it('an unknown address is a 404 in JSON that does not repeat it', async () => {
    const { address } = await start();
    const response = await fetch(`${address}/subjects/150100199001010024`);
    expect(response.status).toBe(404);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'NOT_FOUND' } });
    expect(text).not.toContain('150100199001010024');
  });
});

describe('request bodies', () => {
  it.each([
    ['malformed JSON', '{"query":', JSON_HEADERS, 400, 'not valid JSON'],
    ['a list (no batches)', '[{"query":"{a}"}]', JSON_HEADERS, 400, 'one JSON object'],
    ['plain text', 'query', { 'Content-Type': 'text/plain' }, 415, 'application/json'],
    ['a charset that is not Unicode', '{}', { 'Content-Type': 'application/json; charset=gb18030' }, 415, 'UTF-8'],
    ['an unknown encoding', '{}', { ...JSON_HEADERS, 'Content-Encoding': 'zip' }, 415, 'Content-Encoding'],
    ['more than 1 MB', JSON.stringify({ query: 'x'.repeat(1_100_000) }), JSON_HEADERS, 413, '1 MB'],
  ])('%s is refused in the shape of a GraphQL answer', async (_name, body, headers, status, words) => {
    const { address } = await start();
    const response = await post(address, body, headers);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      errors: [
        {
          message: expect.stringContaining(words),
          extensions: { code: 'BAD_USER_INPUT', requestId: response.headers.get('x-request-id') },
        },
      ],
      extensions: { requestId: response.headers.get('x-request-id') },
    });
  });

  it('a small body that unpacks to more than 1 MB is refused', async () => {
    const { address } = await start();
    const packed = new Uint8Array(gzipSync(JSON.stringify({ query: ' '.repeat(5_000_000) })));
    expect(packed.byteLength).toBeLessThan(10_000);
    const response = await post(address, packed, { ...JSON_HEADERS, 'Content-Encoding': 'gzip' });
    expect(response.status).toBe(413);
  });

  it('an oversized form is refused in the shape of an OAuth error', async () => {
    const { address } = await start();
    const response = await fetch(`${address}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ client_secret: 'x'.repeat(20_000) }),
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });
});

describe('an operation that passes no router', () => {
  const LET_IN = { Origin: 'https://portal.example', 'X-Forwarded-Proto': 'https', 'X-Request-Id': 'one-and-the-same' };

  it.each([
    ['an object', '{"query":"{a}"}', 200],
    ['an object after a byte order mark', '\uFEFF {"query":"蒙"}', 200],
    ['a name of the prototype', '{"__proto__":{"a":1},"constructor":2}', 200],
    ['malformed JSON', '{"query":', 400],
    ['a list', '[{}]', 400],
    ['a text', ' "query"', 400],
    ['null', 'null', 400],
  ])('is answered as one that does: %s', async (_name, body, status) => {
    const { address } = await start({ trustedProxies: ['loopback'], corsOrigins: ['https://portal.example'] });
    const answers: unknown[] = [];
    for (const path of ['/graphql', '/graphql?by=the-router']) {
      for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"']) {
        const response = await fetch(address + path, { method: 'POST', headers: { ...LET_IN, 'Content-Type': type }, body });
        const { date, ...headers } = Object.fromEntries(response.headers);
        expect(date).toBeDefined();
        answers.push({ status: response.status, headers, text: await response.text() });
      }
    }
    expect(answers[0]).toMatchObject({
      status,
      headers: { 'strict-transport-security': 'max-age=31536000', 'access-control-allow-origin': 'https://portal.example' },
    });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it('is handed over with the address of its caller, as the trusted proxies say', async () => {
    const { address } = await start({
      trustedProxies: ['loopback'],
      graphql: (request, response) => {
        response.json({ ip: request.ip, secure: request.secure, traced: request.get('traceparent') });
      },
    });
    const response = await post(address, '{}', {
      ...JSON_HEADERS,
      'X-Forwarded-For': '203.0.113.9',
      'X-Forwarded-Proto': 'https',
      traceparent: '00-1-2-01',
    });
    expect(await response.json()).toEqual({ ip: '203.0.113.9', secure: true, traced: '00-1-2-01' });
  });
});

describe('headers', () => {
  it('every answer carries the careful ones, and none that names the software', async () => {
    const { address } = await start();
    for (const path of ['/', '/health/live', '/nowhere', '/metrics']) {
      const { headers } = await fetch(address + path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('a request of another site gets no CORS permission', async () => {
    const { address } = await start();
    const response = await post(address, '{"query":"{a}"}', { ...JSON_HEADERS, Origin: 'https://elsewhere.example' });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('API answers are kept by no cache', async () => {
    const { address } = await start();
    expect((await post(address, '{"query":"{a}"}')).headers.get('cache-control')).toBe('no-store');
  });

  it('a well-formed X-Request-Id is kept, for the handler too', async () => {
    const { address } = await start({
      graphql: (request, response) => {
        response.json({ id: requestIdOf(request) });
      },
    });
    const response = await post(address, '{}', { ...JSON_HEADERS, 'X-Request-Id': 'trace-0123456789.a_b' });
    expect(response.headers.get('x-request-id')).toBe('trace-0123456789.a_b');
    expect(await response.json()).toEqual({ id: 'trace-0123456789.a_b' });
  });

  it.each(['short', 'has space in it', 'x'.repeat(65), 'quote"quote'])(
    'the ill-formed X-Request-Id %p is replaced',
    async (given) => {
      const { address } = await start();
      const response = await post(address, '{}', { ...JSON_HEADERS, 'X-Request-Id': given });
      expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    },
  );
});

describe('failures of a handler', () => {
  it.each([
    [
      'thrown',
      (): never => {
        throw new Error('secret 150100199001010024');
      },
    ],
    ['rejected', (): Promise<never> => Promise.reject(new Error('secret 150100199001010024'))],
  ])('%s: masked behind the request id, and logged without its text', async (_name, graphql) => {
    const { address, lines, rawLog } = await start({ graphql });
    const response = await post(address, '{"query":"{a}"}');
    const id = response.headers.get('x-request-id');
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: id } }] });
    expect(text).not.toContain('150100199001010024');
    await until(() => lines().some((line) => line['msg'] === 'request'), 'the access line');
    expect(lines()).toContainEqual(
      expect.objectContaining({ requestId: id, level: 'error', err: expect.objectContaining({ type: 'Error' }) }),
    );
    expect(rawLog()).not.toContain('150100199001010024');
  });
});

describe('the access log', () => {
  it('has one line per request, with route, status, time and notes, and nothing of the content', async () => {
    const { address, lines, rawLog } = await start({
      graphql: (request, response) => {
        noteRequest(request, { clientId: 'bureau' });
        noteRequest(request, { clientKind: 'DEPARTMENT', outcome: 'ok' });
        response.json({ data: null });
      },
    });
    const body = JSON.stringify({ query: '{ secretField }', variables: { idNumber: '150100199001010024' } });
    await post(address, body, { ...JSON_HEADERS, Authorization: 'Bearer very-secret-token', 'X-Purpose': '%E8%A1%8C' });
    await until(() => lines().length > 0, 'the access line');
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        requestId: expect.any(String),
        method: 'POST',
        route: '/graphql',
        status: 200,
        ms: expect.any(Number),
        clientId: 'bureau',
        clientKind: 'DEPARTMENT',
        outcome: 'ok',
        msg: 'request',
      },
    ]);
    for (const secret of ['very-secret-token', 'secretField', '150100199001010024', '%E8'])
      expect(rawLog()).not.toContain(secret);
  });

  it('does not repeat an unknown path or a query string', async () => {
    const { address, lines, rawLog } = await start();
    await fetch(`${address}/people/150100199001010024?token=abc`);
    await until(() => lines().length > 0, 'the access line');
    expect(lines()[0]).toMatchObject({ route: 'unmatched', status: 404 });
    expect(rawLog()).not.toMatch(/150100199001010024|token=abc/);
  });

  it('says 499 when the caller went away', async () => {
    const { address, lines } = await start({ graphql: () => undefined });
    const caller = new AbortController();
    const answer = fetch(`${address}/graphql`, { method: 'POST', headers: JSON_HEADERS, body: '{}', signal: caller.signal });
    setTimeout(() => {
      caller.abort();
    }, 50);
    await expect(answer).rejects.toThrow();
    await until(() => lines().length > 0, 'the access line');
    expect(lines()[0]).toMatchObject({ status: 499 });
  });
});

describe('health and metrics', () => {
  it('live answers without asking for readiness', async () => {
    const { address } = await start({ readiness: () => Promise.reject(new Error('database is down')) });
    const response = await fetch(`${address}/health/live`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  it.each([
    [
      'ready',
      (): Promise<Readiness> => Promise.resolve({ ready: true, checks: { database: true } }),
      200,
      { status: 'ok', checks: { database: true } },
    ],
    [
      'not ready',
      (): Promise<Readiness> => Promise.resolve({ ready: false, checks: { database: false } }),
      503,
      { status: 'unavailable', checks: { database: false } },
    ],
    [
      'a check that throws',
      (): Promise<Readiness> => Promise.reject(new Error('postgres://user:pass@host')),
      503,
      { status: 'unavailable', checks: {} },
    ],
  ])('%s', async (_name, readiness, status, body) => {
    const { address, rawLog } = await start({ readiness });
    const response = await fetch(`${address}/health/ready`);
    expect([response.status, await response.json()]).toEqual([status, body]);
    expect(rawLog()).not.toContain('user:pass');
  });

  it('a readiness check that hangs is answered as unavailable', async () => {
    const { address } = await start({ readiness: () => new Promise(() => undefined) });
    const response = await fetch(`${address}/health/ready`);
    expect([response.status, await response.json()]).toEqual([503, { status: 'unavailable', checks: { inTime: false } }]);
  });

  it('counts requests by route pattern and status', async () => {
    const { address, lines } = await start();
    await post(address, '{"query":"{a}"}');
    await post(address, '{');
    await fetch(`${address}/people/150100199001010024`);
    await until(() => lines().length === 3, 'three access lines');
    const text = await (await fetch(`${address}/metrics`)).text();
    expect(text).toContain('http_requests_total{method="POST",route="/graphql",status="200"} 1');
    expect(text).toContain('http_requests_total{method="POST",route="/graphql",status="400"} 1');
    expect(text).toContain('http_requests_total{method="GET",route="unmatched",status="404"} 1');
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).not.toContain('150100199001010024');
  });
});

describe('listening', () => {
  it('a taken port is an error that names the port and the mend', async () => {
    const { address } = await start();
    const port = Number(new URL(address).port);
    const second = startServer({}, port);
    await expect(second).rejects.toBeInstanceOf(OperatorError);
    await expect(second).rejects.toThrow(new RegExp(`Port ${port} .*already in use.*--port N`));
  });

  it('an address the machine does not have is an error that names it', async () => {
    await expect(startServer({}, 0, '203.0.113.7')).rejects.toThrow(/no address 203\.0\.113\.7.*HOST/);
  });
});

describe('closing', () => {
  it('lets a request in flight finish, and accepts no new one', async () => {
    let finish = (): void => undefined;
    let arrived = false;
    const { server, address } = await start({
      graphql: (_request, response) => {
        arrived = true;
        finish = () => {
          response.json({ data: 'done' });
        };
      },
    });
    const answer = post(address, '{}');
    await until(() => arrived, 'the request');
    const closed = server.close();
    await expect(fetch(`${address}/health/live`)).rejects.toThrow();
    finish();
    expect(await (await answer).json()).toEqual({ data: 'done' });
    await closed;
  });

  it('does not wait for idle keep-alive connections', async () => {
    const { server, address } = await start();
    const socket = connect(Number(new URL(address).port), '127.0.0.1');
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString();
    });
    socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => received.includes('{"status":"ok"}'), 'the answer');
    const before = Date.now();
    await server.close();
    expect(Date.now() - before).toBeLessThan(1_000);
    socket.destroy();
  });

  it('cuts what is still running after the time of grace', async () => {
    let arrived = false;
    const { server, address } = await start({
      graphql: () => {
        arrived = true;
      },
    });
    const answer = post(address, '{}').then(
      () => 'answered',
      () => 'cut',
    );
    await until(() => arrived, 'the request');
    await server.close(100);
    expect(await answer).toBe('cut');
  });

  it('can be called twice', async () => {
    const { server } = await start();
    await Promise.all([server.close(), server.close()]);
    await server.close();
  });
});
