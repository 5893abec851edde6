import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { gatewayProgram } from '../../src/cli/program.ts';
import { pendingMigrations } from '../../src/db/index.ts';
import { MIGRATIONS_DIRECTORY } from '../../src/db/migrate.ts';
import { OperatorError } from '../../src/errors.ts';
import { openGateway } from '../../src/gateway.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';
import { fullCount, maintained } from './full-count.ts';
import { addEntry, addSubject } from './rows.ts';

let given: TestDatabase;
let folder: string;
let written: string;
let noted: string;

beforeAll(async () => {
  given = await createTestDatabase({ seeded: true });
  folder = await mkdtemp(path.join(tmpdir(), 'statistics-test-'));
});
beforeEach(() => {
  written = '';
  noted = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((written += String(text)), true));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((noted += String(text)), true));
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(async () => {
  await given.drop();
  await rm(folder, { recursive: true });
});

async function run(...words: string[]): Promise<void> {
  await gatewayProgram(() => openGateway(given.config)).parseAsync(words, { from: 'user' });
}

async function fails(...words: string[]): Promise<string> {
  const error = await run(...words).then(
    () => null,
    (failure: unknown) => failure,
  );
  if (!(error instanceof OperatorError)) throw new Error(`It did not fail as an operator's mistake does: ${String(error)}`);
  return error.message;
}

async function file(text: string): Promise<string> {
  const name = path.join(folder, `${String(Math.random()).slice(2)}.csv`);
  await writeFile(name, text);
  return name;
}

describe('the statistics commands', () => {
  it('find imported files counted exactly, and nothing left to fold', async () => {
    await run('statistics', 'check');
    expect(written).toMatch(/^\d+ cells, all as the tables say/);
    const gateway = await openGateway(given.config);
    expect(await maintained(gateway.database.pool)).toEqual(await fullCount(gateway.database.pool));
    expect((await gateway.database.pool.query('SELECT FROM statistics_deltas')).rowCount).toBe(0);
    await gateway.close();
  });

  it('name cells that differ, say how to mend them, and mend them', async () => {
    const gateway = await openGateway(given.config);
    await gateway.database.pool.query(`UPDATE statistics_cells SET rows = rows + 1 WHERE family = 'COMMITMENT'`);
    await gateway.close();
    expect(await fails('statistics', 'check')).toMatch(/\d+ cells differ .*statistics rebuild/s);
    expect(written).toContain('150000-08-001');
    await run('statistics', 'rebuild');
    written = '';
    await run('statistics', 'check');
    expect(written).toContain('all as the tables say');
  });
});

describe('the calendar commands', () => {
  it('show the arrangement of a year', async () => {
    await run('calendar', 'show', '2026');
    expect(written).toMatch(/2026-02-14\s+true\s+春节调休/);
    expect(written.match(/ false /g)).toHaveLength(33);
    expect(written.match(/ true /g)).toHaveLength(6);
    written = '';
    await run('calendar', 'show', '2031');
    expect([written, noted]).toEqual(['', expect.stringContaining('Nothing is arranged for 2031')]);
  });

  it('import a year, with or without BOM', async () => {
    await run('calendar', 'import', await file('\ufeffday,working,name\n2027-01-01,false,元旦\n2027-02-20,是,春节调休\n'));
    expect(written).toContain('2 days of 2027');
    written = '';
    await run('calendar', 'show', '2027');
    expect(written.split('\n').slice(1, 3)).toEqual(['2027-01-01  false    元旦', '2027-02-20  true     春节调休']);
  });

  it('refuse a file whole, naming every line that is wrong', async () => {
    const message = await fails(
      'calendar',
      'import',
      await file(
        'day,working,name\n2027-02-30,false,春节\n2027-02-01,maybe,春节\n2027-02-02,false,\n2027-02-03,false,春节\n2027-02-03,true,春节\n',
      ),
    );
    expect(message).toMatch(
      /line 2: day must be a real day.*line 3: working.*line 4: name is empty.*line 6: 2027-02-03 stands twice/s,
    );
    await run('calendar', 'show', '2027');
    expect(written).not.toContain('2027-02-03');
    expect(await fails('calendar', 'import', path.join(folder, 'no-such.csv'))).toContain('cannot be read');
    expect(await fails('calendar', 'import', await file('day,working,name\n'))).toContain('has no days');
  });
});

describe('the migration', () => {
  it('counts the rows that are there already', async () => {
    const old = await createTestDatabase();
    const database = await old.open();
    try {
      await database.pool.query('DROP SCHEMA public CASCADE');
      await database.pool.query('CREATE SCHEMA public');
      const names = await pendingMigrations(database);
      const own = names.findIndex((name) => name.endsWith('_statistics'));
      const apply = async (name: string): Promise<void> => {
        await database.pool.query(await readFile(path.join(MIGRATIONS_DIRECTORY, name, 'migration.sql'), 'utf8'));
      };
      for (const name of names.slice(0, own)) await apply(name);
      const subjectId = await addSubject(database.pool, { division: '153000' });
      await addEntry(
        database.pool,
        { subjectId, family: 'RECORD', item: '150000-03-003', day: '2026-09-30', unit: 'U', unitName: '某局' },
        3,
      );
      for (const name of names.slice(own)) await apply(name);
      expect(await maintained(database.pool)).toEqual(await fullCount(database.pool));
      expect(Object.values(await maintained(database.pool))).toEqual([3, 1]);
      expect((await database.pool.query('SELECT name FROM statistics_units')).rows).toEqual([{ name: '某局' }]);
    } finally {
      await database.close();
      await old.drop();
    }
  });
});
