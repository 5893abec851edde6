/** One line and one sample for each request that was not refused for lack of room; those are added up (refusal-tally.ts). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Metrics } from './metrics.ts';
import type { RefusalTally } from './refusal-tally.ts';
import { notesOf, requestIdOf } from './request-context.ts';

export interface AccessLog {
  /**
   * Gives the request its id, and writes its line when the answer is out or the caller has gone.
   * @param routeOf asked then: the pattern that matched, never the path itself, which may carry whatever a caller typed
   */
  begin(request: IncomingMessage, response: ServerResponse, routeOf: () => string): void;
}

export function createAccessLog(logger: Logger, metrics: Metrics, refusals: RefusalTally): AccessLog {
  return {
    begin(request, response, routeOf) {
      const started = performance.now();
      const requestId = requestIdOf(request);
      response.setHeader('X-Request-Id', requestId);
      let whole = false;
      response.once('finish', () => {
        // It is "finished" as well when its connection was destroyed with half of it unread.
        whole = !request.socket.destroyed;
      });
      response.once('close', () => {
        const { refused, ...notes } = notesOf(request);
        if (refused === true) {
          refusals.add();
          return;
        }
        const seconds = (performance.now() - started) / 1_000;
        const { method = '' } = request;
        // 499 as nginx has it: the caller went away before the answer was out.
        const status = whole ? response.statusCode : 499;
        const route = routeOf();
        metrics.requestDone({ method, route, status, seconds });
        const line = { requestId, method, route, status, ms: Math.round(seconds * 1e4) / 10, ...notes };
        if (status >= 500) logger.warn(line, 'request');
        else logger.info(line, 'request');
      });
    },
  };
}
