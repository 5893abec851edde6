/** Who read one subject's data: the subject's right to know (个人信息保护法 art. 45), answered by the office on its behalf. */
import { z } from 'zod';
import type { KeyRing } from '../keys/index.ts';
import { OPERATION_TYPES } from './read-event.ts';
import { Items, itemsOf } from './stored-event.ts';

/** Runs a statement as somebody who may read the log, the clients' names, and which items a subject has entries in. */
export type AuditQuery = (text: string, values: readonly unknown[]) => Promise<readonly unknown[]>;

/** Where a page ends: the next one goes on with older events. */
export interface HistoryPosition {
  /** ISO 8601, in milliseconds */
  readonly at: string;
  readonly instance: string;
  readonly seq: number;
}

export interface AccessedItem {
  /** catalog code */
  readonly code: string;
  readonly rows: number;
  readonly clear: readonly string[];
  readonly masked: readonly string[];
  readonly withheld: readonly string[];
}

export interface AccessHistoryEntry {
  readonly at: Date;
  readonly instance: string;
  readonly seq: number;
  /** `name` null: the client is not registered any more */
  readonly client: { readonly id: string; readonly name: string | null; readonly kind: string };
  readonly purpose: string | null;
  readonly matter: string | null;
  readonly requestId: string;
  readonly operationName: string | null;
  readonly operationType: string;
  /** `ok`, or the code of the first error */
  readonly outcome: string;
  readonly catalogVersion: number;
  /** how many subjects' data the operation gave out; with `bulk`, of those that it named */
  readonly subjects: number;
  readonly items: readonly AccessedItem[];
  /** true: items were given out as a whole, and this subject has entries in one of them now */
  readonly bulk: boolean;
}

/** What answers `accessHistory`. */
export interface AccessHistoryFeature {
  readonly history: AccessHistory;
  readonly keys: Pick<KeyRing, 'subjectId' | 'encrypt' | 'decrypt'>;
}

const ENTRY_TABLES = ['credit_records', 'list_entries', 'commitments', 'evaluations'] as const;

const COLUMNS = `e.month, e.instance, e.seq, e.at, e.client_id, e.client_kind, e.purpose, e.matter, e.request_id, e.operation_name, e.operation_type,
  e.outcome, e.catalog_version, cardinality(e.subjects) AS subjects, e.items, e.item_list`;

/**
 * Events that name the subject are found by the index on subjects; events over whole items are few, and have an index of their own. Each branch is a page's length at most.
 */
const HISTORY = `
WITH own_items AS MATERIALIZED (SELECT ARRAY(
  SELECT item_code FROM subjects WHERE id = $1
  ${ENTRY_TABLES.map((table) => `UNION SELECT item_code FROM ${table} WHERE subject_id = $1`).join('\n  ')}) AS codes)
SELECT page.instance, page.seq::text AS seq, page.at, page.client_id, page.client_kind, c.name AS client_name, page.purpose, page.matter, page.request_id,
  page.operation_name, page.operation_type, page.outcome, page.catalog_version, page.subjects, page.items, page.item_list, page.bulk
FROM (
  (SELECT ${COLUMNS}, false AS bulk FROM access_events e
   WHERE e.subjects @> ARRAY[$1::uuid]
     AND ($2::timestamptz IS NULL OR (e.at, e.instance, e.seq) < ($2, $3::uuid, $4::bigint))
   ORDER BY e.at DESC, e.instance DESC, e.seq DESC LIMIT $5)
  UNION ALL
  (SELECT ${COLUMNS}, true FROM access_events e, own_items
   WHERE e.bulk <> '{}' AND e.bulk && own_items.codes AND NOT e.subjects @> ARRAY[$1::uuid]
     AND ($2::timestamptz IS NULL OR (e.at, e.instance, e.seq) < ($2, $3::uuid, $4::bigint))
   ORDER BY e.at DESC, e.instance DESC, e.seq DESC LIMIT $5)
) page LEFT JOIN clients c ON c.id = page.client_id
ORDER BY page.at DESC, page.instance DESC, page.seq DESC LIMIT $5`;

const Row = z
  .object({
    instance: z.string(),
    seq: z.coerce.number().int(),
    at: z.date(),
    client_id: z.string(),
    client_kind: z.string(),
    client_name: z.string().nullable(),
    purpose: z.string().nullable(),
    matter: z.string().nullable(),
    request_id: z.string(),
    operation_name: z.string().nullable(),
    operation_type: z.enum(OPERATION_TYPES),
    outcome: z.string(),
    catalog_version: z.number(),
    subjects: z.number(),
    items: Items.nullable(),
    item_list: z
      .string()
      .transform((list) => Items.parse(itemsOf(list)))
      .nullable(),
    bulk: z.boolean(),
  })
  .transform((row): AccessHistoryEntry => ({
    at: row.at,
    instance: row.instance,
    seq: row.seq,
    client: { id: row.client_id, name: row.client_name, kind: row.client_kind },
    purpose: row.purpose,
    matter: row.matter,
    requestId: row.request_id,
    operationName: row.operation_name,
    operationType: row.operation_type,
    outcome: row.outcome,
    catalogVersion: row.catalog_version,
    subjects: row.subjects,
    items: Object.entries(row.items ?? row.item_list ?? {}).map(([code, item]) => ({ code, ...item })),
    bulk: row.bulk,
  }));

export class AccessHistory {
  readonly #query: AuditQuery;

  constructor(query: AuditQuery) {
    this.#query = query;
  }

  /**
   * The newest events that gave out the subject's data, or its entries'; one more than `first` where there are more.
   * @param after null: from the newest on
   */
  async page(subjectId: string, first: number, after: HistoryPosition | null): Promise<AccessHistoryEntry[]> {
    const values = [subjectId, after?.at ?? null, after?.instance ?? null, after?.seq ?? null, first + 1];
    return (await this.#query(HISTORY, values)).map((row) => Row.parse(row));
  }

  /** All of them, newest first, page by page. */
  async *all(subjectId: string): AsyncGenerator<AccessHistoryEntry> {
    let after: HistoryPosition | null = null;
    for (;;) {
      const page: AccessHistoryEntry[] = await this.page(subjectId, PAGE, after);
      yield* page.slice(0, PAGE);
      const last = page[PAGE - 1];
      if (last === undefined || page.length <= PAGE) return;
      after = { at: last.at.toISOString(), instance: last.instance, seq: last.seq };
    }
  }
}

const PAGE = 200;
