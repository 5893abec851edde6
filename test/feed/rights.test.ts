/** Who may see the log, and that nobody who writes can leave it out. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startWorld } from './feed-world.ts';
import type { Follower, World } from './feed-world.ts';

let world: World;
let follower: Follower;

beforeAll(async () => {
  world = await startWorld();
  follower = world.follower('demo-agency');
});
afterAll(() => world.close());

async function tries(role: 'agency' | 'reader' | 'control', sql: string): Promise<unknown> {
  return follower.parts.pools[role].query(sql).then(
    ({ rowCount }) => rowCount,
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}

const DENIED = '42501';

describe('the change log', () => {
  it('is read by control alone, and written by nobody who serves', async () => {
    for (const role of ['agency', 'reader'] as const) {
      for (const table of ['changes', 'change_log_floor'])
        expect([role, table, await tries(role, `SELECT * FROM ${table}`)]).toEqual([role, table, DENIED]);
      expect(await tries(role, 'SELECT prune_changes(90)')).toBe(DENIED);
    }
    expect(await tries('control', 'SELECT txid, subject_id FROM changes LIMIT 1')).toBe(1);
    for (const sql of [
      'DELETE FROM changes',
      'UPDATE changes SET existed = false',
      'UPDATE change_log_floor SET txid = 0',
      `INSERT INTO changes (txid, kind, subject_id, existed) VALUES (1, 'SUBJECT', gen_random_uuid(), true)`,
    ]) {
      expect([sql, await tries('control', sql)]).toEqual([sql, DENIED]);
    }
  });

  it('control sees what state rows are in, and nothing of what they say', async () => {
    expect(await tries('control', 'SELECT id, item_code, person, updated_at FROM subjects LIMIT 1')).toBe(1);
    expect(
      await tries('control', 'SELECT subject_id, id, status, public_until, source_unit_code FROM credit_records LIMIT 1'),
    ).toBe(1);
    for (const column of ['content', 'name', 'credit_code', 'content_digest'])
      expect(await tries('control', `SELECT ${column} FROM subjects`)).toBe(DENIED);
    for (const column of ['content', 'document_number', 'authority', 'amount', 'title'])
      expect(await tries('control', `SELECT ${column} FROM credit_records`)).toBe(DENIED);
  });

  it('holds no content, and one row for each changed row', async () => {
    const columns = await world.sql<{ name: string }>(
      `SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'changes'`,
    );
    expect(
      columns
        .map(({ name }) => name)
        .filter((name) => /content|name|code$|number/.test(name))
        .toSorted(),
    ).toEqual(['item_code', 'was_item_code', 'was_source_unit_code']);
    const counted = async (): Promise<number> => Number((await world.sql('SELECT count(*) AS n FROM changes'))[0]?.['n']);
    const before = await counted();
    await world.sql(`UPDATE evaluations SET updated_at = now() WHERE id IN (SELECT id FROM evaluations LIMIT 7)`);
    expect(await counted()).toBe(before + 7);
  });

  it('does not grow by what nobody can observe', async () => {
    const counted = async (): Promise<number> => Number((await world.sql('SELECT count(*) AS n FROM changes'))[0]?.['n']);
    const before = await counted();
    for (const table of ['credit_records', 'list_entries', 'commitments', 'evaluations'])
      await world.sql(`UPDATE ${table} SET authority = 'x', catalog_version = catalog_version + 1`);
    await world.sql(`UPDATE subjects SET catalog_version = catalog_version`);
    await world.sql(`UPDATE authorizations SET purpose = purpose`);
    expect(await counted()).toBe(before);
  });
});
