/** Which rows there are, and in what state: no content. Every listing goes on by key, and looks at no more than it gives. */
import { z } from 'zod';
import { ENTRY_STATUSES } from '../access/index.ts';
import type { EntryStatus } from '../access/index.ts';
import type { EntryFamily, Family } from '../catalog/model.ts';
import { ENTRY_TABLES } from '../entries/index.ts';
import type { RowKey, RunFacts } from './feed-model.ts';

/** A row as it is now. */
export interface RowState {
  readonly key: RowKey;
  readonly itemCode: string;
  readonly person: boolean;
  readonly status: EntryStatus;
  readonly publicUntil: string | null;
  readonly sourceUnitCode: string | null;
  /** since when it is so, in milliseconds */
  readonly since: number;
  /** the same as the database writes it, to go on from */
  readonly sinceText: string;
}

const Row = z.object({
  subject_id: z.string(),
  entry_id: z.string().nullable(),
  item_code: z.string(),
  person: z.boolean(),
  status: z.enum(ENTRY_STATUSES),
  public_until: z.string().nullable(),
  source_unit_code: z.string().nullable(),
  since: z.date(),
  since_text: z.string(),
});

const SUBJECT_STATE = `e.id AS subject_id, NULL::uuid AS entry_id, e.item_code, e.person, 'ACTIVE' AS status, NULL::text AS public_until,
  e.source_unit_code, e.updated_at AS since, e.updated_at::text AS since_text`;
const ENTRY_STATE = `e.subject_id, e.id AS entry_id, e.item_code, e.person, e.status::text AS status, e.public_until::text AS public_until,
  e.source_unit_code, e.updated_at AS since, e.updated_at::text AS since_text`;

export class RowFacts {
  readonly #run: RunFacts;

  constructor(run: RunFacts) {
    this.#run = run;
  }

  /** Entries of an item, the longest unchanged first. */
  async entriesOfItem(
    family: EntryFamily,
    itemCode: string,
    after: readonly [string, string] | null,
    limit: number,
  ): Promise<RowState[]> {
    const rows = await this.#run(
      `SELECT ${ENTRY_STATE} FROM ${ENTRY_TABLES[family]} e WHERE e.item_code = $1::text AND (e.updated_at, e.id) > ($2::timestamptz, $3::uuid)
       ORDER BY e.updated_at, e.id LIMIT $4::int`,
      [itemCode, ...(after ?? BEFORE_ALL), limit],
    );
    return states(rows, family);
  }

  /** Organizations, or natural persons, of a subject item, the longest unchanged first. */
  async subjectsOfItem(
    itemCode: string,
    person: boolean,
    after: readonly [string, string] | null,
    limit: number,
  ): Promise<RowState[]> {
    const rows = await this.#run(
      `SELECT ${SUBJECT_STATE} FROM subjects e WHERE e.person = $1::boolean AND e.item_code = $2::text AND (e.updated_at, e.id) > ($3::timestamptz, $4::uuid)
       ORDER BY e.updated_at, e.id LIMIT $5::int`,
      [person, itemCode, ...(after ?? BEFORE_ALL), limit],
    );
    return states(rows, 'SUBJECT');
  }

  /** Entries of an item whose publicity date is one of the days from `from` to before `to`. */
  async publicityEnding(
    family: EntryFamily,
    itemCode: string,
    days: { readonly from: string; readonly to: string },
    after: readonly [string, string, string] | null,
    limit: number,
  ): Promise<RowState[]> {
    const [day, subjectId, id] = after ?? [days.from, LEAST_ID, LEAST_ID];
    const rows = await this.#run(
      `SELECT ${ENTRY_STATE} FROM ${ENTRY_TABLES[family]} e WHERE e.item_code = $1::text AND e.public_until < $2::date
       AND (e.public_until, e.subject_id, e.id) > ($3::date, $4::uuid, $5::uuid) ORDER BY e.public_until, e.subject_id, e.id LIMIT $6::int`,
      [itemCode, days.to, day, subjectId, id, limit],
    );
    return states(rows, family);
  }

  /** A subject's entries of some items, or, for the family SUBJECT, itself; by id. */
  async ofSubject(
    family: Family,
    subjectId: string,
    itemCodes: readonly string[],
    after: string | null,
    limit: number,
  ): Promise<RowState[]> {
    if (family === 'SUBJECT') {
      if (after !== null) return [];
      return states(
        await this.#run(`SELECT ${SUBJECT_STATE} FROM subjects e WHERE e.id = $1::uuid AND e.item_code = ANY ($2::text[])`, [
          subjectId,
          itemCodes,
        ]),
        family,
      );
    }
    const rows = await this.#run(
      `SELECT ${ENTRY_STATE} FROM ${ENTRY_TABLES[family]} e WHERE e.subject_id = $1::uuid AND e.item_code = ANY ($2::text[]) AND e.id > $3::uuid ORDER BY e.id LIMIT $4::int`,
      [subjectId, itemCodes, after ?? LEAST_ID, limit],
    );
    return states(rows, family);
  }
}

/** No id is this one: ids carry a version (RFC 9562). */
const LEAST_ID = '00000000-0000-0000-0000-000000000000';
const BEFORE_ALL = ['-infinity', LEAST_ID] as const;

function states(rows: readonly Record<string, unknown>[], family: Family): RowState[] {
  return rows.map((given) => {
    const row = Row.parse(given);
    return {
      key: { family, subjectId: row.subject_id, entryId: row.entry_id },
      itemCode: row.item_code,
      person: row.person,
      status: row.status,
      publicUntil: row.public_until,
      sourceUnitCode: row.source_unit_code,
      since: row.since.getTime(),
      sinceText: row.since_text,
    };
  });
}
