/** One row of a statement, read in place: its number says what kind of row it is, its texts stay where the driver put them. */
import type { EntryStatus } from '../access/index.ts';
import type { RowFactsOf } from './branches.ts';
import type { CompiledRead } from './compile-read.ts';
import type { StoredRow } from './read-plan.ts';
import type { TextRow } from './statement.ts';

export class RowOfTexts implements StoredRow {
  constructor(
    readonly facts: RowFactsOf,
    readonly texts: TextRow,
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
    return this.#column(this.columns.sort);
  }
  get layout(): ReadonlyMap<string, number> {
    return this.facts.layout.slots;
  }

  at(slot: number): string | null {
    return this.columns.v === undefined ? null : (this.texts[this.columns.v + slot] ?? null);
  }

  #column(place: number | undefined): string | null {
    return place === undefined ? null : (this.texts[place] ?? null);
  }
}
