import { readdir } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Database, migrate, pendingMigrations } from '../../src/db/index.ts';
import { MIGRATIONS_DIRECTORY } from '../../src/db/migrate.ts';
import { OperatorError } from '../../src/errors.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';

let test: TestDatabase;
let database: Database;
let all: string[];

const start = async (): Promise<void> => {
  test = await createTestDatabase();
  database = await test.open();
};

const stop = async (): Promise<void> => {
  await database.close();
  await test.drop();
};

beforeAll(async () => {
  const entries = await readdir(MIGRATIONS_DIRECTORY, { withFileTypes: true });
  all = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
});

/** The template is migrated already. */
async function empty(): Promise<void> {
  await database.pool.query('DROP SCHEMA public CASCADE');
  await database.pool.query('CREATE SCHEMA public');
}

describe('migrations', () => {
  beforeEach(start);
  afterEach(stop);

  it('are all pending on an empty database, and are applied in order', async () => {
    await empty();
    expect(await pendingMigrations(database)).toEqual(all);
    expect(await migrate(database)).toEqual(all);
    expect(await pendingMigrations(database)).toEqual([]);
    expect(await database.prisma.subject.count()).toBe(0);
  });

  it('do nothing the second time', async () => {
    expect(await pendingMigrations(database)).toEqual([]);
    expect(await migrate(database)).toEqual([]);
  });

  it('are applied once when several instances start at once', async () => {
    await empty();
    const others = await Promise.all([test.open(), test.open(), test.open()]);
    const applied = await Promise.all([database, ...others].map((each) => migrate(each)));
    expect(applied.flat()).toEqual(all);
    const { rows } = await database.pool.query('SELECT migration_name FROM _prisma_migrations');
    expect(rows).toHaveLength(all.length);
    await Promise.all(others.map((each) => each.close()));
  });

  it('leave a row that Prisma’s own command line understands', async () => {
    const { rows } = await database.pool.query(
      'SELECT length(checksum) AS checksum, finished_at IS NOT NULL AS finished, rolled_back_at, applied_steps_count FROM _prisma_migrations LIMIT 1',
    );
    expect(rows).toEqual([{ checksum: 64, finished: true, rolled_back_at: null, applied_steps_count: 1 }]);
  });

  it('refuse to go on after a file was changed that is applied', async () => {
    await database.pool.query(`UPDATE _prisma_migrations SET checksum = 'x'`);
    await expect(migrate(database)).rejects.toThrow(OperatorError);
    await expect(pendingMigrations(database)).rejects.toThrow(/was changed after it was applied/);
  });

  it('refuse a database with tables of something else, and leave them alone', async () => {
    await empty();
    await database.pool.query('CREATE TABLE foreign_table (id int)');
    await expect(migrate(database)).rejects.toThrow(OperatorError);
    await expect(migrate(database)).rejects.toThrow(/holds other tables already/);
    const { rows } = await database.pool.query(
      `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'`,
    );
    expect(rows).toEqual([{ tablename: 'foreign_table' }]);
  });

  it('leave nothing half-done when one fails, say why, and go on once it is mended', async () => {
    await empty();
    // The last thing a failing script would make is what it stumbles over.
    await database.pool.query('CREATE TYPE client_kind AS ENUM ()');
    await expect(migrate(database)).rejects.toThrow(/client_kind.*already exists/);
    const { rows } = await database.pool.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
    expect(rows).toEqual([{ tablename: '_prisma_migrations' }]);
    await expect(migrate(database)).rejects.toThrow(new RegExp(`${all[0]} failed earlier.*delete the row`));

    await database.pool.query('DROP TYPE client_kind');
    await database.pool.query('DELETE FROM _prisma_migrations');
    expect(await migrate(database)).toEqual(all);
  });
});

describe('what the migrations make', () => {
  beforeAll(start);
  afterAll(stop);

  it.each([
    ['内蒙古Ab', ['ab', '内蒙', '古a', '蒙古']],
    ['甲', ['甲']],
    ['', ['']],
    ['AA aa', [' a', 'a ', 'aa']],
  ])('cuts the name %j into its pairs of characters', async (name, pairs) => {
    const { rows } = await database.pool.query<{ pairs: string[] }>('SELECT name_bigrams($1) AS pairs', [name]);
    expect(rows[0]?.pairs.toSorted()).toEqual(pairs.toSorted());
  });

  it.each([
    [
      'a search for two characters',
      `SELECT id FROM subjects WHERE name_bigrams(name) @> name_bigrams('草原')`,
      'subjects_name_bigrams',
    ],
    [
      'a prefix of a name',
      `SELECT id FROM subjects WHERE NOT person AND CASE WHEN name IS NULL THEN '' ELSE name END LIKE '内蒙%'`,
      'subjects_by_name',
    ],
    [
      'a division and all below',
      `SELECT id FROM subjects WHERE NOT person AND division_code LIKE '1501%'`,
      'subjects_by_division',
    ],
    [
      'the next page of subjects by code',
      `SELECT id FROM subjects WHERE NOT person AND (CASE WHEN credit_code IS NULL THEN '' ELSE credit_code END, id) > ('9115', '00000000-0000-8000-8000-000000000000') ORDER BY CASE WHEN credit_code IS NULL THEN '' ELSE credit_code END, id LIMIT 10`,
      'subjects_by_credit_code',
    ],
    [
      'the next page of an item by date',
      `SELECT id FROM credit_records WHERE item_code = 'XK01' AND (CASE WHEN decided_on IS NULL THEN '-infinity'::date ELSE decided_on END, id) < ('2026-01-01'::date, 'ffffffff-ffff-8fff-bfff-ffffffffffff') ORDER BY CASE WHEN decided_on IS NULL THEN '-infinity'::date ELSE decided_on END DESC, id DESC LIMIT 10`,
      'credit_records_of_item',
    ],
    [
      'the next page of an item by amount',
      `SELECT id FROM credit_records WHERE item_code = 'XK01' ORDER BY CASE WHEN amount IS NULL THEN '-Infinity'::numeric ELSE amount END DESC, id DESC LIMIT 10`,
      'credit_records_by_amount',
    ],
    [
      'the entries of a subject by date',
      `SELECT id FROM evaluations WHERE subject_id = '00000000-0000-8000-8000-000000000000' ORDER BY CASE WHEN evaluated_on IS NULL THEN '-infinity'::date ELSE evaluated_on END DESC, id DESC LIMIT 10`,
      'evaluations_of_subject',
    ],
    [
      'what one authority decided',
      `SELECT id FROM list_entries WHERE item_code = 'HM01' AND authority = '锡盟中院' ORDER BY CASE WHEN listed_on IS NULL THEN '-infinity'::date ELSE listed_on END, id LIMIT 10`,
      'list_entries_by_authority',
    ],
    [
      'what only its provider still sees',
      `SELECT id FROM commitments WHERE item_code = 'CN01' AND source_unit_code = 'x' AND status <> 'ACTIVE' ORDER BY CASE WHEN committed_on IS NULL THEN '-infinity'::date ELSE committed_on END, id LIMIT 10`,
      'commitments_not_active',
    ],
  ])('answers %s from an index', async (_, statement, index) => {
    const client = await database.pool.connect();
    // On empty tables reading everything is the cheapest plan; the question is whether the index fits the statement at all.
    await client.query('SET enable_seqscan = off');
    await client.query('SET enable_sort = off');
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${statement}`);
    client.release(true);
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain(index);
  });
});
