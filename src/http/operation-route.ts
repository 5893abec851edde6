/**
 * POST /graphql as nearly every client sends it: plain JSON of a stated length. It passes no router and no chain of handlers; checks,
 * headers, errors and log are those of the routes in server.ts, which take whatever is less ordinary (compressed, chunked, another
 * spelling of the address).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { AccessLog } from './access-log.ts';
import type { Admission } from './admission.ts';
import { answerProblem, NOT_AN_OBJECT, NOT_JSON } from './answers.ts';
import type { ExpressMessages } from './express-messages.ts';

export interface OperationRouteOptions {
  readonly messages: ExpressMessages;
  readonly accessLog: AccessLog;
  /** sets the headers that every answer has */
  readonly headers: (request: Request, response: Response) => void;
  readonly maxBodyBytes: number;
  readonly admission: Admission;
  readonly graphql: RequestHandler;
  /** the one exit for what the handler throws */
  readonly onError: ErrorRequestHandler;
}

/** JSON is UTF-8 unless somebody says otherwise (RFC 8259 §8.1). */
const PLAIN_JSON = /^application\/json *(; *charset="?utf-8"?)?$/i;

/** @returns a function that says whether it has taken the request; whoever asks has seen that it is a POST of /graphql */
export function operationRoute(options: OperationRouteOptions): (request: IncomingMessage, response: ServerResponse) => boolean {
  const { messages, accessLog, headers, maxBodyBytes, admission, graphql, onError } = options;
  return (request, response) => {
    if (!messages.isRequest(request) || !messages.isResponse(response) || !isOrdinary(request, maxBodyBytes)) return false;
    // Express's own answers (`json`) look there for the request's conditions.
    request.res = response;
    accessLog.begin(request, response, () => '/graphql');
    headers(request, response);
    const fail = (error: unknown): void => {
      void onError(error, request, response, () => request.socket.destroy());
    };
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.once('end', () => {
      const [first, ...more] = parts;
      const body = first === undefined ? undefined : parsed(more.length === 0 ? first : Buffer.concat(parts));
      if (body === undefined || typeof body !== 'object' || body === null || Array.isArray(body)) {
        answerProblem(request, response, Array.isArray(body) ? NOT_AN_OBJECT : NOT_JSON);
        return;
      }
      request.body = body;
      admission.enter(request, response, () => {
        try {
          const ended: unknown = graphql(request, response, (error?: unknown) => {
            fail(error ?? new Error('The handler of operations passed one on'));
          });
          if (ended instanceof Promise) ended.catch(fail);
        } catch (error) {
          fail(error);
        }
      });
    });
    return true;
  };
}

function isOrdinary({ headers }: IncomingMessage, maxBodyBytes: number): boolean {
  const length = Number(headers['content-length']);
  return (
    length > 0 &&
    length <= maxBodyBytes &&
    headers['content-encoding'] === undefined &&
    headers['transfer-encoding'] === undefined &&
    PLAIN_JSON.test(headers['content-type'] ?? '')
  );
}

const BYTE_ORDER_MARK = '\uFEFF';

/** undefined: it is no JSON */
function parsed(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  } catch {
    return undefined;
  }
}
