/** The rows of one subject that a consent opens or closes: the subject itself and its entries of the consent's items. */
import { FAMILIES } from '../catalog/model.ts';
import type { FeedRun } from './feed-run.ts';
import { itemsOf } from './feed-run.ts';
import type { WithinSubject } from './feed-state.ts';
import type { FeedView } from './feed-view.ts';
import type { RowState } from './row-facts.ts';

export interface SubjectRows {
  readonly rows: readonly { readonly row: RowState; readonly within: WithinSubject }[];
  /** null: that was all of them */
  readonly next: WithinSubject | null;
}

/**
 * @param covered the consent's items
 * @param after goes on within the subject; null: from its beginning
 */
export async function rowsOfSubject(
  run: FeedRun,
  views: readonly FeedView[],
  subjectId: string,
  covered: readonly string[],
  after: WithinSubject | null,
  limit: number,
): Promise<SubjectRows> {
  const items = itemsOf(run, [run.view, ...views]).filter(({ code, family }) =>
    // A person is there for an agency by any consent, whatever it covers.
    [run.view, ...views].some(
      (view) =>
        view.consentMatters(code) && (covered.includes(code) || (family === 'SUBJECT' && view.profile.personsNeedAuthorization)),
    ),
  );
  const rows: { row: RowState; within: WithinSubject }[] = [];
  for (let family = after?.family ?? 0; family < FAMILIES.length; family += 1) {
    const name = FAMILIES[family];
    const codes = items.filter((item) => item.family === name).map(({ code }) => code);
    if (name === undefined || codes.length === 0) continue;
    const id = family === after?.family ? after.id : null;
    const found = await run.facts.ofSubject(name, subjectId, codes, id, limit - rows.length);
    for (const row of found) rows.push({ row, within: { family, id: row.key.entryId ?? subjectId } });
    const last = rows.at(-1);
    if (rows.length >= limit && last !== undefined) return { rows, next: last.within };
  }
  return { rows, next: null };
}
