/**
 * Says now and then, under the instance's own code, where the chains end: its own, and those of others that have moved since. A cut
 * tail, or a chain that is gone, then contradicts somebody.
 */
import type { KeyObject } from 'node:crypto';
import { chainName, checkpointCode, type ChainHead, type Checkpoint, type CheckpointKind } from './chain.ts';
import type { LogConnection } from './log-connection.ts';
import { monthBefore, monthOf } from './month.ts';

/** A tail shorter than this, in events or in time, can be cut without contradiction if nobody else has vouched for it. */
const EVERY_EVENTS = 10_000;
const EVERY_MS = 60_000;

export interface CheckpointWriterOptions {
  readonly instance: string;
  readonly key: KeyObject;
  readonly vouched: (heads: readonly ChainHead[]) => void;
}

export class CheckpointWriter {
  readonly #options: CheckpointWriterOptions;
  /** seq of each chain as this instance last vouched for it */
  readonly #vouched = new Map<string, number>();
  /** undefined: to be read from the database first */
  #last: { readonly number: number; readonly code: Buffer } | null | undefined = null;
  #at = performance.now();

  constructor(options: CheckpointWriterOptions) {
    this.#options = options;
  }

  /** Vouches for every chain since anybody did, with a month to spare: what a killed instance left unsealed is sealed here. */
  async start(connection: LogConnection): Promise<void> {
    const since = await connection.lastVouched();
    const heads = await connection.heads(since === null ? '0001-01-01' : monthBefore(monthOf(since)));
    await this.#write(connection, 'START', heads);
  }

  /** Time has passed, and something has happened. */
  due(own: ReadonlyMap<string, ChainHead>): boolean {
    return performance.now() - this.#at >= EVERY_MS && this.#unvouched(own) > 0;
  }

  /** So much has happened that the queue may wait for a moment. */
  pressing(own: ReadonlyMap<string, ChainHead>): boolean {
    return this.#unvouched(own) >= EVERY_EVENTS || this.due(own);
  }

  async write(connection: LogConnection, own: ReadonlyMap<string, ChainHead>): Promise<void> {
    await this.#write(connection, 'RUNNING', await this.#moved(connection, own));
  }

  async end(connection: LogConnection, own: ReadonlyMap<string, ChainHead>): Promise<void> {
    await this.#write(connection, 'END', await this.#moved(connection, own));
  }

  /** What the database holds of ours is no longer known. */
  forget(): void {
    this.#last = undefined;
  }

  async #moved(connection: LogConnection, own: ReadonlyMap<string, ChainHead>): Promise<ChainHead[]> {
    const heads = new Map((await connection.heads(monthBefore(monthOf(new Date())))).map((head) => [chainName(head), head]));
    // Of its own chains, of whatever month, an instance knows better than any table.
    for (const [name, head] of own) if (head.seq > 0) heads.set(name, head);
    return [...heads.values()].filter((head) => this.#vouched.get(chainName(head)) !== head.seq);
  }

  #unvouched(own: ReadonlyMap<string, ChainHead>): number {
    let count = 0;
    for (const [name, { seq }] of own) count += seq - (this.#vouched.get(name) ?? 0);
    return count;
  }

  async #write(connection: LogConnection, kind: CheckpointKind, heads: readonly ChainHead[]): Promise<void> {
    const { instance, key, vouched } = this.#options;
    const last = this.#last === undefined ? await connection.lastCheckpoint() : this.#last;
    const draft: Omit<Checkpoint, 'code'> = { instance, number: (last?.number ?? 0) + 1, at: new Date(), kind, heads };
    const code = checkpointCode(key, last?.code ?? null, draft);
    await connection.insertCheckpoint({ ...draft, code });
    this.#last = { number: draft.number, code };
    this.#at = performance.now();
    for (const head of heads) this.#vouched.set(chainName(head), head.seq);
    vouched(heads);
  }
}
