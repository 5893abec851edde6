/** Every phase of the feed can be left in its middle and gone on with: by pages of one change, the same is told as by one page. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EditableSheet } from '../catalog/bundled-sheet.ts';
import { startWorld } from './feed-world.ts';
import type { Follower, World } from './feed-world.ts';

const PERSON_PENALTY = '150000-03-004';
const day = (distance: number): string => new Date(Date.now() + 8 * 3_600_000 + distance * 86_400_000).toISOString().slice(0, 10);

let world: World;
let agency: Follower;

beforeAll(async () => {
  world = await startWorld();
  agency = world.follower('demo-agency');
  agency.items = ['OrganizationPenalty', 'PersonPenalty', 'NaturalPerson', 'TaxArrears'];
  await agency.begin();
});
afterAll(() => world.close());

/** Tells what there is from one cursor on, in pages of each size; the last one is kept. */
async function alike(sizes: readonly number[]): Promise<string[]> {
  await agency.horizon();
  const start = agency.cursor;
  const tellings: string[][] = [];
  for (const size of sizes) {
    agency.cursor = start;
    const told: string[] = [];
    for (let more = true; more;) {
      const page = await agency.page(size);
      expect(page.edges.length).toBeLessThanOrEqual(size);
      told.push(...agency.apply(page).map(({ operation, key }) => `${operation} ${key}`));
      agency.cursor = page.endCursor;
      more = page.hasNextPage;
    }
    expect([...agency.copy].sort()).toEqual([...(await agency.view())].sort());
    tellings.push(told);
  }
  for (const told of tellings) expect(told).toEqual(tellings[0]);
  return tellings[0] ?? [];
}

/** Of whom something is there to be seen with their consent. */
async function people(count: number): Promise<string[]> {
  const rows = await world.sql<{ id: string }>(
    `SELECT DISTINCT subject_id AS id FROM credit_records WHERE item_code = $1 AND status = 'ACTIVE' AND person AND (public_until IS NULL OR public_until > $3) ORDER BY 1 LIMIT $2`,
    [PERSON_PENALTY, count, day(3)],
  );
  return rows.map(({ id }) => id);
}

