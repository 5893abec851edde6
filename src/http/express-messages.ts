/**
 * Requests and responses that are Express's from birth. Express otherwise changes the prototype of each one as it comes in, after
 * which V8 treats every request as an object of a new kind; and what does not pass its router would not be its request at all.
 */
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Express, Request, Response } from 'express';

export interface ExpressMessages {
  /** for `createServer` */
  readonly IncomingMessage: typeof IncomingMessage;
  /** for `createServer` */
  readonly ServerResponse: typeof ServerResponse;
  /** true for what a server with these two classes hands out */
  readonly isRequest: (request: IncomingMessage) => request is Request;
  readonly isResponse: (response: ServerResponse) => response is Response;
}

/** @param app whose settings (`trust proxy`) `request.ip` and the like go by */
export function expressMessages(app: Express): ExpressMessages {
  class GatewayRequest extends IncomingMessage {}
  class GatewayResponse<R extends IncomingMessage = IncomingMessage> extends ServerResponse<R> {}
  // Express's own chain ends at the same two classes of Node.js: its properties come in between.
  Object.setPrototypeOf(GatewayRequest.prototype, app.request);
  Object.setPrototypeOf(GatewayResponse.prototype, app.response);
  return {
    IncomingMessage: GatewayRequest,
    ServerResponse: GatewayResponse,
    isRequest: (request): request is Request => request instanceof GatewayRequest,
    isResponse: (response): response is Response => response instanceof GatewayResponse,
  };
}
