/**
 * COPY … TO STDOUT as a query of `pg`: the cheapest way to get many rows, with the brake of TCP: what is not taken stays with the
 * database. Rows come as text, one for each column, as the COPY text format has them (PostgreSQL, "COPY", File Formats).
 */
import type pg from 'pg';
import type { SnapshotRow } from './snapshot.ts';

/** The part of a connection's socket that brakes it. */
interface Brake {
  pause(): unknown;
  resume(): unknown;
}

interface CopyConnection {
  readonly stream: Brake;
  query(text: string): void;
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Submitted once. `pg` calls its handlers as the answer comes. */
export class CopyRows implements pg.Submittable {
  readonly #text: string;
  readonly #size: number;
  readonly #waiting: string[][] = [];
  #lines: string[] = [];
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
  async next(): Promise<readonly SnapshotRow[] | null> {
    for (;;) {
      const lines = this.#waiting.shift();
      if (lines !== undefined) {
        if (this.#waiting.length === 0) this.#stream?.resume();
        return lines.map(columnsOf);
      }
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  submit(connection: pg.Connection): void {
    if (!isCopyConnection(connection)) throw new Error('This version of pg has another connection than this was written for.');
    this.#stream = connection.stream;
    connection.query(this.#text);
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    // Read at once: the bytes lie in a buffer that is used again.
    if (this.#lines.push(chunk.toString('utf8')) < this.#size) return;
    this.#cut();
    // One batch is used, one waits: the third stays with the database.
    if (this.#waiting.length > 1) this.#stream?.pause();
  }

  handleError(error: unknown): void {
    this.#error = error instanceof Error ? error : new Error(String(error));
    this.#notify();
  }

  handleReadyForQuery(): void {
    if (this.#lines.length > 0) this.#cut();
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
    this.#waiting.push(this.#lines);
    this.#lines = [];
    this.#notify();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }
}

function isCopyConnection(connection: object): connection is CopyConnection {
  return (
    'query' in connection &&
    'stream' in connection &&
    typeof connection.stream === 'object' &&
    connection.stream !== null &&
    'pause' in connection.stream
  );
}

/** One line, with its line feed. */
function columnsOf(line: string): SnapshotRow {
  const escaped = line.includes('\\');
  const columns = line.slice(0, -1).split('\t');
  return escaped ? columns.map((column) => (column === '\\N' ? null : unescaped(column))) : columns;
}

function unescaped(column: string): string {
  if (!column.includes('\\')) return column;
  return column.replace(/\\([0-7]{1,3}|x[0-9a-fA-F]{1,2}|[^])/g, (_, word: string) => {
    if (word.startsWith('x') && word.length > 1) return String.fromCharCode(parseInt(word.slice(1), 16));
    if (/^[0-7]/.test(word)) return String.fromCharCode(parseInt(word, 8));
    return ESCAPES[word] ?? word;
  });
}
