/** Trees as a Reader fetches them, made up: every class of rows, and values that JSON has to take care of. */
import { wireOf } from '../../src/wire-text.ts';
import { ENTRY_STATUSES } from '../../src/access/index.ts';
import type { AccessProfile } from '../../src/access/index.ts';
import type { CatalogField } from '../../src/catalog/model.ts';
import type { FetchedNode, FetchedPage, FetchedRow } from '../../src/reading/fetched.ts';
import type { ChildRead, ItemSelection, PageRequest, RootRead, RowSelection, StoredRow } from '../../src/reading/read-plan.ts';

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const TEXTS = [
  '呼和浩特市某某商贸有限公司',
  'plain',
  '',
  'he said "no" \\ and / left',
  'line\nfeed\ttab\u0000\u001f\u007f',
  'separators \u2028 \u2029',
  'pair \u{20bb7} and emoji \u{1f600}',
  'lone \ud83d high',
  'lone \udc00 low',
  '</script><!-- & -->',
  '__proto__',
];

export class TreeMaker {
  readonly #random: () => number;
  /** what one read brings of one subject is one object, wherever it hangs */
  readonly #made = new Map<object, Map<string, FetchedNode>>();
  #rows = 0;

  constructor(
    readonly profile: AccessProfile,
    seed: number,
  ) {
    this.#random = randomNumbers(seed);
  }

  make(read: RootRead): FetchedNode {
    switch (read.kind) {
      case 'CHANGES':
        throw new Error('Changes have trees of their own');
      case 'NOTHING':
        return null;
      case 'SUBJECT':
      case 'ENTRY':
        return this.#random() < 0.1 ? null : this.#row(read.rows, uuid(this.#pick([1, 2, 3])));
      case 'SUBJECTS':
        return this.#page(read.page, read.rows, (at) => uuid(at));
      case 'ENTRIES':
        return this.#page(read.page, read.rows, () => uuid(this.#pick([1, 2, 3])));
    }
  }

  #below({ read }: ChildRead, subjectId: string): FetchedNode {
    const made = this.#made.get(read) ?? new Map<string, FetchedNode>();
    this.#made.set(read, made);
    const known = made.get(subjectId);
    if (known !== undefined) return known;
    const node =
      read.kind === 'ENTRIES'
        ? this.#page(read.page, read.rows, () => subjectId)
        : this.#random() < 0.2
          ? null
          : this.#row(read.rows, subjectId);
    made.set(subjectId, node);
    return node;
  }

  #page(page: PageRequest, rows: RowSelection, subjectOf: (at: number) => string): FetchedPage {
    const many = page.wantsRows ? Math.min(page.first, Math.floor(this.#random() * 6)) : 0;
    const found = Array.from({ length: many }, (_, at) => this.#row(rows, subjectOf(at + 1))).filter((row) => row !== null);
    return {
      rows: found,
      hasNextPage: this.#random() < 0.5,
      hasPreviousPage: page.after !== null,
      totalCount: page.wantsTotal ? found.length : null,
      cursorOf: ({ stored }) => {
        if (!page.wantsCursors) throw new Error('No cursor was planned');
        return `cursor-${stored.entryId ?? stored.subjectId}`;
      },
    };
  }

  #row({ items }: RowSelection, subjectId: string): FetchedRow | null {
    if (items.size === 0) return null;
    const selection = this.#pick([...items.values()]);
    const authorized = new Set(this.#pick([[], [selection.item.code], ['another item']]));
    const stored = this.#stored(selection, subjectId);
    return { stored, selection, authorized, children: selection.children.map((child) => this.#below(child, subjectId)) };
  }

  #stored({ item, wanted }: ItemSelection, subjectId: string): StoredRow {
    this.#rows += 1;
    const fields = wanted.flatMap(({ field }) =>
      field !== null && this.profile.couldEverSee(item.code, field.key) ? [field] : [],
    );
    const keys = [...new Set(fields.map(({ key }) => key))];
    const values = keys.map((key) => this.#value(item.fields.find((field) => field.key === key)));
    return {
      subjectId,
      entryId: item.family === 'SUBJECT' ? null : uuid(1_000 + this.#rows),
      itemCode: item.code,
      person: item.subjectScope === 'PERSON' || (item.subjectScope === 'ALL' && this.#random() < 0.5),
      own: this.#random() < 0.3,
      expired: this.#random() < 0.3,
      status: this.#random() < 0.8 ? 'ACTIVE' : this.#pick(ENTRY_STATUSES),
      disputed: this.#random() < 0.5,
      receivedAt: '2026-01-02T03:04:05.678Z',
      updatedAt: '2026-11-20T00:00:00.000Z',
      kind: item.family === 'SUBJECT' ? 'ENTERPRISE' : null,
      registered: this.#random() < 0.5,
      sortKey: null,
      layout: new Map(keys.map((key, slot) => [key, slot])),
      at: (slot) => {
        const value = values[slot] ?? null;
        return value === null ? null : wireOf(value);
      },
    };
  }

  #value(field: CatalogField | undefined): string | null {
    if (field === undefined || this.#random() < 0.15) return null;
    switch (field.format) {
      case 'INTEGER':
        return this.#pick(['0', '-7', '2147483647', '0012']);
      case 'BOOLEAN':
        return this.#pick(['true', 'false']);
      case 'DECIMAL':
        return this.#pick(['0', '321.50', '-1.5', '99999999999999999999.01']);
      case 'DATE':
        return this.#pick(['2026-02-28', '1990-01-01']);
      case 'DATETIME':
        return '2026-11-20T09:30:00+08:00';
      case 'STRING':
      case 'TEXT':
      case 'CODE':
        return this.#pick(TEXTS);
    }
  }

  #pick<One>(from: readonly One[]): One {
    const one = from[Math.floor(this.#random() * from.length)];
    if (one === undefined) throw new Error('Nothing to pick from');
    return one;
  }
}

function uuid(number: number): string {
  return `00000000-0000-8000-8000-${number.toString(16).padStart(12, '0')}`;
}
