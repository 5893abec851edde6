/** The second lock of what is written: each role is opened as psql would open it, and tries what it must not. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { ensureRoles } from '../../src/db/index.ts';
import { startServing } from '../testkit/serving.ts';
import type { Serving } from '../testkit/serving.ts';

const DENIED = '42501';
const CALL = `change_entry('demo-department', 'some-key', '\\x00', 'RECORD', gen_random_uuid(), gen_random_uuid(), 'REPAIRED', NULL, 'x')`;

let serving: Serving;
const connections = new Map<string, pg.Client>();

beforeAll(async () => {
  serving = await startServing();
  const { database, keys } = serving.beside;
  const urls = await ensureRoles(database, keys, null);
  for (const [role, connectionString] of Object.entries(urls)) {
    const client = new pg.Client({ connectionString });
    await client.connect();
    await client.query('SET default_transaction_read_only = off');
    connections.set(role, client);
  }
});
afterAll(async () => {
  await Promise.all([...connections.values()].map((client) => client.end()));
  await serving.close();
});

async function tries(role: string, sql: string): Promise<unknown> {
  return connections
    .get(role)
    ?.query(sql)
    .then(
      ({ rows }) => rows,
      (error: unknown) => (error instanceof pg.DatabaseError ? error.code : error),
    );
}

describe('what departments write', () => {
  it.each([
    `UPDATE credit_records SET status = 'REPAIRED'`,
    `UPDATE list_entries SET disputed = true`,
    `DELETE FROM entry_events`,
    `INSERT INTO entry_events (subject_id, entry_id, event, reason) VALUES (gen_random_uuid(), gen_random_uuid(), 'ACTIVE', 'x')`,
    `INSERT INTO use_reports (client_id, query_id, decision) VALUES ('demo-department', 'x', 'x')`,
    `SELECT * FROM use_reports`,
    `INSERT INTO submissions (client_id, key, digest, result) VALUES ('demo-department', 'some-key', '\\x00', '{}')`,
    `UPDATE submissions SET result = '{}'`,
    `DELETE FROM exports`,
  ])('is written by no role itself: %s', async (sql) => {
    for (const role of ['agency', 'reader', 'control']) expect(await tries(role, sql)).toBe(DENIED);
  });

  it('goes through functions that the registers’ role alone may call, and that decide themselves', async () => {
    for (const role of ['agency', 'reader']) expect(await tries(role, `SELECT ${CALL}`)).toBe(DENIED);
    expect(await tries('control', `SELECT ${CALL} AS answer`)).toEqual([{ answer: { outcome: 'REFUSED' } }]);
  });

  it.each([
    `writing_department('demo-department')`,
    `claim_submission('a', 'b', '\\x00', '{}')`,
    `earlier_submission('a', 'b', '\\x00')`,
  ])('has steps that nobody calls alone: %s', async (call) => {
    for (const role of ['agency', 'reader', 'control']) expect(await tries(role, `SELECT ${call}`)).toBe(DENIED);
  });

  it('is not opened by a table or an operator of the caller’s own under the same name', async () => {
    await tries('control', 'CREATE TEMPORARY TABLE clients AS SELECT 1');
    expect(await tries('control', `SET search_path = pg_temp, public; SELECT 1`)).not.toBe(DENIED);
    expect(await tries('control', `SELECT public.${CALL} AS answer`)).toEqual([{ answer: { outcome: 'REFUSED' } }]);
    await tries('control', 'RESET search_path');
  });
});

describe('a role with a right too many', () => {
  it('is refused at the start, by the name of the function', async () => {
    const { database, keys } = serving.beside;
    await database.pool.query(`CREATE FUNCTION too_much() RETURNS INTEGER LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`);
    await expect(ensureRoles(database, keys, null)).rejects.toThrow(/EXECUTE on too_much/);
    await database.pool.query('DROP FUNCTION too_much()');
    await expect(ensureRoles(database, keys, null)).resolves.toBeDefined();
  });
});
