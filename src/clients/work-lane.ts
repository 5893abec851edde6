/** A narrow way for expensive work: a few at once, a few more in line, and no further. */
import { GatewayError } from '../errors.ts';

export class WorkLane {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /**
   * Runs the work when its turn comes, first come first served, and returns its result.
   * @throws GatewayError SERVICE_UNAVAILABLE at once, without running it, when the line is full
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running += 1;
    else if (this.#waiting.length < this.#mostWaiting) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else throw new GatewayError('SERVICE_UNAVAILABLE', 'Too many requests for tokens at once. Try again in a few seconds.');
    try {
      return await work();
    } finally {
      // The place is handed on as it is, so that nobody who comes in between can take it.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
