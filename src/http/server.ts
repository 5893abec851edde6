/** The HTTP shell around the gateway's handlers: routes, limits, headers, access log, and an orderly end. */
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express';
import { createAccessLog } from './access-log.ts';
import type { AccessLog } from './access-log.ts';
import { Admission } from './admission.ts';
import { errorAnswers, methodNotAllowed, notFound, requireJson, requireJsonObject } from './answers.ts';
import { explorerRouter } from './explorer.ts';
import { expressMessages } from './express-messages.ts';
import { healthRouter } from './health.ts';
import type { Readiness } from './health.ts';
import { listen } from './listen.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { operationRoute } from './operation-route.ts';
import { RefusalTally } from './refusal-tally.ts';
import { apiHeaders, crossOrigin, crossOriginHeaders, setApiHeaders } from './security-headers.ts';
import { cutSlowClients } from './slow-clients.ts';

export interface HttpServerOptions {
  /** answers POST /graphql; `request.body` is a parsed JSON object */
  readonly graphql: RequestHandler;
  /** answers POST /oauth/token; `request.body` holds the form's fields, each a string or a list of strings */
  readonly tokenEndpoint: RequestHandler;
  /** answers GET /.well-known/jwks.json */
  readonly jwks: RequestHandler;
  /** answers GET /exports/:id/:file */
  readonly exports: RequestHandler;
  readonly readiness: () => Promise<Readiness>;
  /** whether an error that a handler threw means that the database cannot be reached now */
  readonly isUnavailable: (error: unknown) => boolean;
  readonly metrics: Metrics;
  /** whether GET / serves the explorer */
  readonly explorer: boolean;
  readonly logger: Logger;
  readonly timeouts: {
    /** for a request's head and body to arrive; against clients that hold connections open by trickling */
    readonly requestMs: number;
    /** for a finished answer to be read */
    readonly answerMs: number;
    /** for an operation to be worked on */
    readonly operationMs: number;
    /** for callers and balancers to hear that this gateway ends, before it takes nothing more; default: none */
    readonly drainMs?: number;
  };
  readonly maxBodyBytes: number;
  /** operations worked on at the same time; more wait for a moment, and the rest is refused at once */
  readonly maxInFlight: number;
  /** whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses, networks or `loopback` (express `trust proxy`) */
  readonly trustedProxies: readonly string[];
  /** origins whose pages may call the API from a browser; none unless named */
  readonly corsOrigins: readonly string[];
}

