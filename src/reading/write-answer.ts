/**
 * The writers of an answer: one synchronous pass over what a read brought decides, masks and writes each row as JSON text
 * (DESIGN §7). No object is built per row, no promise made, nothing asked twice: what depends on the class of a row alone is
 * compiled when its first row comes, and kept with the plan.
 *
 * No null ever has to travel upwards here, as GraphQL's null propagation would have it. Fields that the schema has non-null are
 * constants, facts of the row that its statement brings (a missing one throws, and with it the root), pages, and the nodes of
 * edges, where a row that does not exist for the caller takes its edge with it. Every other field is nullable.
 */
import type { AccessProfile } from '../access/index.ts';
import type { CatalogItem } from '../catalog/model.ts';
import type { EdgeShown, PageShape, RootShape, RowFact, RowShown, RowsShape } from './answer-shape.ts';
import { isChanges, isPage } from './fetched.ts';
import type { FetchedChanges, FetchedNode, FetchedPage, FetchedRow } from './fetched.ts';
import { RowJudge } from './judge-rows.ts';
import type { RowClass } from './judge-rows.ts';
import { rowSteps, sequence } from './object-writer.ts';
import type { ConstantField, RowField, RowStep } from './object-writer.ts';
import { pageInfoWriter } from './page-info.ts';
import type { RowSelection, RootRead } from './read-plan.ts';
import { FACT_WRITERS, idWriter, valueWriter } from './write-values.ts';
import type { WriteContent } from './write-values.ts';
import type { WritingPass } from './writing-pass.ts';

/**
 * @returns JSON in UTF-8, one character for each byte: all that follows what the pass has `written`; null: there is nothing, or nothing
 * for the caller
 */
export type WriteAnswer = (fetched: FetchedNode | FetchedChanges, pass: WritingPass) => string | null;

/** Everything that is kept for a read, wherever in the answer its rows are shown. */
type Judges = Map<RowSelection, RowJudge>;

/** Of every root but `changes`, which write-changes.ts writes. */
export function compileAnswer(
  read: Exclude<RootRead, { kind: 'CHANGES' }>,
  shape: Exclude<RootShape, { kind: 'CHANGES' }>,
  profile: AccessProfile,
): WriteAnswer {
  if (shape === null || read.kind === 'NOTHING') return () => null;
  const compiler = new AnswerCompiler(profile, new Map(), null);
  if (shape.kind === 'ROW') {
    const write = compiler.oneRow(shape.rows, read.rows);
    return (fetched, pass) => (fetched === null || isChanges(fetched) || isPage(fetched) ? null : write(fetched, pass, ''));
  }
  const write = compiler.page(shape.page, read.rows, 'ROOT');
  return (fetched, pass) => {
    if (fetched === null || isChanges(fetched) || !isPage(fetched)) throw new Error('A listing was read, and no page came');
    return write(fetched, pass, '');
  };
}

/** A field after all others that a shape can have. */
export type LastField = RowField<(row: FetchedRow) => string | null>;

/**
 * Rows that come one by one, without end: the same judgement and the same text, and what came is the caller's to count.
 * @param last null: the shape is all
 */
export function compileRow(
  rows: RowSelection,
  shape: RowsShape,
  profile: AccessProfile,
  last: LastField | null = null,
): { classOf(row: FetchedRow): RowClass | null; write(row: FetchedRow, rowClass: RowClass, pass: WritingPass): string } {
  return new AnswerCompiler(profile, new Map(), last).streamed(shape, rows);
}

/** @param within id of the subject under which the answer shows this; empty at a root */
type WriteRow = (row: FetchedRow, pass: WritingPass, within: string) => string | null;
type WritePage = (page: FetchedPage, pass: WritingPass, within: string) => string;
/** One field of a row; see `RowField`. */
type WriteField = (row: FetchedRow, pass: WritingPass, slots: readonly number[]) => string | null;

interface ClassWriter {
  readonly steps: readonly RowStep<WriteField>[];
  readonly end: string;
  /** the same after a string */
  readonly closingEnd: string;
  /** keys of the values that the steps read, in the order of their slots */
  readonly keys: readonly string[];
  layout: ReadonlyMap<string, number> | null;
  slots: readonly number[];
}

