import { basename } from 'node:path';
import type { Catalog, CatalogItem } from '../catalog/model.ts';
import { explainConnectionError, type Database } from '../db/index.ts';
import { OperatorError } from '../errors.ts';
import { BatchStore, CatalogMovedError } from './batch-store.ts';
import { CsvReader, EndlessLineError } from './csv-records.ts';
import { findItem } from './find-item.ts';
import { knownColumns, mapHeader, type HeaderMapping } from './header.ts';
import { RejectsFile } from './rejects-file.ts';
import { RowDrafter, type IntakeKeys, type RowDraft } from './row-drafts.ts';
import { RowReader } from './row-reader.ts';
import { errorCode, inspectFile, readText, type SourceFile } from './source-file.ts';

export interface ImportRequest {
  /** catalog code or type name */
  readonly item: string;
  readonly path: string;
  /** where rejected rows go; null: `<input name>.rejects.csv` in the current directory */
  readonly rejectsPath: string | null;
  /** check everything, write nothing but the rejects file */
  readonly dryRun: boolean;
  readonly onProgress?: (progress: ImportProgress) => void;
}

export interface ImportProgress {
  readonly bytesRead: number;
  readonly bytes: number;
  readonly rows: number;
}

export interface ImportSummary {
  readonly item: CatalogItem;
  /** new */
  readonly accepted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly rejected: number;
  /** null when no row was rejected */
  readonly rejectsPath: string | null;
  readonly dryRun: boolean;
  readonly encoding: SourceFile['encoding'];
}

export interface IntakeDependencies {
  readonly database: Pick<Database, 'pool' | 'url'>;
  readonly keys: IntakeKeys;
  /** the catalog in force at that moment; null when none was published yet */
  readonly currentCatalog: () => Promise<Catalog | null>;
  /** what is worth doing once after many rows were written: folding the statistics. Answers do not depend on it. */
  readonly settle?: () => Promise<void>;
}

/** Rows of one transaction: enough to make its round trips cheap, few enough that a killed import repeats little. */
const BATCH_ROWS = 1_000;
/** Batches after which a long import settles what it has written so far. */
const SETTLE_EVERY = 100;
/** What must be given room before an import can go on: by SQLSTATE, and by the system's word where the rejects file is written. */
const NO_ROOM: Readonly<Record<string, string>> = {
  '53100': 'The disk of the database is full (数据库磁盘已满). Make room there.',
  ENOSPC: 'The disk on which the rejects file is written is full (磁盘已满). Make room, or name another place with --rejects.',
  EDQUOT: 'The disk on which the rejects file is written is full (磁盘已满). Make room, or name another place with --rejects.',
  EFBIG: 'The rejects file may not become any larger (ulimit). Name another place with --rejects.',
};
const DELIMITERS = [',', ';', '\t'];

/** A department's file → subjects and entries, by the published catalog (DESIGN §5, §6). */
export class IntakeService {
  private readonly dependencies: IntakeDependencies;

  constructor(dependencies: IntakeDependencies) {
    this.dependencies = dependencies;
  }

  /**
   * Reads the file as a stream and writes its good rows; memory does not grow with the file. Rows that are wrong go to the
   * rejects file and stop nothing. What was committed stays when the import is cut short, and importing the file again comes
   * to the same end as if it had not been.
   *
   * Where a key stands twice in the file, the last row wins. (Two differing rows of a key that lie in different batches count
   * as updates each time the file is imported, though the data end up the same.)
   *
   * @throws OperatorError when the file as a whole cannot be taken (nothing is imported then), and when the catalog or the database
   * goes away half way
   */
  async importFile(request: ImportRequest): Promise<ImportSummary> {
    const { catalog, item } = findItem(await this.dependencies.currentCatalog(), request.item);
    const source = await inspectFile(request.path);
    return new ImportRun(this.dependencies, catalog, item, source, request).finish();
  }
}

/** One import, from the first byte to the summary. */
class ImportRun {
  private readonly dependencies: IntakeDependencies;
  private catalog: Catalog;
  private readonly item: CatalogItem;
  private readonly source: SourceFile;
  private readonly request: ImportRequest;
  private readonly drafter: RowDrafter;
  private readonly store: BatchStore;
  private batch: RowDraft[] = [];
  /** the batch that is being written while the next one is read */
  private writing: Promise<void> = Promise.resolve();
  private rows = 0;
  private batches = 0;
  private accepted = 0;
  private updated = 0;
  private unchanged = 0;

  constructor(dependencies: IntakeDependencies, catalog: Catalog, item: CatalogItem, source: SourceFile, request: ImportRequest) {
    this.dependencies = dependencies;
    this.catalog = catalog;
    this.item = item;
    this.source = source;
    this.request = request;
    this.drafter = new RowDrafter(catalog, item, dependencies.keys);
    this.store = new BatchStore(dependencies.database.pool, item, request.dryRun);
  }

