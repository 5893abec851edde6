/** From the rows of the statement to the figures of one root. Nothing here sees a number that may not be told. */
import type { Catalog, CatalogItem, EntryFamily, ListNature } from '../catalog/model.ts';
import { SHAPES } from './count-plan.ts';
import type { CountRow } from './count-statement.ts';
import { divisionAt, divisionName, UNKNOWN_DIVISION } from './divisions.ts';
import type { DivisionLevel } from './divisions.ts';
import type { Dimension } from './question.ts';

/** Organizations and natural persons, never added up: the second is under disclosure control. */
export interface Count {
  readonly organizations: number;
  /** null: suppressed */
  readonly persons: number | null;
  /** there are persons' rows, and no group of them is large enough to be told */
  readonly suppressed: boolean;
  /** `persons` leaves out groups that are too small to be told */
  readonly reduced: boolean;
}

export interface DivisionCount {
  /** six digits; null: not known */
  readonly code: string | null;
  readonly name: string | null;
  readonly count: Count;
}

export interface TimelinessCount {
  readonly item: CatalogItem;
  /** null: the item's rows name no source unit */
  readonly providerCode: string | null;
  readonly providerName: string | null;
  readonly deadlineDays: number;
  readonly onTime: Count;
  readonly late: Count;
  readonly backfill: Count;
  /** on time ÷ (on time + late); null: nothing to divide, or not told */
  readonly organizationShare: number | null;
  readonly personShare: number | null;
}

export interface Figures {
  readonly subjects: Count;
  readonly subjectKinds: readonly { readonly kind: string; readonly count: Count }[];
  readonly subjectStatuses: readonly { readonly status: string | null; readonly count: Count }[];
  subjectDivisions(level: DivisionLevel): readonly DivisionCount[];
  readonly entries: Count;
  readonly entryItems: readonly { readonly item: CatalogItem; readonly count: Count }[];
  readonly entryFamilies: readonly { readonly family: EntryFamily; readonly count: Count }[];
  readonly entryMonths: readonly { readonly month: string; readonly count: Count }[];
  entryDivisions(level: DivisionLevel): readonly DivisionCount[];
  readonly lists: readonly {
    readonly item: CatalogItem;
    readonly nature: ListNature | null;
    readonly name: string | null;
    readonly count: Count;
  }[];
  readonly commitments: readonly { readonly kind: string | null; readonly fulfilment: string | null; readonly count: Count }[];
  readonly grades: readonly { readonly item: CatalogItem; readonly grade: string | null; readonly count: Count }[];
  readonly timeliness: readonly TimelinessCount[];
}

/** Names of lists are free text: the most frequent stand alone, the others together. */
const MOST_NAMES = 500;

class Tally {
  #organizations = 0;
  #persons = 0;
  #hidden = false;

  add({ person, shown, hidden }: CountRow): void {
    if (person) {
      this.#persons += shown;
      this.#hidden ||= hidden;
    } else this.#organizations += shown;
  }

  get size(): number {
    return this.#organizations + this.#persons;
  }

  get count(): Count {
    const suppressed = this.#hidden && this.#persons === 0;
    return {
      organizations: this.#organizations,
      persons: suppressed ? null : this.#persons,
      suppressed,
      reduced: this.#hidden && !suppressed,
    };
  }
}

/**
 * @param rows of one root
 * @param open whether the row's item and party may be broken down by this
 */
