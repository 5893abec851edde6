import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileProfile } from '../../src/access/index.ts';
import { today } from '../../src/calendar.ts';
import { fieldWithRole } from '../../src/catalog/model.ts';
import { openGateway } from '../../src/gateway.ts';
import type { Gateway } from '../../src/gateway.ts';
import { compileRead } from '../../src/reading/compile-read.ts';
import type { EntriesRead, ItemSelection, OneSubjectRead } from '../../src/reading/read-plan.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';
import { cell, demoRows } from '../testkit/demo-rows.ts';

const PURPOSE = '信贷审批';

describe('a person whom only an authorization opens', () => {
  let test: TestDatabase;
  let gateway: Gateway;
  const numbers = [...new Set(demoRows('PersonLicense').map((row) => cell(row, '证件号码')))];
  const [authorized = '', unauthorized = ''] = numbers;
  const unknown = '159999199901019998';

  beforeAll(async () => {
    test = await createTestDatabase({ seeded: true });
    gateway = await openGateway(test.config);
    const clientId = 'demo-agency';
    await gateway.authorizations.add({
      clientId,
      subjectIdentifier: authorized,
      items: ['150000-01-002', '150000-03-002'],
      purpose: PURPOSE,
      until: '2099-12-31',
    });
    await gateway.database.pool.query('VACUUM ANALYZE');
  });
  afterAll(async () => {
    await gateway.close();
    await test.drop();
  });

  /** What PostgreSQL did for the statement, node by node: rows, loops and pages touched. */
  async function steps(kind: 'SUBJECT' | 'ENTRIES', number: string): Promise<string[]> {
    const catalog = await gateway.catalogs.current();
    const item = catalog?.item(kind === 'SUBJECT' ? 'NaturalPerson' : 'PersonLicense');
    if (catalog == null || item === undefined) throw new Error('The sample catalog lacks an item');
    const profile = compileProfile(catalog, { kind: 'CREDIT_AGENCY', items: null, grants: [], providesData: false });
    const field = fieldWithRole(item, kind === 'SUBJECT' ? 'SUBJECT_NAME' : 'DOCUMENT_NUMBER') ?? null;
    const selection: ItemSelection = {
      item,
      wanted: [{ property: 'value', field, viaInterface: true, coordinates: [] }],
      system: new Set(),
      children: [],
    };
    const rows = { items: new Map([[item.code, selection]]) };
    const key = { subjectId: gateway.keys.subjectId(number), party: 'PERSON' } as const;
    const page = {
      conditions: [],
      order: { by: 'UPDATED_AT', direction: 'DESC' },
      first: 10,
      after: null,
      wantsRows: true,
      wantsTotal: true,
      wantsCursors: false,
      cursorScope: '',
    } as const;
    const read: OneSubjectRead | EntriesRead =
      kind === 'SUBJECT' ? { kind, key, rows } : { kind, family: 'RECORD', key, page, rows };
    const identity = { profile, clientId: 'demo-agency', orgCode: null, purpose: PURPOSE, today: today() };
    const statement = compileRead(read, identity).statement?.({
      identity,
      read,
      positionOf: () => {
        throw new Error('No page goes on');
      },
    });
    if (statement === undefined) throw new Error('Nothing would be asked');
    const { rows: plan } = await gateway.database.pool.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF, COSTS OFF) ${statement.text}`,
      [...statement.values],
    );
    const lines = plan.map((line) => line['QUERY PLAN']);
    const planning = lines.findIndex((line) => line.startsWith('Planning'));
    // The ids themselves differ.
    return lines.slice(0, planning < 0 ? undefined : planning).map((line) => line.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID'));
  }

  it.each(['SUBJECT', 'ENTRIES'] as const)('is not looked for without one, unknown or not (%s)', async (kind) => {
    // Once before, so that every page is in memory.
    for (const number of [unknown, unauthorized, authorized]) await steps(kind, number);
    const nowhere = await steps(kind, unknown);
    expect(await steps(kind, unauthorized)).toEqual(nowhere);
    expect(await steps(kind, authorized)).not.toEqual(nowhere);
  });
});
