/**
 * Who is let in when there is more to do than can be done. A bounded number of operations is worked on, about as many again wait for
 * a moment, and everybody else hears 503 with Retry-After at once: what is answered is answered in good time, and what waits is
 * bounded, in time and in memory. Health, metrics and the explorer do not pass here.
 */
import type { RequestHandler } from 'express';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { noteRequest, requestIdOf } from './request-context.ts';

export interface AdmissionOptions {
  /** operations worked on at the same time, at most; under load as few as keep their time short */
  readonly maxInFlight: number;
  readonly maxBodyBytes: number;
  /** told of each request that is refused at the first look: nothing else hears of it */
  readonly onRefused: () => void;
  /** whether connections end with the answer that they wait for; default: no */
  readonly ending?: () => boolean;
  /** milliseconds on a clock that never goes back */
  readonly now?: () => number;
}

/** A share of the machine's memory that bodies may take while they are still being received; beyond it nobody else may send one. */
const MOST_READING_BYTES = 64_000_000;
/** How much one operation counts in the averages of service times. */
const WEIGHT = 0.05;
/** The same in the long average: some hundred operations, so that a mixture of short and long ones does not move it. */
const LONG_WEIGHT = 0.005;
/** After so many operations their code is compiled. */
const COLD = 2_000;
/** So many at least: each waits some milliseconds for its event to be on the disk, and fewer would leave the processors idle meanwhile. */
const LEAST_IN_FLIGHT = 8;
/** Beyond so many times what an operation takes when it is nearly alone, working on fewer at once answers as many, and sooner. */
const CROWDED = 2;
const ROOMY = 1.5;
/** What a wait is at least and at most, whatever operations take now: shorter is chance, longer is no longer prompt. */
const WAIT_MS = { least: 20, most: 1_000 };
/** The first of those refused come back in a second; by then a burst is over. */
const RETRY_AFTER_SECONDS = 1;
/**
 * So many refusals are written in one turn of the event loop; the others wait for the next turns, in their order. A herd's refusals
 * would otherwise stand, all together, in front of the next step of each operation that is worked on. A refusal takes some 20 µs.
 */
const REFUSALS_A_TURN = 16;

