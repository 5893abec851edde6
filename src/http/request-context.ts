/** What the gateway keeps about one HTTP request: its id, and what the access log says of it. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a handler may add to the request's line in the access log. Nothing about content: no values, no query text. */
export interface RequestNotes {
  readonly clientId?: string;
  readonly clientKind?: string;
  /** `ok`, or the code of the first error */
  readonly outcome?: string;
  /** true: for lack of room; such requests have no line of their own */
  readonly refused?: boolean;
}

/** Long enough for a UUID or a trace id of another system; no characters that could forge a line of a log. */
const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;

const ids = new WeakMap<IncomingMessage, string>();
const notes = new WeakMap<IncomingMessage, RequestNotes>();

/** The caller's `X-Request-Id` where it is well formed, else a new one; the same for every call with one request. */
export function requestIdOf(request: IncomingMessage): string {
  const known = ids.get(request);
  if (known !== undefined) return known;
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
  ids.set(request, id);
  return id;
}

/** Adds to the request's line in the access log; later notes win. */
export function noteRequest(request: IncomingMessage, more: RequestNotes): void {
  notes.set(request, { ...notes.get(request), ...more });
}

export function notesOf(request: IncomingMessage): RequestNotes {
  return notes.get(request) ?? {};
}
