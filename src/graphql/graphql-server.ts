/**
 * Apollo Server around our executor. Its `gateway` option lets the schema change while requests run, and lets the executor be ours;
 * parsing, validation, the document cache and GraphQL over HTTP stay Apollo's.
 */
import { ApolloServer } from '@apollo/server';
import type { GraphQLResponse } from '@apollo/server';
import type { GatewayExecutionResult, GatewayInterface } from '@apollo/server-gateway-interface';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { expressMiddleware } from '@as-integrations/express5';
import type { RequestHandler } from 'express';
import type { GraphQLSchema } from 'graphql';
import type { AuthenticateServices } from '../clients/index.ts';
import { today } from '../calendar.ts';
import { DATABASE_AWAY, GatewayError } from '../errors.ts';
import { executeOperation } from './execute-operation.ts';
import type { ExecutorDependencies } from './execute-operation.ts';
import { createErrorFormatter, toGraphQLError } from './format-error.ts';
import type { ErrorFormatterOptions } from './format-error.ts';
import type { RequestFrame } from './request-context.ts';
import { requestFrame } from './request-frame.ts';

export interface OperationSummary {
  readonly requestId: string;
  readonly clientId: string | null;
  readonly clientKind: string;
  readonly operationType: 'query' | 'mutation' | 'subscription' | 'unknown';
  /** `ok`, or the code of the first error */
  readonly outcome: string;
  readonly seconds: number;
}

export interface GraphQLServerOptions extends ExecutorDependencies, ErrorFormatterOptions {
  readonly services: AuthenticateServices;
  readonly requestIdOf: (request: Parameters<RequestHandler>[0]) => string;
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
  readonly request: Parameters<RequestHandler>[0];
}

export async function createGraphQLServer(options: GraphQLServerOptions): Promise<GraphQLServer> {
  const { schemas } = options;
  const listeners = new Set<(context: { apiSchema: GraphQLSchema; coreSupergraphSdl: string }) => void>();
  const gateway: GatewayInterface = {
    load: () =>
      Promise.resolve({
        executor: async ({ schema, document, operationName, request, context }) => {
          const { frame } = context as ServerContext;
          const result = await executeOperation(options, {
            schema,
            document,
            operationName,
            variables: request.variables,
            frame,
          });
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
    // The gateway's own process decides when to end, and drains HTTP first.
    stopOnTerminationSignals: false,
    formatError: createErrorFormatter(options),
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      { requestDidStart: ({ contextValue }) => Promise.resolve(observe(contextValue)) },
    ],
  });
  await server.start();

  const handler = expressMiddleware(server, {
    context: async ({ req }) => {
      try {
        return { request: req, frame: await requestFrame(options.services, req.headers, options.requestIdOf(req), today()) };
      } catch (error) {
        throw unauthenticated(error, options.requestIdOf(req));
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

  /** Why there is no caller: a refusal, or no database to ask. Either ends the request with its own HTTP status. */
  function unauthenticated(error: unknown, requestId: string): unknown {
    if (error instanceof GatewayError) return toGraphQLError(error, requestId);
    if (!options.isUnavailable(error)) return error;
    options.onUnforeseen(error, requestId);
    return toGraphQLError(new GatewayError('SERVICE_UNAVAILABLE', DATABASE_AWAY, {}, { cause: error }), requestId);
  }

  function schemaContext(): { apiSchema: GraphQLSchema; coreSupergraphSdl: string } {
    return { apiSchema: schemas.current.schema, coreSupergraphSdl: '' };
  }

  function observe({ frame, request }: ServerContext): {
    willSendResponse: (context: {
      response: { body: GraphQLResponseBody; http: { status?: number } };
      operation?: { operation: string } | undefined;
    }) => Promise<void>;
  } {
    const started = performance.now();
    return {
      willSendResponse: ({ response, operation }) => {
        const type = operation?.operation;
        // Also where parsing or validation ended the operation before our executor: every answer can be asked about by its id.
        if (response.body.kind === 'single') {
          const { singleResult } = response.body;
          singleResult.extensions = { requestId: frame.requestId, ...singleResult.extensions };
          // Proxies and monitors read the status: an answer of nothing but an outage is none.
          const answered = Object.values(singleResult.data ?? {}).some((value) => value !== null);
          if (outcomeOf(response.body) === 'SERVICE_UNAVAILABLE' && !answered) response.http.status = 503;
        }
        options.onOperation(request, {
          requestId: frame.requestId,
          clientId: frame.caller?.id ?? null,
          clientKind: frame.caller?.kind ?? 'anonymous',
          operationType: type === 'query' || type === 'mutation' || type === 'subscription' ? type : 'unknown',
          outcome: outcomeOf(response.body),
          seconds: (performance.now() - started) / 1_000,
        });
        return Promise.resolve();
      },
    };
  }
}

function outcomeOf(body: GraphQLResponseBody): string {
  const [first] = body.kind === 'single' ? (body.singleResult.errors ?? []) : [];
  if (first === undefined) return 'ok';
  const code = first.extensions?.['code'];
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}