  async finish(): Promise<ImportSummary> {
    const { source, request, item } = this;
    const pieces = readText(source);
    const first = await pieces.next();
    const opening = first.done === true ? '' : first.value.text;
    const { csv, header } = this.readHeader(opening);
    const rejectsPath = request.rejectsPath ?? `${source.name.replace(/\.(csv|txt|tsv)$/i, '')}.rejects.csv`;
    const rejects = await RejectsFile.prepare(rejectsPath, header, source.path);
    try {
      const rows = new RowReader(item, header);
      await this.takeRows(csv, rows, rejects);
      for await (const { text, bytesRead } of pieces) {
        csv.push(text);
        await this.takeRows(csv, rows, rejects);
        request.onProgress?.({ bytesRead, bytes: source.bytes, rows: this.rows });
      }
      csv.end();
      await this.takeRows(csv, rows, rejects);
      await this.flush();
      await this.writing;
      if (!request.dryRun) await this.dependencies.settle?.();
      const { accepted, updated, unchanged } = this;
      const written = await rejects.finish();
      return {
        item,
        accepted,
        updated,
        unchanged,
        rejected: rejects.count,
        rejectsPath: written,
        dryRun: request.dryRun,
        encoding: source.encoding,
      };
    } catch (error) {
      await rejects.discard();
      // The batch still under way fails on its own or is kept; either way it must not fail unheard.
      await this.writing.catch(() => undefined);
      throw this.explain(error);
    }
  }

  /** The reader that has taken the header, with the delimiter by which most of its columns are known. */
  private readHeader(opening: string): { csv: CsvReader; header: HeaderMapping } {
    const readings = DELIMITERS.map((delimiter) => {
      const preview = new CsvReader(delimiter);
      preview.push(opening);
      preview.end();
      const names = preview.take()?.cells ?? [];
      return { delimiter, names, known: knownColumns(this.item, names) };
    });
    const best = readings.sort((a, b) => b.known - a.known || b.names.length - a.names.length)[0];
    if (best === undefined || best.names.length === 0)
      throw new OperatorError(`${this.source.path} has no header row (没有表头); export it again.`);
    let header: HeaderMapping;
    try {
      header = mapHeader(this.catalog, this.item, best.names, basename(this.source.path));
    } catch (error) {
      if (!(error instanceof OperatorError) || this.source.notUtf8At === null || this.source.encoding === 'UTF-8') throw error;
      throw new OperatorError(
        `${error.message}\nThe file was read as GB18030, because from byte ${this.source.notUtf8At} on it is not UTF-8; if the names above are garbled, it is UTF-8 that is damaged there.`,
      );
    }
    const csv = new CsvReader(best.delimiter);
    csv.push(opening);
    csv.take();
    csv.expectCells(best.names.length);
    return { csv, header };
  }

  private async takeRows(csv: CsvReader, reader: RowReader, rejects: RejectsFile): Promise<void> {
    for (let record = csv.take(); record !== null; record = csv.take()) {
      const row = reader.read(record);
      if (row.kind === 'BLANK') continue;
      this.rows += 1;
      if (row.kind === 'BAD') await rejects.add(record.number, record.cells, row.problems);
      else this.batch.push(this.drafter.draft(row.values, row.subject));
      if (this.batch.length >= BATCH_ROWS) await this.flush();
    }
  }

  /** Hands the batch over to be written, once the one before it is. */
  private async flush(): Promise<void> {
    await this.writing;
    const rows = this.batch;
    this.batch = [];
    if (rows.length === 0) return;
    this.writing = this.write(rows);
    // Whoever awaits `writing` hears of a failure; until then it is not an unhandled one.
    this.writing.catch(() => undefined);
  }

  private async write(rows: readonly RowDraft[]): Promise<void> {
    let counts;
    try {
      counts = await this.store.write(rows, this.catalog.version);
    } catch (error) {
      if (!(error instanceof CatalogMovedError)) throw error;
      await this.followCatalog();
      counts = await this.store.write(rows, this.catalog.version);
    }
    this.accepted += counts.accepted;
    this.updated += counts.updated;
    this.unchanged += counts.unchanged;
    this.batches += 1;
    if (this.batches % SETTLE_EVERY === 0 && !this.request.dryRun) await this.dependencies.settle?.();
  }

  /** A new catalog that says the same of this item (and of subjects) changes nothing here; with any other the import cannot go on. */
  private async followCatalog(): Promise<void> {
    const next = await this.dependencies.currentCatalog();
    if (next === null || relevant(next, this.item.code) !== relevant(this.catalog, this.item.code)) {
      throw new OperatorError(
        `A catalog that changes ${this.item.typeName} was published while the file was imported (导入期间目录已更新). ` +
          'Run the same command again, so that all rows are checked by the new one; rows that are in already are not doubled.',
      );
    }
    this.catalog = next;
  }

  private explain(error: unknown): unknown {
    if (error instanceof EndlessLineError) {
      return new OperatorError(
        `${this.source.path} has a line of millions of characters: it is not a CSV table (不是CSV表格). Export it again.`,
      );
    }
    const code = errorCode(error) ?? '';
    const lost = /^(08|57P)/.test(code) ? 'The database ended the connection.' : (NO_ROOM[code] ?? null);
    const explained = explainConnectionError(error, this.dependencies.database.url);
    if (lost === null && !(explained instanceof OperatorError && explained !== error)) return error;
    const reason = lost ?? (explained instanceof OperatorError ? explained.message : '');
    const done = this.accepted + this.updated + this.unchanged;
    return new OperatorError(
      `${reason} ${done} rows are in; run the same command again to finish, rows that are in already are not doubled.`,
      { cause: error },
    );
  }
}

function relevant(catalog: Catalog, itemCode: string): string {
  return JSON.stringify(catalog.items.filter((item) => item.code === itemCode || item.family === 'SUBJECT'));
}
