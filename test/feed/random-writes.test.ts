/** Random writes, consents, days and catalogs, told in pages of random sizes: a copy kept by the feed is the client's view. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EditableSheet } from '../catalog/bundled-sheet.ts';
import type { CatalogDocument } from '../../src/catalog/model.ts';
import { startWorld } from './feed-world.ts';
import type { Follower, World } from './feed-world.ts';

const RUNS = Number(process.env['FEED_RUNS'] ?? '8');
const TABLES = ['credit_records', 'list_entries', 'commitments', 'evaluations'] as const;
const ITEMS = ['150000-03-003', '150000-03-004', '150000-02-001', '150000-06-001', '150000-01-002', '150000-08-001'];

let world: World;
let documents: CatalogDocument[];
let followers: Follower[];

beforeAll(async () => {
  world = await startWorld();
  const bundled = await EditableSheet.bundled();
  const other = await EditableSheet.bundled();
  other
    .set('OrganizationPenalty.legalRepCertNo', '使用权限', '社会公开')
    .set('DishonestEnforcementEntry', '自然人公示', '')
    .set('TaxCreditEvaluation', '主体范围', '全部');
  documents = [await bundled.document(), await other.document()];
  followers = await Promise.all([
    world.follower('demo-department').begin(),
    world.follower('demo-agency').begin(),
    world.follower('demo-dashboard').begin(),
    world.follower('demo-agency', null).begin(),
  ]);
});
afterAll(() => world.close());

/** `pick` chooses among all rows of a table; a page size of null reads to the end. */
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('ENTRY' as const),
      table: fc.constantFrom(...TABLES),
      pick: fc.nat(10_000),
      what: fc.constantFrom('CONTENT', 'ACTIVE', 'REPAIRED', 'WITHDRAWN', 'DISPUTE', 'PUBLIC_UNTIL', 'OWN'),
      value: fc.nat(3),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('CONSENT' as const),
      pick: fc.nat(10_000),
      items: fc.subarray(ITEMS, { minLength: 1 }),
      until: fc.nat(3),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('REVOKE' as const), pick: fc.nat(10_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('SUBJECT' as const), pick: fc.nat(10_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('DAY' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('CATALOG' as const), document: fc.nat(1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('LIMIT' as const), items: fc.option(fc.subarray(ITEMS, { minLength: 1 })) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('PAGE' as const), follower: fc.nat(3), size: fc.integer({ min: 1, max: 40 }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const dayOf = (distance: number): string =>
  new Date(Date.now() + 8 * 3_600_000 + distance * 86_400_000).toISOString().slice(0, 10);
/** the days only go forward, whatever the run */
let distance = 0;

async function take(what: Step): Promise<void> {
  switch (what.kind) {
    case 'ENTRY': {
      const changes: Record<string, string> = {
        CONTENT: `content = content || jsonb_build_object('note', ${String(what.value)})`,
        ACTIVE: `status = 'ACTIVE'`,
        REPAIRED: `status = 'REPAIRED'`,
        WITHDRAWN: `status = 'WITHDRAWN'`,
        DISPUTE: 'disputed = NOT disputed',
        PUBLIC_UNTIL: what.value === 0 ? 'public_until = NULL' : `public_until = '${dayOf(distance + what.value - 1)}'`,
        OWN: `source_unit_code = CASE WHEN source_unit_code = '11159900MAY0A0003Q' THEN 'elsewhere' ELSE '11159900MAY0A0003Q' END`,
      };
      await world.sql(
        `UPDATE ${what.table} SET ${changes[what.what] ?? ''}, updated_at = now() WHERE id = (SELECT id FROM ${what.table} ORDER BY id OFFSET $1 % (SELECT count(*) FROM ${what.table}) LIMIT 1)`,
        [what.pick],
      );
      return;
    }
    case 'CONSENT':
      await world.sql(
        `INSERT INTO authorizations (subject_id, client_id, items, purpose, valid_until)
         SELECT id, 'demo-agency', $2, '信贷审批', $3 FROM subjects WHERE person ORDER BY id OFFSET $1 % (SELECT count(*) FROM subjects WHERE person) LIMIT 1`,
        [what.pick, what.items, dayOf(distance + what.until)],
      );
      return;
    case 'REVOKE':
      await world.sql(
        `UPDATE authorizations SET revoked_at = now() WHERE id = (SELECT id FROM authorizations WHERE revoked_at IS NULL ORDER BY id OFFSET $1 % greatest(1, (SELECT count(*) FROM authorizations WHERE revoked_at IS NULL)) LIMIT 1)`,
        [what.pick],
      );
      return;
    case 'SUBJECT':
      await world.sql(
        `UPDATE subjects SET content = content || jsonb_build_object('note', $1::int), updated_at = now() WHERE id = (SELECT id FROM subjects ORDER BY id OFFSET $1 % (SELECT count(*) FROM subjects) LIMIT 1)`,
        [what.pick],
      );
      return;
    case 'DAY':
      distance += 1;
      return;
    case 'CATALOG': {
      const document = documents[what.document];
      if (document !== undefined) await world.gateway.catalogs.publish(document, 'edited.csv');
      return;
    }
    case 'LIMIT':
      await world.sql(`UPDATE clients SET items = $1 WHERE id = 'demo-agency'`, [
        what.items === null ? [] : ['150000-01-001', ...what.items],
      ]);
      return;
    case 'PAGE': {
      const follower = followers[what.follower];
      if (follower === undefined) return;
      follower.day = dayOf(distance);
      const page = await follower.page(what.size);
      follower.apply(page);
      follower.cursor = page.endCursor;
    }
  }
}

describe('a copy kept by the feed', () => {
  it(`is the view of its client after random writes (${String(RUNS)} runs)`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        for (const each of steps) await take(each);
        for (const follower of followers) {
          follower.day = dayOf(distance);
          await follower.pull(100);
          expect([follower.clientId, follower.purpose, difference(follower.copy, await follower.view())]).toEqual([
            follower.clientId,
            follower.purpose,
            [],
          ]);
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 300_000);
});

/** What is in one and not alike in the other. */
function difference(copy: ReadonlyMap<string, string>, view: ReadonlyMap<string, string>): string[] {
  const keys = new Set([...copy.keys(), ...view.keys()]);
  return [...keys]
    .filter((key) => copy.get(key) !== view.get(key))
    .map((key) => `${key}\n copy ${copy.get(key) ?? 'nothing'}\n view ${view.get(key) ?? 'nothing'}`);
}
