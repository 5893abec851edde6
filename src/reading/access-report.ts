/** `extensions.access` (DESIGN §3): what was withheld or masked, one line per coordinate and item, never per row. */
import type { Permission } from '../catalog/model.ts';
import type { WithheldReason } from '../access/index.ts';

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

export class AccessReport {
  readonly #lines = new Map<string, AccessLine>();

  add(line: Omit<AccessLine, 'count'>, rows: number): void {
    const key = `${line.coordinate}\u0000${line.item}\u0000${line.field}\u0000${line.outcome}\u0000${line.required}\u0000${line.reason}`;
    const known = this.#lines.get(key);
    if (known === undefined) this.#lines.set(key, { ...line, count: rows });
    else known.count += rows;
  }

  get lines(): readonly AccessLine[] {
    return [...this.#lines.values()];
  }

  get withheld(): readonly AccessLine[] {
    return this.lines.filter((line) => line.outcome === 'WITHHELD');
  }
}
