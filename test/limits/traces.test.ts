import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { eventually } from '../testkit/eventually.ts';
import { PURPOSE, startServing } from '../testkit/serving.ts';
import type { Serving } from '../testkit/serving.ts';

const Attribute = z.object({ key: z.string(), value: z.record(z.string(), z.string()) });
const Span = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: z.string().regex(/^\d{19}$/),
  endTimeUnixNano: z.string().regex(/^\d{19}$/),
  attributes: z.array(Attribute),
  status: z.object({ code: z.number() }),
});
const Export = z.object({ resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(Span) })) })) });

let collector: Server;
let received: string[] = [];
let serving: Serving;
beforeAll(async () => {
  collector = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      received.push(`${request.method ?? ''} ${request.url ?? ''} ${body}`);
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const address = collector.address();
  if (address === null || typeof address === 'string') throw new Error('The collector listens nowhere');
  serving = await startServing({ environment: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${address.port}` } });
});
afterAll(async () => {
  await serving.close();
  collector.close();
});

function spans(): z.infer<typeof Span>[] {
  return received.flatMap((text) => {
    const { resourceSpans } = Export.parse(JSON.parse(text.slice(text.indexOf('{'))));
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  });
}

/** The collector hears of spans when the next batch is sent. */
async function arrived(count: number): Promise<void> {
  await eventually(() => {
    expect(spans().length).toBeGreaterThanOrEqual(count);
    return Promise.resolve();
  }, 8_000);
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('traces, where an endpoint is set', () => {
  it('have a span for the operation, in the caller’s trace, and one for each statement under it', async () => {
    received = [];
    const ask = await serving.as('demo-department');
    const code = '911500000000000000';
    const query =
      'query Secretive($code: String!) { subject(by: {creditCode: $code}) { name } records(first: 3) { edges { node { id title } } } }';
    await ask(query, { code }, { traceparent: `00-${TRACE}-${PARENT}-01`, 'x-purpose': PURPOSE['x-purpose'] });
    await arrived(1);
    const [operation, ...statements] = spans();
    expect(received[0]).toMatch(/^POST \/v1\/traces /);
    expect(operation).toMatchObject({
      traceId: TRACE,
      parentSpanId: PARENT,
      name: 'graphql query',
      kind: 2,
      status: { code: 0 },
    });
    expect(operation?.attributes).toContainEqual({ key: 'gateway.outcome', value: { stringValue: 'ok' } });
    expect(statements.length).toBeGreaterThan(0);
    for (const statement of statements)
      expect(statement).toMatchObject({ traceId: TRACE, parentSpanId: operation?.spanId, kind: 3 });
    const text = received.join('');
    for (const canary of [
      'Secretive',
      'records',
      code,
      'demo-department',
      decodeURIComponent(PURPOSE['x-purpose']),
      'M-1',
      'SELECT ',
    ]) {
      expect(text).not.toContain(canary);
    }
  });

  it('leave out what the caller does not sample, and begin a trace where there is none', async () => {
    received = [];
    const ask = await serving.as('demo-dashboard');
    await ask('{ viewer { id } }', {}, { traceparent: `00-${TRACE}-${PARENT}-00` });
    await ask('{ viewer { id } }', {}, { traceparent: 'nonsense' });
    await arrived(1);
    expect(spans()).toHaveLength(1);
    expect(spans()[0]?.traceId).not.toBe(TRACE);
    expect(spans()[0]?.parentSpanId).toBeUndefined();
  });
});
