import type { FindingList } from './finding.ts';
import { columnOfHeader, FIELD_COLUMNS, ITEM_COLUMNS, SHEET_COLUMNS } from './sheet-columns.ts';
import type { SheetColumn } from './sheet-columns.ts';
import type { Sheet, SheetRow } from './sheet.ts';

/** One row, read by column. */
export interface SheetLine {
  readonly row: number;
  /** '' when blank; undefined when the sheet lacks the column, which is reported once and not per row */
  text(column: SheetColumn): string | undefined;
}

/** An item's lines: the one that names it, and those that hold a field (the naming one is usually among them). */
export interface ItemLines {
  readonly head: SheetLine;
  readonly fields: readonly SheetLine[];
}

/** Any of these begins an item; the other item cells alone do not. */
const NAMING_COLUMNS: readonly SheetColumn[] = ['目录代码', '项目名称', '接口类型名'];

export interface SheetLayout {
  readonly items: readonly ItemLines[];
  /** false: some rows belong to no item, so what the catalog lacks cannot be told */
  readonly complete: boolean;
}

/** Groups the rows by item. Reports columns and rows that fit nowhere. */
export function layOut(sheet: Sheet, findings: FindingList): SheetLayout {
  checkColumns(sheet, findings);
  const positions = new Map<SheetColumn, number>();
  sheet.header.cells.forEach((header, position) => {
    const column = columnOfHeader(header);
    if (column !== undefined && !positions.has(column)) positions.set(column, position);
  });
  const lines = sheet.rows.map((row) => lineOf(row, positions));

  const items: { head: SheetLine; fields: SheetLine[] }[] = [];
  const orphans: SheetLine[] = [];
  for (const line of lines) {
    const current = items.at(-1);
    if (NAMING_COLUMNS.some((column) => filled(line, column)) && !repeats(line, current?.head)) {
      items.push({ head: line, fields: holdsField(line) ? [line] : [] });
      continue;
    }
    if (current === undefined) {
      orphans.push(line);
      continue;
    }
    for (const column of ITEM_COLUMNS) {
      const text = line.text(column) ?? '';
      if (text === '' || text === current.head.text(column)) continue;
      findings.report(
        line.row,
        column,
        'STRAY_ITEM_CELL',
        `该行不是目录项目的首行，但填写了「${text}」：项目信息只写在首行（第 ${current.head.row} 行）`,
        `"${text}" stands on a row that is not its item's first: write it on row ${current.head.row}, or name a new item here`,
      );
    }
    if (holdsField(line)) current.fields.push(line);
  }
  reportOrphans(orphans, findings);
  if (items.length === 0 && orphans.length === 0) {
    findings.report(sheet.header.number, null, 'NO_ITEMS', '目录没有任何项目：请在表头下填写', 'the sheet has no item: fill in rows below the header');
  }
  return { items, complete: orphans.length === 0 };
}

function checkColumns(sheet: Sheet, findings: FindingList): void {
  const { number, cells } = sheet.header;
  cells.forEach((header, position) => {
    if (header === '') return;
    if (columnOfHeader(header) === undefined) {
      findings.reportCell(
        number,
        position,
        'UNKNOWN_COLUMN',
        `未知的列「${header}」：请改为目录规定的列名或删除该列`,
        `unknown column "${header}": give it a column name of the catalog, or remove it`,
      );
    } else if (cells.indexOf(header) !== position) {
      findings.reportCell(number, position, 'DUPLICATE_COLUMN', `列「${header}」重复：只保留一列`, `column "${header}" appears twice: keep one`);
    }
  });
  for (const column of SHEET_COLUMNS) {
    if (cells.includes(column)) continue;
    findings.report(number, column, 'MISSING_COLUMN', `缺少列「${column}」：请补上该列`, `column "${column}" is missing: add it`);
  }
  for (const row of sheet.rows) {
    row.cells.forEach((text, position) => {
      if (text === '' || (cells[position] ?? '') !== '') return;
      findings.reportCell(
        row.number,
        position,
        'CELL_OUTSIDE_COLUMNS',
        `「${text}」所在的列没有列名：请移到对应的列或删除`,
        `"${text}" stands in a column without a header: move it to its column, or remove it`,
      );
    });
  }
}

function reportOrphans(orphans: readonly SheetLine[], findings: FindingList): void {
  const [first] = orphans;
  if (first === undefined) return;
  const last = orphans.at(-1) ?? first;
  const rows = orphans.length === 1 ? `${first.row}` : `${first.row}–${last.row}`;
  findings.report(
    first.row,
    null,
    'FIELD_BEFORE_ITEM',
    `第 ${rows} 行的数据项不属于任何目录项目：请在首行填写目录代码、项目名称等`,
    `the fields on row ${rows} belong to no item: fill in 目录代码, 项目名称 and the other item cells on the first of them`,
  );
}

function lineOf(row: SheetRow, positions: ReadonlyMap<SheetColumn, number>): SheetLine {
  return {
    row: row.number,
    text(column) {
      const position = positions.get(column);
      return position === undefined ? undefined : (row.cells[position] ?? '');
    },
  };
}

function filled(line: SheetLine, column: SheetColumn): boolean {
  return (line.text(column) ?? '') !== '';
}

function holdsField(line: SheetLine): boolean {
  return FIELD_COLUMNS.some((column) => filled(line, column));
}

/** Whether the line only repeats its item's cells, as sheets do whose merged cells were filled down. */
function repeats(line: SheetLine, head: SheetLine | undefined): boolean {
  return head !== undefined && ITEM_COLUMNS.every((column) => !filled(line, column) || line.text(column) === head.text(column));
}
