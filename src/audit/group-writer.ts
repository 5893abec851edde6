/**
 * Writes the read log in groups: while one batch commits, the next one gathers, so that a busy server pays one flush for many
 * events and an idle one waits for nothing. A batch is one statement; its waiters hear of it once it is committed.
 */
import { randomUUID, type KeyObject } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DATABASE_AWAY, GatewayError } from '../errors.ts';
import { chainName, chainStart, type ChainHead, sealed, type SealedEvent } from './chain.ts';
import { CheckpointWriter } from './checkpoint-writer.ts';
import { LogConnection } from './log-connection.ts';
import { monthOf } from './month.ts';
import type { ReadEvent } from './read-event.ts';
import type { ReadLog } from './read-log.ts';

/** Why an event was not recorded: the queue was full, the wait too long, the batch failed, or the log is closed. */
export type RefusalReason = 'full' | 'slow' | 'failed' | 'closed';

export interface ReadLogObserver {
  /** a batch is committed */
  written(events: number, seconds: number): void;
  refused(reason: RefusalReason, events: number): void;
  failed(error: unknown): void;
  /** this instance vouches for these heads: whoever keeps the log lines elsewhere can hold the database to it */
  vouched(heads: readonly ChainHead[]): void;
}

export interface GroupWriterOptions {
  /** of the role `control`, which may insert and nothing else */
  readonly url: string;
  readonly key: KeyObject;
  /** events that may wait at most */
  readonly queueLimit: number;
  /** how long an answer waits for its event at most, in ms */
  readonly timeoutMs: number;
  readonly observer: ReadLogObserver;
}

/** Bounds the memory and the time of one statement. A batch holds at least one event, whatever its size. */
const BATCH_EVENTS = 500;
const BATCH_SUBJECTS = 20_000;

/** How often waits are looked at: they may last this much longer than they should. */
const SWEEP_MS = 200;

/** Checkpoints are looked at this often; see CheckpointWriter for when one is due. */
const TICK_MS = 1_000;

interface Waiter {
  readonly event: ReadEvent;
  readonly since: number;
  resolve: () => void;
  reject: (error: GatewayError) => void;
  settled: boolean;
}

export class GroupWriter implements ReadLog {
  readonly instance = randomUUID();
  readonly #options: GroupWriterOptions;
  readonly #checkpoints: CheckpointWriter;
  /** where this instance's chains end; emptied when a batch fails, because what the database holds is then unknown */
  readonly #heads = new Map<string, ChainHead>();
  #queue: Waiter[] = [];
  #flying: Waiter[] = [];
  #connection: LogConnection | null = null;
  #running: Promise<void> | null = null;
  #timers: NodeJS.Timeout[] = [];
  #closing = false;

