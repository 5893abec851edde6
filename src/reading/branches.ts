/**
 * The branches of a read: one for each selection of rows in it, the root first, parents before their children. One statement
 * brings the rows of all of them; every row says by a number (`facts`) of which branch and item it is and what else decides it.
 */
import type { AccessProfile, EntryStatus, Party } from '../access/index.ts';
import type { EntriesRead, ItemSelection, NamedRowsRead, OneSubjectRead, RootRead, RowSelection } from './read-plan.ts';

export type RowsRead = Exclude<RootRead, { kind: 'NOTHING' | 'CHANGES' }> | NamedRowsRead;

/** What is fetched of the rows of one item. */
export interface ItemLayout {
  readonly selection: ItemSelection;
  /** content keys in the order of their slots: wanted, and open to the caller for some row at least (DESIGN §7) */
  readonly keys: readonly string[];
  readonly slots: ReadonlyMap<string, number>;
  /** aligned with `selection.children` */
  readonly children: readonly Branch[];
}

export interface Branch {
  /** its place in the list of all branches */
  readonly number: number;
  readonly read: RowsRead;
  readonly family: 'SUBJECT' | 'ENTRY';
  readonly parent: Branch | null;
  /** which of the parent's items lead here, by their place in `items`; null: all of them */
  readonly parentItems: readonly number[] | null;
  readonly items: readonly ItemLayout[];
  readonly wants: { readonly receivedAt: boolean; readonly updatedAt: boolean; readonly kind: boolean; readonly flag: boolean };
  readonly hasChildren: boolean;
}

/** They become one statement, and PostgreSQL plans some 1 ms on each; fragments within fragments could spell thousands. */
export const MAX_BRANCHES = 100;

/** `flag`: of an entry disputed, of a subject registered. */
const FLAGS = { person: 1, own: 2, expired: 4, flag: 8 } as const;
const STATUS_STEP = 16;
const STATUS_CODES: readonly EntryStatus[] = ['ACTIVE', 'REPAIRED', 'WITHDRAWN'];
const ITEM_STEP = 64;
const BRANCH_STEP = ITEM_STEP * 1024;

export const FACTS = { ...FLAGS, STATUS_STEP, STATUS_CODES, ITEM_STEP, BRANCH_STEP } as const;

/** What the number says, shared by all rows that have it. */
export interface RowFactsOf {
  readonly branch: Branch;
  readonly layout: ItemLayout;
  readonly person: boolean;
  readonly own: boolean;
  readonly expired: boolean;
  readonly flag: boolean;
  readonly status: EntryStatus;
}

/** @throws Error for a number that the statement cannot have written */
export function factsOf(branches: readonly Branch[], facts: number): RowFactsOf {
  const branch = branches[Math.floor(facts / BRANCH_STEP)];
  const layout = branch?.items[Math.floor((facts % BRANCH_STEP) / ITEM_STEP)];
  if (branch === undefined || layout === undefined) throw new Error('The statement returned a row of no branch');
  return {
    branch,
    layout,
    person: (facts & FLAGS.person) !== 0,
    own: (facts & FLAGS.own) !== 0,
    expired: (facts & FLAGS.expired) !== 0,
    flag: (facts & FLAGS.flag) !== 0,
    // Unknown means deny: a state this version does not know is treated like a withdrawal.
    status: STATUS_CODES[Math.floor((facts % ITEM_STEP) / STATUS_STEP)] ?? 'WITHDRAWN',
  };
}

export function branchesOf(root: RowsRead, profile: AccessProfile): Branch[] {
  const branches: Branch[] = [];
  add(root, null, null);
  return branches;

  function add(read: RowsRead, parent: Branch | null, parentItems: readonly number[] | null): Branch {
    const selections = [...read.rows.items.values()];
    if (selections.length > BRANCH_STEP / ITEM_STEP) throw new Error('Too many items for one read');
    const items: (ItemLayout & { children: Branch[] })[] = selections.map((selection) => {
      const keys = wantedKeys(selection, profile);
      return { selection, keys, slots: new Map(keys.map((key, slot) => [key, slot])), children: [] };
    });
    const wanted = (name: string): boolean => selections.some(({ system }) => system.has(name));
    const family = ofSubjects(read) ? 'SUBJECT' : 'ENTRY';
    const branch: Branch = {
      number: branches.length,
      read,
      family,
      parent,
      parentItems,
      items,
      wants: {
        receivedAt: wanted('receivedAt'),
        updatedAt: wanted('updatedAt'),
        kind: wanted('kind') && family === 'SUBJECT',
        flag: wanted(family === 'SUBJECT' ? 'registered' : 'disputed'),
      },
      hasChildren: selections.some(({ children }) => children.length > 0),
    };
    branches.push(branch);
    for (const [child, places] of childReads(read.rows)) {
      const below = add(child, branch, places.length === items.length ? null : places.map(({ item }) => item));
      for (const { item, place } of places) {
        const layout = items[item];
        if (layout !== undefined) layout.children[place] = below;
      }
    }
    return branch;
  }
}

function ofSubjects(read: RowsRead): boolean {
  return read.kind === 'SUBJECT' || read.kind === 'SUBJECTS' || (read.kind === 'NAMED' && read.family === 'SUBJECT');
}

/** Items that select a child alike share its read: it is fetched once for all of them. */
function childReads(rows: RowSelection): Map<OneSubjectRead | EntriesRead, { item: number; place: number }[]> {
  const reads = new Map<OneSubjectRead | EntriesRead, { item: number; place: number }[]>();
  for (const [item, { children }] of [...rows.items.values()].entries()) {
    for (const [place, { read }] of children.entries()) {
      const known = reads.get(read);
      if (known === undefined) reads.set(read, [{ item, place }]);
      else known.push({ item, place });
    }
  }
  return reads;
}

function wantedKeys({ item, wanted }: ItemSelection, profile: AccessProfile): string[] {
  const keys = new Set<string>();
  for (const { field } of wanted) {
    if (field !== null && profile.couldEverSee(item.code, field.key)) keys.add(field.key);
  }
  return [...keys];
}

/** The subject that all of a read's rows are about, where the operation names it. */
export function namedSubject(read: RootRead | NamedRowsRead): string | null {
  if (read.kind === 'ENTRY') return read.subjectId;
  return read.kind === 'SUBJECT' || read.kind === 'ENTRIES' ? (read.key?.subjectId ?? null) : null;
}

export type PagedRead = Extract<RowsRead, { page: unknown }>;

export function isPaged(read: RowsRead): read is PagedRead {
  return read.kind === 'SUBJECTS' || read.kind === 'ENTRIES';
}

/** Whether there is one row at most: a subject or an entry that is named, and the subject of such a one. */
export function isOneRow({ read, parent }: Branch): boolean {
  return (read.kind === 'SUBJECT' || read.kind === 'ENTRY') && (parent === null || isOneRow(parent));
}

/** An entry is about the same party as its subject: where all subjects above are of one, the other need not be asked about. */
export function partyAbove({ parent, parentItems }: Branch): Party {
  if (parent?.family !== 'SUBJECT') return 'ANY';
  if (parent.read.kind === 'SUBJECT' && parent.read.key !== null && parent.read.key.party !== 'ANY') return parent.read.key.party;
  const scopes = new Set(
    (parentItems ?? [...parent.items.keys()]).map((place) => parent.items[place]?.selection.item.subjectScope),
  );
  const [only] = scopes;
  return scopes.size > 1 || only === undefined || only === 'ALL' ? 'ANY' : only;
}
