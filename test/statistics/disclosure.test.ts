/** Small numbers of natural persons: what an answer tells, against the definition, and against whoever calculates with it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileProfile } from '../../src/access/index.ts';
import type { Catalog } from '../../src/catalog/model.ts';
import { textRows } from '../../src/wire-text.ts';
import { runForCaller } from '../../src/db/caller-statement.ts';
import { openGateway } from '../../src/gateway.ts';
import type { Gateway } from '../../src/gateway.ts';
import { StatisticsService } from '../../src/statistics/index.ts';
import type { Count, DivisionLevel, Question, StatisticsAnswer, Wants } from '../../src/statistics/index.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';
import { addEntry, addSubject, emptyTables } from './rows.ts';

const PENALTY = '150000-03-004';
const SERIOUS = '150000-06-001';
const COMMITMENT = '150000-08-001';
const DIVISIONS = ['150102', '150781', '150702', '152501'] as const;
const MONTHS = ['2026-09', '2026-10'] as const;
const WORDS = ['甲', '乙'] as const;

let given: TestDatabase;
let gateway: Gateway;
let catalog: Catalog;
let subjects: Map<string, string>;

beforeAll(async () => {
  given = await createTestDatabase({ seeded: true });
  gateway = await openGateway(given.config);
  const current = await gateway.catalogs.current();
  if (current === null) throw new Error('The seeded database has no catalog');
  catalog = current;
  await emptyTables(gateway.database.pool);
  subjects = new Map();
  for (const division of DIVISIONS) subjects.set(division, await addSubject(gateway.database.pool, { person: true, division }));
});
afterAll(async () => {
  await gateway.close();
  await given.drop();
});

/** One kind of persons' entries, and how many there are. */
interface Group {
  readonly item: string;
  readonly division: string;
  readonly month: string;
  readonly word1: string;
  readonly word2: string;
  /** day of the month of the decision: more than the 7 working days of the deadline before the 20th, or fewer */
  readonly decided: '01' | '14';
  readonly n: number;
}

const one = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const group = fc
  .record({
    item: one(PENALTY, SERIOUS, COMMITMENT),
    division: one(...DIVISIONS),
    month: one(...MONTHS),
    word1: one(...WORDS),
    word2: one(...WORDS),
    decided: one<'01' | '14'>('01', '14'),
    n: fc.integer({ min: 1, max: 7 }),
  })
  .map((made): Group => ({
    ...made,
    word1: made.item === PENALTY ? '' : made.word1,
    word2: made.item === COMMITMENT ? made.word2 : '',
  }));
const groups = fc.uniqueArray(group, { minLength: 4, maxLength: 14, selector: ({ n: _, ...rest }) => JSON.stringify(rest) });
const levels = fc.subarray<DivisionLevel>(['REPORTING_REGION', 'PREFECTURE', 'COUNTY']).map((some) => new Set(some));
const wants: fc.Arbitrary<Wants> = fc.record({
  subjects: fc.constant(false),
  subjectKinds: fc.constant(false),
  subjectStatuses: fc.constant(false),
  subjectDivisions: fc.constant(new Set<DivisionLevel>()),
  entries: fc.constant(true),
  entryMonths: fc.boolean(),
  entryDivisions: levels,
  lists: fc.boolean(),
  commitments: fc.boolean(),
  grades: fc.constant(false),
  timeliness: fc.boolean(),
  reads: fc.constant(false),
});
const question: fc.Arbitrary<Question> = fc
  .record({
    filter: fc.record({
      items: one(null, [PENALTY], [SERIOUS, COMMITMENT]),
      divisionCode: one(null, '1507', '152501', '15'),
      from: one(null, '2026-10'),
      to: one(null, '2026-09'),
      kinds: fc.constant(null),
    }),
    wants,
  })
  // Of persons' penalties a dashboard may not tell the dates.
  .map(({ filter, wants: all }) => ({ filter, wants: { ...all, timeliness: all.timeliness && filter.items?.[0] !== PENALTY } }));
const questions = fc.array(question, { minLength: 1, maxLength: 3 });

