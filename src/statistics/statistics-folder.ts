/** Folds deltas into cells beside the serving of requests. Any instance may, and one at a time does. */
import type { StatisticsUpkeep } from './statistics-upkeep.ts';

/** Between two looks. Answers are exact without it; it keeps what they have to add up short. */
const EVERY_MS = 2_000;

export class StatisticsFolder {
  readonly #upkeep: Pick<StatisticsUpkeep, 'fold'>;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(upkeep: Pick<StatisticsUpkeep, 'fold'>, onError: (error: unknown) => void) {
    this.#upkeep = upkeep;
    this.#onError = onError;
  }

  start(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#upkeep
        .fold()
        .catch(this.#onError)
        .then(() => {
          this.start();
        });
    }, EVERY_MS);
    // A process with nothing else to do may end.
    this.#timer.unref();
  }

  /** Ends after the fold under way. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}
