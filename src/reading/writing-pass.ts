/** What one synchronous pass over one root's rows carries: how values are opened, and the count of what was written. */
import { bytesOf, wireOf } from '../wire-text.ts';
import type { WireText } from '../wire-text.ts';
import type { AccessReport } from './access-report.ts';
import { AnswerBytes } from './answer-bytes.ts';
import type { FetchedRow } from './fetched.ts';
import type { RowClass, RowJudge } from './judge-rows.ts';

/** Opens a stored value that is kept sealed, and gives back any other; the context is the subject's id. */
export type Unseal = (stored: string, subjectId: string) => string;

export class WritingPass {
  /** the part of the answer that is written already */
  readonly written = new AnswerBytes();
  readonly #counted = new Map<RowJudge, Set<string>>();
  readonly #rows = new Map<RowClass, number>();
  #last: RowClass | null = null;
  #lastRows = 0;

  readonly #unseal: Unseal;

  constructor(
    unseal: Unseal,
    readonly report: AccessReport,
  ) {
    this.#unseal = unseal;
  }

  /** The value as it was delivered. */
  open(stored: WireText, subjectId: string): WireText {
    const bytes = bytesOf(stored);
    const value = this.#unseal(bytes, subjectId);
    // What is sealed is ASCII; what is not comes back as it is.
    return value === bytes ? stored : wireOf(value);
  }

  /**
   * Whether a read's rows of this subject are met for the first time: an answer may show the same rows at several places, and
   * they count once.
   * @param subjectId empty at a root, where the read has one page or one row
   */
  isFirst(judge: RowJudge, subjectId: string): boolean {
    let counted = this.#counted.get(judge);
    if (counted === undefined) {
      counted = new Set();
      this.#counted.set(judge, counted);
    }
    const before = counted.size;
    return counted.add(subjectId).size > before;
  }

  count(rowClass: RowClass, { stored }: FetchedRow): void {
    this.report.subjects.add(stored.subjectId);
    if (stored.person) this.report.persons.add(stored.subjectId);
    // Neighbours are mostly of one class.
    if (rowClass !== this.#last) {
      this.#settle();
      this.#last = rowClass;
    }
    this.#lastRows += 1;
  }

  /** Call once, after the last row. */
  finish(): void {
    this.#settle();
    for (const [rowClass, rows] of this.#rows) this.report.add(rowClass, rows);
  }

  #settle(): void {
    if (this.#last !== null) this.#rows.set(this.#last, (this.#rows.get(this.#last) ?? 0) + this.#lastRows);
    this.#lastRows = 0;
  }
}