async function write(all: readonly Group[]): Promise<void> {
  const { pool } = gateway.database;
  await pool.query('TRUNCATE credit_records, list_entries, commitments');
  for (const one of all) await add(one, one.n);
  if (all.length % 2 === 0) await gateway.statistics.fold();
}

async function add({ item, division, month, word1, word2, decided }: Omit<Group, 'n'>, n: number): Promise<void> {
  const family = item === PENALTY ? 'RECORD' : item === SERIOUS ? 'LIST' : 'COMMITMENT';
  const subjectId = subjects.get(division) ?? '';
  const receivedAt = `${month}-20T10:00:00+08:00`;
  const day = `${month}-${decided}`;
  await addEntry(gateway.database.pool, { subjectId, family, item, person: true, words: [word1, word2], day, receivedAt }, n);
}

async function answer(asked: readonly Question[]): Promise<StatisticsAnswer[]> {
  const profile = compileProfile(catalog, { kind: 'DASHBOARD', items: null, grants: [], providesData: false });
  const service = new StatisticsService(
    async (statement) => textRows(await runForCaller(gateway.database.pool, null, statement)),
    () => Promise.resolve([]),
  );
  const caller = {
    clientId: 'demo-dashboard',
    kind: 'DASHBOARD',
    orgCode: null,
    catalog,
    profile,
    purpose: null,
    matter: null,
    strict: false,
  } as const;
  return service.answer({ ...caller, signal: new AbortController().signal }, asked);
}

/** A figure of the answers, and the rows that it counts. */
interface Figure {
  readonly label: string;
  readonly count: Count;
  holds(row: Group): boolean;
}

const levelOf: Readonly<Record<DivisionLevel, (division: string) => string>> = {
  COUNTY: (division) => division,
  PREFECTURE: (division) => `${division.slice(0, 4)}00`,
  REPORTING_REGION: (division) => (['150781', '152501'].includes(division) ? division : `${division.slice(0, 4)}00`),
};
const familyOf = (item: string): string => (item === PENALTY ? 'RECORD' : item === SERIOUS ? 'LIST' : 'COMMITMENT');

function passes({ filter }: Question, row: Group): boolean {
  return (
    (filter.items === null || filter.items.includes(row.item)) &&
    (filter.divisionCode === null || row.division.startsWith(filter.divisionCode)) &&
    (filter.from === null || row.month >= filter.from) &&
    (filter.to === null || row.month <= filter.to)
  );
}

function figuresOf(asked: readonly Question[], answers: readonly StatisticsAnswer[]): Figure[] {
  return asked.flatMap((question, root) => {
    const found: Figure[] = [];
    const figures = answers[root]?.figures;
    if (figures == null) return found;
    const put = (label: string, count: Count, holds: (row: Group) => boolean): void => {
      found.push({ label: `${String(root)} ${label}`, count, holds: (row) => passes(question, row) && holds(row) });
    };
    put('total', figures.entries, () => true);
    for (const { item, count } of figures.entryItems) put(item.code, count, (row) => row.item === item.code);
    for (const { family, count } of figures.entryFamilies) put(family, count, (row) => familyOf(row.item) === family);
    if (question.wants.entryMonths)
      for (const { month, count } of figures.entryMonths) put(month, count, (row) => row.month === month);
    for (const level of question.wants.entryDivisions)
      for (const { code, count } of figures.entryDivisions(level))
        put(`${level} ${code ?? ''}`, count, (row) => levelOf[level](row.division) === code);
    if (question.wants.lists)
      for (const { item, name, count } of figures.lists)
        put(`list ${name ?? ''}`, count, (row) => row.item === item.code && row.word1 === name);
    if (question.wants.commitments)
      for (const { kind, fulfilment, count } of figures.commitments)
        put(
          `commitment ${kind ?? ''} ${fulfilment ?? ''}`,
          count,
          (row) => row.item === COMMITMENT && row.word1 === kind && row.word2 === fulfilment,
        );
    if (question.wants.timeliness)
      for (const { item, onTime, late } of figures.timeliness) {
        put(`on time ${item.code}`, onTime, (row) => row.item === item.code && row.decided === '14');
        put(`late ${item.code}`, late, (row) => row.item === item.code && row.decided === '01');
      }
    return found;
  });
}

