/** Whatever grain a question is answered from: organizations' figures against a plain count of the rows. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileProfile } from '../../src/access/index.ts';
import type { Catalog } from '../../src/catalog/model.ts';
import { textRows } from '../../src/wire-text.ts';
import { runForCaller } from '../../src/db/caller-statement.ts';
import { openGateway } from '../../src/gateway.ts';
import type { Gateway } from '../../src/gateway.ts';
import { StatisticsService } from '../../src/statistics/index.ts';
import type { Count, DivisionLevel, Figures, Question } from '../../src/statistics/index.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';
import { workingDays } from './full-count.ts';
import { addEntry, addSubject, emptyTables } from './rows.ts';

const PENALTY = '150000-03-003';
const SERIOUS = '150000-06-001';
const COMMITMENT = '150000-08-001';
const FAMILIES = { [PENALTY]: 'RECORD', [SERIOUS]: 'LIST', [COMMITMENT]: 'COMMITMENT' } as const;
const OWN = '11159900MAY0A0003Q';
const OTHER = '11150000MAY100026B';
const DIVISIONS = ['150102', '150105', '150781', '150702', '152501', '152502'] as const;
const KINDS = ['ENTERPRISE', 'SOLE_TRADER'] as const;
const MONTHS = ['2023-12', '2024-01', '2024-06', '2025-03', '2025-12', '2026-01', '2026-10'] as const;
const LEVELS = ['REPORTING_REGION', 'PREFECTURE', 'COUNTY'] as const;

let given: TestDatabase;
let gateway: Gateway;
/** the version in force */
let catalog: Catalog;
const subjects = new Map<string, string>();

beforeAll(async () => {
  given = await createTestDatabase({ seeded: true });
  gateway = await openGateway(given.config);
  const current = await gateway.catalogs.current();
  if (current === null) throw new Error('The seeded database has no catalog');
  catalog = current;
  await emptyTables(gateway.database.pool);
  for (const division of DIVISIONS)
    for (const kind of KINDS) subjects.set(`${division} ${kind}`, await addSubject(gateway.database.pool, { division, kind }));
});
afterAll(async () => {
  await gateway.close();
  await given.drop();
});

const one = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const row = fc.record({
  item: fc.constantFrom<keyof typeof FAMILIES>(PENALTY, SERIOUS, COMMITMENT),
  division: one(...DIVISIONS),
  kind: one(...KINDS),
  month: one(...MONTHS),
  status: one('ACTIVE', 'ACTIVE', 'REPAIRED', 'WITHDRAWN'),
  unit: one(OWN, OTHER),
  word1: one('甲', '乙'),
  word2: one('丙', '丁'),
  decided: one('01', '10', '14'),
  n: fc.integer({ min: 1, max: 3 }),
});
type Row = typeof row extends fc.Arbitrary<infer T> ? T : never;
const question: fc.Arbitrary<Question> = fc.record({
  filter: fc.record({
    items: one(null, [PENALTY], [SERIOUS, COMMITMENT]),
    divisionCode: one(null, null, '1501', '1507', '150702', '150781', '15'),
    from: one(null, null, '2024-01', '2024-06', '2025-04'),
    to: one(null, null, '2024-12', '2025-03', '2026-01'),
    kinds: one(null, null, ['ENTERPRISE' as const]),
  }),
  wants: fc.record({
    subjects: fc.constant(false),
    subjectKinds: fc.constant(false),
    subjectStatuses: fc.constant(false),
    subjectDivisions: fc.constant(new Set<DivisionLevel>()),
    entries: fc.constant(true),
    entryMonths: fc.boolean(),
    entryDivisions: fc.subarray<DivisionLevel>([...LEVELS]).map((some) => new Set(some)),
    lists: fc.boolean(),
    commitments: fc.boolean(),
    grades: fc.constant(false),
    timeliness: fc.boolean(),
    reads: fc.constant(false),
  }),
});

async function write(rows: readonly Row[], folded: boolean): Promise<void> {
  const { pool } = gateway.database;
  await pool.query('TRUNCATE credit_records, list_entries, commitments');
  for (const { item, division, kind, month, decided, word1, word2, n, ...rest } of rows) {
    await addEntry(
      pool,
      {
        ...rest,
        subjectId: subjects.get(`${division} ${kind}`) ?? '',
        family: FAMILIES[item],
        item,
        day: `${month}-${decided}`,
        words: [word1, word2],
        receivedAt: `${month}-15T10:00:00+08:00`,
      },
      n,
    );
  }
  if (folded) await gateway.statistics.fold();
}

