/** The daily quota of distinct subjects: exact, kept in the database, the same for all instances. */
import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import type { ClientStanding } from '../clients/index.ts';
import { GatewayError } from '../errors.ts';
import { limitsOf } from './client-limits.ts';
import type { KindLimits } from './client-limits.ts';

/** Subjects remembered as counted, over all clients: some 100 bytes each. Forgetting one costs a statement, never a count. */
const MOST_REMEMBERED = 200_000;

export class SubjectQuota {
  readonly #pool: Pick<pg.Pool, 'query'>;
  readonly #defaults: KindLimits;
  readonly #counted = new LRUCache<string, true>({ max: MOST_REMEMBERED });

  /** @param pool of a role that may call `claim_subjects` */
  constructor(pool: Pick<pg.Pool, 'query'>, defaults: KindLimits) {
    this.#pool = pool;
    this.#defaults = defaults;
  }

  /** How many distinct subjects the client may be given on a day; null: any number. */
  dailySubjects(caller: ClientStanding): number | null {
    return limitsOf(caller, this.#defaults).dailySubjects;
  }

  /**
   * Counts the subjects of an answer before it leaves. A subject counts once a day, however often it is read; a client without a
   * quota, and subjects counted already, cost no statement.
   * @param day YYYY-MM-DD in Asia/Shanghai
   * @throws GatewayError RATE_LIMITED with `retryAfter`: then none of them has been counted, and the answer must not leave
   */
  async claim(caller: ClientStanding, day: string, subjects: ReadonlySet<string>, now: Date = new Date()): Promise<void> {
    const quota = this.dailySubjects(caller);
    if (quota === null || subjects.size === 0) return;
    const keyOf = (subject: string): string => `${caller.id} ${day} ${subject}`;
    const fresh = [...subjects].filter((subject) => !this.#counted.has(keyOf(subject)));
    if (fresh.length === 0) return;
    const { rows } = await this.#pool.query<{ used: number }>({
      name: 'claim_subjects',
      text: 'SELECT claim_subjects($1, $2, $3, $4) AS used',
      values: [caller.id, day, quota, fresh],
    });
    const used = rows[0]?.used;
    if (used === undefined) throw new Error('claim_subjects gave no row');
    if (used < 0) throw overQuota(caller.id, quota, -1 - used, secondsLeftOf(day, now));
    for (const subject of fresh) this.#counted.set(keyOf(subject), true);
  }
}

function overQuota(id: string, quota: number, used: number, retryAfter: number): GatewayError {
  return new GatewayError(
    'RATE_LIMITED',
    `Client ${id} may be given ${String(quota)} different subjects a day, and has been given ${String(used)}: this answer has more than are left. ` +
      'Ask for fewer, or for those of today again; the count begins anew at midnight (Asia/Shanghai).',
    { retryAfter },
  );
}

function secondsLeftOf(day: string, now: Date): number {
  const midnight = Date.parse(`${day}T00:00:00+08:00`) + 86_400_000;
  return Math.max(1, Math.ceil((midnight - now.getTime()) / 1_000));
}
