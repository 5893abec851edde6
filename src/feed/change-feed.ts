/**
 * The change feed: what changed for one client since its cursor, through its own view. Nothing is skipped, every row is told at
 * least once and as it is when it is told, and nobody hears of the end of what it never could see (docs/decisions/0012).
 */
import type { ProfileCache } from '../access/index.ts';
import type { Catalog } from '../catalog/model.ts';
import { GatewayError } from '../errors.ts';
import type { KeyRing } from '../keys/index.ts';
import type { Candidate } from './candidate.ts';
import { ChangeLog } from './change-log.ts';
import type { LogMoment } from './change-log.ts';
import { ConsentStore } from './consents.ts';
import type { Change, FeedCaller, FeedPage, RowSource, RunFacts } from './feed-model.ts';
import { keyText } from './feed-model.ts';
import type { FeedRun } from './feed-run.ts';
import { scopeOf, sameScope } from './feed-scope.ts';
import { cursorTooOld, FeedCursorCodec, foreignCursor, sameStanding } from './feed-state.ts';
import type { FeedState } from './feed-state.ts';
import { FeedViews, standingOf } from './feed-view.ts';
import { leavingStretch } from './leaving-phase.ts';
import { logStretch } from './log-phase.ts';
import { RowFacts } from './row-facts.ts';

export interface ChangeFeedDependencies {
  /** runs statements that read the change log and the facts of rows: never their content */
  readonly run: RunFacts;
  readonly keys: Pick<KeyRing, 'encrypt' | 'decrypt'>;
  readonly profiles: ProfileCache;
  /** an earlier catalog; null: there is none with this number */
  readonly catalogVersion: (version: number) => Promise<Catalog | null>;
}

export interface FeedRequest<Row> {
  readonly caller: FeedCaller;
  /** catalog codes or type names; null: the cursor's own, or, without one, whatever exists for the caller */
  readonly items: readonly string[] | null;
  /** null: from now on */
  readonly after: string | null;
  /** 0 to 1000 */
  readonly first: number;
  readonly rows: RowSource<Row>;
}

/** Rows of the log, or of an item, that one page looks at before it answers with what it has: a request ends within seconds. */
const MOST_SCANNED = 20_000;
/** How many are looked at together: memory stays flat, whatever a page passes over. */
const STRETCH = { least: 200, most: 2_000 };

interface Edge<Row> {
  readonly change: Change<Row>;
  readonly state: FeedState;
}

export class ChangeFeed {
  readonly #dependencies: ChangeFeedDependencies;
  readonly #log: ChangeLog;
  readonly #facts: RowFacts;
  readonly #consents: ConsentStore;
  readonly #views: FeedViews;

  constructor(dependencies: ChangeFeedDependencies) {
    this.#dependencies = dependencies;
    this.#log = new ChangeLog(dependencies.run);
    this.#facts = new RowFacts(dependencies.run);
    this.#consents = new ConsentStore(dependencies.run);
    this.#views = new FeedViews(dependencies.profiles, dependencies.catalogVersion);
  }

