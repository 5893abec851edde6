/**
 * CSV text → records (RFC 4180), in constant memory.
 *
 * A streaming CSV library gives up, or swallows the rest of the file, at a quotation mark that is never closed. Here one bad
 * row must not cost the others: a record that cannot be read is given up at the end of its first line, and reading goes on
 * with the next line. The rows without any quotation mark, nearly all, take one `split`.
 */

export interface CsvRecord {
  /** as a spreadsheet counts: the first record is 1, blank lines count, a record over several lines is one */
  readonly number: number;
  readonly cells: readonly string[];
  /** the record's quoting is broken, or it has too many or too few cells; `cells` is the best reading of its first line */
  readonly broken: boolean;
}

/** A quoted cell longer than this is a mark that was never closed: the longest field of a catalog has some thousand characters. */
const MAX_RECORD_LINES = 500;
const MAX_RECORD_CHARACTERS = 200_000;
/** A line without end is no table; holding it would let memory grow with the file. */
const MAX_LINE_CHARACTERS = 4_000_000;

/** Thrown for text that is no CSV at all: a line of more than 4 million characters. */
export class EndlessLineError extends Error {
  override readonly name = 'EndlessLineError';
}

/** Reads text as it comes: `push` it, then `take` records until null; after the last piece, `end` and take the rest. */
export class CsvReader {
  private readonly delimiter: string;
  /** cells of the header; null while the header is still to come, and not checked then */
  private width: number | null = null;
  /** whole physical lines that are not yet part of a record, from `next` on */
  private lines: string[] = [];
  private next = 0;
  private remainder = '';
  private ended = false;
  private number = 0;
  private lineEnd: '\n' | '\r' | null = null;

  constructor(delimiter: string) {
    this.delimiter = delimiter;
  }

  /** From now on a record with another number of cells is broken. */
  expectCells(width: number): void {
    this.width = width;
  }

  push(text: string): void {
    const unread = this.remainder + text;
    // Files from very old Macintosh programs end their lines with a carriage return alone.
    this.lineEnd ??= unread.includes('\n') ? '\n' : /\r[^\n]/.test(unread) ? '\r' : null;
    const pieces = this.lineEnd === null ? [unread] : unread.split(this.lineEnd);
    this.remainder = pieces.pop() ?? '';
    if (this.remainder.length > MAX_LINE_CHARACTERS) throw new EndlessLineError('a line has no end');
    // Lines are only ever held for one piece of text and one unfinished record.
    this.lines = this.next === this.lines.length ? pieces : [...this.lines.slice(this.next), ...pieces];
    this.next = 0;
  }

  end(): void {
    if (this.remainder !== '') this.lines.push(this.remainder);
    this.remainder = '';
    this.ended = true;
  }

  /** The next record; null when more text is needed, or after the end. Blank lines are passed over. */
  take(): CsvRecord | null {
    for (;;) {
      const line = this.lines[this.next];
      if (line === undefined) return null;
      const text = withoutReturn(line);
      if (text.trim() === '' && !text.includes(this.delimiter)) {
        this.next += 1;
        this.number += 1;
        continue;
      }
      const cells = text.includes('"') ? this.takeQuoted(text) : this.takePlain(text);
      if (cells === null) return null;
      this.number += 1;
      return { number: this.number, ...cells };
    }
  }

  private takePlain(text: string): { cells: readonly string[]; broken: boolean } {
    this.next += 1;
    const cells = text.split(this.delimiter);
    return { cells, broken: !this.fits(cells) };
  }

  private takeQuoted(first: string): { cells: readonly string[]; broken: boolean } | null {
    let text = first;
    for (let count = 1; ; count += 1) {
      const parsed = splitQuoted(text, this.delimiter);
      if (parsed !== 'open' && parsed !== 'broken' && (count === 1 || this.fits(parsed))) {
        this.next += count;
        return { cells: parsed, broken: !this.fits(parsed) };
      }
      const line = parsed === 'open' ? this.lines[this.next + count] : undefined;
      if (line === undefined || count >= MAX_RECORD_LINES || text.length > MAX_RECORD_CHARACTERS) {
        const mayContinue =
          parsed === 'open' && line === undefined && count < MAX_RECORD_LINES && text.length <= MAX_RECORD_CHARACTERS;
        if (mayContinue && !this.ended) return null;
        this.next += 1;
        return { cells: first.split(this.delimiter), broken: true };
      }
      text += `\n${withoutReturn(line)}`;
    }
  }

  private fits(cells: readonly string[]): boolean {
    return this.width === null || cells.length === this.width;
  }
}

/**
 * The cells of one record with quotation marks; 'open' when it ends inside a quoted cell, 'broken' when something other than
 * a delimiter follows a closing mark. A mark inside an unquoted cell is an ordinary character (5" pipe).
 */
export function splitQuoted(text: string, delimiter: string): string[] | 'open' | 'broken' {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      let cell = '';
      let from = at + 1;
      for (;;) {
        const mark = text.indexOf('"', from);
        if (mark < 0) return 'open';
        cell += text.slice(from, mark);
        from = mark + 1;
        if (text[from] !== '"') break;
        cell += '"';
        from += 1;
      }
      cells.push(cell);
      if (from >= text.length) return cells;
      if (text[from] !== delimiter) return 'broken';
      at = from + 1;
    } else {
      const end = text.indexOf(delimiter, at);
      if (end < 0) {
        cells.push(text.slice(at));
        return cells;
      }
      cells.push(text.slice(at, end));
      at = end + 1;
    }
  }
}

/** One record as CSV text without its line end; a cell is quoted where it must be. */
export function formatRecord(cells: readonly string[], delimiter = ','): string {
  return cells
    .map((cell) =>
      cell.includes('"') || /[\r\n]/.test(cell) || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell,
    )
    .join(delimiter);
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
