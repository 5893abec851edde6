/** One row of a statement, read in place: its number says what kind of row it is, its texts stay where the driver put them. */
import type { EntryStatus } from '../access/index.ts';
import type { RowFactsOf } from './branches.ts';
import type { CompiledRead } from './compile-read.ts';
import type { StoredRow } from './read-plan.ts';
import { bytesOf, textOf } from '../wire-text.ts';
import type { WireRow, WireText } from '../wire-text.ts';

export class RowOfTexts implements StoredRow {
  constructor(
    readonly facts: RowFactsOf,
    readonly values: WireRow,
    readonly columns: CompiledRead['columns'],
    readonly subjectId: string,
  ) {}

  get entryId(): string | null {
    return this.facts.branch.family === 'SUBJECT' ? null : this.#column(this.columns.id);
  }
  get itemCode(): string {
    return this.facts.layout.selection.item.code;
  }
  get person(): boolean {
    return this.facts.person;
  }
  get own(): boolean {
    return this.facts.own;
  }
  get expired(): boolean {
    return this.facts.expired;
  }
  get status(): EntryStatus {
    return this.facts.status;
  }
  get disputed(): boolean {
    return this.facts.flag && this.facts.branch.family === 'ENTRY';
  }
  get registered(): boolean {
    return this.facts.flag && this.facts.branch.family === 'SUBJECT';
  }
  get receivedAt(): string | null {
    return this.#column(this.columns.received);
  }
  get updatedAt(): string | null {
    return this.#column(this.columns.updated);
  }
  get kind(): string | null {
    return this.#column(this.columns.kind);
  }
  get sortKey(): string | null {
    const place = this.columns.sort;
    const key = place === undefined ? null : (this.values[place] ?? null);
    return key === null ? null : textOf(key);
  }
  get layout(): ReadonlyMap<string, number> {
    return this.facts.layout.slots;
  }

  at(slot: number): WireText | null {
    return this.columns.v === undefined ? null : (this.values[this.columns.v + slot] ?? null);
  }

  /** An id, an instant or a word: ASCII. */
  #column(place: number | undefined): string | null {
    const value = place === undefined ? null : (this.values[place] ?? null);
    return value === null ? null : bytesOf(value);
  }
}
