/** The writer of `pageInfo`, for every kind of page. */
import type { PageInfoShown } from './answer-shape.ts';
import { sequence } from './object-writer.ts';

interface Page {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/** A cursor as it is shown; null: the page is empty. */
type CursorOf<P> = (page: P) => string | null;

export function pageInfoWriter<P extends Page>(
  fields: readonly PageInfoShown[],
  cursors: { readonly startCursor: CursorOf<P>; readonly endCursor: CursorOf<P> },
): (page: P) => string {
  const { steps, end } = sequence<(page: P) => string>(
    fields.map((shown) => {
      if (shown.kind === 'CONSTANT') return { key: shown.key, constant: shown.json };
      const { key, fact } = shown;
      if (fact === 'hasNextPage' || fact === 'hasPreviousPage') return { key, write: (page) => String(page[fact]) };
      return { key, write: (page) => marked(cursors[fact](page)) };
    }),
  );
  return (page) => {
    let text = '';
    for (const { lead, write } of steps) text += lead + write(page);
    return text + end;
  };
}

/** Cursors are base64url. */
function marked(cursor: string | null): string {
  return cursor === null ? 'null' : `"${cursor}"`;
}
