/** Answers of the HTTP shell itself: errors before or beside the handlers, each in the shape its route's callers parse. */
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { z } from 'zod';
import { DATABASE_AWAY } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { requestIdOf } from './request-context.ts';

/** A database that restarts is usually back by then. */
const RETRY_AFTER_SECONDS = 5;

interface Problem {
  readonly status: number;
  readonly code: ErrorCode | 'NOT_FOUND' | 'METHOD_NOT_ALLOWED';
  readonly message: string;
}

/** RFC 6749 §5.2, and §4.1.2.1 for what is the server's own failure. */
const OAUTH_ERRORS = new Map([
  [500, 'server_error'],
  [503, 'temporarily_unavailable'],
]);

/** `{errors: […]}` on /graphql (GraphQL over HTTP), `{error, error_description}` on /oauth/* (RFC 6749 §5.2), else plain JSON. */
export function answerProblem(
  request: IncomingMessage & { path: string },
  response: Response,
  { status, code, message }: Problem,
): void {
  const requestId = requestIdOf(request);
  response.status(status);
  if (request.path === '/graphql') {
    response.json({ errors: [{ message, extensions: { code, requestId } }], extensions: { requestId } });
  } else if (request.path.startsWith('/oauth/')) {
    response.json({ error: OAUTH_ERRORS.get(status) ?? 'invalid_request', error_description: message });
  } else {
    response.json({ error: { code, message, requestId } });
  }
}

/** The last handler of a route: says which methods it takes (RFC 9110 §15.5.6). */
export function methodNotAllowed(...methods: string[]): RequestHandler {
  const allow = methods.join(', ');
  return (request, response) => {
    response.setHeader('Allow', allow);
    answerProblem(request, response, { status: 405, code: 'METHOD_NOT_ALLOWED', message: `This address takes ${allow} only.` });
  };
}

/** The path is not repeated: whatever a caller put into it would be echoed. */
export const notFound: RequestHandler = (request, response) => {
  answerProblem(request, response, {
    status: 404,
    code: 'NOT_FOUND',
    message: 'Nothing is served at this address. GraphQL is at POST /graphql.',
  });
};

/** GraphQL over HTTP: JSON only. This also keeps out the "simple" cross-site requests that browsers send unasked. */
export const requireJson: RequestHandler = (request, response, next) => {
  if (request.is('application/json') !== false) {
    next();
    return;
  }
  answerProblem(request, response, {
    status: 415,
    code: 'BAD_USER_INPUT',
    message: 'Send the operation as JSON with the header Content-Type: application/json.',
  });
};

/** Of a list, for instance: batches are not served. */
export const NOT_AN_OBJECT: Problem = {
  status: 400,
  code: 'BAD_USER_INPUT',
  message: 'The body must be one JSON object with "query" and, if needed, "variables" and "operationName".',
};

export const NOT_JSON: Problem = { status: 400, code: 'BAD_USER_INPUT', message: 'The request body is not valid JSON.' };

/** Refuses the list that the body parser lets through. */
export const requireJsonObject: RequestHandler = (request, response, next) => {
  const body: unknown = request.body;
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
    next();
    return;
  }
  answerProblem(request, response, NOT_AN_OBJECT);
};

/** What the body parsers and the router throw (http-errors) for a request that cannot be read; most body errors have a `type`. */
const RequestError = z.object({ type: z.string().optional(), status: z.number().int().min(400).max(499) });

const BODY_MESSAGES: Readonly<Record<string, string>> = {
  'entity.parse.failed': NOT_JSON.message,
  'encoding.unsupported': 'The Content-Encoding of the request is not supported; use gzip, deflate, br or none.',
  'charset.unsupported': 'The request body must be UTF-8.',
};

/**
 * The one exit for errors of handlers: body errors by name, an outage as such, everything else masked behind the request's id.
 * @param options.isUnavailable whether an error means that the database cannot be reached now
 */
export function errorAnswers(
  logger: Logger,
  { isUnavailable, maxBodyBytes }: { readonly isUnavailable: (error: unknown) => boolean; readonly maxBodyBytes: number },
): ErrorRequestHandler {
  const tooLarge = `The request body is larger than ${String(maxBodyBytes / 1_000_000)} MB (MAX_BODY_BYTES).`;
  // Express tells error handlers from the others by their four parameters.
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const body = RequestError.safeParse(error);
    if (body.success) {
      const type = body.data.type ?? '';
      const known = type === 'entity.too.large' ? tooLarge : BODY_MESSAGES[type];
      const message =
        known ?? 'The request cannot be read: its body is not what its headers say, or its address is not well-formed.';
      answerProblem(request, response, { status: body.data.status, code: 'BAD_USER_INPUT', message });
      return;
    }
    logger.error({ err: error, requestId: requestIdOf(request) }, 'a request failed unexpectedly');
    if (isUnavailable(error)) {
      response.setHeader('Retry-After', String(RETRY_AFTER_SECONDS));
      answerProblem(request, response, { status: 503, code: 'SERVICE_UNAVAILABLE', message: DATABASE_AWAY });
      return;
    }
    answerProblem(request, response, {
      status: 500,
      code: 'INTERNAL_SERVER_ERROR',
      message: `Something went wrong inside the gateway. Quote request id ${requestIdOf(request)} when you report it.`,
    });
  };
}
