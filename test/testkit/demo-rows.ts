/** Rows of the bundled sample files, as the departments sent them: what the API must give back can be read off here. */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';

const Rows = z.array(z.record(z.string(), z.string()));

/** @param item a type name; the file's own encoding is known from its name */
export function demoRows(item: string): Record<string, string>[] {
  const bytes = readFileSync(new URL(`../../demo/data/${item}.csv`, import.meta.url));
  const encoding = item === 'AbnormalOperationEntry' || item === 'TaxArrears' ? 'gb18030' : 'utf-8';
  return Rows.parse(parse(new TextDecoder(encoding).decode(bytes), { columns: true, bom: true }));
}

/** The cell, or an error that names what the file lacks. */
export function cell(row: Record<string, string> | undefined, column: string): string {
  const value = row?.[column];
  if (value === undefined) throw new Error(`There is no column ${column}`);
  return value;
}
