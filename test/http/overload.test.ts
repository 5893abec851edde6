import { afterEach, describe, expect, it } from '@jest/globals';
import type { RequestHandler } from 'express';
import { Agent, request } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { HttpServerOptions } from '../../src/http/server.ts';
import { startServer, until } from './test-server.ts';
import type { TestServer } from './test-server.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: unknown = runInNewContext('gc');

const servers: TestServer[] = [];
const agents: Agent[] = [];
afterEach(async () => {
  agents.splice(0).forEach((agent) => agent.destroy());
  await Promise.all(servers.splice(0).map(({ server }) => server.close(0)));
});

const TIMEOUTS = { requestMs: 30_000, answerMs: 30_000, operationMs: 20_000 };

interface Work {
  readonly handler: RequestHandler;
  /** lets everything end that is being worked on, and all that comes later */
  readonly finish: () => void;
  readonly counts: { now: number; most: number; total: number };
}

/** Operations that take as long as the test wants. */
function work(): Work {
  const counts = { now: 0, most: 0, total: 0 };
  let finished = false;
  const ends: (() => void)[] = [];
  return {
    counts,
    finish: () => {
      finished = true;
      ends.splice(0).forEach((end) => end());
    },
    handler: (_request, response) => {
      counts.now += 1;
      counts.total += 1;
      counts.most = Math.max(counts.most, counts.now);
      const end = (): void => {
        counts.now -= 1;
        response.json({ data: {} });
      };
      if (finished) end();
      else ends.push(end);
    },
  };
}

async function start(options: Partial<HttpServerOptions>): Promise<string> {
  const started = await startServer(options);
  servers.push(started);
  return started.address;
}

interface Reply {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly requestId: unknown;
  readonly connection: string | undefined;
  readonly text: string;
}

