import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { compileProfile } from '../../src/access/index.ts';
import { today } from '../../src/calendar.ts';
import { openGateway } from '../../src/gateway.ts';
import type { Gateway } from '../../src/gateway.ts';
import { compileRead } from '../../src/reading/compile-read.ts';
import type { EntriesRead } from '../../src/reading/read-plan.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';

const ITEM = 'OrganizationLicense';

describe('a page that goes on from a cursor', () => {
  let test: TestDatabase;
  let gateway: Gateway;
  let client: pg.Client;

  beforeAll(async () => {
    test = await createTestDatabase({ seeded: true });
    gateway = await openGateway(test.config);
    client = new pg.Client({ connectionString: test.url });
    await client.connect();
    // So many rows that it matters to PostgreSQL where among them a page begins.
    await client.query(`CREATE TEMPORARY TABLE e AS SELECT * FROM credit_records WHERE item_code = '150000-03-001' LIMIT 100;
      ALTER TABLE credit_records DISABLE TRIGGER USER;
      UPDATE e SET content = '{}';
      DO $$ BEGIN FOR i IN 1..100 LOOP
        UPDATE e SET id = gen_random_uuid(), decided_on = '2010-01-01'::date + (random() * 5000)::int;
        INSERT INTO credit_records SELECT * FROM e;
      END LOOP; END $$;
      ANALYZE credit_records`);
  });
  afterAll(async () => {
    await client.end();
    await gateway.close();
    await test.drop();
  });

  it('is planned for all its positions at once, and not anew for each', async () => {
    const catalog = await gateway.catalogs.current();
    const item = catalog?.item(ITEM);
    if (catalog == null || item === undefined) throw new Error('The sample catalog lacks an item');
    const profile = compileProfile(catalog, { kind: 'CREDIT_AGENCY', items: null, grants: [], providesData: false });
    const read: EntriesRead = {
      kind: 'ENTRIES',
      family: 'RECORD',
      key: null,
      rows: { items: new Map([[item.code, { item, wanted: [], system: new Set(), children: [] }]]) },
      page: {
        conditions: [{ on: 'DECIDED_ON', operator: 'AT_LEAST', value: '2010-01-01' }],
        order: { by: 'DECIDED_ON', direction: 'DESC' },
        first: 50,
        after: 'a cursor',
        wantsRows: true,
        wantsTotal: false,
        wantsCursors: true,
        cursorScope: '',
      },
    };
    const identity = { profile, clientId: 'demo-agency', orgCode: null, purpose: null, today: today() };
    const compiled = compileRead(read, identity).statement;
    for (let year = 2023; year > 2011; year -= 1) {
      const positionOf = (): { sortKey: string; id: string } => ({
        sortKey: `${String(year)}-12-31`,
        id: '80000000-0000-4000-8000-000000000000',
      });
      const statement = compiled?.({ identity, read, positionOf });
      const { rows } = await client.query({ name: 'page', text: statement?.text ?? '', values: [...(statement?.values ?? [])] });
      expect(rows.length).toBeGreaterThan(20);
    }
    const { rows } = await client.query(
      `SELECT custom_plans::int AS once, generic_plans::int AS kept FROM pg_prepared_statements`,
    );
    expect(rows).toEqual([{ once: 5, kept: 7 }]);
  });
});
