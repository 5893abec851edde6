import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { textRows } from '../../src/wire-text.ts';
import { runForCaller } from '../../src/db/caller-statement.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';

const CALLER = { clientId: 'bank', purpose: '贷款审批', day: '2026-11-20', seal: 'none' };
const number = (value: number): { text: string; values: string[]; lasting: true } => ({
  text: `SELECT $1::int + ${String(value)}`,
  values: ['1'],
  lasting: true,
});

describe('a statement whose rows come as texts', () => {
  let test: TestDatabase;
  let pool: pg.Pool;

  beforeAll(async () => {
    test = await createTestDatabase();
  });
  beforeEach(() => {
    pool = new pg.Pool({ connectionString: test.url, max: 1 });
  });
  afterEach(() => pool.end());
  afterAll(() => test.drop());

  async function prepared(): Promise<string[]> {
    const { rows } = await pool.query<{ statement: string }>(
      'SELECT statement FROM pg_prepared_statements ORDER BY prepare_time',
    );
    return rows.map(({ statement }) => statement);
  }

  it('brings every column as PostgreSQL writes it, and NULL as null', async () => {
    const text = `SELECT 1, 'a', NULL::text, true, '2026-11-20'::date, 1.50::numeric UNION ALL SELECT 2, '', '', false, NULL, NULL ORDER BY 1`;
    expect(await runForCaller(pool, null, { text, values: [] })).toEqual([
      ['1', 'a', null, 't', '2026-11-20', '1.50'],
      ['2', '', '', 'f', null, null],
    ]);
  });

  it('binds lists as arrays, whatever stands in them', async () => {
    const list = ['', 'a,b', '{c}', '"d"', 'e\\', 'NULL', '中文 f', "g'"];
    const statement = { text: 'SELECT e FROM unnest($1::text[]) WITH ORDINALITY AS u(e, n) ORDER BY n', values: [list] };
    expect(textRows(await runForCaller(pool, null, statement)).flat()).toEqual(list);
    expect(await runForCaller(pool, null, { ...statement, values: [[]] })).toEqual([]);
  });

  it('stays prepared if it lasts, and is planned once for all values', async () => {
    for (const value of ['1', '2', '3']) {
      expect(await runForCaller(pool, null, { ...number(1), values: [value] }, 5)).toEqual([[String(Number(value) + 1)]]);
    }
    await runForCaller(pool, null, { text: 'SELECT 7', values: [] }, 5);
    expect(await prepared()).toEqual([number(1).text]);
  });

  it('makes room for a new one by dropping the one used longest ago, and comes back when asked again', async () => {
    for (const value of [1, 2, 1, 3, 4]) await runForCaller(pool, CALLER, number(value), 2);
    // The settings of the caller stay besides.
    expect((await prepared()).filter((text) => !text.includes('set_config'))).toEqual([number(3).text, number(4).text]);
    expect(await runForCaller(pool, CALLER, number(1), 2)).toEqual([['2']]);
  });

  it('prepares nothing where that is turned off', async () => {
    expect(await runForCaller(pool, CALLER, number(1), 0)).toEqual([['2']]);
    expect(await prepared()).toEqual([]);
  });

  it('takes its settings with it, and leaves none behind', async () => {
    const asked = { text: `SELECT current_setting('gateway.client', true)`, values: [], lasting: true };
    expect(await runForCaller(pool, CALLER, asked, 5)).toEqual([['bank']]);
    expect(await runForCaller(pool, null, asked, 5)).toEqual([['']]);
  });

  it('that fails costs the connection, and nobody else', async () => {
    const broken = { text: 'SELECT 1 / $1::int', values: ['0'], lasting: true };
    await expect(runForCaller(pool, CALLER, broken, 5)).rejects.toThrow('division by zero');
    expect(await runForCaller(pool, CALLER, { ...broken, values: ['1'] }, 5)).toEqual([['1']]);
    await expect(runForCaller(pool, CALLER, { text: 'SELEKT', values: [], lasting: true }, 5)).rejects.toThrow('syntax error');
    expect(await runForCaller(pool, CALLER, number(1), 5)).toEqual([['2']]);
  });

  it('brings rows larger than any piece of the connection, whole, and small ones between them', async () => {
    const text = `SELECT n, CASE WHEN n % 3 = 0 THEN repeat('盟', 200000) ELSE n || '𠮷' END FROM generate_series(1, 50) AS n`;
    const rows = textRows(await runForCaller(pool, null, { text, values: [] }));
    const wanted = Array.from({ length: 50 }, (_, at) => [
      String(at + 1),
      (at + 1) % 3 === 0 ? '盟'.repeat(200_000) : `${String(at + 1)}𠮷`,
    ]);
    expect(rows).toEqual(wanted);
  });

  it('leaves what else a connection says to pg: notices between rows, and the rows of other queries', async () => {
    const heard: string[] = [];
    pool.on('connect', (client) => {
      client.on('notice', ({ message }) => heard.push(message ?? ''));
    });
    await pool.query(
      `CREATE FUNCTION pg_temp.said(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'row %', n; RETURN n; END $$`,
    );
    const rows = runForCaller(pool, null, { text: 'SELECT pg_temp.said(n) FROM generate_series(1, 3) AS n', values: [] });
    // Waits for the same connection, and takes it over in the moment it is free.
    const others = pool.query<{ one: number }>('SELECT 1 AS one');
    const more = runForCaller(pool, null, { text: `SELECT '二'`, values: [] });
    expect(textRows(await rows)).toEqual([['1'], ['2'], ['3']]);
    expect((await others).rows).toEqual([{ one: 1 }]);
    expect(textRows(await more)).toEqual([['二']]);
    expect(heard).toEqual(['row 1', 'row 2', 'row 3']);
  });
});
