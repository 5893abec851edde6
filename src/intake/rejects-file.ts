/**
 * The rejects file: the rows that were not taken, as they came, with what is wrong beside them. A clerk mends the cells and
 * imports the same file again. UTF-8 with a byte order mark, without which spreadsheet programs garble Chinese.
 */
import { open, realpath, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OperatorError } from '../errors.ts';
import { formatRecord } from './csv-records.ts';
import { REJECT_COLUMNS, type HeaderMapping } from './header.ts';
import type { RowProblem } from './row-problem.ts';
import { errorCode } from './source-file.ts';

/** Rows are written together: one write a row would cost more than checking it. */
const BUFFERED_CHARACTERS = 256 * 1024;

export class RejectsFile {
  private readonly path: string;
  private readonly header: HeaderMapping;
  /** positions of the columns that were in the original file, without the notes of an earlier rejects file */
  private readonly kept: readonly number[];
  private readonly partial: string;
  private handle: FileHandle | null = null;
  private lines: string[] = [];
  private buffered = 0;
  /** rows added so far */
  count = 0;

  private constructor(path: string, header: HeaderMapping) {
    this.path = path;
    this.header = header;
    this.kept = header.columns.flatMap((column, at) => (column.kind === 'REJECT_NOTE' ? [] : [at]));
    // Whoever looks for the rejects never finds half of them.
    this.partial = join(dirname(path), `.${basename(path)}.${process.pid}.partial`);
  }

  /**
   * Nothing is created before the first reject, but whether it could be is known from the start.
   * @throws OperatorError when the place cannot be written to, or is the input file
   */
  static async prepare(path: string, header: HeaderMapping, inputPath: string): Promise<RejectsFile> {
    const rejects = new RejectsFile(path, header);
    const existing = await realpath(path).catch(() => null);
    if (existing !== null && existing === (await realpath(inputPath).catch(() => null))) {
      throw new OperatorError(`The rejects would overwrite the file that is imported (${path}); name another with --rejects.`);
    }
    try {
      if (existing !== null) await (await open(path, 'r+')).close();
      await (await open(rejects.partial, 'w', 0o600)).close();
      await rm(rejects.partial);
    } catch (error) {
      throw new OperatorError(
        `Rejected rows could not be written to ${path} (${errorCode(error) ?? 'unknown reason'}); name a place you may write to with --rejects.`,
        {
          cause: error,
        },
      );
    }
    return rejects;
  }

  /** @param number the row's number in the file; @param cells as they came */
  async add(number: number, cells: readonly string[], problems: readonly RowProblem[]): Promise<void> {
    this.count += 1;
    const fields = problems.map((problem) => problem.field ?? '').join(';');
    const codes = problems.map((problem) => problem.code).join(';');
    const messages = problems.map((problem) => problem.message).join('；');
    this.line([...this.originalCells(cells), String(number), fields, codes, messages]);
    if (this.buffered > BUFFERED_CHARACTERS) await this.write();
  }

  /** Puts the file in its place. Returns its path, or null when there was nothing to reject. */
  async finish(): Promise<string | null> {
    if (this.count === 0) return null;
    await this.write();
    await this.handle?.close();
    this.handle = null;
    await rename(this.partial, this.path);
    return this.path;
  }

  /** Leaves nothing behind; after `finish` there is nothing to leave. */
  async discard(): Promise<void> {
    if (this.handle === null) return;
    await this.handle.close();
    this.handle = null;
    await rm(this.partial, { force: true });
  }

  /** A row with more cells than columns keeps them all: the surplus stands in its last cell, as the line had it. */
  private originalCells(cells: readonly string[]): readonly string[] {
    const width = this.header.names.length;
    const surplus = cells.length > width ? formatRecord(cells.slice(width - 1)) : null;
    return this.kept.map((at) => (surplus !== null && at === width - 1 ? surplus : (cells[at] ?? '')));
  }

  private line(cells: readonly string[]): void {
    const line = `${formatRecord(cells)}\r\n`;
    this.lines.push(line);
    this.buffered += line.length;
  }

  private async write(): Promise<void> {
    let text = this.lines.join('');
    this.lines = [];
    this.buffered = 0;
    if (this.handle === null) {
      // The rows may hold identity numbers: nobody but the importing user reads them.
      this.handle = await open(this.partial, 'w', 0o600);
      const names = this.kept.map((at) => this.header.names[at] ?? '');
      text = `\ufeff${formatRecord([...names, ...REJECT_COLUMNS])}\r\n${text}`;
    }
    await this.handle.writeFile(text);
  }
}
