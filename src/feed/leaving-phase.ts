/**
 * The way from the views that a client was in step with to the one it has now: what a new catalog, another limit or grant, and the
 * days that passed make of rows that nobody wrote. Items whose decisions changed are looked through row by row; then entries whose
 * publicity ended; then consents that ended.
 */
import { seenThrough, until } from './candidate.ts';
import type { Candidate, Stretch } from './candidate.ts';
import { coveredNow } from './consents.ts';
import { consentsFor, itemsOf } from './feed-run.ts';
import type { FeedRun } from './feed-run.ts';
import { sameView, tooManyViews } from './feed-state.ts';
import type { FeedState, Step } from './feed-state.ts';
import type { FeedView } from './feed-view.ts';
import type { RowState } from './row-facts.ts';
import { rowsOfSubject } from './subject-rows.ts';

type Leaving = NonNullable<FeedState['leaving']>;
type StepOf<Kind extends Step['kind']> = Extract<Step, { kind: Kind }>;

/** A stretch of one step; `next` is null when the step is done. */
interface StepStretch {
  readonly found: readonly (Omit<Candidate, 'after'> & { readonly step: Step })[];
  readonly scanned: number;
  readonly next: Step | null;
}

/** What every step needs. */
interface Way {
  readonly run: FeedRun;
  readonly state: FeedState;
  readonly from: readonly FeedView[];
  /** the days that passed: from the first one to before the last one */
  readonly days: { readonly from: string; readonly to: string };
  readonly limit: number;
}

/** More views than a client passes through while one long transaction is open. */
const MOST_VIEWS = 24;

export async function leavingStretch(run: FeedRun, state: FeedState, leaving: Leaving, limit: number): Promise<Stretch> {
  const from = await Promise.all(leaving.from.map(({ standing, endedAt }) => run.viewOf(standing, endedAt)));
  const firstDay = from.map(({ day }) => day).reduce((least, day) => (day < least ? day : least), run.view.day);
  const way: Way = { run, state, from, days: { from: firstDay, to: run.view.day }, limit };
  const steps = stepsOf(way);
  const known = steps.findIndex((step) => leaving.step !== null && placeOf(step) === placeOf(leaving.step));
  // A step that is no longer among them (another release of the gateway) begins all of them anew: more is told, nothing is left out.
  const index = Math.max(known, 0);
  const step = known === -1 ? steps[0] : leaving.step;
  if (step == null) return { candidates: [], scanned: 0, next: await arrived(run, state, leaving), inStep: false };

  const at = (place: Step): FeedState => ({ ...state, leaving: { ...leaving, step: place } });
  const { found, scanned, next } = await stepStretch(way, step);
  const following = next ?? steps[index + 1];
  return {
    candidates: found.map(({ step: place, ...candidate }) => ({ ...candidate, after: at(place) })),
    scanned,
    next: following === undefined ? await arrived(run, state, leaving) : at(following),
    inStep: false,
  };
}

/** In an order that depends on nothing but the views, so that a cursor finds its place again. */
function stepsOf({ run, from, days }: Way): Step[] {
  const all = itemsOf(run, [run.view, ...from]);
  const moved = all.filter(({ code }) => from.some((view) => view.differsOn(code, run.view)));
  const looks = moved.flatMap(({ code, family }): Step[] =>
    (family === 'SUBJECT' ? [false, true] : [null]).map((person) => ({ kind: 'ITEM', item: code, person, after: null })),
  );
  if (days.from >= days.to) return looks;
  const ending = all
    .filter(({ family }) => family !== 'SUBJECT')
    .map(({ code }): Step => ({ kind: 'PUBLICITY', item: code, after: null }));
  return [
    ...looks,
    ...ending,
    ...(run.caller.purpose === null ? [] : [{ kind: 'CONSENTS' as const, after: null, within: null }]),
  ];
}

/** Where a step is, whatever it has done there. */
function placeOf(step: Step): string {
  if (step.kind === 'CONSENTS') return step.kind;
  return step.kind === 'ITEM' ? `${step.kind} ${step.item} ${String(step.person)}` : `${step.kind} ${step.item}`;
}

function stepStretch(way: Way, step: Step): Promise<StepStretch> {
  switch (step.kind) {
    case 'ITEM':
      return itemStretch(way, step);
    case 'PUBLICITY':
      return publicityStretch(way, step);
    case 'CONSENTS':
      return consentsStretch(way, step);
  }
}

