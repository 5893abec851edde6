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

/** @throws what the signal was aborted with, as soon as it is; what the work comes to then is not waited for */
export async function withinDeadline<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  if (signal.aborted) {
    work.catch(() => undefined);
    throw signal.reason;
  }
  let abandon: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abandon = () => {
      // What it is aborted with stands above: an Error.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(signal.reason);
    };
    signal.addEventListener('abort', abandon, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}
