/** Nothing is ever skipped: a change committed late still comes, at whatever place a reader stands and however it was cut off. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startWorld } from './feed-world.ts';
import type { Follower, World } from './feed-world.ts';

const PENALTY = '150000-03-003';

let world: World;
let agency: Follower;

beforeAll(async () => {
  world = await startWorld();
  agency = await world.follower('demo-agency').begin();
});
afterAll(() => world.close());

async function penalties(count: number): Promise<string[]> {
  const rows = await world.sql<{ id: string }>(
    `SELECT id FROM credit_records WHERE item_code = $1 AND status = 'ACTIVE' AND (public_until IS NULL OR public_until > now() + interval '30 days') ORDER BY id LIMIT $2`,
    [PENALTY, count],
  );
  return rows.map(({ id }) => id);
}

const touch = `UPDATE credit_records SET content = content || jsonb_build_object('note', clock_timestamp()::text), updated_at = now() WHERE id = $1`;

/** Pages without waiting for open transactions. */
async function drain(): Promise<string[]> {
  const told: string[] = [];
  for (let more = true; more;) {
    const page = await agency.page(100);
    told.push(...agency.apply(page).map(({ entryId }) => entryId ?? ''));
    agency.cursor = page.endCursor;
    more = page.hasNextPage;
  }
  return told;
}

describe('a transaction that commits late', () => {
  it('is not jumped over, where a plain sequence would have lost it', async () => {
    const [early = '', late = ''] = await penalties(2);
    await agency.pull();
    // What a feed by a sequence would keep: the highest number it has seen.
    const seen = async (after: string): Promise<{ seq: string; entry_id: string }[]> =>
      world.sql('SELECT seq::text AS seq, entry_id FROM changes WHERE seq > $1 ORDER BY seq', [after]);
    const start = String((await world.sql('SELECT max(seq)::text AS seq FROM changes'))[0]?.['seq']);

    const open = await world.connection();
    await open.query('BEGIN');
    await open.query(touch, [late]);
    await world.sql(touch, [early]);

    const bySequence = await seen(start);
    expect(bySequence.map((row) => row.entry_id)).toEqual([early]);
    const whileOpen = await drain();

    await open.query('COMMIT');
    // The sequence has gone past it: the reader never hears of it.
    expect(await seen(bySequence.at(-1)?.seq ?? '')).toEqual([]);
    await agency.horizon();
    // The feed waited at the open transaction, and tells both.
    expect([...whileOpen, ...(await drain())].toSorted()).toEqual([early, late].toSorted());
    expect(agency.copy).toEqual(await agency.view());
  });

  it('does not hold back what was committed before it began', async () => {
    const [one = '', other = ''] = await penalties(2);
    await agency.pull();
    await world.sql(touch, [one]);
    await agency.horizon();
    const open = await world.connection();
    await open.query('BEGIN');
    await open.query(touch, [other]);
    expect(await drain()).toEqual([one]);
    await open.query('ROLLBACK');
    await agency.horizon();
    expect(await drain()).toEqual([]);
  });

  it('and is withdrawn meanwhile by an earlier one: the copy ends without it', async () => {
    const [id = ''] = await penalties(1);
    const first = await world.connection();
    await first.query('BEGIN');
    // A number of its own before the other's, though it comes to the row later.
    await first.query('SELECT pg_current_xact_id()');
    await world.sql(touch, [id]);
    await first.query(`UPDATE credit_records SET status = 'WITHDRAWN', updated_at = now() WHERE id = $1`, [id]);
    await first.query('COMMIT');
    await agency.pull();
    expect(agency.copy).toEqual(await agency.view());
    expect([...agency.copy.keys()].some((key) => key.includes(id))).toBe(false);
  });
});

describe('a reader that is cut off', () => {
  it('goes on after any single change, and misses none', async () => {
    const ids = await penalties(12);
    await agency.pull();
    for (const id of ids) await world.sql(touch, [id]);
    await agency.horizon();
    const whole = await agency.page(1_000);
    expect(whole.edges.map(({ change }) => change.key.entryId)).toEqual(ids);
    for (const [index, edge] of whole.edges.entries()) {
      const rest = await agency.page(1_000, edge.cursor());
      expect(rest.edges.map(({ change }) => change.key.entryId)).toEqual(ids.slice(index + 1));
    }
    for (const size of [1, 5, 12]) {
      const told: (string | null)[] = [];
      let after = agency.cursor;
      for (let more = true; more;) {
        const page = await agency.page(size, after);
        expect(page.edges.length).toBeLessThanOrEqual(size);
        told.push(...page.edges.map(({ change }) => change.key.entryId));
        after = page.endCursor;
        more = page.hasNextPage;
      }
      expect(told).toEqual(ids);
    }
  });

  it('asks again with the cursor it had: the same comes again, as it is by then', async () => {
    const [id = ''] = await penalties(1);
    await agency.pull();
    await world.sql(touch, [id]);
    await agency.horizon();
    const one = await agency.page(10);
    await world.sql(touch, [id]);
    const again = await agency.page(10);
    expect(again.edges.map(({ change }) => change.key)).toContainEqual(one.edges[0]?.change.key);
    expect(again.edges[0]?.change.row).not.toEqual(one.edges[0]?.change.row);
  });

  it('several changes of one row within a page are one, at the place of the first', async () => {
    const [id = '', other = ''] = await penalties(2);
    await agency.pull();
    for (const each of [id, other, id]) await world.sql(touch, [each]);
    await agency.horizon();
    expect((await agency.page(10)).edges.map(({ change }) => change.key.entryId)).toEqual([id, other]);
    await agency.pull();
  });

  it('passes over what is not for it in empty pages that go on', async () => {
    const limited = world.follower('demo-agency');
    limited.items = ['TaxArrears'];
    await limited.begin();
    await world.sql(
      `INSERT INTO changes (txid, kind, subject_id, entry_id, item_code, existed) SELECT pg_current_xact_id()::text::bigint, 'RECORD', gen_random_uuid(), gen_random_uuid(), '${PENALTY}', false FROM generate_series(1, 45000)`,
    );
    await limited.horizon();
    const pages: [number, boolean][] = [];
    for (let more = true; more;) {
      const page = await limited.page(10);
      pages.push([page.edges.length, page.hasNextPage]);
      limited.cursor = page.endCursor;
      more = page.hasNextPage;
    }
    expect(pages).toEqual([
      [0, true],
      [0, true],
      [0, false],
    ]);
  });
});
