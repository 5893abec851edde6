/**
 * COPY … TO STDOUT as a query of `pg`: the cheapest way to get many rows, with the brake of TCP: what is not taken stays with the
 * database. Rows come as UTF-8, one string for each column, out of the COPY text format (PostgreSQL, "COPY", File Formats).
 */
import type pg from 'pg';
import { asWire } from '../wire-text.ts';
import type { WireRow, WireText } from '../wire-text.ts';
import { COPY_DATA, tapMessages } from './message-tap.ts';

/** The part of a connection's socket that brakes it. */
interface Brake {
  pause(): unknown;
  resume(): unknown;
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Submitted once. `pg` calls its handlers as the answer comes. */
export class CopyRows implements pg.Submittable {
  readonly #text: string;
  readonly #size: number;
  readonly #waiting: WireRow[][] = [];
  #rows: WireRow[] = [];
  #ended = false;
  #error: Error | null = null;
  #stream: Brake | null = null;
  #wake: (() => void) | null = null;

  /** @param text `COPY (…) TO STDOUT` */
  constructor(text: string, size: number) {
    this.#text = text;
    this.#size = size;
  }

  /** The next rows, at most `size`; null after the last one. */
  async next(): Promise<readonly WireRow[] | null> {
    for (;;) {
      const rows = this.#waiting.shift();
      if (rows !== undefined) {
        if (this.#waiting.length === 0) this.#stream?.resume();
        return rows;
      }
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  submit(connection: pg.Connection): void {
    this.#stream = connection.stream;
    tapMessages(connection, COPY_DATA, (bytes, start, end) => {
      if (this.#rows.push(columnsOf(bytes.toString('latin1', start, end))) < this.#size) return;
      this.#cut();
      // One batch is used, one waits: the third stays with the database.
      if (this.#waiting.length > 1) this.#stream?.pause();
    });
    connection.query(this.#text);
  }

  handleError(error: unknown): void {
    this.#error = error instanceof Error ? error : new Error(String(error));
    this.#notify();
  }

  handleReadyForQuery(): void {
    if (this.#rows.length > 0) this.#cut();
    this.#ended = true;
    this.#notify();
  }

  handleCommandComplete(): void {
    // handleReadyForQuery follows.
  }

  handleRowDescription(): void {
    // COPY has none.
  }

  handleDataRow(): void {
    // COPY has none.
  }

  handleEmptyQuery(): void {
    // It is none.
  }

  handlePortalSuspended(): void {
    // It has no portal.
  }

  #cut(): void {
    this.#waiting.push(this.#rows);
    this.#rows = [];
    this.#notify();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }
}

/** @param line one character for each byte, with its line feed */
function columnsOf(line: string): WireRow {
  const columns: (WireText | null)[] = [];
  const read = hasEscapes(line) ? escapedValue : plainValue;
  const end = line.length - 1;
  for (let at = 0; at <= end;) {
    const tab = line.indexOf('\t', at);
    const next = tab < 0 ? end : tab;
    columns.push(read(line.slice(at, next)));
    at = next + 1;
  }
  return columns;
}

/** Whether there is a backslash that does not begin the mark of a NULL: asked once a line, not once a column. */
function hasEscapes(line: string): boolean {
  for (let at = line.indexOf('\\'); at >= 0; at = line.indexOf('\\', at + 2)) if (line[at + 1] !== 'N') return true;
  return false;
}

function plainValue(column: string): WireText | null {
  return column === '\\N' ? null : asWire(column);
}

/** What COPY writes escaped are single ASCII characters; octal and hexadecimal forms it only reads. */
function escapedValue(column: string): WireText | null {
  if (column === '\\N') return null;
  return asWire(column.replace(/\\([^])/g, (_, character: string) => ESCAPES[character] ?? character));
}
