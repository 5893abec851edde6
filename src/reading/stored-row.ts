/** Rows as the statements of this folder return them, parsed. */
import { z } from 'zod';
import { ENTRY_STATUSES } from '../access/index.ts';
import type { StoredRow } from './read-plan.ts';

// A row is read field by field, not by a schema per row: a page has a thousand of them. What the database returns is fixed by the
// statements, so a wrong shape is a fault of this code and ends the request.
const Row = z.object({
  item_code: z.string(),
  person: z.boolean(),
  own: z.boolean(),
  received_at: z.date(),
  updated_at: z.date(),
  sort_key: z.string(),
});

/**
 * @param keys the content keys that the statement projected, in its order
 * @param checked rows are all alike: the first one is checked in full
 */
export function storedRows(
  rows: readonly Record<string, unknown>[],
  keys: readonly string[],
  kind: 'SUBJECT' | 'ENTRY',
): StoredRow[] {
  if (rows.length > 0) Row.parse(rows[0]);
  const columnOf = new Map(keys.map((key, index) => [key, `v${String(index)}`]));
  return rows.map((row) => ({
    subjectId: text(row, kind === 'SUBJECT' ? 'id' : 'subject_id'),
    entryId: kind === 'SUBJECT' ? null : text(row, 'id'),
    itemCode: text(row, 'item_code'),
    person: row['person'] === true,
    own: row['own'] === true,
    expired: row['expired'] === true,
    status: kind === 'SUBJECT' ? 'ACTIVE' : statusOf(row['status']),
    disputed: row['disputed'] === true,
    receivedAt: instant(row, 'received_at'),
    updatedAt: instant(row, 'updated_at'),
    kind: kind === 'SUBJECT' ? text(row, 'kind') : null,
    registered: row['registered'] === true,
    sortKey: text(row, 'sort_key'),
    value: (key) => {
      const column = columnOf.get(key);
      const value = column === undefined ? null : row[column];
      return typeof value === 'string' ? value : null;
    },
  }));
}

function text(row: Record<string, unknown>, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new Error(`The statement returned no text in ${column}`);
  return value;
}

function instant(row: Record<string, unknown>, column: string): Date {
  const value = row[column];
  if (!(value instanceof Date)) throw new Error(`The statement returned no instant in ${column}`);
  return value;
}

function statusOf(value: unknown): StoredRow['status'] {
  const status = ENTRY_STATUSES.find((word) => word === value);
  // Unknown means deny: a state this version does not know is treated like a withdrawal.
  return status ?? 'WITHDRAWN';
}
