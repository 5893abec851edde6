import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { z } from 'zod';
import { PUBLISH_LOCK } from '../../src/catalog/catalog-service.ts';
import { openDatabase } from '../../src/db/index.ts';
import type { Database } from '../../src/db/index.ts';
import { HolidayCalendar, StatisticsUpkeep } from '../../src/statistics/index.ts';
import { GRAINS } from '../../src/statistics/grains.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';
import { fullCount, inEveryGrain, maintained, maintainedInEveryGrain, workingDays } from './full-count.ts';
import type { Deadlines } from './full-count.ts';
import { addEntry, addSubject, emptyTables, FAMILIES } from './rows.ts';
import type { Family } from './rows.ts';

let given: TestDatabase;
let database: Database;
let upkeep: StatisticsUpkeep;

beforeAll(async () => {
  given = await createTestDatabase();
  database = await openDatabase(given.config);
  upkeep = new StatisticsUpkeep(database.pool);
});
beforeEach(async () => {
  await emptyTables(database.pool);
  await database.pool.query('TRUNCATE catalog_versions, statistics_cuts');
});
afterAll(async () => {
  await database.close();
  await given.drop();
});

async function expectExact(): Promise<void> {
  const counted = await fullCount(database.pool);
  expect(await maintained(database.pool)).toEqual(counted);
  expect(await maintainedInEveryGrain(database.pool)).toEqual(inEveryGrain(counted, await publishedDeadlines()));
}

/** What the versions say, read from the documents. */
async function publishedDeadlines(): Promise<Deadlines> {
  const { rows } = await database.pool.query<{ document: unknown }>('SELECT document FROM catalog_versions');
  const deadlines: Record<string, number[]> = {};
  for (const { document } of rows)
    for (const { code, collectionDeadlineDays } of Deadline.parse(document).items)
      deadlines[code] = [...(deadlines[code] ?? []), collectionDeadlineDays];
  return deadlines;
}
const Deadline = z.object({ items: z.array(z.object({ code: z.string(), collectionDeadlineDays: z.number() })) });

/** A version with these deadlines, straight into the table. */
async function publish(target: Pick<pg.PoolClient, 'query'>, deadlines: Readonly<Record<string, number>>): Promise<void> {
  const items = Object.entries(deadlines).map(([code, days]) => ({
    ...{ code, family: 'RECORD', personPublic: false, collectionDeadlineDays: days, fields: [] },
  }));
  await target.query('SELECT pg_advisory_xact_lock($1::bigint)', [String(PUBLISH_LOCK)]);
  await target.query(
    `INSERT INTO catalog_versions (version, published_at, source, digest, document)
     SELECT coalesce(max(version), 0) + 1, now(), 'test', '', $1 FROM catalog_versions`,
    [JSON.stringify({ items })],
  );
}

const DIVISIONS = ['150102', '150781', '153000', '152501', '153100', '150921', '159900', null];
const CREDIT_CODES = ['91150102MAY0A0011F', '91152501MAY0A00979', null];
const KINDS = ['ENTERPRISE', 'SOLE_TRADER', 'COOPERATIVE', 'OTHER_ORGANIZATION'];
const STATUSES = ['ACTIVE', 'REPAIRED', 'WITHDRAWN'];
const DAYS = ['2026-09-24', '2026-09-30', '2026-10-10', '2026-11-20', '2025-11-10', '2023-01-05', null];
const ARRIVALS = ['2026-10-31T23:59:59+08:00', '2026-10-31T16:00:00Z', '2026-11-20T10:00:00+08:00', '2026-10-12T08:00:00+08:00'];
const WORDS = ['甲', '乙', null];
const UNITS = ['11150000MAY100018G', '11150000MAY100026B', null];

