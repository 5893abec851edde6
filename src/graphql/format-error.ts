/** The one way out for errors: public text and code, everything unforeseen masked with the request's id. */
import { GraphQLError } from 'graphql';
import type { GraphQLFormattedError } from 'graphql';
import { DATABASE_AWAY, ERROR_CODES, GatewayError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';

const KNOWN: ReadonlySet<string> = new Set(ERROR_CODES);

/** HTTP statuses for errors that end a request before any data; the others answer 200 with `errors` as GraphQL over HTTP has it. */
const STATUSES: Readonly<Partial<Record<ErrorCode, number>>> = {
  UNAUTHENTICATED: 401,
  CLIENT_SUSPENDED: 403,
  LICENSE_EXPIRED: 403,
  RATE_LIMITED: 429,
  SERVICE_UNAVAILABLE: 503,
};

/** A refusal as GraphQL knows errors: code, details, HTTP status and, where given, the request's id in its extensions. */
export function toGraphQLError(error: GatewayError, requestId: string | null = null): GraphQLError {
  const status = STATUSES[error.code];
  const { retryAfter } = error.details;
  const headers =
    error.code === 'UNAUTHENTICATED'
      ? new Map([['www-authenticate', 'Bearer']])
      : typeof retryAfter === 'number'
        ? new Map([['retry-after', String(retryAfter)]])
        : undefined;
  const http = status === undefined ? {} : { http: { status, ...(headers === undefined ? {} : { headers }) } };
  const named = requestId === null ? {} : { requestId };
  return new GraphQLError(error.message, {
    originalError: error,
    extensions: { ...error.details, code: error.code, ...http, ...named },
  });
}

export interface ErrorFormatterOptions {
  /** whether an unforeseen error means that the database cannot be reached now */
  readonly isUnavailable: (error: unknown) => boolean;
  /** told of everything that is masked, with the request's id where there is one */
  readonly onUnforeseen: (error: unknown, requestId: string | null) => void;
}

/** Codes of Apollo Server for operations that it could not take; to a caller they are all input that must be mended. */
const MALFORMED: ReadonlySet<unknown> = new Set([
  'GRAPHQL_VALIDATION_FAILED',
  'GRAPHQL_PARSE_FAILED',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
]);

export function createErrorFormatter({
  isUnavailable,
  onUnforeseen,
}: ErrorFormatterOptions): (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError {
  return (formatted, error) => {
    const original = originalOf(error);
    const given = formatted.extensions?.['requestId'];
    const requestId = typeof given === 'string' ? given : null;
    const named = requestId === null ? {} : { requestId };
    const place = {
      ...(formatted.locations === undefined ? {} : { locations: formatted.locations }),
      ...(formatted.path === undefined ? {} : { path: formatted.path }),
    };
    if (original instanceof GatewayError) {
      return { message: original.message, ...place, extensions: { ...original.details, code: original.code, ...named } };
    }
    const code = formatted.extensions?.['code'];
    if (MALFORMED.has(code))
      return { message: withoutSuggestions(formatted.message), ...place, extensions: { code: 'BAD_USER_INPUT', ...named } };
    if (typeof code === 'string' && KNOWN.has(code) && code !== 'INTERNAL_SERVER_ERROR') {
      return { message: withoutSuggestions(formatted.message), ...place, extensions: { code, ...named } };
    }
    onUnforeseen(original, requestId);
    if (isUnavailable(original)) {
      return {
        message: DATABASE_AWAY,
        ...place,
        extensions: { code: 'SERVICE_UNAVAILABLE', ...named },
      };
    }
    const tell = requestId === null ? '' : ` Tell its operator this request id: ${requestId}.`;
    return {
      message: `Something went wrong inside the gateway.${tell}`,
      ...place,
      extensions: { code: 'INTERNAL_SERVER_ERROR', ...named },
    };
  };
}

/** A suggestion names what a view may hide. */
export function withoutSuggestions(message: string): string {
  return message.replace(/ Did you mean [\s\S]*\?$/, '');
}

/** The error that was thrown, under the wrappings that the executor and the server put around it. */
export function originalOf(error: unknown): unknown {
  let inner = error;
  while (inner instanceof GraphQLError && inner.originalError !== undefined) inner = inner.originalError;
  return inner;
}
