/**
 * Goes along the chains of the read log and says what was done to them. Pure: it is fed checkpoints, then events in the order of
 * month, instance and seq, from the database or from a file, and keeps no more than one event of each chain it doubts.
 */
import type { KeyObject } from 'node:crypto';
import { chainName, type ChainedEvent, type ChainHead, chainStart, type Checkpoint, checkpointCode, eventCode } from './chain.ts';
import { type ChainState, codeOf, type Doubt, nameOf, placeOf, startOf } from './chain-state.ts';
import type { Finding, FindingKind, Verified } from './finding.ts';
import { parseCheckpoint, parseEvent } from './stored-event.ts';

export interface VerifierOptions {
  readonly key: KeyObject;
  readonly onFinding: (finding: Finding) => void;
  /** false: what is fed is a part of the log, so that tails and chains may lie outside of it */
  readonly whole: boolean;
}

/** Doubtful events of one chain that are compared with each other to tell moved ones from edited ones. */
const DOUBTS = 100;

export class ChainVerifier {
  readonly #options: VerifierOptions;
  readonly #claims = new Map<string, ChainHead>();
  readonly #started = new Set<string>();
  readonly #ended = new Map<string, Set<string>>();
  readonly #pruned = new Set<string>();
  readonly #seen = new Set<string>();
  #checkpoint: Checkpoint | null = null;
  #chain: ChainState | null = null;
  #events = 0;
  #checkpoints = 0;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /** @param row a checkpoint as stored; fed before all events, in the order of instance and number */
  checkpoint(row: unknown): void {
    this.#checkpoints += 1;
    const checkpoint = parseCheckpoint(row);
    if (checkpoint === null) {
      this.#find('CHECKPOINT_EDITED', '', null, `A checkpoint is not in the form that the gateway writes: ${nameOf(row)}.`);
      return;
    }
    const { instance, number, heads, kind } = checkpoint;
    const before = this.#checkpoint?.instance === instance ? this.#checkpoint : null;
    this.#checkpoint = checkpoint;
    const expected = (before?.number ?? 0) + 1;
    if (number !== expected) {
      const range = number - 1 > expected ? `${String(expected)} to ${String(number - 1)}` : String(expected);
      this.#find('CHECKPOINT_DELETED', '', null, `Checkpoint ${range} of instance ${instance} is missing.`);
    } else if (!checkpointCode(this.#options.key, before?.code ?? null, checkpoint).equals(checkpoint.code)) {
      this.#find('CHECKPOINT_EDITED', '', null, `Checkpoint ${String(number)} of instance ${instance} was changed or forged.`);
      return;
    }
    if (kind === 'START') this.#started.add(instance);
    for (const head of heads) {
      const name = chainName(head);
      if (kind === 'PRUNED') this.#pruned.add(name);
      const known = this.#claims.get(name);
      if (known === undefined || known.seq < head.seq) this.#claims.set(name, head);
    }
    if (kind === 'END') this.#ended.set(instance, new Set(heads.map(chainName)));
  }

  /** The code before the first event of a part. That it is the right one shows when the first event fits to it. */
  anchor({ month, instance, seq, code }: ChainHead): void {
    this.#endChain();
    this.#chain = startOf({ month, instance }, code, seq);
  }

  /** @param row an event as stored */
  event(row: unknown): void {
    this.#events += 1;
    const place = placeOf(row);
    if (place === null) {
      this.#find('INSERTED', '', null, 'A row names no chain and no number: it is none of the gateway’s.');
      return;
    }
    const name = chainName(place);
    if (this.#chain?.name !== name) {
      this.#endChain();
      this.#chain = startOf(place, chainStart(this.#options.key, place), 0);
    }
    const chain = this.#chain;
    this.#seen.add(name);
    if (this.#pruned.has(name)) this.#find('INSERTED', name, place.seq, 'This chain was pruned, and here is an event of it.');
    if (place.seq > chain.seq + 1) {
      this.#settle(chain);
      const to = place.seq - 1;
      const which = to > chain.seq + 1 ? `Events ${String(chain.seq + 1)} to ${String(to)} are` : `Event ${String(to)} is`;
      this.#find('DELETED', name, chain.seq + 1, `${which} missing.`, to);
      chain.previous = null;
    } else if (place.seq <= chain.seq) {
      this.#find('INSERTED', name, place.seq, `Event ${String(place.seq)} stands where the chain cannot have one.`);
      return;
    }
    chain.seq = place.seq;
    this.#check(chain, place.seq, parseEvent(row), row);
    const claim = this.#claims.get(name);
    if (
      claim?.seq === place.seq - chain.shift &&
      chain.previous !== null &&
      !claim.code.equals(chain.previous) &&
      chain.pending === null
    ) {
      this.#find('EDITED', name, place.seq, `Event ${String(place.seq)} is not the one that a checkpoint vouches for.`);
    }
  }

  /** Call once, after the last event. */
  end(): Verified {
    this.#endChain();
    if (this.#options.whole) {
      for (const [name, { seq }] of this.#claims) {
        if (this.#seen.has(name) || this.#pruned.has(name)) continue;
        this.#find('CHAIN_MISSING', name, null, `The whole chain is missing: it had ${String(seq)} events or more.`);
      }
    }
    const open = [...this.#seen].filter((name) => {
      const instance = name.slice(name.indexOf('/') + 1);
      return !this.#ended.has(instance);
    });
    return { events: this.#events, chains: this.#seen.size, checkpoints: this.#checkpoints, open };
  }

  #check(chain: ChainState, seq: number, parsed: ReturnType<typeof parseEvent>, row: unknown): void {
    if (parsed?.consistent !== true) {
      this.#settle(chain);
      this.#find('EDITED', chain.name, seq, `Event ${String(seq)} is not in the form that the gateway writes: it was edited.`);
      chain.previous = parsed?.event.code ?? codeOf(row);
      return;
    }
    const { event } = parsed;
    const { previous, pending } = chain;
    chain.previous = event.code;
    if (previous === null) {
      chain.pending = null;
      return;
    }
    const fits = (before: Buffer, shift: number): boolean =>
      eventCode(this.#options.key, before, { ...chain.place, seq: seq - shift }, event).equals(event.code);
    if (fits(previous, chain.shift)) {
      if (pending !== null) this.#vouched(chain, pending);
      this.#move(chain, seq);
      return;
    }
    const { inserted, moved } = chain;
    if (inserted !== null && moved?.from === moved?.to && fits(inserted.event.code, chain.shift - 1)) {
      this.#swapped(chain, inserted.event.seq);
      return;
    }
    for (const shift of new Set([0, chain.shift + 1, chain.shift - 1])) {
      const without = pending !== null && shift === chain.shift + 1 && fits(pending.previous, shift);
      if (!without && !fits(previous, shift)) continue;
      if (!without && pending !== null) this.#vouched(chain, pending);
      this.#flushMoved(chain);
      if (without) chain.inserted = pending;
      chain.pending = null;
      chain.shift = shift;
      this.#move(chain, seq);
      return;
    }
    if (pending !== null) chain.doubts.push(pending);
    chain.pending = { event, previous, vouched: false };
    if (chain.doubts.length > DOUBTS) this.#settle(chain);
  }

  /** The code of a doubtful event is genuine, so what it says is not; unless the code before it is false and it itself is not. */
  #vouched(chain: ChainState, pending: Doubt): void {
    pending.vouched = true;
    chain.pending = null;
    if (chain.doubts.length > 0) chain.doubts.push(pending);
    else this.#edited(chain, pending.event.seq);
  }

  #edited(chain: ChainState, seq: number): void {
    this.#find('EDITED', chain.name, seq, `Event ${String(seq)} was edited: it does not fit to its code.`);
  }

  #move(chain: ChainState, seq: number): void {
    if (chain.shift === 0) return;
    chain.moved = { from: chain.moved?.from ?? seq, to: seq };
  }

