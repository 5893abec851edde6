/**
 * Apollo Server around our executor. Its `gateway` option lets the schema change while requests run, and lets the executor be ours;
 * parsing, validation, the document cache and GraphQL over HTTP stay Apollo's.
 */
import { ApolloServer } from '@apollo/server';
import type { GraphQLResponse } from '@apollo/server';
import type { GatewayExecutionResult, GatewayInterface } from '@apollo/server-gateway-interface';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { RequestHandler } from 'express';
import { getOperationAST, GraphQLError, OperationTypeNode } from 'graphql';
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';
import type { Refusal } from '../audit/index.ts';
import type { ClientStanding } from '../clients/index.ts';
import { DATABASE_AWAY, GatewayError } from '../errors.ts';
import { admitRequest } from './admit-request.ts';
import type { AdmissionOptions } from './admit-request.ts';
import { answerBody } from './answer-body.ts';
import { answerRequests, stringifyUnlessWritten, WRITTEN } from './answer-requests.ts';
import { executeOperation } from './execute-operation.ts';
import type { ExecutorDependencies, OperationRequest } from './execute-operation.ts';
import { createErrorFormatter, toGraphQLError } from './format-error.ts';
import type { ErrorFormatterOptions } from './format-error.ts';
import { KnownOperations } from './known-operation.ts';
import { logUnexecuted } from './log-operation.ts';
import { withinDeadline } from './limits/request-deadline.ts';
import type { RequestFrame } from './request-context.ts';

export interface OperationSummary {
  readonly requestId: string;
  /** of the request's frame; null: refused before it had one */
  readonly signal: AbortSignal | null;
  readonly clientId: string | null;
  readonly clientKind: string;
  readonly operationType: 'query' | 'mutation' | 'subscription' | 'unknown';
  /** `ok`, or the code of the first error */
  readonly outcome: string;
  readonly seconds: number;
}

export interface GraphQLServerOptions extends ExecutorDependencies, ErrorFormatterOptions {
  readonly admission: AdmissionOptions;
  readonly requestIdOf: (request: Parameters<RequestHandler>[0]) => string;
  /** a known client was refused before its operation was looked at */
  readonly onRefused: (refusal: Refusal) => void;
  readonly onOperation: (request: Parameters<RequestHandler>[0], summary: OperationSummary) => void;
}

export interface GraphQLServer {
  readonly handler: RequestHandler;
  /** tells Apollo of the schema after `SchemaSource.follow` said that it is another one */
  schemaChanged(): void;
  close(): Promise<void>;
}

type GraphQLResponseBody = GraphQLResponse['body'];

interface ServerContext {
  readonly frame: RequestFrame;
  /** what came of the operation, where it was executed before Apollo Server was asked */
  executed?: ExecutionResult;
  readonly request: Parameters<RequestHandler>[0];
}

