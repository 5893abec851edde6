/** How instances tell each other that something cached may have changed: PostgreSQL's LISTEN and NOTIFY. */
import pg from 'pg';
import { explainConnectionError } from './database.ts';
import type { Prisma } from './generated/client.ts';

const CHANNEL = 'gateway_changes';
const HEARTBEAT_MS = 5_000;
const FIRST_RETRY_MS = 100;
/** Readiness waits for it: the gateway promises to be back within five seconds of its database. */
const LAST_RETRY_MS = 1_000;

/** `catalog`: detail is the version; `client`: detail is the client's id. */
export type ChangeTopic = 'catalog' | 'client';

/**
 * One connection that listens. While `live` is false nothing is heard, and a cache must not be trusted; once the
 * connection is back, `onGap` says that anything may have been missed.
 */
export class ChangeSignal {
  readonly #listeners = new Map<string, Set<(detail: string) => void>>();
  readonly #gapListeners = new Set<() => void>();
  readonly #url: string;
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  private constructor(url: string) {
    this.#url = url;
  }

  /** @throws OperatorError when the server cannot be reached at the start; later losses are mended silently */
  static async start(url: string): Promise<ChangeSignal> {
    const signal = new ChangeSignal(url);
    try {
      await signal.#connect();
    } catch (error) {
      throw explainConnectionError(error, url);
    }
    return signal;
  }

  /** Calls `listener` for every change of that topic. Returns the way to stop it. A listener must not throw. */
  on(topic: ChangeTopic, listener: (detail: string) => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /** Calls `listener` each time the connection is back after a loss: changes in between were not heard. */
  onGap(listener: () => void): () => void {
    this.#gapListeners.add(listener);
    return () => void this.#gapListeners.delete(listener);
  }

  /** True while every change is heard. */
  get live(): boolean {
    return this.#client !== null;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'public-credit-gateway changes',
      connectionTimeoutMillis: HEARTBEAT_MS,
      query_timeout: HEARTBEAT_MS,
      keepAlive: true,
    });
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', ({ payload = '' }) => this.#heard(payload));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
    if (this.#closed) {
      await client.end();
      return;
    }
    this.#client = client;
    this.#scheduleHeartbeat(client);
  }

  /** A connection may be dead without a word (a firewall, a lost network): only asking tells. */
  #scheduleHeartbeat(client: pg.Client): void {
    this.#timer = setTimeout(() => {
      client.query('SELECT 1').then(
        () => {
          if (this.#client === client) this.#scheduleHeartbeat(client);
        },
        () => this.#lost(client),
      );
    }, HEARTBEAT_MS);
    this.#timer.unref();
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    void client.end().catch(() => undefined);
    this.#scheduleRetry(FIRST_RETRY_MS);
  }

  #scheduleRetry(delay: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#connect().then(
        () => this.#gapListeners.forEach((listener) => listener()),
        () => this.#scheduleRetry(Math.min(delay * 2, LAST_RETRY_MS)),
      );
    }, delay);
    this.#timer.unref();
  }

  #heard(payload: string): void {
    const colon = payload.indexOf(':');
    if (colon < 0) return;
    this.#listeners.get(payload.slice(0, colon))?.forEach((listener) => listener(payload.slice(colon + 1)));
  }
}

/** A transaction of Prisma, or a connection of `pg` with a transaction begun. */
export type ChangeTransaction = Pick<Prisma.TransactionClient, '$executeRaw'> | Pick<pg.ClientBase, 'query'>;

/** Tells every instance, this one too, when the caller's transaction commits; a transaction rolled back tells nothing. */
export async function notifyChange(tx: ChangeTransaction, topic: ChangeTopic, detail: string): Promise<void> {
  const payload = `${topic}:${detail}`;
  if ('$executeRaw' in tx) await tx.$executeRaw`SELECT pg_notify(${CHANNEL}, ${payload})`;
  else await tx.query('SELECT pg_notify($1, $2)', [CHANNEL, payload]);
}
