/** The rows of one transaction: in one order for all imports, each key once. */

export interface Draft {
  readonly id: string;
  readonly digest: Buffer;
}

/** How many rows were new, changed something, or changed nothing. */
export interface Counts {
  readonly accepted: number;
  readonly updated: number;
  readonly unchanged: number;
}

/** What a statement did with a batch. */
export interface Touched {
  readonly inserted: number;
  readonly updated: number;
  /** ids of the rows inserted or updated; null when they were not asked for */
  readonly ids: readonly string[] | null;
}

export class Batch<D extends Draft> {
  /** sorted; where rows share an id, the last of them */
  readonly drafts: readonly D[];
  /** of the rows whose id an earlier row of the batch had: whether they differ from that row */
  private readonly repeats: ReadonlyMap<string, readonly boolean[]>;

  constructor(rows: readonly D[], compare: (a: D, b: D) => number) {
    const last = new Map<string, D>();
    const repeats = new Map<string, boolean[]>();
    for (const row of rows) {
      const before = last.get(row.id);
      if (before !== undefined) repeats.set(row.id, [...(repeats.get(row.id) ?? []), !before.digest.equals(row.digest)]);
      last.set(row.id, row);
    }
    this.drafts = [...last.values()].sort(compare);
    this.repeats = repeats;
  }

  /** Whether `count` needs to know which rows were touched. */
  get needsIds(): boolean {
    return this.repeats.size > 0;
  }

  /**
   * One count for each row of the file. A repeated key counts as its first row and then as changes of it; when the last of them
   * is what the database had already, nothing changed, so that importing a file again reports just that.
   */
  count(touched: Touched): Counts {
    const ids = new Set(touched.ids ?? []);
    let updated = touched.updated;
    let unchanged = this.drafts.length - touched.inserted - touched.updated;
    for (const [id, differences] of this.repeats) {
      const changes = ids.has(id) ? differences.filter(Boolean).length : 0;
      updated += changes;
      unchanged += differences.length - changes;
    }
    return { accepted: touched.inserted, updated, unchanged };
  }
}

/** UUIDs in their usual text form sort as the database sorts them. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
