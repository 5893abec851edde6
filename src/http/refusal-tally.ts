/** Requests refused for lack of room, added up: a line and a sample for each would cost more than refusing it. */
import type { Logger } from 'pino';
import type { Metrics } from './metrics.ts';

const EVERY_MS = 1_000;

export class RefusalTally {
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  #count = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(logger: Logger, metrics: Metrics) {
    this.#logger = logger;
    this.#metrics = metrics;
  }

  /** One more; the log tells of it within a second, with all others of that second. */
  add(): void {
    this.#count += 1;
    this.#metrics.requestRefused();
    this.#timer ??= setTimeout(() => {
      this.flush();
    }, EVERY_MS).unref();
  }

  /** Writes the line that is due, if any. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#count === 0) return;
    this.#logger.warn({ refused: this.#count }, 'requests refused: more to do than can be done at once');
    this.#count = 0;
  }
}
