/** A real HTTP server on a free port around handlers that a test chooses. */
import type { HttpServer, HttpServerOptions } from '../../src/http/server.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { createLogger } from '../../src/http/logger.ts';
import { createMetrics } from '../../src/http/metrics.ts';

export interface TestServer {
  readonly server: HttpServer;
  readonly address: string;
  /** the lines logged so far, parsed */
  readonly lines: () => Record<string, unknown>[];
  readonly rawLog: () => string;
}

export async function startServer(overrides: Partial<HttpServerOptions> = {}, port = 0, host = '127.0.0.1'): Promise<TestServer> {
  const written: string[] = [];
  const server = createHttpServer({
    graphql: (request, response) => {
      response.json({ data: { got: request.body } });
    },
    tokenEndpoint: (request, response) => {
      response.json({ form: request.body });
    },
    jwks: (_request, response) => {
      response.json({ keys: [] });
    },
    exports: (_request, response) => {
      response.json({ exports: [] });
    },
    readiness: () => Promise.resolve({ ready: true, checks: { database: true } }),
    isUnavailable: () => false,
    timeouts: { requestMs: 30_000, answerMs: 30_000, operationMs: 20_000 },
    maxBodyBytes: 1_000_000,
    maxInFlight: 100,
    trustedProxies: [],
    corsOrigins: [],
    metrics: createMetrics(),
    explorer: true,
    logger: createLogger('debug', { write: (line) => void written.push(line) }),
    ...overrides,
  });
  const address = await server.listen(port, host);
  return {
    server,
    address,
    lines: () => written.map((line) => JSON.parse(line)),
    rawLog: () => written.join(''),
  };
}

/** Waits until `condition` holds; logs and connection events come a moment after the answer. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
