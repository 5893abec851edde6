/**
 * Express's requests to Apollo Server and its answers back. Apollo hands its body over as one text; where the answer has been
 * written as bytes already (answer-body.ts) its body is left out, and these are sent.
 */
import { HeaderMap } from '@apollo/server';
import type { ApolloServer, BaseContext } from '@apollo/server';
import type { Request, RequestHandler, Response } from 'express';
import type { FormattedExecutionResult } from 'graphql';

export interface AnswerRequestsOptions<Context extends BaseContext> {
  readonly server: ApolloServer<Context>;
  readonly context: (request: Request, response: Response) => Promise<Context>;
  /** the bytes of an answer for which Apollo Server is not needed any more; null: it is */
  readonly ahead: (request: Request, context: Context) => Promise<readonly Buffer[] | null>;
  /** the bytes of a request's answer; undefined: it was ended before there was one */
  readonly bytesOf: (request: Request) => readonly Buffer[] | undefined;
}

/** Stands for a body that is there as bytes. */
export const WRITTEN: FormattedExecutionResult = Object.freeze({ extensions: Object.freeze({}) });

/** For Apollo's `stringifyResult`. */
export function stringifyUnlessWritten(result: FormattedExecutionResult): string {
  return result.extensions === WRITTEN.extensions ? '' : `${JSON.stringify(result)}\n`;
}

/** `request.body` is a parsed JSON object. */
export function answerRequests<Context extends BaseContext>({
  server,
  context,
  ahead,
  bytesOf,
}: AnswerRequestsOptions<Context>): RequestHandler {
  return async (request, response) => {
    const admitted = context(request, response);
    const bytesAhead = await aheadOf(request, admitted);
    if (bytesAhead !== null) {
      response.setHeader('Content-Type', 'application/json; charset=utf-8');
      send(response, bytesAhead);
      return;
    }
    const headers = new HeaderMap();
    for (const [name, value] of Object.entries(request.headers)) {
      if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
    }
    const answer = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: request.method, headers, search: '', body: request.body },
      context: () => admitted,
    });
    if (answer.body.kind !== 'complete') throw new Error('An answer came in parts, which no operation here asks for');
    response.statusCode = answer.status ?? 200;
    for (const [name, value] of answer.headers) response.setHeader(name, value);
    const { string } = answer.body;
    // Apollo's own words, if it has any: it may refuse after the answer was written (a caller that accepts no JSON).
    const bytes = string === '' ? bytesOf(request) : [Buffer.from(string)];
    if (bytes === undefined) throw new Error('An answer was left out and is nowhere else');
    send(response, bytes);
  };

  /** Who is not let in hears of it by Apollo Server, which asks for the same context. */
  async function aheadOf(request: Request, admitted: Promise<Context>): Promise<readonly Buffer[] | null> {
    let known: Context;
    try {
      known = await admitted;
    } catch {
      return null;
    }
    return ahead(request, known);
  }
}

function send(response: Response, bytes: readonly Buffer[]): void {
  let length = 0;
  for (const chunk of bytes) length += chunk.length;
  response.setHeader('Content-Length', length);
  const last = bytes.length - 1;
  for (let place = 0; place < last; place += 1) response.write(bytes[place]);
  response.end(bytes[last]);
}