function post(address: string, agent: Agent, body = '{}'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${address}/graphql`,
      { agent, method: 'POST', headers: { 'content-type': 'application/json', 'content-length': body.length } },
      (response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += part.toString()));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            retryAfter: response.headers['retry-after'],
            requestId: response.headers['x-request-id'],
            connection: response.headers.connection,
            text,
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function connections(count: number): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: count });
  agents.push(agent);
  return agent;
}

describe('ten times more than can be worked on', () => {
  it('is refused at once with 503 and Retry-After, while health answers and what was let in is finished', async () => {
    const { handler, finish, counts } = work();
    const address = await start({ maxInFlight: 5, graphql: handler });
    const agent = connections(100);
    const replies = Array.from({ length: 100 }, () => post(address, agent));
    const early: Reply[] = [];
    for (const reply of replies) void reply.then((given) => early.push(given));
    // Nothing has ended yet: all but the five that are worked on are refused, those that waited in vain too.
    await until(() => early.length === 95, '95 refusals');
    expect(new Set(early.map(({ status }) => status))).toEqual(new Set([503]));
    expect(new Set(early.map(({ retryAfter }) => retryAfter))).toEqual(new Set(['1']));
    const body = JSON.parse(early[0]?.text ?? '') as { errors: { message: string; extensions: Record<string, unknown> }[] };
    expect(body.errors[0]?.extensions).toMatchObject({ code: 'SERVICE_UNAVAILABLE', retryAfter: 1 });
    expect(body.errors[0]?.extensions['requestId']).toMatch(/^[\w.-]{8,64}$/);
    expect(counts).toMatchObject({ now: 5, most: 5 });
    expect((await fetch(`${address}/health/live`)).status).toBe(200);
    expect((await fetch(`${address}/health/ready`)).status).toBe(200);
    expect(await (await fetch(`${address}/metrics`)).text()).toContain(
      'http_requests_total{method="POST",route="/graphql",status="503"} 95',
    );
    finish();
    const all = await Promise.all(replies);
    expect(all.filter(({ status }) => status === 200)).toHaveLength(5);
    expect((await post(address, agent)).status).toBe(200);
  });

  it('never has more waiting than worked on, and works off those who wait in the order in which they came', async () => {
    const { handler, counts, finish } = work();
    const address = await start({ maxInFlight: 3, graphql: handler });
    const agent = connections(50);
    const replies = Array.from({ length: 50 }, () => post(address, agent));
    await until(() => counts.total === 3, 'three let in');
    finish();
    const answered = (await Promise.all(replies)).filter(({ status }) => status === 200);
    expect(counts.most).toBeLessThanOrEqual(3);
    expect(answered.length).toBeGreaterThanOrEqual(3);
  });

  it('is logged by the second, and not by the request, and each refusal ends its connection where the server ends', async () => {
    const { handler, finish } = work();
    const started = await startServer({ maxInFlight: 2, graphql: handler, timeouts: { ...TIMEOUTS, drainMs: 500 } });
    servers.push(started);
    const { address, lines, server } = started;
    const agent = connections(60);
    const replies = Array.from({ length: 60 }, () => post(address, agent));
    const early: Reply[] = [];
    for (const reply of replies) void reply.then((given) => early.push(given));
    await until(() => early.length === 58, '58 refusals');
    await until(() => lines().length > 0, 'the line of that second');
    expect(lines()).toMatchObject([{ level: 'warn', refused: 58 }]);
    expect(lines().filter(({ msg }) => msg === 'request')).toEqual([]);
    expect(new Set(early.map(({ requestId }) => requestId)).size).toBe(58);
    for (const { text, requestId } of early) {
      expect(JSON.parse(text)).toEqual({
        errors: [
          {
            message: expect.stringContaining('Try again in 1 s'),
            extensions: { code: 'SERVICE_UNAVAILABLE', retryAfter: 1, requestId },
          },
        ],
        extensions: { requestId },
      });
    }
    // Still full: one more waits, and is refused while the server ends.
    const waiting = post(address, agent);
    const closed = server.close();
    const last = await post(address, agent);
    expect(last).toMatchObject({ status: 503, connection: 'close' });
    finish();
    await Promise.all([waiting, closed, ...replies]);
  });

  it('takes no memory: refused requests leave nothing behind, bodies are not even read', async () => {
    const { handler, finish } = work();
    const address = await start({ maxInFlight: 2, graphql: handler });
    const agent = connections(40);
    const held = [post(address, agent), post(address, agent)];
    const body = JSON.stringify({ query: 'x'.repeat(500_000) });
    const round = async (): Promise<number> => {
      await Promise.all(Array.from({ length: 200 }, () => post(address, agent, body).catch(() => null)));
      // What is held, not what waits to be collected: the client's own half of these requests lies in this process, too.
      if (typeof collectGarbage === 'function') collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    await round();
    const before = await round();
    for (let rounds = 0; rounds < 4; rounds += 1) await round();
    // 800 bodies of half a megabyte would be 400 MB.
    expect((await round()) - before).toBeLessThan(200_000_000);
    finish();
    await Promise.all(held);
  });
});

describe('a place', () => {
  it('is not taken by who only opens a request and trickles its body', async () => {
    const { handler, finish } = work();
    const address = await start({ maxInFlight: 1, graphql: handler });
    const agent = connections(10);
    const slow = Array.from({ length: 5 }, () => {
      const sent = request(`${address}/graphql`, {
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': 100 },
      });
      sent.on('error', () => undefined);
      sent.write('{');
      return sent;
    });
    finish();
    expect((await post(address, agent)).status).toBe(200);
    slow.forEach((sent) => sent.destroy());
  });

  it('is free again when its caller has gone', async () => {
    const { handler, counts } = work();
    const address = await start({ maxInFlight: 1, graphql: handler });
    const agent = connections(10);
    const gone = request(`${address}/graphql`, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 2 },
    });
    gone.on('error', () => undefined);
    gone.end('{}');
    await until(() => counts.total === 1, 'the first to be let in');
    gone.destroy();
    void post(address, agent).catch(() => undefined);
    await until(() => counts.total === 2, 'the second to be let in');
  });
});
