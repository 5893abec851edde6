/** How long a request may be worked on: until its time is up, or its caller has gone. */
import type { ServerResponse } from 'node:http';
import { GatewayError } from '../../errors.ts';

/**
 * Aborted with a GatewayError SERVICE_UNAVAILABLE when the time is up, and likewise when the connection closes before the answer
 * is out. Not QUERY_TOO_COSTLY: the cost was within the limit, and what was slow, the operation or the database, cannot be told.
 */
export function requestDeadline(response: ServerResponse, timeoutMs: number): AbortSignal {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(
      new GatewayError(
        'SERVICE_UNAVAILABLE',
        `This operation took longer than ${String(timeoutMs / 1_000)} s and was stopped. Ask for smaller pages (first) or fewer fields, or try again later.`,
        { retryAfter: RETRY_AFTER_SECONDS },
      ),
    );
  }, timeoutMs);
  response.once('close', () => {
    clearTimeout(timer);
    if (!response.writableFinished) controller.abort(new GatewayError('SERVICE_UNAVAILABLE', 'The caller has gone.'));
  });
  return controller.signal;
}

/** A database that is slow for a moment is usually itself again by then. */
const RETRY_AFTER_SECONDS = 5;

/** Rejects with what the signal was aborted with, as soon as it is; what the work comes to then is not waited for. */
export function withinDeadline<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abandon = (): void => {
      reject(reasonOf(signal));
    };
    // Heard of in any case: a rejection that nobody hears of ends the process.
    work.then(
      (result) => {
        signal.removeEventListener('abort', abandon);
        resolve(result);
      },
      () => {
        signal.removeEventListener('abort', abandon);
        // With what it was rejected with, whatever that is.
        resolve(work);
      },
    );
    if (signal.aborted) abandon();
    else signal.addEventListener('abort', abandon, { once: true });
  });
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error('A request was aborted without an error', { cause: reason });
}
