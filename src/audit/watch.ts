/**
 * Watches the reading: many persons in an hour, numbers counted through, fields first asked for, denials, bulk at night
 * (domain.md §10.3). It never stands in the way of an answer: what it needs of an operation it notes in passing, and asks the log
 * in the background.
 */
import { today } from '../calendar.ts';
import type { AuditQuery } from './access-history.ts';
import { NumberRuns } from './number-runs.ts';
import { type ArrangedDays, OffHours } from './off-hours.ts';
import type { ReadEvent } from './read-event.ts';
import { WatchTally, type TallyThresholds } from './watch-tally.ts';
import { DENIED_SHARE, FIRST_FIELD, MANY_PERSONS, OFF_HOURS_BULK, SEQUENTIAL_NUMBERS, type WatchRule } from './watch-rules.ts';

export interface WatchThresholds extends TallyThresholds {
  readonly sequentialNumbers: number;
  readonly fieldDays: number;
  readonly deniedShare: number;
}

export interface WatchFinding {
  readonly rule: WatchRule;
  readonly clientId: string;
}

export interface WatchOptions {
  readonly query: AuditQuery;
  readonly thresholds: WatchThresholds;
  readonly intervalMs: number;
  /** the holiday calendar */
  readonly arrangedDays: ArrangedDays;
  /** called once per finding, on the one instance that entered it */
  readonly onFinding: (finding: WatchFinding) => void;
  readonly onError: (error: unknown) => void;
}

/** client -> catalog code -> field keys */
type Fields = Map<string, Map<string, Set<string>>>;

export class Watch {
  readonly #options: WatchOptions;
  readonly #tally: WatchTally;
  readonly #offHours: OffHours;
  readonly #numbers = new NumberRuns();
  readonly #sequential = new Map<string, number>();
  /** given today, and written down already; begun anew each day */
  #known: Fields = new Map();
  #fresh: Fields = new Map();
  #day = today();
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#offHours = new OffHours(options.arrangedDays);
    this.#tally = new WatchTally(options.thresholds, this.#offHours);
  }

  start(): void {
    this.#running = this.#learnDays(new Date());
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(() => this.look(new Date()));
    }, this.#options.intervalMs);
    this.#timer.unref();
  }

  /** Lets a look that is under way end; looks once more, so that nothing noted is lost by an orderly stop. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#running;
    await this.look(new Date());
  }

  /** A look-up by identifier, found or not. */
  looked(clientId: string, identifier: string): void {
    const count = this.#numbers.looked(clientId, identifier, Date.now());
    if (count >= this.#options.thresholds.sequentialNumbers) this.#sequential.set(clientId, count);
  }

  /** An operation that is in the log. */
  noticed(event: ReadEvent): void {
    this.#tally.add(event);
    for (const [code, { clear, masked }] of event.items) {
      const known = this.#known.get(event.clientId)?.get(code);
      for (const keys of [clear, masked]) {
        for (const key of keys) if (known?.has(key) !== true) note(this.#fresh, event.clientId, code, key);
      }
    }
  }

  /** Holds every suspicion against the log. Never throws. */
  async look(now: Date): Promise<void> {
    const { thresholds } = this.#options;
    const { personsPerHour, deniedShare, deniedLeast, offHoursRows, sequentialNumbers } = thresholds;
    this.#numbers.forget(now.getTime());
    await this.#learnDays(now);
    for (const [clientId, count] of this.#sequential) {
      await this.#enter('SEQUENTIAL_NUMBERS', clientId, SEQUENTIAL_NUMBERS, [now, count, sequentialNumbers]);
    }
    this.#sequential.clear();
    for (const { clientId, persons, denied, offHours } of this.#tally.suspicions(now.getTime())) {
      if (persons) await this.#enter('MANY_PERSONS', clientId, MANY_PERSONS, [now, personsPerHour]);
      if (denied) await this.#enter('DENIED_SHARE', clientId, DENIED_SHARE, [now, deniedShare, deniedLeast]);
      if (offHours) await this.#enter('OFF_HOURS_BULK', clientId, OFF_HOURS_BULK, [now, offHoursRows]);
    }
    await this.#lookAtFields(now);
  }

  async #lookAtFields(now: Date): Promise<void> {
    if (today(now) !== this.#day) {
      this.#day = today(now);
      this.#known = new Map();
    }
    const fresh = this.#fresh;
    this.#fresh = new Map();
    for (const [clientId, items] of fresh) {
      const pairs = [...items].flatMap(([code, keys]) => [...keys].map((key) => [code, key] as const));
      const values = [now, pairs.map(([code]) => code), pairs.map(([, key]) => key), this.#options.thresholds.fieldDays];
      const entered = await this.#enter('FIRST_FIELD', clientId, FIRST_FIELD, values);
      // Not written down: looked at again when the field is given the next time.
      if (entered) for (const [code, key] of pairs) note(this.#known, clientId, code, key);
    }
  }

  /** A calendar may be imported at any time. Where it cannot be read, the one that is known stays. */
  async #learnDays(now: Date): Promise<void> {
    await this.#offHours.learn(now).catch(this.#options.onError);
  }

  /** @returns false when the database did not take it */
  async #enter(rule: WatchRule, clientId: string, statement: string, values: readonly unknown[]): Promise<boolean> {
    try {
      const rows = await this.#options.query(statement, [clientId, ...values]);
      if (rows.length > 0) this.#options.onFinding({ rule, clientId });
      return true;
    } catch (error) {
      this.#options.onError(error);
      return false;
    }
  }
}

function note(fields: Fields, clientId: string, code: string, key: string): void {
  let items = fields.get(clientId);
  if (items === undefined) {
    items = new Map();
    fields.set(clientId, items);
  }
  const keys = items.get(code);
  if (keys === undefined) items.set(code, new Set([key]));
  else keys.add(key);
}
