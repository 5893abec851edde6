/** Whether one entry is there for a caller at all: by the same statement and the same decision as when it is read. */
import type { EntryStatus } from '../access/index.ts';
import type { CatalogItem, EntryFamily } from '../catalog/model.ts';
import type { GlobalId } from '../entries/index.ts';
import { isPage } from './fetched.ts';
import type { ItemSelection } from './read-plan.ts';
import type { Reader } from './reader.ts';

/** An entry that exists for the caller. */
export interface SeenEntry {
  readonly family: EntryFamily;
  readonly subjectId: string;
  readonly entryId: string;
  readonly itemCode: string;
  /** its source unit is the caller's own organization */
  readonly own: boolean;
  readonly status: EntryStatus;
}

const SYSTEM: ReadonlySet<string> = new Set(['status']);

/** @returns null for a subject's id, an entry that is not there and one that is not there for this caller: one answer */
export async function seeEntry(
  reader: Pick<Reader, 'root' | 'dependencies'>,
  items: readonly CatalogItem[],
  id: GlobalId,
): Promise<SeenEntry | null> {
  if (id.family === 'SUBJECT') return null;
  const { family, subjectId, entryId } = id;
  const selections = items
    .filter((item) => item.family === family)
    .map((item): [string, ItemSelection] => [item.code, { item, wanted: [], system: SYSTEM, children: [] }]);
  const found = await reader.root({ kind: 'ENTRY', family, subjectId, entryId, rows: { items: new Map(selections) } });
  if (found === null || isPage(found)) return null;
  const { stored, authorized } = found;
  const { itemCode, own, person, expired, status } = stored;
  const facts = { own, person, expired, status, consent: authorized.has(itemCode) };
  if (!reader.dependencies.identity.profile.exists(itemCode, facts, authorized.size > 0)) return null;
  return { family, subjectId, entryId, itemCode, own, status };
}
