/** One record of the file → the values of its fields and whom it is about, or everything that is wrong with it. */
import type { CatalogItem } from '../catalog/model.ts';
import { certificateIdentifier, subjectIdentifier, type SubjectIdentifier } from '../identifiers/index.ts';
import { compileCellRule, type CellRule } from './cell-rules.ts';
import type { CsvRecord } from './csv-records.ts';
import type { HeaderMapping } from './header.ts';
import type { RowValues } from './row-drafts.ts';
import { brokenRow, problemOf, type RowProblem } from './row-problem.ts';

export type ReadRow =
  | { readonly kind: 'GOOD'; readonly values: RowValues; readonly subject: SubjectIdentifier }
  | { readonly kind: 'BAD'; readonly problems: readonly RowProblem[] }
  /** spreadsheet programs write empty rows below a table as rows of delimiters */
  | { readonly kind: 'BLANK' };

export class RowReader {
  private readonly item: CatalogItem;
  private readonly header: HeaderMapping;
  private readonly rules: readonly CellRule[];
  private readonly missing: readonly (RowProblem | null)[];
  private readonly identifying: readonly number[];

  constructor(item: CatalogItem, header: HeaderMapping) {
    this.item = item;
    this.header = header;
    this.rules = item.fields.map((field) => compileCellRule(field, item.subjectScope));
    this.missing = item.fields.map((field) => (field.required || field.inKey ? problemOf('MISSING_REQUIRED', field) : null));
    this.identifying = identifyingFields(item);
  }

  read(record: CsvRecord): ReadRow {
    const { columns } = this.header;
    if (record.broken) return { kind: 'BAD', problems: [brokenRow(columns.length, record.cells.length)] };
    const values = new Array<string | null>(this.item.fields.length).fill(null);
    let problems: RowProblem[] | null = null;
    let blank = true;
    for (let at = 0; at < columns.length; at += 1) {
      const column = columns[at];
      const cell = (record.cells[at] ?? '').trim();
      if (column === undefined || column.kind === 'REJECT_NOTE') continue;
      if (cell !== '') blank = false;
      if (column.kind === 'UNNAMED') {
        if (cell !== '') return { kind: 'BAD', problems: [brokenRow(columns.length, columns.length)] };
        continue;
      }
      const value = cell === '' ? (this.missing[column.field] ?? null) : (this.rules[column.field]?.(cell) ?? null);
      if (value === null || typeof value === 'string') values[column.field] = value;
      else (problems ??= []).push(value);
    }
    if (blank) return { kind: 'BLANK' };
    const subject = problems === null ? this.identify(values) : null;
    if (subject !== null) return { kind: 'GOOD', values, subject };
    const found: readonly RowProblem[] = problems ?? [];
    const unidentified = this.hasNoSubject(values, found);
    return { kind: 'BAD', problems: unidentified === null ? found : [...found, unidentified] };
  }

  /** By the first identifying cell that is filled; null when none is. */
  private identify(values: RowValues): SubjectIdentifier | null {
    for (const at of this.identifying) {
      const value = values[at];
      const field = this.item.fields[at];
      if (typeof value !== 'string' || field === undefined) continue;
      if (field.role === 'SUBJECT_ID_NUMBER') return certificateIdentifier(value);
      return this.item.subjectScope === 'ORGANIZATION' ? { person: false, identifier: value } : subjectIdentifier(value);
    }
    return null;
  }

  /** The problem of a row whose identifying cells are all blank; null when one is filled, rightly or not, or was complained of already. */
  private hasNoSubject(values: RowValues, found: readonly RowProblem[]): RowProblem | null {
    if (this.identifying.some((at) => typeof values[at] === 'string')) return null;
    const fields = this.identifying.flatMap((at) => this.item.fields[at] ?? []);
    if (fields.some((field) => found.some((problem) => problem.field === field.key))) return null;
    return fields[0] === undefined ? null : problemOf('MISSING_REQUIRED', fields[0]);
  }
}

/**
 * The fields that can say whom a row is about, in the order of trust. The code comes first, as an entry about a sole trader may
 * name the owner too; for an item about persons their number does. An item about organizations has no use for a number unless
 * it has nothing else.
 */
function identifyingFields(item: CatalogItem): readonly number[] {
  const code = item.fields.findIndex((field) => field.role === 'SUBJECT_CODE');
  const number = item.fields.findIndex((field) => field.role === 'SUBJECT_ID_NUMBER');
  const order = item.subjectScope === 'PERSON' ? [number, code] : [code, number];
  const present = order.filter((at) => at >= 0);
  return item.subjectScope === 'ORGANIZATION' ? present.slice(0, 1) : present;
}
