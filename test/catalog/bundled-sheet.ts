/** The bundled sheet as a table of cells, to be made faulty in one place or another. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { checkSheet } from '../../src/catalog/check-sheet.ts';
import type { CheckedSheet } from '../../src/catalog/check-sheet.ts';
import type { CatalogDocument } from '../../src/catalog/model.ts';
import type { SheetColumn } from '../../src/catalog/sheet-columns.ts';
import { decodeSheet } from '../../src/catalog/sheet.ts';

export const BUNDLED_SHEET = fileURLToPath(new URL('../../demo/catalog-2026.csv', import.meta.url));

/** A sheet in memory. Rows are addressed by `Type` (an item's first row) or `Type.key` (a field's row), by the original names. */
export class EditableSheet {
  readonly rows: string[][];
  readonly #addresses = new Map<string, string[]>();

  private constructor(rows: string[][]) {
    this.rows = rows;
    let type = '';
    for (const row of rows.slice(1)) {
      const named = row[this.#position('接口类型名')] ?? '';
      if (named !== '') type = named;
      const key = row[this.#position('数据项标识')] ?? '';
      if (named !== '') this.#addresses.set(type, row);
      this.#addresses.set(`${type}.${key}`, row);
    }
  }

  static async bundled(): Promise<EditableSheet> {
    return new EditableSheet(parse(await readFile(BUNDLED_SHEET), { bom: true }));
  }

  set(address: string, column: SheetColumn, value: string): this {
    this.row(address)[this.#position(column)] = value;
    return this;
  }

  row(address: string): string[] {
    const row = this.#addresses.get(address);
    if (row === undefined) throw new Error(`the bundled sheet has no ${address}`);
    return row;
  }

  /** 1-based, as a spreadsheet counts */
  rowNumber(address: string): number {
    return this.rows.indexOf(this.row(address)) + 1;
  }

  text(delimiter = ','): string {
    const cell = (text: string): string => (/["\r\n,;\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    return this.rows.map((row) => row.map(cell).join(delimiter)).join('\r\n') + '\r\n';
  }

  async check(): Promise<CheckedSheet> {
    return checkSheet(await decodeSheet(Buffer.from(this.text()), 'sheet.csv'));
  }

  /** The document of a sheet that must be faultless. */
  async document(): Promise<CatalogDocument> {
    const { document, findings } = await this.check();
    if (document === null) throw new Error(findings.map((finding) => finding.en).join('\n'));
    return document;
  }

  #position(column: string): number {
    const position = this.rows[0]?.indexOf(column) ?? -1;
    if (position < 0) throw new Error(`the sheet has no column ${column}`);
    return position;
  }
}