/** Rows that the client sees otherwise than before, or no longer. */
async function itemStretch(way: Way, step: StepOf<'ITEM'>): Promise<StepStretch> {
  const { run, state, from, limit } = way;
  const family = familyOf(way, step.item);
  const rows =
    family === 'SUBJECT'
      ? await run.facts.subjectsOfItem(step.item, step.person === true, step.after, limit)
      : await run.facts.entriesOfItem(family, step.item, step.after, limit);
  const placeAfter = (row: RowState): Step => ({ ...step, after: [row.sinceText, row.key.entryId ?? row.key.subjectId] });
  const consentsOf = await consentsFor(run, state, from, rows.map(subjectOf));
  const published = from.some(({ profile }) => profile.catalogVersion !== run.view.catalog.version);
  const changedAt = published ? run.view.catalog.publishedAt.getTime() : run.moment.at;
  const found = rows.flatMap((row) => {
    const consents = consentsOf(row.key.subjectId);
    const then = until(row, state.last.at);
    const covered = coveredNow(consents);
    const now = run.view.print(then, covered, run.view.day);
    if (now !== null && from.every((view) => view.print(then, covered, run.view.day) === now)) return [];
    const seenAs = seenThrough(from, then, consents);
    return now === null && seenAs === null ? [] : [{ key: row.key, seenAs, changedAt, step: placeAfter(row) }];
  });
  const last = rows.at(-1);
  return { found, scanned: rows.length, next: last === undefined || rows.length < limit ? null : placeAfter(last) };
}

/** Entries whose publicity ended in these days: shown with a mark, or no longer. */
async function publicityStretch(way: Way, step: StepOf<'PUBLICITY'>): Promise<StepStretch> {
  const { run, state, from, days, limit } = way;
  const family = familyOf(way, step.item);
  if (family === 'SUBJECT') return { found: [], scanned: 0, next: null };
  const rows = await run.facts.publicityEnding(family, step.item, days, step.after, limit);
  const consentsOf = await consentsFor(run, state, from, rows.map(subjectOf));
  const placeAfter = ({ publicUntil, key }: RowState): Step => ({
    ...step,
    after: [publicUntil ?? days.from, key.subjectId, key.entryId ?? key.subjectId],
  });
  const found = rows.flatMap((row) => {
    const consents = consentsOf(row.key.subjectId);
    const then = until(row, state.last.at);
    const seenAs = seenThrough(from, then, consents);
    if (seenAs === null && run.view.print(then, coveredNow(consents), run.view.day) === null) return [];
    return [{ key: row.key, seenAs, changedAt: dayAfter(row.publicUntil ?? days.from), step: placeAfter(row) }];
  });
  const last = rows.at(-1);
  return { found, scanned: rows.length, next: last === undefined || rows.length < limit ? null : placeAfter(last) };
}

/** Consents whose last day was one of these: the rows that they opened. */
async function consentsStretch(way: Way, step: StepOf<'CONSENTS'>): Promise<StepStretch> {
  const { run, state, from, days, limit } = way;
  const { clientId, purpose } = run.caller;
  if (purpose === null) return { found: [], scanned: 0, next: null };
  const found: StepStretch['found'][number][] = [];
  let place = step;
  const ended = await run.consents.ending({ clientId, purpose }, days, step.after, limit);
  let scanned = ended.length;
  for (const { subjectId, id, items, lastDay } of ended) {
    const { rows, next } = await rowsOfSubject(run, from, subjectId, items, place.within, limit);
    scanned += rows.length;
    const consentsOf = await consentsFor(
      run,
      state,
      from,
      rows.map(({ row }) => subjectOf(row)),
    );
    for (const { row, within } of rows) {
      const seenAs = seenThrough(from, until(row, state.last.at), consentsOf(subjectId));
      found.push({ key: row.key, seenAs, changedAt: dayAfter(lastDay), step: { ...place, within } });
    }
    if (next !== null) return { found, scanned, next: { ...place, within: next } };
    place = { ...place, after: [lastDay, subjectId, id], within: null };
    if (found.length >= limit) return { found, scanned, next: place };
  }
  return { found, scanned, next: ended.length < limit ? null : place };
}

function familyOf({ run, from }: Way, itemCode: string): 'SUBJECT' | 'RECORD' | 'LIST' | 'COMMITMENT' | 'EVALUATION' {
  for (const view of [run.view, ...from]) {
    const item = view.catalog.item(itemCode);
    if (item !== undefined) return item.family;
  }
  throw new Error(`No view has the item ${itemCode}`);
}

function subjectOf({ key, itemCode }: RowState): { subjectId: string; itemCode: string } {
  return { subjectId: key.subjectId, itemCode };
}

/** The first moment of the next day in Asia/Shanghai. */
function dayAfter(day: string): number {
  return Date.parse(`${day}T24:00:00+08:00`);
}

/**
 * In step with the new view. Transactions that had begun by now may have changed rows, before or while they were looked at, that the
 * client knows through the views it left: those are kept in mind until the log has passed such transactions.
 */
async function arrived(run: FeedRun, state: FeedState, leaving: Leaving): Promise<FeedState> {
  const { xmax } = await run.log.moment();
  const past = [...state.past];
  for (const left of leaving.from) {
    const same = past.findIndex(({ standing }) => sameView(standing, left.standing));
    const known = past[same];
    if (known === undefined) past.push({ ...left, until: xmax });
    else {
      const day = known.standing.day < left.standing.day ? known.standing.day : left.standing.day;
      past[same] = { standing: { ...left.standing, day }, endedAt: Math.max(known.endedAt, left.endedAt), until: xmax };
    }
  }
  if (past.length > MOST_VIEWS) throw tooManyViews();
  return { ...state, leaving: null, past };
}
