import { NO_CATALOG } from './catalog.ts';
import type { Catalog } from './model.ts';

/** Finds out about publishes even where no notification comes through (a pooler in between, a lost connection). */
const POLL_MS = 1_000;

/** What the follower reads catalogs from. */
export interface CatalogSource {
  /** the current version's number; 0 when none was published; cheap, since it is asked every second */
  currentVersion(): Promise<number>;
  /** the current catalog; null when none was published */
  current(): Promise<Catalog | null>;
}

/** What the follower is told by: the part of ChangeSignal that it needs. */
export interface CatalogNotices {
  on(topic: 'catalog', listener: () => void): () => void;
  onGap(listener: () => void): () => void;
}

export interface CatalogFollowerOptions {
  readonly source: CatalogSource;
  /** null: only the poll tells of changes */
  readonly notices: CatalogNotices | null;
  /** told of what went wrong while following; the follower itself goes on and tries again */
  readonly onError: (error: unknown) => void;
  readonly pollMs?: number;
}

type CatalogListener = (next: Catalog, previous: Catalog) => void | Promise<void>;

/**
 * Keeps the current catalog in memory and follows what is published, here or on any other instance: at once by notification,
 * within a second by polling. Once started it never throws; while the database is away, `current` stays what it was.
 * Versions never go backwards.
 */
export class CatalogFollower {
  readonly #options: CatalogFollowerOptions;
  readonly #listeners = new Set<CatalogListener>();
  readonly #unsubscribe: (() => void)[] = [];
  #current: Catalog = NO_CATALOG;
  #timer: NodeJS.Timeout | undefined;
  #refreshing: Promise<void> | undefined;
  #pokes = 0;
  #closed = false;

  constructor(options: CatalogFollowerOptions) {
    this.#options = options;
  }

  /** Reads the current catalog and begins to follow. @throws what the database throws when the first reading fails */
  async start(): Promise<void> {
    await this.#read();
    const { notices, pollMs = POLL_MS } = this.#options;
    const poke = (): void => this.#poke();
    if (notices !== null) this.#unsubscribe.push(notices.on('catalog', poke), notices.onGap(poke));
    this.#timer = setInterval(poke, pollMs);
    this.#timer.unref();
  }

  /** The catalog that holds now; NO_CATALOG (version 0, without items) as long as nothing was published. A request takes it once. */
  get current(): Catalog {
    return this.#current;
  }

  /**
   * Calls the listener after each change, with `current` already new. A listener that fails is reported to `onError` and
   * does not keep the others from being called. Returns what ends it.
   */
  onChange(listener: CatalogListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads now, for instance after publishing in this process; resolves when `current` is up to date, or the failure was reported. */
  async refresh(): Promise<void> {
    this.#poke();
    await this.#refreshing;
  }

  /** Stops following; resolves when nothing is under way any more. `current` stays readable. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#refreshing;
  }

  /** One reading at a time; what arrives meanwhile causes one more. */
  #poke(): void {
    if (this.#closed) return;
    this.#pokes += 1;
    this.#refreshing ??= this.#refreshUntilQuiet().finally(() => {
      this.#refreshing = undefined;
    });
  }

  async #refreshUntilQuiet(): Promise<void> {
    let answered: number;
    do {
      answered = this.#pokes;
      try {
        await this.#read();
      } catch (error) {
        this.#report(error);
      }
    } while (answered !== this.#pokes && !this.#closed);
  }

  async #read(): Promise<void> {
    const { source } = this.#options;
    if ((await source.currentVersion()) <= this.#current.version) return;
    const next = await source.current();
    // Between the two questions nothing can be unpublished, but a replica may lag: an older answer is ignored.
    if (next === null || next.version <= this.#current.version || this.#closed) return;
    const previous = this.#current;
    this.#current = next;
    for (const listener of this.#listeners) {
      try {
        await listener(next, previous);
      } catch (error) {
        this.#report(error);
      }
    }
  }

  #report(error: unknown): void {
    try {
      this.#options.onError(error);
    } catch {
      // A log that cannot be written must not end the following.
    }
  }
}
