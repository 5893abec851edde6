/** The writer of a page of changes: rows that are there are decided, masked and written like every other; of removed ones their id. */
import type { AccessProfile } from '../access/index.ts';
import { bytesOf, wireOf } from '../wire-text.ts';
import type { ChangeEdgeShown, ChangeShown, ChangesShape } from './answer-shape.ts';
import { isChanges } from './fetched.ts';
import type { FetchedChange, FetchedChanges, FetchedRow } from './fetched.ts';
import type { RowClass } from './judge-rows.ts';
import { sequence } from './object-writer.ts';
import { pageInfoWriter } from './page-info.ts';
import type { ChangesRead } from './read-plan.ts';
import { compileRow } from './write-answer.ts';
import type { WriteAnswer } from './write-answer.ts';
import type { WritingPass } from './writing-pass.ts';

/** A row that is there, with its class. */
interface JudgedRow {
  readonly row: FetchedRow;
  readonly rowClass: RowClass;
}

/** @param judged null: the row is gone */
type WritePart = (change: FetchedChange, judged: JudgedRow | null, pass: WritingPass) => string;

export function compileChanges(read: ChangesRead, shape: ChangesShape, profile: AccessProfile): WriteAnswer {
  const judge = compileRow(read.rows, new Map(), profile);
  const { steps, end } = sequence<(page: FetchedChanges, pass: WritingPass) => string>(
    shape.map((shown) => {
      switch (shown.kind) {
        case 'CONSTANT':
          return { key: shown.key, constant: shown.json };
        case 'PAGE_INFO':
          return { key: shown.key, write: pageInfoWriter(shown.fields, CURSORS) };
        case 'EDGES':
          return { key: shown.key, write: edges(shown.fields) };
      }
    }),
  );
  return (fetched, pass) => {
    if (fetched === null || !isChanges(fetched)) throw new Error('Changes were read, and no page of them came');
    let text = '';
    for (const { lead, write } of steps) text += lead + write(fetched, pass);
    return text + end;
  };

  function edges(fields: readonly ChangeEdgeShown[]): (page: FetchedChanges, pass: WritingPass) => string {
    const write = object<ChangeEdgeShown>(fields, (shown) =>
      shown.kind === 'CURSOR' ? ({ cursor }) => `"${cursor()}"` : changeWriter(shown.fields),
    );
    return ({ changes }, pass) => {
      const texts: string[] = [];
      for (const change of changes) {
        const judged = judgedRow(change.row);
        // Closed since it was fetched: the next page says what became of it.
        if (change.row !== null && judged === null) continue;
        if (judged !== null) pass.count(judged.rowClass, judged.row);
        texts.push(write(change, judged, pass));
      }
      return `[${texts.join(',')}]`;
    };
  }

  function judgedRow(row: FetchedRow | null): JudgedRow | null {
    const rowClass = row === null ? null : judge.classOf(row);
    return row === null || rowClass === null ? null : { row, rowClass };
  }

  function changeWriter(fields: readonly ChangeShown[]): WritePart {
    return object<ChangeShown>(fields, (shown) => {
      switch (shown.kind) {
        case 'CHANGE_FACT':
          return CHANGE_FACTS[shown.fact];
        case 'ITEM':
          return ({ item }) => bytesOf(wireOf(shown.json(item)));
        case 'ROW': {
          const rows = compileRow(read.rows, shown.rows, profile);
          return (_change, judged, pass) => {
            const rowClass = judged === null ? null : rows.classOf(judged.row);
            return judged === null || rowClass === null ? 'null' : rows.write(judged.row, rowClass, pass);
          };
        }
      }
    });
  }
}

function object<Shown extends { readonly kind: string; readonly key: string }>(
  fields: readonly (Shown | { readonly kind: 'CONSTANT'; readonly key: string; readonly json: string })[],
  writer: (shown: Exclude<Shown, { kind: 'CONSTANT' }>) => WritePart,
): WritePart {
  const { steps, end } = sequence<WritePart>(
    fields.map((shown) =>
      isConstant(shown)
        ? { key: shown.key, constant: shown.json }
        : { key: shown.key, write: writer(shown as Exclude<Shown, { kind: 'CONSTANT' }>) },
    ),
  );
  return (change, judged, pass) => {
    let text = '';
    for (const { lead, write } of steps) text += lead + write(change, judged, pass);
    return text + end;
  };
}

function isConstant(shown: {
  readonly kind: string;
}): shown is { readonly kind: 'CONSTANT'; readonly key: string; readonly json: string } {
  return shown.kind === 'CONSTANT';
}

const CHANGE_FACTS: Readonly<Record<'operation' | 'id' | 'changedAt', WritePart>> = {
  operation: ({ operation }) => `"${operation}"`,
  id: ({ id }) => `"${id}"`,
  changedAt: ({ changedAt }) => `"${changedAt.toISOString()}"`,
};

const CURSORS = {
  startCursor: ({ changes: [first] }: FetchedChanges) => first?.cursor() ?? null,
  endCursor: ({ endCursor }: FetchedChanges) => endCursor,
};
