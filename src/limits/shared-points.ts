/** The count that all instances share: points spent by key in the current window, in PostgreSQL (rate-limiter-flexible). */
import { RateLimiterPostgres } from 'rate-limiter-flexible';
import type pg from 'pg';

/** What a key has spent after points were added to it. */
export interface SpentPoints {
  readonly spent: number;
  /** milliseconds until the window ends and counting begins anew */
  readonly endsInMs: number;
}

export interface SharedPoints {
  /** Adds points to what the key has spent, whatever the limit. Every instance gets another part of the count. */
  add(key: string, points: number): Promise<SpentPoints>;
}

/** Instances differ by no more where their clocks are kept (NTP). */
const CLOCK_TOLERANCE_MS = 5_000;

/** @param pool of a role that may read, insert and update `rate_limits` */
export function createSharedPoints(pool: pg.Pool, windowSeconds: number): SharedPoints {
  const limiter = new RateLimiterPostgres({
    storeClient: pool,
    storeType: 'pool',
    tableName: 'rate_limits',
    keyPrefix: 'client',
    // The limit differs by client and is the caller's business; this one only adds up.
    points: Number.MAX_SAFE_INTEGER,
    duration: windowSeconds,
    tableCreated: true,
    // A row for each client is all there is: nothing to clear, and no right to delete.
    clearExpiredByTimeout: false,
  });
  return {
    async add(key, points) {
      const { consumedPoints, msBeforeNext } = await limiter.penalty(key, points);
      if (msBeforeNext <= windowSeconds * 1_000 + CLOCK_TOLERANCE_MS) return { spent: consumedPoints, endsInMs: msBeforeNext };
      // No window is that long: a clock has gone back since it began. Waiting for it would shut the client out for as long.
      const begun = await limiter.set(key, points, windowSeconds);
      return { spent: points, endsInMs: begun.msBeforeNext };
    },
  };
}
