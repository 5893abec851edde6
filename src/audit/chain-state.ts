/** Where the verifier stands in one chain, and where rows say that they stand. */
import { chainName, type ChainedEvent, type ChainPlace } from './chain.ts';

export interface Doubt {
  readonly event: ChainedEvent;
  readonly previous: Buffer;
  /** the event after it continues its code: so the code is genuine */
  vouched: boolean;
}

export interface ChainState {
  readonly place: Pick<ChainPlace, 'month' | 'instance'>;
  readonly name: string;
  /** the code of the row before; null: there is none to go on from */
  previous: Buffer | null;
  /** the seq of the row before */
  seq: number;
  /** by how much rows stand after the place they were written at */
  shift: number;
  moved: { from: number; to: number } | null;
  pending: Doubt | null;
  /** seems to be inserted, because the event after it closes without it; or the two changed places, which the next one tells */
  inserted: Doubt | null;
  readonly doubts: Doubt[];
}

export function startOf({ month, instance }: Pick<ChainPlace, 'month' | 'instance'>, previous: Buffer, seq: number): ChainState {
  const place = { month, instance };
  return { place, name: chainName(place), previous, seq, shift: 0, moved: null, pending: null, inserted: null, doubts: [] };
}

export function placeOf(row: unknown): ChainPlace | null {
  if (typeof row !== 'object' || row === null || !('month' in row) || !('instance' in row) || !('seq' in row)) return null;
  const { month, instance } = row;
  const seq = Number(row.seq);
  return typeof month === 'string' && typeof instance === 'string' && Number.isSafeInteger(seq) ? { month, instance, seq } : null;
}

export function codeOf(row: unknown): Buffer | null {
  if (typeof row !== 'object' || row === null || !('code' in row) || typeof row.code !== 'string') return null;
  return Buffer.from(row.code, 'hex');
}

export function nameOf(row: unknown): string {
  if (typeof row !== 'object' || row === null || !('instance' in row) || !('number' in row)) return 'it names no instance';
  return `${String(row.number)} of instance ${String(row.instance)}`;
}
