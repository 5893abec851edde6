/**
 * What may change about an entry after it came in: repair (信用修复), withdrawal (撤销), objection (异议). Every change is kept
 * with its reason; nothing is deleted.
 */
import { ENTRY_STATUSES, type EntryStatus } from '../access/model.ts';
import type { EntryFamily } from '../catalog/model.ts';
import type { Prisma, PrismaClient } from '../db/index.ts';
import { OperatorError } from '../errors.ts';
import { decodeGlobalId } from './global-id.ts';
import { ENTRY_TABLES } from './entry-columns.ts';

export interface EntryChange {
  /** false: the entry was in that state already, and nothing was written */
  readonly changed: boolean;
  /** the state before */
  readonly before: { readonly status: EntryStatus; readonly disputed: boolean };
}

/** A reason is a sentence or a document number; a longer text is a file in the wrong place. */
const MAX_REASON = 2_000;

interface EntryRef {
  readonly family: EntryFamily;
  readonly subjectId: string;
  readonly entryId: string;
}

export class EntryStatusService {
  private readonly prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.prisma = prisma;
  }

  /**
   * @param id the entry's `id` in the API
   * @throws OperatorError for an id that names no entry, an unknown status and a blank reason
   */
  async changeStatus(id: string, status: string, reason: string): Promise<EntryChange> {
    const wanted = ENTRY_STATUSES.find((known) => known === status.trim().toUpperCase());
    if (wanted === undefined)
      throw new OperatorError(`"${status}" is no status of an entry; give one of ${ENTRY_STATUSES.join(', ')}.`);
    return this.change(id, reason, wanted, (before) => (before.status === wanted ? null : { ...before, status: wanted }));
  }

  /**
   * Opens (true) or ends (false) an objection: the entry is shown on, with a mark.
   * @throws OperatorError as `changeStatus`
   */
  async setDispute(id: string, on: boolean, reason: string): Promise<EntryChange> {
    return this.change(id, reason, on ? 'DISPUTE_ON' : 'DISPUTE_OFF', (before) =>
      before.disputed === on ? null : { ...before, disputed: on },
    );
  }

  private async change(
    id: string,
    reason: string,
    event: string,
    next: (before: EntryChange['before']) => EntryChange['before'] | null,
  ): Promise<EntryChange> {
    const entry = parseEntryId(id);
    const why = reason.trim();
    if (why === '')
      throw new OperatorError('A change needs a reason (须说明理由): --reason TEXT, for instance the number of the decision.');
    if (Array.from(why).length > MAX_REASON)
      throw new OperatorError(`The reason is longer than ${MAX_REASON} characters; name the document instead.`);
    return this.prisma.$transaction(async (tx) => {
      const before = await lockedState(tx, entry);
      if (before === null)
        throw new OperatorError(
          `There is no entry ${id} (没有这条信用信息); take the id from the entry's "id" field in the API.`,
        );
      const after = next(before);
      if (after === null) return { changed: false, before };
      await tx.$executeRawUnsafe(
        `UPDATE ${ENTRY_TABLES[entry.family]} SET status = $3::entry_status, disputed = $4, updated_at = now() WHERE subject_id = $1::uuid AND id = $2::uuid`,
        entry.subjectId,
        entry.entryId,
        after.status,
        after.disputed,
      );
      await tx.entryEvent.create({ data: { subjectId: entry.subjectId, entryId: entry.entryId, event, reason: why } });
      return { changed: true, before };
    });
  }
}

function parseEntryId(id: string): EntryRef {
  const decoded = decodeGlobalId(id.trim());
  if (decoded === null) {
    throw new OperatorError(
      `"${id.slice(0, 80)}" is not the id of an entry (编号格式不正确); copy the whole "id" field from the API.`,
    );
  }
  if (decoded.family === 'SUBJECT')
    throw new OperatorError(`${id} is the id of a subject (信用主体); status and objection belong to an entry.`);
  return decoded;
}

/** The entry's state, which nobody else can change until the transaction ends; null when there is no such entry. */
async function lockedState(tx: Prisma.TransactionClient, entry: EntryRef): Promise<EntryChange['before'] | null> {
  const rows = await tx.$queryRawUnsafe<EntryChange['before'][]>(
    `SELECT status::text AS status, disputed FROM ${ENTRY_TABLES[entry.family]} WHERE subject_id = $1::uuid AND id = $2::uuid FOR UPDATE`,
    entry.subjectId,
    entry.entryId,
  );
  return rows[0] ?? null;
}