export function figuresOf(
  catalog: Catalog,
  rows: readonly CountRow[],
  open: (row: CountRow, dimension: Dimension) => boolean,
): Figures {
  const order = new Map(catalog.items.map((item, place) => [item.code, place]));
  const of = (shape: number, accepts: (row: CountRow) => boolean): CountRow[] =>
    rows.filter((row) => row.shape === shape && open(row, 'ROWS') && accepts(row));
  const isSubject = ({ family }: CountRow): boolean => family === 'SUBJECT';
  const isEntry = ({ family }: CountRow): boolean => family !== 'SUBJECT';
  const words = of(SHAPES.WORDS, () => true);
  const subjects = of(SHAPES.BARE, isSubject);
  const entries = of(SHAPES.BARE, isEntry);

  return {
    subjects: total(subjects),
    subjectKinds: groups(of(SHAPES.KIND, isSubject), ({ kind }) => kind ?? '').map(({ key, tally }) => ({
      kind: key,
      count: tally.count,
    })),
    subjectStatuses: groups(
      words.filter((row) => isSubject(row) && open(row, 'SUBJECT_STATUS')),
      ({ word1 }) => word1 ?? '',
    ).map(({ key, tally }) => ({ status: blankAsNull(key), count: tally.count })),
    subjectDivisions: (level) => divisions(level, isSubject),
    entries: total(entries),
    entryItems: groups(entries, inOrder).map(({ first, tally }) => ({ item: itemOf(first), count: tally.count })),
    entryFamilies: groups(entries, ({ family }) => family).flatMap(({ key, tally }) =>
      key === 'SUBJECT' ? [] : [{ family: key, count: tally.count }],
    ),
    entryMonths: groups(of(SHAPES.MONTH, isEntry), ({ month }) => month ?? '').map(({ key, tally }) => ({
      month: key,
      count: tally.count,
    })),
    entryDivisions: (level) => divisions(level, isEntry),
    lists: lists(),
    commitments: groups(
      words.filter((row) => row.family === 'COMMITMENT' && open(row, 'COMMITMENT_KIND') && open(row, 'FULFILMENT')),
      ({ word1, word2 }) => JSON.stringify([word1, word2]),
    ).map(({ first, tally }) => ({ kind: blankAsNull(first.word1), fulfilment: blankAsNull(first.word2), count: tally.count })),
    grades: groups(
      words.filter((row) => row.family === 'EVALUATION' && open(row, 'GRADE')),
      (row) => `${inOrder(row)} ${row.word1 ?? ''}`,
    ).map(({ first, tally }) => ({ item: itemOf(first), grade: blankAsNull(first.word1), count: tally.count })),
    timeliness: timeliness(),
  };

  function lists(): Figures['lists'] {
    const listed = words.filter((row) => row.family === 'LIST' && open(row, 'LIST_NAME'));
    const frequent = groups(listed, ({ word1 }) => word1 ?? '').sort((a, b) => b.tally.size - a.tally.size);
    const named = new Set(frequent.slice(0, MOST_NAMES).map(({ key }) => key));
    return groups(
      listed.map((row) => (named.has(row.word1 ?? '') ? row : { ...row, word1: '' })),
      (row) => `${inOrder(row)} ${row.word1 ?? ''}`,
    ).map(({ first, tally }) => {
      const item = itemOf(first);
      return { item, nature: item.listNature, name: blankAsNull(first.word1), count: tally.count };
    });
  }

  function timeliness(): TimelinessCount[] {
    const rows = of(SHAPES.TIMING, (row) => isEntry(row) && row.timing !== '' && open(row, 'TIMELINESS'));
    return groups(rows, (row) => `${inOrder(row)} ${row.unit ?? ''}`).map(({ first, rows: group }) => {
      const item = itemOf(first);
      const within = (timing: CountRow['timing']): Count => total(group.filter((row) => row.timing === timing));
      const onTime = within('ON_TIME');
      const late = within('LATE');
      return {
        item,
        providerCode: blankAsNull(first.unit),
        providerName: first.unitName,
        deadlineDays: item.collectionDeadlineDays,
        onTime,
        late,
        backfill: within('BACKFILL'),
        organizationShare: share(onTime.organizations, late.organizations),
        personShare: onTime.reduced || late.reduced ? null : share(onTime.persons, late.persons),
      };
    });
  }

  function divisions(level: DivisionLevel, accepts: (row: CountRow) => boolean): DivisionCount[] {
    const found = of(SHAPES.DIVISION, (row) => accepts(row) && open(row, 'DIVISION'));
    return groups(found, ({ division }) => divisionAt(level, division ?? UNKNOWN_DIVISION)).map(({ key, tally }) => ({
      code: blankAsNull(key),
      name: divisionName(key),
      count: tally.count,
    }));
  }

  function itemOf(row: CountRow): CatalogItem {
    const item = catalog.item(row.item);
    if (item === undefined) throw new Error(`The statement counted an item that the catalog does not have: ${row.item}`);
    return item;
  }

  /** A key that sorts items as the catalog does. */
  function inOrder(row: CountRow): string {
    return String(order.get(row.item) ?? 0).padStart(6, '0');
  }
}

function total(rows: readonly CountRow[]): Count {
  const tally = new Tally();
  for (const row of rows) tally.add(row);
  return tally.count;
}

interface Group<Key extends string> {
  readonly key: Key;
  readonly first: CountRow;
  readonly rows: CountRow[];
  readonly tally: Tally;
}

/** Rows with the same key, added up; in the order of the keys. */
function groups<Key extends string>(rows: readonly CountRow[], keyOf: (row: CountRow) => Key): Group<Key>[] {
  const found = new Map<Key, Group<Key>>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = found.get(key) ?? { key, first: row, rows: [], tally: new Tally() };
    group.rows.push(row);
    group.tally.add(row);
    found.set(key, group);
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

function share(onTime: number | null, late: number | null): number | null {
  if (onTime === null || late === null || onTime + late === 0) return null;
  return onTime / (onTime + late);
}

function blankAsNull(text: string | null): string | null {
  return text === '' ? null : text;
}