class AnswerCompiler {
  // Items and classes that show the same below share its writer.
  readonly #subjects = new Map<RowsShape, WriteRow>();
  readonly #pages = new Map<PageShape, WritePage>();

  constructor(
    readonly profile: AccessProfile,
    readonly judges: Judges,
    readonly last: LastField | null,
  ) {}

  /** A row that is not in a page: the answer of a root, or an entry's subject. */
  oneRow(shape: RowsShape, rows: RowSelection): WriteRow {
    const judge = this.#judgeOf(rows);
    const write = this.#row(shape, rows);
    return (row, pass, within) => {
      const rowClass = judge.classOf(row);
      if (rowClass === null) return null;
      if (pass.isFirst(judge, within)) pass.count(rowClass, row);
      return write(row, rowClass, pass);
    };
  }

  streamed(shape: RowsShape, rows: RowSelection): ReturnType<typeof compileRow> {
    const judge = this.#judgeOf(rows);
    return { classOf: (row) => judge.classOf(row), write: this.#row(shape, rows) };
  }

  /** @param place a root's page may be long, and is handed over row by row */
  page(shape: PageShape, rows: RowSelection, place: 'ROOT' | 'BELOW' = 'BELOW'): WritePage {
    const judge = this.#judgeOf(rows);
    const showsRows = shape.some(({ kind }) => kind === 'EDGES');
    const { steps, end } = sequence<(page: FetchedPage, pass: WritingPass) => string>(
      shape.map((shown) => {
        switch (shown.kind) {
          case 'CONSTANT':
            return { key: shown.key, constant: shown.json };
          case 'TOTAL':
            return { key: shown.key, write: ({ totalCount }) => String(totalCount) };
          case 'PAGE_INFO':
            return { key: shown.key, write: pageInfoWriter(shown.fields, CURSORS) };
          case 'EDGES':
            return { key: shown.key, write: this.#edges(shown.fields, rows, judge, place) };
        }
      }),
    );
    return (page, pass, within) => {
      if (showsRows && pass.isFirst(judge, within)) {
        for (const row of page.rows) {
          const rowClass = judge.classOf(row);
          if (rowClass !== null) pass.count(rowClass, row);
        }
      }
      let text = '';
      for (const { lead, write } of steps) {
        text += lead;
        if (place === 'ROOT') {
          pass.written.add(text);
          text = '';
        }
        text += write(page, pass);
      }
      return text + end;
    };
  }

  #edges(
    fields: readonly EdgeShown[],
    rows: RowSelection,
    judge: RowJudge,
    place: 'ROOT' | 'BELOW',
  ): (page: FetchedPage, pass: WritingPass) => string {
    const { steps, end } = sequence<(row: FetchedRow, rowClass: RowClass, pass: WritingPass, page: FetchedPage) => string>(
      fields.map((shown) => {
        switch (shown.kind) {
          case 'CONSTANT':
            return { key: shown.key, constant: shown.json };
          case 'CURSOR':
            return { key: shown.key, write: (row, _rowClass, _pass, page) => `"${page.cursorOf(row)}"` };
          case 'NODE':
            return { key: shown.key, write: this.#row(shown.rows, rows) };
        }
      }),
    );
    return (page, pass) => {
      let text = '[';
      let separator = '';
      for (const row of page.rows) {
        const rowClass = judge.classOf(row);
        if (rowClass === null) continue;
        text += separator;
        separator = ',';
        for (const { lead, write } of steps) text += lead + write(row, rowClass, pass, page);
        text += end;
        if (place === 'ROOT') {
          pass.written.add(text);
          text = '';
        }
      }
      return `${text}]`;
    };
  }

  /** The object of a row whose class is known. */
  #row(shape: RowsShape, rows: RowSelection): (row: FetchedRow, rowClass: RowClass, pass: WritingPass) => string {
    const compiled: ClassWriter[] = [];
    return (row, rowClass, pass) => {
      const writer = (compiled[rowClass.ordinal] ??= this.#classWriter(shape, rows, rowClass));
      const { stored } = row;
      // One layout serves all rows that one statement brought of an item.
      if (writer.layout !== stored.layout) {
        writer.layout = stored.layout;
        writer.slots = writer.keys.map((key) => stored.layout.get(key) ?? -1);
      }
      let text = '';
      let open = false;
      for (const step of writer.steps) {
        const content = step.write(row, pass, writer.slots);
        if (content === null) {
          text += open ? step.closingOfNull : step.leadOfNull;
          open = false;
        } else {
          text += (open ? step.closing : step.lead) + content;
          open = step.marks;
        }
      }
      return text + (open ? writer.closingEnd : writer.end);
    };
  }

  #classWriter(shape: RowsShape, rows: RowSelection, { selection, decision }: RowClass): ClassWriter {
    const { item } = selection;
    const keys: string[] = [];
    const { steps, end } = rowSteps<WriteField>([
      ...(shape.get(item.code) ?? []).map((shown): ConstantField | RowField<WriteField> => {
        const { key } = shown;
        switch (shown.kind) {
          case 'CONSTANT':
            return { key, constant: shown.json };
          case 'FACT':
            return { key, ...factField(shown.fact, item) };
          case 'VALUE': {
            const value = valueWriter(shown.wanted, (field) => decision.field(field));
            if (value === null || shown.wanted.field === null) return { key, constant: 'null' };
            return { key, marks: value.marks, write: valueField(keys.push(shown.wanted.field.key) - 1, value.write) };
          }
          case 'SUBJECT':
          case 'ENTRIES':
            return { key, marks: false, write: this.#child(shown, rows, selection.children[shown.place]?.read.rows) };
        }
      }),
      ...(this.last === null ? [] : [this.last]),
    ]);
    return { steps, end, closingEnd: `"${end}`, keys, layout: null, slots: [] };
  }

  #child(shown: RowShown & { kind: 'SUBJECT' | 'ENTRIES' }, { items }: RowSelection, rows: RowSelection | undefined): WriteField {
    const { place } = shown;
    if (rows === undefined) throw new Error(`No child was planned at ${String(place)} of ${[...items.keys()].join(', ')}`);
    if (shown.kind === 'SUBJECT') {
      const write = this.#subjects.get(shown.rows) ?? this.oneRow(shown.rows, rows);
      this.#subjects.set(shown.rows, write);
      return ({ children, stored }, pass) => {
        const subject = children[place] ?? null;
        return subject === null || isPage(subject) ? null : write(subject, pass, stored.subjectId);
      };
    }
    const write = this.#pages.get(shown.page) ?? this.page(shown.page, rows);
    this.#pages.set(shown.page, write);
    return ({ children, stored }, pass) => {
      const page = children[place] ?? null;
      if (page === null || !isPage(page)) throw new Error('A subject was read without the page of its entries');
      return write(page, pass, stored.subjectId);
    };
  }

  #judgeOf(rows: RowSelection): RowJudge {
    let judge = this.judges.get(rows);
    if (judge === undefined) {
      judge = new RowJudge(this.profile);
      this.judges.set(rows, judge);
    }
    return judge;
  }
}

function valueField(index: number, write: WriteContent): WriteField {
  return ({ stored }, pass, slots) => {
    const slot = slots[index] ?? -1;
    const value = slot < 0 ? null : stored.at(slot);
    return value === null ? null : write(pass.open(value, stored.subjectId));
  };
}

function factField(fact: RowFact, { family }: CatalogItem): Pick<RowField<WriteField>, 'marks' | 'write'> {
  const { marks, write } = fact === 'id' ? idWriter(family) : FACT_WRITERS[fact];
  return { marks, write: ({ stored }) => write(stored) };
}

const CURSORS = {
  startCursor: (page: FetchedPage) => cursorAt(page, page.rows[0]),
  endCursor: (page: FetchedPage) => cursorAt(page, page.rows.at(-1)),
};

function cursorAt(page: FetchedPage, row: FetchedRow | undefined): string | null {
  return row === undefined ? null : page.cursorOf(row);
}