describe('page by page', () => {
  it('a consent revoked, and one of its entries withdrawn, with pages in between', async () => {
    const subject = (await people(4))[3];
    await world.sql(
      `INSERT INTO authorizations (subject_id, client_id, items, purpose, valid_until) VALUES ($1, 'demo-agency', $2, '信贷审批', '2099-12-31')`,
      [subject, [PERSON_PENALTY]],
    );
    await agency.pull();
    await world.sql('UPDATE authorizations SET revoked_at = now()');
    await world.sql(
      `UPDATE credit_records SET updated_at = now() WHERE id IN (SELECT id FROM credit_records WHERE item_code = '150000-03-003' AND status = 'ACTIVE' LIMIT 4)`,
    );
    await world.sql(
      `UPDATE credit_records SET status = 'WITHDRAWN', updated_at = now() WHERE subject_id = $1 AND item_code = $2`,
      [subject, PERSON_PENALTY],
    );
    const told = await alike([1, 2, 100]);
    expect(told.filter((line) => line.startsWith('REMOVE RECORD') && line.includes(subject ?? ''))).not.toEqual([]);
  });

  it('consents in the log: within the rows of one subject', async () => {
    for (const subject of await people(3)) {
      await world.sql(
        `INSERT INTO authorizations (subject_id, client_id, items, purpose, valid_until) VALUES ($1, 'demo-agency', $2, '信贷审批', $3)`,
        [subject, [PERSON_PENALTY], day(0)],
      );
    }
    const told = await alike([1, 2, 100]);
    expect(told.filter((line) => line.startsWith('UPSERT SUBJECT'))).toHaveLength(3);
  });

  it('days that passed: publicity that ended, then consents that ended', async () => {
    await world.sql(
      `UPDATE credit_records SET public_until = $1, updated_at = now() WHERE id IN (SELECT id FROM credit_records WHERE item_code = '150000-03-003' AND status = 'ACTIVE' ORDER BY id LIMIT 5)`,
      [day(0)],
    );
    await agency.pull();
    const held = [...agency.copy.keys()];
    agency.day = day(2);
    const told = await alike([1, 3, 100]);
    // How many entries the three persons have in force depends on who they are.
    const gone = held.filter((key) => !agency.copy.has(key)).map((key) => `REMOVE ${key}`);
    expect([...new Set(told.filter((line) => line.startsWith('REMOVE')))].sort()).toEqual(gone.sort());
    expect(gone.filter((line) => line.startsWith('REMOVE RECORD')).length).toBeGreaterThanOrEqual(5);
    expect(told.filter((line) => line.startsWith('REMOVE SUBJECT'))).toHaveLength(3);
    expect(told.findIndex((line) => line.includes('SUBJECT'))).toBeGreaterThanOrEqual(5);
  });

  it('a new catalog: within the rows of one item', async () => {
    const sheet = await EditableSheet.bundled();
    sheet.set('OrganizationPenalty.legalRepCertNo', '使用权限', '社会公开');
    await world.gateway.catalogs.publish(await sheet.document(), 'edited.csv');
    expect((await alike([7, 1_000])).length).toBeGreaterThan(50);
  });

  it('another catalog while the way to the last one is only half gone', async () => {
    await world.gateway.catalogs.rollback(1);
    await agency.horizon();
    const half = await agency.page(10);
    agency.apply(half);
    agency.cursor = half.endCursor;
    expect(half.hasNextPage).toBe(true);
    await world.gateway.catalogs.rollback(2);
    // Ten rows were told by the first catalog: they come again by the second.
    const told = await alike([9, 1_000]);
    expect(told).toEqual(
      expect.arrayContaining(half.edges.map(({ change }) => expect.stringContaining(change.key.entryId ?? ''))),
    );
  });

  it('rows that change while their item is looked through', async () => {
    await world.gateway.catalogs.rollback(1);
    await agency.horizon();
    const half = await agency.page(10);
    agency.apply(half);
    agency.cursor = half.endCursor;
    await world.sql(
      `UPDATE credit_records SET status = 'WITHDRAWN', updated_at = now() WHERE item_code = '150000-03-003' AND id::text LIKE '%1'`,
    );
    await alike([50, 1_000]);
  });
});

describe('the log is pruned', () => {
  it('by whole transactions, and only what is older than told', async () => {
    const count = async (): Promise<number> => Number((await world.sql('SELECT count(*) AS n FROM changes'))[0]?.['n']);
    await agency.pull();
    const before = await count();
    expect(await world.feed.prune(1)).toBe(0);
    await world.sql(`UPDATE changes SET at = now() - interval '3 days' WHERE txid < (SELECT max(txid) FROM changes)`);
    expect(await world.feed.prune(4)).toBe(0);
    expect(await world.feed.prune(2)).toBeGreaterThan(0);
    expect(await count()).toBeLessThan(before);
    expect(await count()).toBeGreaterThan(0);
    await expect(world.feed.prune(0)).rejects.toThrow('at least one day');
  });

  it('a reader in step goes on; one that would miss something is told', async () => {
    await agency.pull();
    const { cursor } = agency;
    await world.sql(`UPDATE changes SET at = now() - interval '3 days'`);
    await world.feed.prune(2);
    expect((await agency.page(10)).edges).toEqual([]);
    await world.sql(`UPDATE list_entries SET updated_at = now()`);
    await agency.horizon();
    await world.sql(`UPDATE changes SET at = now() - interval '3 days'`);
    await world.feed.prune(2);
    await expect(agency.page(10, cursor)).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
      message: expect.stringContaining('startExport'),
    });
  });

  it('a cursor of another database cluster is no cursor here', async () => {
    const caller = await agency.caller();
    const { xmin } = (
      await world.sql<{ xmin: string }>('SELECT (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000)::text AS xmin')
    )[0] ?? { xmin: '' };
    const ahead = await world.feed.cursorAt({ xmin, at: Date.now() }, caller, agency.items);
    await expect(agency.page(10, ahead)).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
      message: expect.stringContaining('another database'),
    });
  });
});