const one = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const subjectFields = fc.record({
  person: fc.boolean(),
  kind: one(...KINDS),
  division: one(...DIVISIONS),
  creditCode: one(...CREDIT_CODES),
  status: one('存续', '注销', null),
  registered: fc.boolean(),
  unit: one(...UNITS),
  receivedAt: one(...ARRIVALS),
});
const entryFields = fc.record({
  family: one<Family>('RECORD', 'LIST', 'COMMITMENT', 'EVALUATION'),
  item: one('150000-03-003', '150000-06-001'),
  status: one(...STATUSES),
  day: one(...DAYS),
  unit: one(...UNITS),
  words: fc.tuple(one(...WORDS), one(...WORDS)),
  receivedAt: one(...ARRIVALS),
});
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ does: fc.constant('SUBJECT' as const), fields: subjectFields }) },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('ENTRY' as const), fields: entryFields, pick: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('MOVE' as const),
      pick: fc.nat(),
      division: one(...DIVISIONS),
      kind: one(...KINDS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('STATUS' as const),
      family: one<Family>('RECORD', 'LIST', 'COMMITMENT', 'EVALUATION'),
      pick: fc.nat(),
      status: one(...STATUSES),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('REWRITE' as const), pick: fc.nat(), word: one(...WORDS), day: one(...DAYS) }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('DELETE' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('FOLD' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('PUBLISH' as const),
      deadlines: fc.record({ '150000-03-003': fc.nat({ max: 64 }), '150000-06-001': one(0, 5, 7, 8, 40, 60) }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Subjects are picked among those that were committed, so that transactions side by side know them too. */
async function run(client: pg.PoolClient, steps: readonly Step[], known: readonly string[]): Promise<string[]> {
  const own: string[] = [];
  const pick = (n: number): string | undefined => [...known, ...own][n % (known.length + own.length)];
  for (const now of steps) {
    switch (now.does) {
      case 'SUBJECT': {
        const { person, kind, ...rest } = now.fields;
        own.push(
          await addSubject(client, {
            ...rest,
            person,
            kind: person ? 'NATURAL_PERSON' : kind,
            creditCode: person ? null : rest.creditCode,
          }),
        );
        break;
      }
      case 'ENTRY': {
        const subjectId = pick(now.pick);
        if (subjectId !== undefined) await addEntry(client, { ...now.fields, subjectId });
        break;
      }
      case 'MOVE':
        await client.query('UPDATE subjects SET division_code = $2, kind = $3 WHERE id = $1', [
          pick(now.pick) ?? null,
          now.division,
          now.kind,
        ]);
        break;
      case 'STATUS':
        await client.query(`UPDATE ${FAMILIES[now.family].table} SET status = $2 WHERE subject_id = $1`, [
          pick(now.pick) ?? null,
          now.status,
        ]);
        break;
      case 'REWRITE':
        await client.query('UPDATE list_entries SET list_name = $2, listed_on = $3 WHERE subject_id = $1', [
          pick(now.pick) ?? null,
          now.word,
          now.day,
        ]);
        break;
      case 'DELETE':
        await client.query('DELETE FROM commitments WHERE subject_id = $1', [pick(now.pick) ?? null]);
        break;
      case 'FOLD':
        await client.query('SELECT fold_statistics(7)');
        break;
      case 'PUBLISH':
        await publish(client, now.deadlines);
    }
  }
  return own;
}

async function transaction(steps: readonly Step[], known: readonly string[], ending: 'COMMIT' | 'ROLLBACK'): Promise<string[]> {
  const client = await database.pool.connect();
  try {
    await client.query('BEGIN');
    // Two that wait for each other learn of it sooner than after a second.
    await client.query(`SET LOCAL deadlock_timeout = '50ms'`);
    const made = await run(client, steps, known);
    await client.query(ending);
    return ending === 'COMMIT' ? made : [];
  } catch (error) {
    await client.query('ROLLBACK');
    // Two that wait for each other's rows are told so and do nothing; the summaries must have done nothing, too.
    if (error instanceof Error && 'code' in error && error.code === '40P01') return [];
    throw error;
  } finally {
    client.release();
  }
}

describe('summaries', () => {
  it('equal a full count after any writes, folded or not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 12 }), commits: fc.boolean() }), {
          minLength: 1,
          maxLength: 6,
        }),
        async (batches) => {
          await emptyTables(database.pool);
          let known: string[] = [
            await addSubject(database.pool),
            await addSubject(database.pool, { person: true, division: null }),
          ];
          for (const { steps, commits } of batches) {
            known = [...known, ...(await transaction(steps, known, commits ? 'COMMIT' : 'ROLLBACK'))];
            await expectExact();
          }
          await upkeep.fold();
          await expectExact();
        },
      ),
      { numRuns: 20 },
    );
  });

  it('equal a full count after transactions side by side, some rolled back, with folds between', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 10 }), commits: one(true, true, false) }), {
          minLength: 2,
          maxLength: 4,
        }),
        async (lanes) => {
          await emptyTables(database.pool);
          const known = [
            await addSubject(database.pool),
            await addSubject(database.pool, { division: '150781' }),
            await addSubject(database.pool, { person: true }),
          ];
          await Promise.all([
            ...lanes.map(({ steps, commits }) => transaction(steps, known, commits ? 'COMMIT' : 'ROLLBACK')),
            upkeep.fold(),
          ]);
          await expectExact();
        },
      ),
      { numRuns: 20 },
    );
  });

  it('keep an entry with its subject when the subject moves while the entry is being written', async () => {
    const subjectId = await addSubject(database.pool, { division: '150102' });
    const writer = await database.pool.connect();
    await writer.query('BEGIN');
    await addEntry(writer, { subjectId, family: 'RECORD', item: '150000-03-003' });
    const moved = database.pool.query(`UPDATE subjects SET division_code = '150781' WHERE id = $1`, [subjectId]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await writer.query('COMMIT');
    writer.release();
    await moved;
    await expectExact();
    expect(Object.keys(await maintained(database.pool)).filter((cell) => cell.includes('150781'))).toHaveLength(2);
  });

  it('give a named subject its entries anew when it is registered with a division', async () => {
    const subjectId = await addSubject(database.pool, { registered: false, division: null, creditCode: '91150102MAY0A0011F' });
    await addEntry(database.pool, { subjectId, family: 'EVALUATION', item: '150000-09-001', words: ['优'] });
    const divisions = async (): Promise<unknown[]> =>
      (
        await database.pool.query(
          'SELECT DISTINCT division FROM statistics_current GROUP BY division, family HAVING sum(rows) <> 0',
        )
      ).rows;
    expect(await divisions()).toEqual([{ division: '150102' }]);
    await database.pool.query(`UPDATE subjects SET registered = true, division_code = '150203' WHERE id = $1`, [subjectId]);
    expect(await divisions()).toEqual([{ division: '150203' }]);
    await expectExact();
  });

  it('are one row a cell once folded, and a handful of rows whatever the number of entries', async () => {
    const subjectId = await addSubject(database.pool);
    for (let n = 0; n < 20; n += 1)
      await addEntry(database.pool, { subjectId, family: 'RECORD', item: '150000-03-003', day: '2026-11-09' });
    await upkeep.fold();
    const { rows } = await database.pool.query(
      `SELECT grain, rows::int AS n FROM statistics_cells WHERE family = 'RECORD' ORDER BY 1`,
    );
    expect(rows).toEqual([1, 2, 3, 5, 6, 7, 31, 65, 144, 149, 150, 151, 212, 213].map((grain) => ({ grain, n: 20 })));
    expect((await database.pool.query('SELECT FROM statistics_deltas')).rowCount).toBe(0);
  });

  it('have a partition for every grain that questions are answered from, and no other', async () => {
    const { rows } = await database.pool.query<{ grain: number }>(
      `SELECT substring(inhrelid::regclass::text FROM '\\d+$')::int AS grain FROM pg_inherits WHERE inhparent = 'statistics_cells'::regclass`,
    );
    expect(new Set(rows.map(({ grain }) => grain))).toEqual(new Set(GRAINS));
  });

  it('are made anew by a rebuild, whatever was in them, while somebody writes', async () => {
    const subjectId = await addSubject(database.pool);
    await addEntry(database.pool, {
      subjectId,
      family: 'LIST',
      item: '150000-06-001',
      words: ['甲'],
      unit: 'U',
      unitName: '某局',
    });
    await upkeep.fold();
    await database.pool.query('UPDATE statistics_cells SET rows = rows + 3 WHERE grain = 31');
    expect(await upkeep.check()).toMatchObject({
      cells: 2,
      different: 2,
      examples: [
        { kept: 4, counted: 1 },
        { kept: 4, counted: 1 },
      ],
    });
    await database.pool.query(`DELETE FROM statistics_cells WHERE grain = 2 AND family = 'LIST'`);
    expect(await upkeep.check()).toMatchObject({ cells: 2, different: 3 });
    const late = await database.pool.connect();
    await late.query('BEGIN');
    await addEntry(late, { subjectId, family: 'LIST', item: '150000-06-001', words: ['乙'] });
    await upkeep.rebuild();
    await late.query('COMMIT');
    late.release();
    expect(await upkeep.check()).toEqual({ cells: 3, different: 0, examples: [] });
    await expectExact();
    expect((await database.pool.query('SELECT code, name FROM statistics_units')).rows).toEqual([{ code: 'U', name: '某局' }]);
  });
});

