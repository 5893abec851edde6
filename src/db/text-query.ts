/**
 * One statement on one connection, with its rows as PostgreSQL sends them: UTF-8 per column, and nothing read that its reader
 * does not ask for. Everything goes to the server in one message. Texts that last stay prepared on the connection.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { asWire } from '../wire-text.ts';
import type { WireRow, WireText } from '../wire-text.ts';
import { DATA_ROW, tapMessages } from './message-tap.ts';

export interface TextStatement {
  readonly text: string;
  readonly values: readonly (string | readonly string[])[];
  /** whether one plan serves all values, so that the text may stay prepared; default: no */
  readonly lasting?: boolean;
}

/** Runs before the statement, in its transaction; returns no row. */
export interface Prelude {
  readonly text: string;
  readonly values: readonly string[];
}

/** By connection: text -> the name it is prepared under, the least recently used first. */
const PREPARED = new WeakMap<pg.Connection, Map<string, string>>();

export class TextQuery implements pg.Submittable {
  readonly #rows: WireRow[] = [];
  #error: Error | null = null;

  /**
   * @param prelude travels with the statement; PostgreSQL runs everything up to a Sync as one transaction
   * @param keep how many texts stay prepared on a connection; 0: none
   * @param done is told once, when the connection is free again or lost
   */
  constructor(
    readonly statement: TextStatement,
    readonly prelude: Prelude | null,
    readonly keep: number,
    readonly done: (error: Error | null, rows: WireRow[]) => void,
  ) {}

  submit(connection: pg.Connection): void {
    tapMessages(connection, DATA_ROW, (bytes, start, end) => {
      this.#rows.push(rowOf(bytes, start, end));
    });
    connection.stream.cork();
    try {
      if (this.prelude !== null) this.#send(connection, { ...this.prelude, lasting: true });
      this.#send(connection, this.statement);
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
  }

  #send(connection: pg.Connection, { text, values, lasting = false }: TextStatement): void {
    const name = lasting && this.keep > 0 ? this.#prepare(connection, text) : '';
    if (name === '') connection.parse({ name, text, types: [] }, true);
    connection.bind({ portal: '', statement: name, values: values.map(parameter), binary: '' }, true);
    connection.execute({ portal: '', rows: '' }, true);
  }

  /** A connection on which anything fails is closed, so what is noted here before the server has said yes is never used in vain. */
  #prepare(connection: pg.Connection, text: string): string {
    let prepared = PREPARED.get(connection);
    if (prepared === undefined) {
      prepared = new Map();
      PREPARED.set(connection, prepared);
    }
    let name = prepared.get(text);
    prepared.delete(text);
    if (name === undefined) {
      name = `gateway_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
      // Besides the prelude's, which is used every time and therefore never the oldest.
      const [oldest] = prepared.size > this.keep ? prepared : [];
      if (oldest !== undefined) {
        prepared.delete(oldest[0]);
        connection.close({ type: 'S', name: oldest[1] }, true);
      }
      connection.parse({ name, text, types: [] }, true);
    }
    prepared.set(text, name);
    return name;
  }

  handleReadyForQuery(): void {
    this.done(this.#error, this.#rows);
  }

  handleError(error: Error): void {
    if (this.#error !== null) return;
    this.#error = error;
    this.done(error, []);
  }

  handleDataRow(): void {
    throw new Error('A row came another way than the one that was laid for it.');
  }

  // The names of columns and the ends of commands say nothing here: the statement's writer knows them.
  handleRowDescription(): void {
    // see above
  }
  handleCommandComplete(): void {
    // see above
  }
  handleEmptyQuery(): void {
    // see above
  }
  handlePortalSuspended(): void {
    // see above
  }
}

/** PostgreSQL, "Message Formats", DataRow: how many columns; of each its length, or -1 for NULL, and its bytes. */
function rowOf(bytes: Buffer, start: number, end: number): WireRow {
  const count = bytes.readInt16BE(start);
  // One copy for all values: they are parts of it.
  const whole = bytes.toString('latin1', start, end);
  const row = new Array<WireText | null>(count);
  let at = 2;
  for (let column = 0; column < count; column += 1) {
    const length = bytes.readInt32BE(start + at);
    at += 4;
    if (length < 0) {
      row[column] = null;
      continue;
    }
    row[column] = asWire(whole.slice(at, at + length));
    at += length;
  }
  return row;
}

/** A list as the text of a one-dimensional array. */
function parameter(value: string | readonly string[]): string {
  if (typeof value === 'string') return value;
  return `{${value.map((element) => `"${element.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`;
}