interface Waiting {
  readonly since: number;
  readonly start: () => void;
  readonly refuse: () => void;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #now: () => number;
  readonly #waiting = new Set<Waiting>();
  #inFlight = 0;
  #readingBytes = 0;
  /** average time of an operation, milliseconds */
  #serviceMs = 10;
  #longMs: number | null = null;
  /** the same of operations that were nearly alone; null: none yet */
  #aloneMs: number | null = null;
  /** between LEAST_IN_FLIGHT and `maxInFlight`, by what operations take */
  #limit: number;
  #ended = 0;
  #endedSinceChange = 0;
  #timer: NodeJS.Timeout | null = null;
  /** not yet written, in the order in which they came; as many as there are connections at most */
  readonly #refusals: (readonly [IncomingMessage, ServerResponse])[] = [];
  #refusedThisTurn = 0;
  #turn: NodeJS.Immediate | null = null;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#limit = options.maxInFlight;
  }

  /**
   * The first look, at the head of a request: before its body is read, and before anything else is done for it.
   * @returns true when the request has been refused and answered
   */
  refuses(request: IncomingMessage, response: ServerResponse): boolean {
    const length = Number(request.headers['content-length'] ?? this.#options.maxBodyBytes);
    const bytes = Math.min(Number.isFinite(length) ? length : 0, this.#options.maxBodyBytes);
    if (this.#full || this.#readingBytes + bytes > MOST_READING_BYTES) {
      this.#options.onRefused();
      this.#refuse(request, response);
      return true;
    }
    if (request.complete || bytes === 0) return false;
    this.#readingBytes += bytes;
    let read = false;
    const done = (): void => {
      if (read) return;
      read = true;
      this.#readingBytes -= bytes;
    };
    request.once('end', done);
    response.once('close', done);
    return false;
  }

  /** The second look as a handler of Express. */
  readonly handler: RequestHandler = (request, response, next) => {
    this.enter(request, response, next);
  };

  /** The second look, when the body is here: starts the work now, in a moment, or never. */
  enter(request: IncomingMessage, response: ServerResponse, start: () => void): void {
    if (this.#inFlight < this.#limit) {
      this.#start(response, start);
      return;
    }
    if (this.#full) {
      this.#refuseLate(request, response);
      return;
    }
    const waiting: Waiting = {
      since: this.#now(),
      start: () => {
        this.#start(response, start);
      },
      refuse: () => {
        this.#refuseLate(request, response);
      },
    };
    this.#waiting.add(waiting);
    response.once('close', () => this.#waiting.delete(waiting));
    this.#watch();
  }

  /** Half as many wait as are worked on: so the last of them waits, on average, for half as long as one operation takes. */
  get #full(): boolean {
    return this.#waiting.size >= Math.ceil(this.#limit / 2);
  }

  /** Twice the average: who waits longer met a moment that was worse than usual, and is told so rather than kept. */
  get #longestWait(): number {
    return Math.min(Math.max(2 * this.#serviceMs, WAIT_MS.least), WAIT_MS.most);
  }

  #start(response: ServerResponse, next: () => void): void {
    const began = this.#now();
    const alone = this.#inFlight < 2;
    this.#inFlight += 1;
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      this.#inFlight -= 1;
      this.#took(this.#now() - began, alone);
      this.#letIn();
    };
    // Written, or given up. Whether the caller reads it fast does not matter here (slow-clients.ts).
    response.once('prefinish', end);
    response.once('close', end);
    next();
  }

  /** Fewer at once where they crowd each other, more where somebody waits though there is room (additive up, multiplicative down). */
  #took(ms: number, alone: boolean): void {
    this.#serviceMs += (ms - this.#serviceMs) * WEIGHT;
    this.#longMs = this.#longMs === null ? ms : this.#longMs + (ms - this.#longMs) * LONG_WEIGHT;
    if (alone) this.#aloneMs = this.#aloneMs === null ? ms : this.#aloneMs + (ms - this.#aloneMs) * WEIGHT;
    this.#ended += 1;
    // The first ones alone ran in code that was not compiled yet, and if a crowd came then, no later ones were alone. Not for ever: what
    // slows the disk or the database slows the one alone as well, and is no crowd.
    if (this.#aloneMs !== null && this.#ended < COLD) this.#aloneMs = Math.min(this.#aloneMs, this.#longMs);
    this.#endedSinceChange += 1;
    if (this.#aloneMs === null || this.#endedSinceChange < this.#limit) return;
    this.#endedSinceChange = 0;
    const { maxInFlight } = this.#options;
    const least = Math.min(LEAST_IN_FLIGHT, maxInFlight);
    if (this.#serviceMs > CROWDED * this.#aloneMs) this.#limit = Math.max(least, Math.floor(this.#limit * 0.9));
    else if (this.#waiting.size === 0 || this.#serviceMs < ROOMY * this.#aloneMs)
      this.#limit = Math.min(maxInFlight, this.#limit + 1);
  }

  #letIn(): void {
    for (const waiting of this.#waiting) {
      if (this.#inFlight >= this.#limit) return;
      this.#waiting.delete(waiting);
      if (this.#now() - waiting.since > this.#longestWait) waiting.refuse();
      else waiting.start();
    }
  }

  /** Refuses who has waited too long, also while nothing ends. */
  #watch(): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      const limit = this.#now() - this.#longestWait;
      for (const waiting of this.#waiting) {
        // In the order in which they came.
        if (waiting.since > limit) break;
        this.#waiting.delete(waiting);
        waiting.refuse();
      }
      if (this.#waiting.size > 0) this.#watch();
    }, this.#longestWait / 2);
  }

  /** The access log has heard of this one, and is told what it was. */
  #refuseLate(request: IncomingMessage, response: ServerResponse): void {
    noteRequest(request, { refused: true });
    this.#refuse(request, response);
  }

  #refuse(request: IncomingMessage, response: ServerResponse): void {
    if (this.#refusedThisTurn < REFUSALS_A_TURN && this.#refusals.length === 0) this.#writeRefusal(request, response);
    else this.#refusals.push([request, response]);
    if (this.#turn === null) this.#turn = setImmediate(this.#nextTurn);
  }

  readonly #nextTurn = (): void => {
    this.#refusedThisTurn = 0;
    this.#turn = null;
    for (const [request, response] of this.#refusals.splice(0, REFUSALS_A_TURN)) this.#writeRefusal(request, response);
    if (this.#refusedThisTurn > 0) this.#turn = setImmediate(this.#nextTurn);
  };

  #writeRefusal(request: IncomingMessage, response: ServerResponse): void {
    this.#refusedThisTurn += 1;
    const requestId = requestIdOf(request);
    const body = refusalBody(requestId);
    // All of it is ASCII: as many bytes as characters.
    const headers = [...REFUSAL_HEADERS, 'Content-Length', String(body.length), 'X-Request-Id', requestId];
    if (this.#options.ending?.() === true) headers.push('Connection', 'close');
    response.writeHead(503, headers);
    response.end(body, 'latin1');
  }
}

const REFUSAL_HEADERS: readonly string[] = [
  'Content-Type',
  'application/json; charset=utf-8',
  'Retry-After',
  String(RETRY_AFTER_SECONDS),
  'Cache-Control',
  'no-store',
  'X-Content-Type-Options',
  'nosniff',
];

/** @param requestId of letters, digits and `._-` alone (request-context.ts) */
function refusalBody(requestId: string): string {
  return `${REFUSAL_START}${requestId}"}}],"extensions":{"requestId":"${requestId}"}}`;
}

const REFUSAL_START =
  `{"errors":[{"message":"The gateway has more to do than it can do at once. Try again in ${String(RETRY_AFTER_SECONDS)} s.",` +
  `"extensions":{"code":"SERVICE_UNAVAILABLE","retryAfter":${String(RETRY_AFTER_SECONDS)},"requestId":"`;