export interface HttpServer {
  readonly app: Express;
  /**
   * @param port 0: any free one
   * @returns the address to show, for instance `http://127.0.0.1:4000`
   * @throws OperatorError when the port is taken or may not be used
   */
  listen(port: number, host: string): Promise<string>;
  /**
   * For `drainMs` says that it ends: readiness is 503, and each answer ends its connection. Then it stops accepting, lets requests in
   * flight finish for up to `graceMs` (default: longer than any operation may take), and cuts what is left. Safe to call twice.
   */
  close(graceMs?: number): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than the 60 s for which common proxies keep theirs, so that the proxy is the one who closes. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** Beyond the longest allowed operation: for its answer to be written. */
const GRACE_MS = 2_000;

export function createHttpServer(options: HttpServerOptions): HttpServer {
  let draining = false;
  const { logger, metrics, corsOrigins } = options;
  const refusals = new RefusalTally(logger, metrics);
  const accessLog = createAccessLog(logger, metrics, refusals);
  const admission = new Admission({
    maxInFlight: options.maxInFlight,
    maxBodyBytes: options.maxBodyBytes,
    ending: () => draining,
    onRefused: () => {
      refusals.add();
    },
  });
  const onError = errorAnswers(logger, options);
  const app = createApp(
    { ...options, readiness: () => (draining ? Promise.resolve(ENDING) : options.readiness()) },
    { admission, accessLog, onError },
  );
  const messages = expressMessages(app);
  const setCrossOriginHeaders = crossOriginHeaders(corsOrigins);
  const takesOperation = operationRoute({
    ...options,
    messages,
    accessLog,
    admission,
    onError,
    headers: (request, response) => {
      setApiHeaders(request, response);
      setCrossOriginHeaders(request, response);
    },
  });
  const unanswered = new Set<ServerResponse>();
  const server: Server = createServer(
    {
      IncomingMessage: messages.IncomingMessage,
      ServerResponse: messages.ServerResponse,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, options.timeouts.requestMs),
      requestTimeout: options.timeouts.requestMs,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // How often the two are looked at; half a minute, as Node.js has it, would be as long as they are.
      connectionsCheckingInterval: Math.min(5_000, options.timeouts.requestMs),
    },
    (request, response) => {
      const isOperation = request.method === 'POST' && request.url === '/graphql';
      // What is refused here costs next to nothing: nothing listens to it, no route sees it, its body is not read.
      if (isOperation && admission.refuses(request, response)) return;
      if (draining) endConnection(response);
      unanswered.add(response);
      watchForSlowness(request, response);
      response.once('close', () => {
        unanswered.delete(response);
        // The connection counts as idle only after this event; it must not wait for its keep-alive to run out. As long as everything is
        // still answered, idle ones are left: the next request may be on its way, and its answer ends the connection.
        if (draining && !server.listening)
          setImmediate(() => {
            server.closeIdleConnections();
          });
      });
      if (isOperation && takesOperation(request, response)) return;
      app(request, response);
    },
  );
  const watchForSlowness = cutSlowClients(server, options.timeouts.answerMs, options.timeouts.operationMs);
  let closed: Promise<void> | undefined;
  return {
    app,
    listen: (port, host) => listen(server, port, host),
    close(graceMs = options.timeouts.operationMs + GRACE_MS) {
      draining = true;
      // Whoever keeps a connection asks on it again unless told: the next request would meet its end.
      for (const response of unanswered) endConnection(response);
      const { drainMs = 0 } = options.timeouts;
      closed ??= drainMs > 0 && server.listening ? sleep(drainMs).then(() => drain(server, graceMs)) : drain(server, graceMs);
      void closed.then(() => {
        refusals.flush();
      });
      return closed;
    },
  };
}

const ENDING: Readiness = { ready: false, checks: { accepting: false } };

function endConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

interface Shared {
  readonly admission: Admission;
  readonly accessLog: AccessLog;
  readonly onError: ErrorRequestHandler;
}

function createApp(options: HttpServerOptions, { admission, accessLog, onError }: Shared): Express {
  const { logger, metrics } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  if (options.trustedProxies.length > 0) app.set('trust proxy', [...options.trustedProxies]);
  app.use((request, response, next) => {
    accessLog.begin(request, response, () => routeOf(request));
    next();
  });
  app.use(apiHeaders);
  if (options.corsOrigins.length > 0) app.use(crossOrigin(options.corsOrigins));

  app
    .route('/graphql')
    .post(requireJson, express.json({ limit: options.maxBodyBytes }), requireJsonObject, admission.handler, options.graphql)
    .all(methodNotAllowed('POST'));
  app
    .route('/oauth/token')
    .post(express.urlencoded({ extended: false, limit: '16kb', parameterLimit: 20 }), options.tokenEndpoint)
    .all(methodNotAllowed('POST'));
  app.route('/.well-known/jwks.json').get(options.jwks).all(methodNotAllowed('GET', 'HEAD'));
  app.route('/exports/:id/:file').get(options.exports).all(methodNotAllowed('GET', 'HEAD'));
  app.use(healthRouter({ readiness: options.readiness, logger }));
  app
    .route('/metrics')
    .get(async (_request, response) => {
      const text = await metrics.text();
      response.setHeader('Content-Type', metrics.contentType);
      response.end(text);
    })
    .all(methodNotAllowed('GET', 'HEAD'));
  if (options.explorer) app.use(explorerRouter());
  app.use(notFound);
  app.use(onError);
  return app;
}

/** The pattern that matched, never the path itself: a path may carry whatever a caller typed. */
function routeOf(request: Request): string {
  const route: unknown = request.route;
  if (typeof route === 'object' && route !== null && 'path' in route && typeof route.path === 'string') return route.path;
  return 'unmatched';
}

async function drain(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return;
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, graceMs);
  try {
    await new Promise<void>((resolve, reject) => {
      server.close((error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
      server.closeIdleConnections();
    });
  } finally {
    clearTimeout(cut);
  }
}