  /**
   * The cursor to go on from after a snapshot of the caller's whole view in `items`: changes that the snapshot shows already may be
   * told once more, none that it does not show is left out.
   * @param snapshot `xmin` is pg_snapshot_xmin of the snapshot; `at` its time by the database's clock, not earlier (milliseconds)
   * @throws GatewayError as `page`
   */
  async cursorAt(
    snapshot: { readonly xmin: string; readonly at: number },
    caller: FeedCaller,
    items: readonly string[] | null,
  ): Promise<string> {
    const { origin } = await this.#log.moment();
    const scope = scopeOf(items, await this.#views.of(standingOf(caller), caller, null));
    return this.#codec(caller).encode(stateAt({ ...snapshot, origin }, caller, scope));
  }

  /**
   * The next changes after a cursor. The page may be empty and yet not the last: then much was passed over that is not for the caller.
   * @throws GatewayError CURSOR_INVALID for a cursor of another client, purpose or items, and for one that is too old;
   *   BAD_USER_INPUT for an unknown item; FILTER_FORBIDDEN for one outside the caller's view
   */
  async page<Row>({ caller, items, after, first, rows }: FeedRequest<Row>): Promise<FeedPage<Row>> {
    const codec = this.#codec(caller);
    const moment = await this.#log.moment();
    const given = after === null ? null : codec.decode(after);
    if (given !== null) refuseUnusable(given, moment);
    const view = await this.#views.of(standingOf(caller), caller, null);
    if (given !== null && !sameScope(items, given.scope, await this.#viewsOf(given, caller))) throw foreignCursor();
    const start = given === null ? stateAt(moment, caller, scopeOf(items, view)) : turnedTo(given, caller);
    const scope = start.scope === null ? null : new Set(start.scope);
    const run: FeedRun = {
      caller,
      moment,
      view,
      log: this.#log,
      facts: this.#facts,
      consents: this.#consents,
      inScope: (itemCode) => scope === null || scope.has(itemCode),
      notes: { consentEnded: false },
      viewOf: (standing, endedAt) => this.#views.of(standing, caller, endedAt),
    };
    const { edges, state, inStep } =
      given === null || first === 0 ? { edges: [], state: start, inStep: given === null } : await pull(run, start, first, rows);
    const end = await this.#log.moment();
    const cursor = (place: FeedState): string => codec.encode(settled(place, start, run, end));
    return {
      edges: edges.map(({ change, state: place }) => ({ change, cursor: () => cursor(place) })),
      hasNextPage: !inStep,
      endCursor: cursor(state),
    };
  }

  /** Removes changes older than so many days; cursors that would need them are refused from then on. @returns how many */
  async prune(keepDays: number): Promise<number> {
    let removed = 0;
    for (;;) {
      const some = await this.#log.prune(keepDays);
      if (some === 0) return removed;
      removed += some;
    }
  }

  #codec({ clientId, purpose }: FeedCaller): FeedCursorCodec {
    return new FeedCursorCodec(this.#dependencies.keys, { clientId, purpose });
  }

  #viewsOf(
    { standing, leaving, past }: FeedState,
    caller: FeedCaller,
  ): ReturnType<FeedViews['of']> extends Promise<infer V> ? Promise<V[]> : never {
    const standings = [
      standingOf(caller),
      standing,
      ...(leaving?.from ?? []).map((left) => left.standing),
      ...past.map((left) => left.standing),
    ];
    return Promise.all(standings.map((one) => this.#views.of(one, caller, null)));
  }
}

async function pull<Row>(
  run: FeedRun,
  start: FeedState,
  first: number,
  rows: RowSource<Row>,
): Promise<{ edges: Edge<Row>[]; state: FeedState; inStep: boolean }> {
  const edges: Edge<Row>[] = [];
  const stretch = Math.min(STRETCH.most, Math.max(STRETCH.least, first * 2));
  let state = start;
  for (let scanned = 0; scanned < MOST_SCANNED;) {
    const found =
      state.leaving === null ? await logStretch(run, state, stretch) : await leavingStretch(run, state, state.leaving, stretch);
    scanned += found.scanned;
    // No more rows are fetched than the page has room for.
    for (let at = 0; at < found.candidates.length;) {
      const slice = found.candidates.slice(at, at + first - edges.length);
      at += slice.length;
      edges.push(...(await tell(run, slice, rows)));
      const last = slice.at(-1);
      if (edges.length >= first && last !== undefined) {
        const whole = at === found.candidates.length;
        return { edges, state: whole ? found.next : last.after, inStep: whole && found.inStep };
      }
    }
    state = found.next;
    if (found.inStep) return { edges, state, inStep: true };
  }
  return { edges, state, inStep: false };
}

/** Rows that are there for the caller are told as they are; of others, that they are gone, where the caller could have seen them. */
async function tell<Row>(run: FeedRun, candidates: readonly Candidate[], rows: RowSource<Row>): Promise<Edge<Row>[]> {
  const visible = await rows.visible(candidates.map(({ key }) => key));
  return candidates.flatMap(({ key, seenAs, changedAt, after: state }): Edge<Row>[] => {
    const at = new Date(changedAt);
    const there = visible.get(keyText(key));
    if (there !== undefined && run.inScope(there.item.code))
      return [{ change: { operation: 'UPSERT', key, item: there.item, row: there.row, changedAt: at }, state }];
    return seenAs === null ? [] : [{ change: { operation: 'REMOVE', key, item: seenAs, row: null, changedAt: at }, state }];
  });
}

function stateAt(
  moment: Pick<LogMoment, 'xmin' | 'at' | 'origin'>,
  caller: FeedCaller,
  scope: readonly string[] | null,
): FeedState {
  const position = { txid: moment.xmin, seq: '0' };
  return {
    scope: scope === null ? null : [...scope],
    origin: moment.origin,
    position,
    within: null,
    standing: standingOf(caller),
    leaving: null,
    past: [],
    consents: { after: position, until: null },
    last: { at: moment.at, xmin: moment.xmin },
  };
}

/** @throws GatewayError CURSOR_INVALID for a place of which the log no longer knows, or never knew */
function refuseUnusable({ position, origin }: FeedState, moment: LogMoment): void {
  if (BigInt(position.txid) < BigInt(moment.floor)) throw cursorTooOld();
  if (origin !== moment.origin || BigInt(position.txid) > BigInt(moment.xmax)) {
    throw new GatewayError(
      'CURSOR_INVALID',
      'This cursor is of another database than the one that answers now. Take a snapshot with startExport and go on from its cursor.',
    );
  }
}

/** Heads for the caller's view as it is now, from wherever the cursor was. */
function turnedTo(state: FeedState, caller: FeedCaller): FeedState {
  const standing = standingOf(caller);
  if (sameStanding(state.standing, standing)) return state;
  const left = { standing: state.standing, endedAt: state.last.at };
  const from = [...(state.leaving?.from ?? []).filter((known) => !sameStanding(known.standing, left.standing)), left];
  return { ...state, standing, leaving: { from, step: null } };
}

/** The state as it goes into a cursor: what it need no longer keep in mind is left out. */
function settled(state: FeedState, start: FeedState, run: FeedRun, end: LogMoment): FeedState {
  const passed = (txid: string): boolean => BigInt(state.position.txid) >= BigInt(txid);
  const { after, until } = start.consents;
  const over = until === null || passed(until);
  const consents = run.notes.consentEnded
    ? { after, until: end.xmax }
    : over
      ? { after: state.position, until: null }
      : start.consents;
  return {
    ...state,
    past: state.past.filter((left) => !passed(left.until)),
    consents,
    last: { at: end.at, xmin: run.moment.xmin },
  };
}