  constructor(options: GroupWriterOptions) {
    this.#options = options;
    this.#checkpoints = new CheckpointWriter({
      instance: this.instance,
      key: options.key,
      vouched: (heads) => {
        options.observer.vouched(heads);
      },
    });
  }

  /**
   * Opens the connection and writes the first checkpoint, which vouches for what other instances left behind.
   * @throws when the log cannot be written: a gateway that cannot log must not serve
   */
  async start(): Promise<void> {
    const connection = await this.#connected();
    await connection.ensureMonths();
    await this.#checkpoints.start(connection);
    this.#timers = [
      setInterval(() => {
        this.#refuseSlow();
      }, SWEEP_MS),
      setInterval(() => {
        this.#wake();
      }, TICK_MS),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  get waiting(): number {
    return this.#queue.length + this.#flying.length;
  }

  record(event: ReadEvent): Promise<void> {
    if (this.#closing) return this.#refusal('closed');
    if (this.#queue.length >= this.#options.queueLimit) return this.#refusal('full');
    return new Promise((resolve, reject) => {
      this.#queue.push({ event: storable(event), since: performance.now(), resolve, reject, settled: false });
      this.#wake();
    });
  }

  /** Writes what waits and a last checkpoint, and ends the connection. Events after this are refused. */
  async close(): Promise<void> {
    this.#closing = true;
    while (this.#running !== null) await this.#running;
    for (const timer of this.#timers) clearInterval(timer);
    const connection = this.#connection;
    if (connection !== null && !connection.broken) {
      await this.#checkpoints.end(connection, this.#heads).catch((error: unknown) => {
        this.#options.observer.failed(error);
      });
    }
    connection?.close();
    this.#connection = null;
  }

  #refusal(reason: RefusalReason): Promise<never> {
    this.#options.observer.refused(reason, 1);
    return Promise.reject(unavailable());
  }

  #wake(): void {
    if (this.#running !== null) return;
    if (this.#queue.length === 0 && !this.#checkpoints.due(this.#heads)) return;
    this.#running = this.#run().then(() => {
      this.#running = null;
      // What came after the last look at the queue, and before this.
      this.#wake();
    });
  }

  /** Never rejects: whatever fails, fails its waiters. */
  async #run(): Promise<void> {
    do {
      // What is ready in the same turn of the event loop goes into the same batch, whichever socket brought it.
      await nextTurn();
      if (this.#queue.length > 0) await this.#writeBatch();
    } while (this.#queue.length > 0);
    if (!this.#checkpoints.due(this.#heads)) return;
    try {
      await this.#checkpoints.write(await this.#connected(), this.#heads);
    } catch (error) {
      this.#lost(error);
    }
  }

  async #writeBatch(): Promise<void> {
    const month = monthOf(this.#queue[0]?.event.at ?? new Date());
    const batch = this.#takeBatch(month);
    this.#flying = batch;
    const started = performance.now();
    try {
      const connection = await this.#connected();
      const head = await this.#headOf(connection, month);
      const events = chained(this.#options.key, head, batch);
      await connection.insert(month, events);
      const last = events.at(-1);
      if (last !== undefined)
        this.#heads.set(chainName(last), { month, instance: last.instance, seq: last.seq, code: last.code });
      this.#options.observer.written(batch.length, (performance.now() - started) / 1_000);
      for (const waiter of batch) settle(waiter, waiter.resolve);
    } catch (error) {
      this.#lost(error);
      this.#reject(batch, 'failed');
    }
    this.#flying = [];
    if (this.#checkpoints.pressing(this.#heads) && this.#connection !== null) {
      await this.#checkpoints.write(this.#connection, this.#heads).catch((error: unknown) => {
        this.#lost(error);
      });
    }
  }

  /** The next events of one month, in the order in which they came. Those whose callers were refused already are left out. */
  #takeBatch(month: string): Waiter[] {
    const batch: Waiter[] = [];
    let subjects = 0;
    let taken = 0;
    for (const waiter of this.#queue) {
      const size = waiter.event.subjects.size;
      if (batch.length > 0 && (batch.length === BATCH_EVENTS || subjects + size > BATCH_SUBJECTS)) break;
      if (monthOf(waiter.event.at) !== month) break;
      taken += 1;
      if (waiter.settled) continue;
      subjects += size;
      batch.push(waiter);
    }
    this.#queue = this.#queue.slice(taken);
    return batch;
  }

  async #connected(): Promise<LogConnection> {
    if (this.#connection?.broken === true) this.#lost(null);
    const { url, timeoutMs } = this.#options;
    return (this.#connection ??= await LogConnection.open({ url, timeoutMs, instance: this.instance }));
  }

  async #headOf(connection: LogConnection, month: string): Promise<ChainHead> {
    const place = { month, instance: this.instance };
    const known = this.#heads.get(chainName(place));
    if (known !== undefined) return known;
    const found = await connection.headOf(month);
    // A server that is never restarted sees to its months itself, with some to spare: a failure costs nothing yet.
    if (found === null && this.#heads.size > 0) {
      await connection.ensureMonths().catch((error: unknown) => {
        this.#options.observer.failed(error);
      });
    }
    const head = found ?? { ...place, seq: 0, code: chainStart(this.#options.key, place) };
    this.#heads.set(chainName(place), head);
    return head;
  }

  /** After a failure nobody knows what was committed: the next batch asks the database where the chains end. */
  #lost(error: unknown): void {
    if (error !== null) this.#options.observer.failed(error);
    this.#connection?.close();
    this.#connection = null;
    this.#heads.clear();
    this.#checkpoints.forget();
  }

  #refuseSlow(): void {
    const limit = performance.now() - this.#options.timeoutMs;
    const slow = [...this.#flying, ...this.#queue].filter((waiter) => !waiter.settled && waiter.since < limit);
    if (slow.length > 0) this.#reject(slow, 'slow');
  }

  #reject(waiters: readonly Waiter[], reason: RefusalReason): void {
    const open = waiters.filter((waiter) => !waiter.settled);
    if (open.length === 0) return;
    this.#options.observer.refused(reason, open.length);
    for (const waiter of open) {
      settle(waiter, () => {
        waiter.reject(unavailable());
      });
    }
  }
}

function settle(waiter: Waiter, how: () => void): void {
  if (waiter.settled) return;
  waiter.settled = true;
  how();
}

function unavailable(): GatewayError {
  return new GatewayError('SERVICE_UNAVAILABLE', DATABASE_AWAY);
}

function chained(key: KeyObject, head: ChainHead, batch: readonly Waiter[]): SealedEvent[] {
  let { seq, code } = head;
  const { month, instance } = head;
  return batch.map(({ event }) => {
    seq += 1;
    const next = sealed(key, code, { month, instance, seq }, event);
    code = next.code;
    return next;
  });
}

/** PostgreSQL takes no NUL in a text, and one such text would fail the batch of everybody. */
function storable(event: ReadEvent): ReadEvent {
  const clean = (text: string | null): string | null => (text === null ? null : text.replaceAll('\0', '\u{FFFD}'));
  const texts = [event.purpose, event.matter, event.operationName, event.requestId];
  if (!texts.some((text) => text?.includes('\0') === true)) return event;
  return {
    ...event,
    purpose: clean(event.purpose),
    matter: clean(event.matter),
    operationName: clean(event.operationName),
    requestId: clean(event.requestId) ?? '',
  };
}
