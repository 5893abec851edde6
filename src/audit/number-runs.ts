/**
 * Notices a client that counts through identifiers: neighbours among the numbers it looks up. Numbers are held in memory only, the
 * last few of each client and for an hour at most; nothing of them is written or logged.
 */

/** Numbers of one client that a new one is compared with. */
const REMEMBERED = 128;
const HOUR_MS = 3_600_000;

/** Steps between neighbours: the next few order codes, and the same order code on one of the next days. */
const NEXT = 16;
const DAY_STEP = 1_000;
const DAYS = 31;

interface LookedUp {
  readonly area: string;
  readonly value: number;
  readonly at: number;
}

interface Run {
  numbers: LookedUp[];
  /** when a number was looked up that neighbours an earlier one */
  hits: number[];
}

export class NumberRuns {
  readonly #runs = new Map<string, Run>();

  /** @returns how many look-ups of this client within the last hour neighboured another one */
  looked(clientId: string, identifier: string, now: number): number {
    const number = numberOf(identifier, now);
    if (number === null) return 0;
    let run = this.#runs.get(clientId);
    if (run === undefined) {
      run = { numbers: [], hits: [] };
      this.#runs.set(clientId, run);
    }
    const since = now - HOUR_MS;
    const known = run.numbers.some(({ area, value }) => area === number.area && value === number.value);
    if (known) return run.hits.length;
    if (run.numbers.some((other) => other.at > since && neighbours(number, other))) run.hits.push(now);
    run.numbers.push(number);
    if (run.numbers.length > REMEMBERED) run.numbers.shift();
    while ((run.hits[0] ?? now) < since) run.hits.shift();
    return run.hits.length;
  }

  /** Lets go of what is older than an hour. */
  forget(now: number): void {
    const since = now - HOUR_MS;
    for (const [clientId, run] of this.#runs) {
      run.numbers = run.numbers.filter(({ at }) => at > since);
      run.hits = run.hits.filter((at) => at > since);
      if (run.numbers.length === 0) this.#runs.delete(clientId);
    }
  }
}

function neighbours(one: LookedUp, other: LookedUp): boolean {
  if (one.area !== other.area) return false;
  const step = Math.abs(one.value - other.value);
  return step <= NEXT || (step % DAY_STEP === 0 && step <= DAYS * DAY_STEP);
}

/**
 * The part that counts, without check digits: of an ID number (GB 11643) the day of birth and the order code within its area, of a
 * credit code (GB 32100) the organization's own code within its registering office. null: another kind of number.
 */
function numberOf(identifier: string, at: number): LookedUp | null {
  if (/^\d{17}[\dX]$/.test(identifier)) return { area: identifier.slice(0, 6), value: Number(identifier.slice(6, 17)), at };
  if (/^[0-9A-Z]{18}$/.test(identifier))
    return { area: identifier.slice(0, 8), value: parseInt(identifier.slice(8, 16), 36), at };
  const [, letters = '', digits] = /^([A-Z]{0,3})(\d{6,12})$/.exec(identifier) ?? [];
  return digits === undefined ? null : { area: letters, value: Number(digits), at };
}