/** Rows that no figure tells apart have one key. */
function atomOf(figures: readonly Figure[], row: Group): string {
  return `${row.item} ${figures.map((figure) => (figure.holds(row) ? '1' : '0')).join('')}`;
}

function atomsOf(figures: readonly Figure[], rows: readonly Group[]): Map<string, number> {
  const atoms = new Map<string, number>();
  for (const row of rows) atoms.set(atomOf(figures, row), (atoms.get(atomOf(figures, row)) ?? 0) + row.n);
  return atoms;
}

const told = (answers: readonly StatisticsAnswer[], asked: readonly Question[]): unknown =>
  figuresOf(asked, answers).map(({ label, count }) => [label, count]);

describe('an answer about natural persons', () => {
  it('holds sums of groups of at least five, nothing of smaller ones, and says so', async () => {
    await fc.assert(
      fc.asyncProperty(groups, questions, async (rows, asked) => {
        await write(rows);
        const figures = figuresOf(asked, await answer(asked));
        const atoms = atomsOf(figures, rows);
        for (const figure of figures) {
          const held = [...new Set(rows.filter((row) => figure.holds(row)).map((row) => atomOf(figures, row)))].map(
            (key) => atoms.get(key) ?? 0,
          );
          const large = held.filter((n) => n >= 5).reduce((sum, n) => sum + n, 0);
          const small = held.some((n) => n < 5);
          const expected =
            large === 0 && small
              ? { persons: null, suppressed: true, reduced: false }
              : { persons: large, suppressed: false, reduced: small };
          expect([figure.label, figure.count]).toEqual([figure.label, { organizations: 0, ...expected }]);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('never gives a figure of one to four, nor as the difference or the sum of differences of any of its figures', async () => {
    await fc.assert(
      fc.asyncProperty(groups, questions, async (rows, asked) => {
        await write(rows);
        const figures = figuresOf(asked, await answer(asked)).filter(({ count }) => count.persons !== null);
        const sets = figures.map((figure) => new Set(rows.flatMap((row, at) => (figure.holds(row) ? [at] : []))));
        const within = (a: number, b: number): boolean => [...(sets[a] ?? [])].every((row) => sets[b]?.has(row));
        const disjoint = (a: number, b: number): boolean => [...(sets[a] ?? [])].every((row) => !sets[b]?.has(row));
        const shown = (at: number): number => figures[at]?.count.persons ?? 0;
        const harmless = (n: number): boolean => n === 0 || n >= 5;
        for (let whole = 0; whole < figures.length; whole += 1) {
          expect(harmless(shown(whole))).toBe(true);
          const parts = [...figures.keys()].filter((part) => part !== whole && within(part, whole));
          for (const part of parts) {
            expect(harmless(shown(whole) - shown(part))).toBe(true);
            for (const other of parts)
              if (other > part && disjoint(part, other)) expect(harmless(shown(whole) - shown(part) - shown(other))).toBe(true);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('is the same whether a small group has one row or four', async () => {
    let tried = 0;
    await fc.assert(
      fc.asyncProperty(groups, questions, fc.nat(), async (rows, asked, choice) => {
        await write(rows);
        const before = await answer(asked);
        const figures = figuresOf(asked, before);
        const atoms = atomsOf(figures, rows);
        const small = rows.filter((row) => (atoms.get(atomOf(figures, row)) ?? 0) < 4);
        const chosen = small[choice % Math.max(1, small.length)];
        if (chosen === undefined) return;
        tried += 1;
        // Up to four rows in the group: everything that is told must stay as it was.
        await add(chosen, 4 - (atoms.get(atomOf(figures, chosen)) ?? 0));
        expect(told(await answer(asked), asked)).toEqual(told(before, asked));
      }),
      { numRuns: 40 },
    );
    expect(tried).toBeGreaterThan(5);
  });
});