/** A version with another deadline: the days between which rows are on time or late are cut anew where it is a new one. */
async function publish(deadline: number): Promise<void> {
  const items = catalog.items.map((item) => (item.code in FAMILIES ? { ...item, collectionDeadlineDays: deadline } : item));
  ({ catalog } = await gateway.catalogs.publish({ items }, 'another deadline'));
}

async function answer(kind: 'DASHBOARD' | 'DEPARTMENT', asked: readonly Question[]): Promise<(Figures | null)[]> {
  const profile = compileProfile(catalog, { kind, items: null, grants: [], providesData: kind === 'DEPARTMENT' });
  const service = new StatisticsService(
    async (statement) => textRows(await runForCaller(gateway.database.pool, null, statement)),
    () => Promise.resolve([]),
  );
  const answers = await service.answer(
    {
      clientId: 'somebody',
      orgCode: kind === 'DEPARTMENT' ? OWN : null,
      catalog,
      profile,
      purpose: '行政审批',
      matter: '1',
      strict: false,
      signal: new AbortController().signal,
    },
    asked,
  );
  return answers.map(({ figures }) => figures);
}

const regionOf = (level: DivisionLevel, division: string): string =>
  level === 'COUNTY' || (level === 'REPORTING_REGION' && ['150781', '152501'].includes(division))
    ? division
    : `${division.slice(0, 4)}00`;

/** Key -> rows, of all figures that the question asks for. */
function expected(
  { filter, wants }: Question,
  rows: readonly Row[],
  department: boolean,
  deadline: number,
): Record<string, number> {
  const sums: Record<string, number> = {};
  const add = (key: string, n: number): void => {
    sums[key] = (sums[key] ?? 0) + n;
  };
  for (const one of rows) {
    if (one.status !== 'ACTIVE' && !(department && one.unit === OWN)) continue;
    if (filter.items?.includes(one.item) === false || filter.kinds?.some((kind) => kind === one.kind) === false) continue;
    if (filter.divisionCode !== null && !one.division.startsWith(filter.divisionCode)) continue;
    if ((filter.from !== null && one.month < filter.from) || (filter.to !== null && one.month > filter.to)) continue;
    add(`item ${one.item}`, one.n);
    if (wants.entryMonths) add(`month ${one.month}`, one.n);
    for (const level of wants.entryDivisions) add(`${level} ${regionOf(level, one.division)}`, one.n);
    if (wants.lists && one.item === SERIOUS) add(`list ${one.word1}`, one.n);
    if (wants.commitments && one.item === COMMITMENT) add(`commitment ${one.word1} ${one.word2}`, one.n);
    const onTime = workingDays(`${one.month}-${one.decided}`, `${one.month}-15`) <= deadline;
    if (wants.timeliness) add(`${onTime ? 'on time' : 'late'} ${one.item} ${one.unit}`, one.n);
  }
  return sums;
}

function told({ wants }: Question, figures: Figures | null): Record<string, number> {
  const all: [string, Count][] = [];
  if (figures === null) return {};
  for (const { item, count } of figures.entryItems) all.push([`item ${item.code}`, count]);
  if (wants.entryMonths) for (const { month, count } of figures.entryMonths) all.push([`month ${month}`, count]);
  for (const level of wants.entryDivisions)
    for (const { code, count } of figures.entryDivisions(level)) all.push([`${level} ${code ?? ''}`, count]);
  if (wants.lists) for (const { name, count } of figures.lists) all.push([`list ${name ?? ''}`, count]);
  if (wants.commitments)
    for (const { kind, fulfilment, count } of figures.commitments)
      all.push([`commitment ${kind ?? ''} ${fulfilment ?? ''}`, count]);
  if (wants.timeliness)
    for (const { item, providerCode, onTime, late } of figures.timeliness)
      all.push([`on time ${item.code} ${providerCode ?? ''}`, onTime], [`late ${item.code} ${providerCode ?? ''}`, late]);
  return Object.fromEntries(
    all.filter(([, { organizations }]) => organizations > 0).map(([key, { organizations }]) => [key, organizations]),
  );
}

describe.each(['DASHBOARD', 'DEPARTMENT'] as const)('a %s', (kind) => {
  it('is told what a plain count of the rows gives, whatever it asks for and filters by', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 3, maxLength: 15 }),
        fc.array(question, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 0, max: 3 }),
        fc.oneof({ weight: 4, arbitrary: fc.constant(7) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 11 }) }),
        async (rows, asked, unfolded, deadline) => {
          await write(rows, unfolded > 0);
          await publish(deadline);
          const figures = await answer(kind, asked);
          expect(asked.map((one, root) => told(one, figures[root] ?? null))).toEqual(
            asked.map((one) => expected(one, rows, kind === 'DEPARTMENT', deadline)),
          );
        },
      ),
      { numRuns: 80 },
    );
  });
});