export async function createGraphQLServer(options: GraphQLServerOptions): Promise<GraphQLServer> {
  const { schemas } = options;
  const known = new KnownOperations();
  const listeners = new Set<(context: { apiSchema: GraphQLSchema; coreSupergraphSdl: string }) => void>();
  const gateway: GatewayInterface = {
    load: () =>
      Promise.resolve({
        executor: async ({ schema, document, request, context }) => {
          const { frame, executed } = context as ServerContext;
          known.remember(request.query, schema, document);
          // As the caller sent it: Apollo's own name is null also where the document has no operation of that name.
          const { operationName, variables } = request;
          const result = executed ?? (await run({ schema, document, operationName, variables, frame }));
          return result as GatewayExecutionResult;
        },
      }),
    onSchemaLoadOrUpdate: (listener) => {
      listeners.add(listener);
      listener(schemaContext());
      return () => listeners.delete(listener);
    },
    stop: () => Promise.resolve(),
  };
  const server = new ApolloServer<ServerContext>({
    gateway,
    introspection: true,
    hideSchemaDetailsFromClientErrors: true,
    includeStacktraceInErrorResponses: false,
    allowBatchedHttpRequests: false,
    // Automatic ones would let every caller write into a cache of ours; a client's own list is admit-request.ts's business.
    persistedQueries: false,
    // The gateway's own process decides when to end, and drains HTTP first.
    stopOnTerminationSignals: false,
    formatError: createErrorFormatter(options),
    stringifyResult: stringifyUnlessWritten,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      // Nothing that is answered here may be kept by a cache (security-headers.ts says so), and nobody asks for federated traces.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      { requestDidStart: ({ contextValue }) => Promise.resolve(observe(contextValue)) },
    ],
  });
  await server.start();

  const bodies = new WeakMap<object, readonly Buffer[]>();
  const handler = answerRequests({
    server,
    bytesOf: (request) => bodies.get(request),
    ahead,
    context: async (req, res) => {
      const started = performance.now();
      const requestId = options.requestIdOf(req);
      let caller: ClientStanding | null = null;
      const note = (known: ClientStanding): void => {
        caller = known;
      };
      try {
        const frame = await admitRequest(options.admission, req, res, { requestId, schema: schemas.current.schema, note });
        return { request: req, frame };
      } catch (error) {
        const refusal = notAdmitted(error, requestId);
        const summary = summaryOf(caller, requestId, started, refusal);
        options.onOperation(req, summary);
        noteRefused(caller, summary);
        throw refusal;
      }
    },
  });
  return {
    handler,
    schemaChanged: () => {
      for (const listener of listeners) listener(schemaContext());
    },
    close: () => server.stop(),
  };

  async function run(operation: OperationRequest): Promise<ExecutionResult> {
    const { frame } = operation;
    return withinDeadline(frame.signal, executeOperation(options, operation)).catch((error: unknown) => {
      if (error instanceof GatewayError) return { errors: [toGraphQLError(error, frame.requestId)] };
      throw error;
    });
  }

  /** A query that has passed Apollo Server before. What comes of it goes there all the same when it is not all data. */
  async function ahead(request: Parameters<RequestHandler>[0], context: ServerContext): Promise<readonly Buffer[] | null> {
    const { frame } = context;
    const { schema } = schemas.current;
    const found = known.find(request.headers, request.body, schema);
    if (found === null || getOperationAST(found.document, found.operationName)?.operation !== OperationTypeNode.QUERY)
      return null;
    const started = performance.now();
    const { data, errors, extensions } = (context.executed = await run({ schema, ...found, frame }));
    if (data == null || errors !== undefined) return null;
    options.onOperation(request, {
      requestId: frame.requestId,
      signal: frame.signal,
      clientId: frame.caller?.id ?? null,
      clientKind: frame.caller?.kind ?? 'anonymous',
      operationType: 'query',
      outcome: 'ok',
      seconds: (performance.now() - started) / 1_000,
    });
    return answerBody({ data, extensions: { requestId: frame.requestId, ...extensions } });
  }

  /** Who is known and was refused is known to the read log, too; where the gateway itself was at fault, nobody was. */
  function noteRefused(caller: ClientStanding | null, { requestId, outcome }: OperationSummary): void {
    if (caller === null || outcome === 'SERVICE_UNAVAILABLE' || outcome === 'INTERNAL_SERVER_ERROR') return;
    const catalogVersion = schemas.current.catalog.version;
    options.onRefused({ clientId: caller.id, clientKind: caller.kind, requestId, outcome, catalogVersion });
  }

  /** Why a request does not come in: a refusal, or no database to ask. Either ends it with its own HTTP status. */
  function notAdmitted(error: unknown, requestId: string): unknown {
    if (error instanceof GatewayError) return withStatus(toGraphQLError(error, requestId), 400);
    if (!options.isUnavailable(error)) return error;
    options.onUnforeseen(error, requestId);
    const away = new GatewayError('SERVICE_UNAVAILABLE', DATABASE_AWAY, { retryAfter: RETRY_AFTER_SECONDS }, { cause: error });
    return toGraphQLError(away, requestId);
  }

  function schemaContext(): { apiSchema: GraphQLSchema; coreSupergraphSdl: string } {
    return { apiSchema: schemas.current.schema, coreSupergraphSdl: '' };
  }

  function observe({ frame, request }: ServerContext): {
    willSendResponse: (context: {
      response: Pick<GraphQLResponse, 'body' | 'http'>;
      operation?: { operation: string } | undefined;
      document?: DocumentNode | undefined;
      request: { operationName?: string | undefined };
    }) => Promise<void>;
  } {
    const started = performance.now();
    return {
      willSendResponse: async ({ response, operation, document, request: { operationName } }) => {
        const type = operation?.operation;
        // Also where parsing or validation ended the operation before our executor: every answer can be asked about by its id.
        if (response.body.kind === 'single') {
          const { singleResult } = response.body;
          singleResult.extensions = { requestId: frame.requestId, ...singleResult.extensions };
          // Proxies and monitors read the status: an answer of nothing but an outage is none.
          const answered = Object.values(singleResult.data ?? {}).some((value) => value !== null);
          if (outcomeOf(response.body) === 'SERVICE_UNAVAILABLE' && !answered) {
            response.http.status = 503;
            if (!response.http.headers.has('retry-after')) response.http.headers.set('retry-after', String(RETRY_AFTER_SECONDS));
          }
        }
        options.onOperation(request, {
          requestId: frame.requestId,
          signal: frame.signal,
          clientId: frame.caller?.id ?? null,
          clientKind: frame.caller?.kind ?? 'anonymous',
          operationType: type === 'query' || type === 'mutation' || type === 'subscription' ? type : 'unknown',
          outcome: outcomeOf(response.body),
          seconds: (performance.now() - started) / 1_000,
        });
        // Nothing of anybody's data is in such an answer: where the log is away, it may leave.
        const unexecuted = {
          frame,
          document: document ?? null,
          operationName: operationName ?? null,
          catalogVersion: schemas.current.catalog.version,
        };
        await logUnexecuted(options.readLog, unexecuted, outcomeOf(response.body)).catch(() => undefined);
        if (response.body.kind !== 'single') return;
        bodies.set(request, answerBody(response.body.singleResult));
        response.body = { kind: 'single', singleResult: WRITTEN };
      },
    };
  }
}

/** A database that restarts is usually back by then. */
const RETRY_AFTER_SECONDS = 5;

/** Refused before it was parsed: a request with another status than 200 has no data (GraphQL over HTTP §6.4). */
function withStatus(error: GraphQLError, status: number): GraphQLError {
  error.extensions['http'] ??= { status };
  return error;
}

function summaryOf(caller: ClientStanding | null, requestId: string, started: number, refusal: unknown): OperationSummary {
  const code = refusal instanceof GraphQLError ? refusal.extensions['code'] : undefined;
  return {
    requestId,
    signal: null,
    clientId: caller?.id ?? null,
    clientKind: caller?.kind ?? 'anonymous',
    operationType: 'unknown',
    outcome: typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR',
    seconds: (performance.now() - started) / 1_000,
  };
}

function outcomeOf(body: GraphQLResponseBody): string {
  const [first] = body.kind === 'single' ? (body.singleResult.errors ?? []) : [];
  if (first === undefined) return 'ok';
  const code = first.extensions?.['code'];
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}
