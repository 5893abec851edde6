/** What was written since: every change of the log up to the oldest transaction that is still open, in the log's order. */
import { seenThrough, until } from './candidate.ts';
import type { Candidate, Stretch } from './candidate.ts';
import type { LogRow } from './change-log.ts';
import { consentsFor, itemsOf } from './feed-run.ts';
import type { FeedRun } from './feed-run.ts';
import { keyText } from './feed-model.ts';
import type { LogPosition, RowKey } from './feed-model.ts';
import type { FeedState } from './feed-state.ts';
import type { FeedView, RowThen } from './feed-view.ts';
import { rowsOfSubject } from './subject-rows.ts';

/** A view with the transactions whose changes it concerns: those before `until`; null: all. */
interface DatedView {
  readonly view: FeedView;
  readonly until: string | null;
}

export async function logStretch(run: FeedRun, state: FeedState, limit: number): Promise<Stretch> {
  const past = await Promise.all(
    state.past.map(async ({ standing, endedAt, until: before }) => ({
      view: await run.viewOf(standing, endedAt),
      until: before,
    })),
  );
  const dated: readonly DatedView[] = [{ view: run.view, until: null }, ...past];
  const views = dated.map(({ view }) => view);
  const items = itemsOf(run, views).map(({ code }) => code);
  const { clientId, purpose } = run.caller;
  const window = await run.log.after(state.position, run.moment.xmin, limit, { items, clientId, purpose });
  const consentsOf = await consentsFor(
    run,
    state,
    views,
    window.rows.flatMap((row) =>
      row.existed && row.was_item_code !== null ? [{ subjectId: row.subject_id, itemCode: row.was_item_code }] : [],
    ),
  );

  // Whether the client could have seen the row before any of its changes here: asked of all of them, told at the place of the first.
  // A page that ends before a later one begins the next page there, and tells the row twice; told at the place of the last, it would
  // begin behind the change that took the row away, and never tell.
  const seen = new Map<string, Candidate['seenAs']>();
  for (const row of window.rows) {
    if (row.kind === 'AUTHORIZATION') continue;
    const name = keyText(keyOf(row));
    seen.set(name, seen.get(name) ?? seenBefore(row));
  }
  const told = new Set<string>();
  const candidates: Candidate[] = [];
  let scanned = window.scanned;
  for (const [index, row] of window.rows.entries()) {
    const here: LogPosition = { txid: row.txid, seq: row.seq };
    if (row.kind === 'AUTHORIZATION') {
      const rest = await ofConsent(row, index === 0 ? state.within : null);
      if (rest !== null) return { candidates, scanned, next: rest, inStep: false };
      continue;
    }
    const key = keyOf(row);
    const name = keyText(key);
    // Several changes of one row are one: what is told is the row as it is.
    if (told.has(name)) continue;
    told.add(name);
    candidates.push({
      key,
      seenAs: seen.get(name) ?? null,
      changedAt: row.at.getTime(),
      after: { ...state, position: here, within: null },
    });
  }
  const inStep = window.scanned < limit;
  const position = inStep ? { txid: run.moment.xmin, seq: '0' } : (window.end ?? state.position);
  return { candidates, scanned, next: { ...state, position, within: null }, inStep };

  function seenBefore(row: LogRow): Candidate['seenAs'] {
    const { was_item_code: itemCode, was_since: since } = row;
    if (!row.existed || itemCode === null || since === null || !run.inScope(itemCode)) return null;
    const then: RowThen = {
      itemCode,
      person: row.was_person === true,
      status: row.was_status ?? 'ACTIVE',
      publicUntil: row.was_public_until,
      sourceUnitCode: row.was_source_unit_code,
      from: since.getTime(),
      to: lastSight(row),
    };
    return seenThrough(concerned(row), then, consentsOf(row.subject_id));
  }

  /** Until when the client may have seen a row as it was: until the page before, or until the change that had been made by then. */
  function lastSight(row: LogRow): number {
    const { at, xmin } = state.last;
    return BigInt(row.txid) >= BigInt(xmin) ? at : Math.min(at, row.at.getTime());
  }

  function concerned(row: LogRow): FeedView[] {
    return dated.filter((one) => one.until === null || BigInt(row.txid) < BigInt(one.until)).map(({ view }) => view);
  }

  /** Adds what a consent opened or closed. @returns where to go on, when the subject has more rows than fit; null: done */
  async function ofConsent(row: LogRow, within: FeedState['within']): Promise<FeedState | null> {
    if (row.existed) run.notes.consentEnded = true;
    const before = { ...state, position: { txid: row.txid, seq: String(BigInt(row.seq) - 1n) } };
    const { rows, next } = await rowsOfSubject(run, views, row.subject_id, row.items ?? [], within, limit);
    scanned += rows.length;
    const consents = await consentsFor(
      run,
      state,
      views,
      rows.map(({ row: found }) => ({ subjectId: row.subject_id, itemCode: found.itemCode })),
    );
    for (const { row: found, within: place } of rows) {
      const seenAs = seenThrough(concerned(row), until(found, state.last.at), consents(row.subject_id));
      candidates.push({ key: found.key, seenAs, changedAt: row.at.getTime(), after: { ...before, within: place } });
    }
    return next === null ? null : { ...before, within: next };
  }
}

function keyOf(row: LogRow): RowKey {
  if (row.kind === 'AUTHORIZATION') throw new Error('A consent is no row of the feed');
  return { family: row.kind, subjectId: row.subject_id, entryId: row.entry_id };
}