  #swapped(chain: ChainState, seq: number): void {
    for (const [at, written] of [
      [seq, seq + 1],
      [seq + 1, seq],
    ] as const)
      this.#movedTo(chain, at, written);
    chain.inserted = null;
    chain.moved = null;
    chain.shift -= 1;
  }

  #movedTo(chain: ChainState, seq: number, written: number): void {
    this.#find('REORDERED', chain.name, seq, `Event ${String(seq)} was moved: it was written as ${String(written)}.`);
  }

  #flushMoved(chain: ChainState): void {
    const { moved, shift, name, inserted } = chain;
    chain.moved = null;
    chain.inserted = null;
    if (inserted !== null) {
      const { seq } = inserted.event;
      this.#find('INSERTED', name, seq, `Event ${String(seq)} was inserted: the others close without it.`);
    }
    if (moved === null) return;
    const places = `${String(Math.abs(shift))} ${shift > 0 ? 'after' : 'before'}`;
    this.#find(
      'REORDERED',
      name,
      moved.from,
      `Events ${String(moved.from)} to ${String(moved.to)} stand ${places} where they were written.`,
      moved.to,
    );
  }

  /** Compares the doubtful events with each other's places: what fits elsewhere was moved, what fits nowhere was edited or inserted. */
  #settle(chain: ChainState): void {
    const doubts = chain.pending === null ? [...chain.doubts] : [...chain.doubts, chain.pending];
    const last = chain.pending;
    chain.pending = null;
    chain.doubts.length = 0;
    const codes = [...doubts.map(({ previous }) => previous), ...doubts.map(({ event }) => event.code)];
    const seqs = doubts.map(({ event }) => event.seq);
    const claim = this.#claims.get(chain.name);
    let lost: number | null = null;
    for (const doubt of doubts) {
      const { event, vouched } = doubt;
      const written = this.#placeWritten(chain, event, seqs, codes);
      if (written === event.seq) continue;
      if (written !== null) {
        this.#movedTo(chain, event.seq, written);
      } else if (lost === event.seq - 1 && vouched) {
        // Only what stands before it is false.
        continue;
      } else if (doubt === last && (claim === undefined || claim.seq < event.seq)) {
        this.#find(
          'INSERTED',
          chain.name,
          event.seq,
          `Event ${String(event.seq)} was inserted, or edited: no code of the gateway belongs to it.`,
        );
      } else this.#edited(chain, event.seq);
      lost = written === null ? event.seq : null;
    }
  }

  #placeWritten(chain: ChainState, event: ChainedEvent, seqs: readonly number[], codes: readonly Buffer[]): number | null {
    for (const seq of [event.seq, ...seqs]) {
      for (const code of codes) {
        if (eventCode(this.#options.key, code, { ...chain.place, seq }, event).equals(event.code)) return seq;
      }
    }
    return null;
  }

  #endChain(): void {
    const chain = this.#chain;
    this.#chain = null;
    if (chain === null) return;
    this.#settle(chain);
    this.#flushMoved(chain);
    if (!this.#options.whole) return;
    const claim = this.#claims.get(chain.name);
    if (claim !== undefined && claim.seq > chain.seq) {
      this.#find(
        'TRUNCATED',
        chain.name,
        chain.seq + 1,
        `The tail is missing, at least from ${String(chain.seq + 1)} to ${String(claim.seq)}.`,
        claim.seq,
      );
    }
    if (!this.#started.has(chain.place.instance)) {
      this.#find('CHECKPOINT_DELETED', chain.name, null, 'The checkpoint with which every instance begins is missing.');
    }
  }

  #find(kind: FindingKind, chain: string, seq: number | null, text: string, to: number | null = null): void {
    this.#options.onFinding({ kind, chain, seq, to, text });
  }
}
