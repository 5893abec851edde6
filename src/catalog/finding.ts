import { columnLetter } from './sheet-columns.ts';
import type { SheetColumn } from './sheet-columns.ts';

/** What can be wrong with a sheet. One code per mend. */
export const FINDING_CODES = [
  'UNKNOWN_COLUMN',
  'MISSING_COLUMN',
  'DUPLICATE_COLUMN',
  'CELL_OUTSIDE_COLUMNS',
  'NO_ITEMS',
  'FIELD_BEFORE_ITEM',
  'STRAY_ITEM_CELL',
  'ITEM_WITHOUT_FIELDS',
  'MISSING_VALUE',
  'UNKNOWN_WORD',
  'BAD_CODE',
  'BAD_DEADLINE',
  'BAD_LENGTH',
  'BAD_NAME',
  'BAD_VALUE_SET',
  'RESERVED_NAME',
  'DUPLICATE_CODE',
  'DUPLICATE_ITEM_NAME',
  'DUPLICATE_TYPE_NAME',
  'DUPLICATE_FIELD_KEY',
  'DUPLICATE_FIELD_NAME',
  'DUPLICATE_OFFICIAL_CODE',
  'AMBIGUOUS_HEADER',
  'INTERFACE_FIELD',
  'DUPLICATE_ROLE',
  'ROLE_NOT_OF_FAMILY',
  'ROLE_NOT_OF_SCOPE',
  'ROLE_FORMAT',
  'ROLE_SEALED',
  'MISSING_SUBJECT_ROLE',
  'NO_SUBJECT_ITEM',
  'LIST_NATURE',
  'MISSING_KEY',
  'KEY_NOT_REQUIRED',
  'KEY_OF_SUBJECT',
  'MASK_MISSING',
  'MASK_LEVEL',
  'MASK_FORMAT',
  'LAW_FORBIDDEN',
  'LAW_NEEDS_CONSENT',
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

/** One thing wrong with a sheet, with the place and the mend. */
export interface Finding {
  readonly file: string;
  /** 1-based, as a spreadsheet program counts */
  readonly row: number;
  /** the column's header; null when the whole row is meant */
  readonly column: string | null;
  /** the column's letter; null when the sheet lacks the column or the whole row is meant */
  readonly letter: string | null;
  readonly code: FindingCode;
  /** what is wrong and how to mend it, in Chinese */
  readonly zh: string;
  /** the same in English */
  readonly en: string;
}

/** Reports what is wrong with the cell of `column` in `row`; the other parts come from the sheet at hand. */
export type Report = (row: number, column: SheetColumn | null, code: FindingCode, zh: string, en: string) => void;

/** Collects the findings on one sheet. */
export class FindingList {
  readonly #findings: Finding[] = [];
  readonly #file: string;
  readonly #headers: readonly string[];

  constructor(file: string, headers: readonly string[]) {
    this.#file = file;
    this.#headers = headers;
  }

  readonly report: Report = (row, column, code, zh, en) => {
    const position = column === null ? -1 : this.#headers.indexOf(column);
    this.#add(row, column, position, code, zh, en);
  };

  /** For a cell that has no known column, by its 0-based position. */
  reportCell(row: number, position: number, code: FindingCode, zh: string, en: string): void {
    const header = this.#headers[position];
    this.#add(row, header === undefined || header === '' ? null : header, position, code, zh, en);
  }

  #add(row: number, column: string | null, position: number, code: FindingCode, zh: string, en: string): void {
    this.#findings.push({ file: this.#file, row, column, letter: position < 0 ? null : columnLetter(position), code, zh, en });
  }

  /** In the order of the sheet: by row, then from left to right. */
  sorted(): readonly Finding[] {
    const position = (finding: Finding): number => (finding.column === null ? -1 : this.#headers.indexOf(finding.column));
    return this.#findings.toSorted((a, b) => a.row - b.row || position(a) - position(b));
  }
}