describe('the calendar', () => {
  it('counts the working days between any two days as the arrangements say', async () => {
    const { rows } = await database.pool.query<{ from: string; to: string; days: number }>(
      `SELECT to_char(a, 'YYYY-MM-DD') AS "from", to_char(a + n, 'YYYY-MM-DD') AS "to", working_days_between(a::date, (a + n)::date) AS days
       FROM generate_series('2024-01-01'::timestamp, '2026-12-20', '3 days') a, (VALUES ('1 day'::interval), ('7 days'), ('23 days')) v (n)`,
    );
    expect(rows.map(({ days }) => days)).toEqual(rows.map(({ from, to }) => workingDays(from, to)));
  });

  it('makes the deadline of a decision on the last day before a long holiday cross it', async () => {
    const between = async (from: string, to: string): Promise<unknown> =>
      (await database.pool.query<{ days: number }>('SELECT working_days_between($1, $2) AS days', [from, to])).rows[0]?.days;
    // 2026-09-30 is a Wednesday; the 1st to the 7th of October are off, Saturday the 10th is worked: the 7th working day is the 15th.
    expect([await between('2026-09-30', '2026-10-15'), await between('2026-09-30', '2026-10-14')]).toEqual([7, 6]);
    expect([await between('2026-09-30', '2026-10-07'), await between('2026-10-16', '2026-10-16')]).toEqual([0, 0]);
  });

  it('recounts the entries whose days another arrangement changes, and leaves earlier ones alone', async () => {
    const subjectId = await addSubject(database.pool);
    const item = { subjectId, family: 'RECORD', item: '150000-03-003' } as const;
    await addEntry(database.pool, { ...item, day: '2026-06-15', receivedAt: '2026-06-26T09:00:00+08:00' });
    await addEntry(database.pool, { ...item, day: '2026-09-30', receivedAt: '2026-10-15T09:00:00+08:00' });
    const lags = async (): Promise<unknown[]> =>
      (
        await database.pool.query(
          `SELECT to_char(month, 'MM') AS month, lag FROM statistics_current WHERE family = 'RECORD' GROUP BY 1, 2 HAVING sum(rows) > 0 ORDER BY 1`,
        )
      ).rows;
    expect(await lags()).toEqual([
      { month: '06', lag: 8 },
      { month: '10', lag: 7 },
    ]);
    const calendar = new HolidayCalendar(database.pool);
    const before = await calendar.show(2026);
    const shorter = before.filter(({ day }) => !['2026-10-06', '2026-10-07'].includes(day));
    expect(await calendar.import(shorter)).toEqual({ years: ['2026'], days: shorter.length, recounted: 1 });
    expect(await lags()).toEqual([
      { month: '06', lag: 8 },
      { month: '10', lag: 9 },
    ]);
    expect(await upkeep.check()).toMatchObject({ different: 0 });
    // And back: past periods are reproducible as long as their days are there.
    await calendar.import(before);
    expect(await lags()).toEqual([
      { month: '06', lag: 8 },
      { month: '10', lag: 7 },
    ]);
    await expectExact();
  });

  it('takes next year’s arrangement without touching what is counted', async () => {
    await addSubject(database.pool);
    const calendar = new HolidayCalendar(database.pool);
    expect(await calendar.import([{ day: '2027-01-01', working: false, name: '元旦' }])).toEqual({
      years: ['2027'],
      days: 1,
      recounted: 0,
    });
    expect(await calendar.show(2027)).toEqual([{ day: '2027-01-01', working: false, name: '元旦' }]);
    expect(await calendar.show(2026)).not.toEqual([]);
  });
});
