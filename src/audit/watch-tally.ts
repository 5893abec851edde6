/**
 * What one instance has seen of a client lately: enough to suspect a rule to be broken. The log, which knows every instance's events,
 * is asked only then: a rule over the whole log each minute would cost more than the reading that it watches.
 */
import { isDenied, rowCount } from './chain.ts';
import type { OffHours } from './off-hours.ts';
import type { ReadEvent } from './read-event.ts';

/** Instances that may share a client's load evenly without hiding it: one is suspicious of an eighth of a threshold. */
export const SHARE = 8;

export interface Suspicion {
  readonly clientId: string;
  readonly persons: boolean;
  readonly denied: boolean;
  readonly offHours: boolean;
}

export interface TallyThresholds {
  readonly personsPerHour: number;
  readonly deniedLeast: number;
  readonly offHoursRows: number;
}

interface Tally {
  /** no more than make suspicious */
  readonly persons: Set<string>;
  denied: number;
  offHoursRows: number;
}

const newTally = (): Tally => ({ persons: new Set(), denied: 0, offHoursRows: 0 });

export class WatchTally {
  readonly #thresholds: TallyThresholds;
  readonly #offHours: OffHours;
  #hour = new Map<string, Tally>();
  #hourBefore = new Map<string, Tally>();
  #turned = Date.now();

  constructor(thresholds: TallyThresholds, offHours: OffHours) {
    this.#thresholds = thresholds;
    this.#offHours = offHours;
  }

  /** Cheap: it runs once for every operation. */
  add(event: ReadEvent): void {
    let tally = this.#hour.get(event.clientId);
    if (tally === undefined) {
      tally = newTally();
      this.#hour.set(event.clientId, tally);
    }
    const most = this.#thresholds.personsPerHour / SHARE;
    for (const id of event.persons ?? []) {
      if (tally.persons.size > most) break;
      tally.persons.add(id);
    }
    if (isDenied(event)) tally.denied += event.times ?? 1;
    if (this.#offHours.has(event.at)) tally.offHoursRows += rowCount(event.items);
  }

  /** Clients of whom the log should be asked. */
  suspicions(now: number): Suspicion[] {
    if (now - this.#turned >= HOUR_MS) {
      this.#hourBefore = this.#hour;
      this.#hour = new Map();
      this.#turned = now;
    }
    const { personsPerHour, deniedLeast, offHoursRows } = this.#thresholds;
    const found: Suspicion[] = [];
    for (const clientId of new Set([...this.#hour.keys(), ...this.#hourBefore.keys()])) {
      const tallies = [this.#hour.get(clientId) ?? newTally(), this.#hourBefore.get(clientId) ?? newTally()];
      const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
      const suspicion = {
        clientId,
        persons: sum(({ persons }) => persons.size) > personsPerHour / SHARE,
        denied: sum(({ denied }) => denied) >= deniedLeast / SHARE / SHARE,
        offHours: sum((tally) => tally.offHoursRows) > offHoursRows / SHARE,
      };
      if (suspicion.persons || suspicion.denied || suspicion.offHours) found.push(suspicion);
    }
    return found;
  }
}

const HOUR_MS = 3_600_000;
