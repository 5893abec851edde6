/**
 * Who is let in when there is more to do than can be done. A bounded number of operations is worked on, about as many again wait for
 * a moment, and everybody else hears 503 with Retry-After at once: what is answered is answered in good time, and what waits is
 * bounded, in time and in memory. Health, metrics and the explorer do not pass here.
 */
import type { RequestHandler, Response } from 'express';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestIdOf } from './request-context.ts';

export interface AdmissionOptions {
  /** operations worked on at the same time, at most; under load as few as keep their time short */
  readonly maxInFlight: number;
  readonly maxBodyBytes: number;
  /** told of each request that is refused at the first look: nothing else hears of it */
  readonly onRefused: () => void;
  /** milliseconds on a clock that never goes back */
  readonly now?: () => number;
}

/** A share of the machine's memory that bodies may take while they are still being received; beyond it nobody else may send one. */
const MOST_READING_BYTES = 64_000_000;
/** How much one operation counts in the averages of service times. */
const WEIGHT = 0.05;
/** So many at least: fewer would leave the database idle while answers are written. */
const LEAST_IN_FLIGHT = 4;
/** Beyond so many times what an operation takes when it is nearly alone, working on fewer at once answers as many, and sooner. */
const CROWDED = 3;
const ROOMY = 2;
/** What a wait is at least and at most, whatever operations take now: shorter is chance, longer is no longer prompt. */
const WAIT_MS = { least: 20, most: 1_000 };
/** The first of those refused come back in a second; by then a burst is over. */
const RETRY_AFTER_SECONDS = 1;

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
  /** the same of operations that were nearly alone; null: none yet */
  #aloneMs: number | null = null;
  /** between LEAST_IN_FLIGHT and `maxInFlight`, by what operations take */
  #limit: number;
  #endedSinceChange = 0;
  #timer: NodeJS.Timeout | null = null;

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

  /** The second look, when the body is here: runs the next handler now, in a moment, or never. */
  readonly handler: RequestHandler = (request, response, next) => {
    if (this.#inFlight < this.#limit) {
      this.#start(response, next);
      return;
    }
    if (this.#full) {
      this.#refuse(request, response);
      return;
    }
    const waiting: Waiting = {
      since: this.#now(),
      start: () => {
        this.#start(response, next);
      },
      refuse: () => {
        this.#refuse(request, response);
      },
    };
    this.#waiting.add(waiting);
    response.once('close', () => this.#waiting.delete(waiting));
    this.#watch();
  };

  /** As many wait as are worked on: so the last of them waits, on average, for as long as one operation takes. */
  get #full(): boolean {
    return this.#waiting.size >= this.#limit;
  }

  /** Twice the average: who waits longer met a moment that was worse than usual, and is told so rather than kept. */
  get #longestWait(): number {
    return Math.min(Math.max(2 * this.#serviceMs, WAIT_MS.least), WAIT_MS.most);
  }

  #start(response: Response, next: () => void): void {
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
    if (alone) this.#aloneMs = this.#aloneMs === null ? ms : this.#aloneMs + (ms - this.#aloneMs) * WEIGHT;
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

  #refuse(request: IncomingMessage, response: ServerResponse): void {
    const requestId = requestIdOf(request);
    const extensions = { code: 'SERVICE_UNAVAILABLE', retryAfter: RETRY_AFTER_SECONDS, requestId };
    const message = `The gateway has more to do than it can do at once. Try again in ${String(RETRY_AFTER_SECONDS)} s.`;
    const body = Buffer.from(JSON.stringify({ errors: [{ message, extensions }], extensions: { requestId } }));
    response.writeHead(503, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': body.length,
      'Retry-After': RETRY_AFTER_SECONDS,
      'X-Request-Id': requestId,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(body);
  }
}
