/** Keeps the change log as short as the operator wants it: now and then, the oldest changes are removed. */
import type { ChangeFeed } from './change-feed.ts';

/** What is kept is told in days, so an hour more or less is none. */
const EVERY_MS = 3_600_000;

export interface FeedPrunerOptions {
  readonly feed: Pick<ChangeFeed, 'prune'>;
  readonly keepDays: number;
  /** told of what went wrong; the pruner tries again */
  readonly onError: (error: unknown) => void;
  readonly everyMs?: number;
}

/** Several servers on one database take turns; one that finds another at it leaves it the work. */
export class FeedPruner {
  readonly #options: FeedPrunerOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: FeedPrunerOptions) {
    this.#options = options;
  }

  start(): void {
    const { feed, keepDays, onError, everyMs = EVERY_MS } = this.#options;
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(() => feed.prune(keepDays)).catch(onError);
    }, everyMs);
    this.#timer.unref();
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }
}
