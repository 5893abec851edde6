/** What a check found, each with everything that is needed to see it again. */
import type { Row } from './world.ts';

export interface Finding {
  readonly client: string;
  readonly channel: string;
  readonly item?: string;
  readonly field?: string;
  readonly state?: string;
  readonly expected: unknown;
  readonly got: unknown;
  readonly where?: string;
}

const LONGEST = 400;

export class Findings {
  readonly lines: string[] = [];

  constructor(
    readonly client: string,
    readonly channel: string,
  ) {}

  add(finding: Omit<Finding, 'client' | 'channel'>): void {
    const { item = '-', field = '-', state = '-', expected, got, where } = finding;
    const place = where === undefined ? '' : ` · at ${where}`;
    this.lines.push(
      `${this.client} · ${this.channel} · ${item} · ${field} · ${state} · expected ${shown(expected)} · got ${shown(got)}${place}`,
    );
  }

  /** The same for something of a row. */
  of(row: Row, field: string, expected: unknown, got: unknown, where: string): void {
    this.add({ item: row.item.typeName, field, state: row.state, expected, got, where });
  }
}

function shown(value: unknown): string {
  const text = value === undefined || value instanceof RegExp ? String(value) : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
