/**
 * What an answer shows and what it does not: `extensions.access` (DESIGN §3), one line per coordinate and item, never per row;
 * and, for the log of reads, whose data of which items are in it.
 */
import type { Permission } from '../catalog/model.ts';
import type { WithheldReason } from '../access/index.ts';
import type { RowClass } from './judge-rows.ts';

export interface AccessLine {
  readonly coordinate: string;
  /** catalog code */
  readonly item: string;
  readonly field: string;
  readonly outcome: 'WITHHELD' | 'MASKED';
  readonly required: Permission;
  readonly reason: WithheldReason;
  /** rows concerned, whatever their values */
  count: number;
}

/** What of one item is in the answer. A field may be in several sets: rows of one item are decided by class. */
export interface ItemReport {
  rows: number;
  /** keys of fields that were asked for, by what became of them */
  readonly clear: Set<string>;
  readonly masked: Set<string>;
  readonly withheld: Set<string>;
}

export class AccessReport {
  readonly #lines = new Map<string, AccessLine>();
  /** ids of the subjects whose data, or whose entries' data, are in the answer */
  readonly subjects = new Set<string>();
  /** those of them that are natural persons */
  readonly persons = new Set<string>();
  /** by catalog code */
  readonly items = new Map<string, ItemReport>();

  /** Rows of one class that are in the answer. */
  add({ selection: { item, wanted }, decision }: RowClass, rows: number): void {
    let about = this.items.get(item.code);
    if (about === undefined) {
      about = { rows: 0, clear: new Set(), masked: new Set(), withheld: new Set() };
      this.items.set(item.code, about);
    }
    about.rows += rows;
    for (const { field, coordinates } of wanted) {
      if (field === null) continue;
      const decided = decision.field(field.key);
      if (decided.outcome === 'OPEN') {
        about.clear.add(field.key);
        continue;
      }
      const { outcome, required, reason } = decided;
      (outcome === 'MASKED' ? about.masked : about.withheld).add(field.key);
      for (const coordinate of coordinates)
        this.#line({ coordinate, item: item.code, field: field.key, outcome, required, reason }, rows);
    }
  }

  get lines(): readonly AccessLine[] {
    return [...this.#lines.values()];
  }

  get withheld(): readonly AccessLine[] {
    return this.lines.filter((line) => line.outcome === 'WITHHELD');
  }

  #line(line: Omit<AccessLine, 'count'>, rows: number): void {
    const key = `${line.coordinate}\u0000${line.item}\u0000${line.field}\u0000${line.outcome}\u0000${line.required}\u0000${line.reason}`;
    const known = this.#lines.get(key);
    if (known === undefined) this.#lines.set(key, { ...line, count: rows });
    else known.count += rows;
  }
}
