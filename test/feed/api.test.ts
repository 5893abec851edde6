/** The feed through the API: its types, its rules, and that it brings the same as the listings. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeGlobalId } from '../../src/entries/index.ts';
import { EditableSheet } from '../catalog/bundled-sheet.ts';
import { eventually } from '../testkit/eventually.ts';
import { PURPOSE, startServing } from '../testkit/serving.ts';
import type { Ask, GraphQLAnswer, Serving } from '../testkit/serving.ts';

const PENALTY = '150000-03-003';
const FIELDS = `__typename id
  ... on Subject { name kind registered catalogItem { code } }
  ... on CreditEntry { documentNumber authority status disputed publicityEnded updatedAt subject { id name } }
  ... on OrganizationPenalty { violationFacts legalRepCertNo }`;
const CHANGES = `query ($items: [String!], $after: String, $first: Int) { changes(items: $items, after: $after, first: $first) {
  edges { cursor node { operation id changedAt item { code typeName } node { ${FIELDS} } } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;

interface Edge {
  cursor: string;
  node: {
    operation: string;
    id: string;
    changedAt: string;
    item: { code: string; typeName: string };
    node: Record<string, unknown> | null;
  };
}
interface Page {
  edges: Edge[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string };
}

/** A transaction of any database on the server holds the feed back: those of the tests beside this one, too. */
const HELD_BACK_MS = 40_000;

let serving: Serving;
let department: Ask;
let agency: Ask;
let dashboard: Ask;

beforeAll(async () => {
  serving = await startServing();
  [department, agency, dashboard] = await Promise.all([
    serving.as('demo-department'),
    serving.as('demo-agency'),
    serving.as('demo-dashboard'),
  ]);
});
afterAll(() => serving.close());

async function page(
  ask: Ask,
  after?: string,
  more: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Page> {
  const answer = await ask(CHANGES, { after, ...more }, headers);
  if (answer.errors.length > 0) throw new Error(answer.text);
  return answer.data.changes;
}

const sql = async (text: string, ...values: unknown[]): Promise<number> =>
  serving.beside.database.prisma.$executeRawUnsafe(text, ...values);

async function penalties(count: number): Promise<string[]> {
  const answer = await agency(
    `{ records(first: ${String(count)}, filter: { items: ["OrganizationPenalty"] }) { edges { node { id } } } }`,
  );
  return answer.data.records.edges.map((edge: { node: { id: string } }) => edge.node.id);
}

const code = (answer: GraphQLAnswer): unknown => answer.errors[0]?.extensions['code'];

describe('changes', () => {
  it('without a cursor begins now: an empty page with a cursor', async () => {
    const first = await page(agency);
    expect(first).toEqual({
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: expect.any(String) },
    });
    expect((await page(agency, first.pageInfo.endCursor)).edges).toEqual([]);
  });

  it('tells a change as each caller sees the row, by its inline fragments', async () => {
    const [id = ''] = await penalties(1);
    const starts = await Promise.all([department, agency, dashboard].map((ask) => page(ask)));
    await serving.beside.entries.setDispute(id, true, '当事人提出异议');
    for (const [index, ask] of [department, agency, dashboard].entries()) {
      await eventually(async () => {
        const { edges } = await page(ask, starts[index]?.pageInfo.endCursor);
        expect(edges.map(({ node }) => [node.operation, node.id, node.item])).toEqual([
          ['UPSERT', id, { code: PENALTY, typeName: 'OrganizationPenalty' }],
        ]);
        const listed = await ask(`query ($id: ID!) { node(id: $id) { ${FIELDS} } }`, { id });
        expect(edges[0]?.node.node).toEqual(listed.data.node);
        expect(edges[0]?.node.node).toMatchObject({ disputed: true });
      }, HELD_BACK_MS);
    }
  });

  it('a withheld field is withheld here as well, and reported once', async () => {
    const [, id = ''] = await penalties(2);
    const { pageInfo } = await page(agency);
    await serving.beside.entries.setDispute(id, true, '当事人提出异议');
    await eventually(async () => {
      const answer = await agency(CHANGES, { after: pageInfo.endCursor });
      expect(answer.data.changes.edges[0].node.node.legalRepCertNo).toBeNull();
      expect(answer.access).toContainEqual(
        expect.objectContaining({ coordinate: 'OrganizationPenalty.legalRepCertNo', outcome: 'WITHHELD', count: 1 }),
      );
      expect(answer.access.map(({ field, count }) => [field, count])).toEqual([
        ['violationFacts', 1],
        ['legalRepCertNo', 1],
      ]);
    }, HELD_BACK_MS);
    await eventually(async () => {
      const strict = await agency(CHANGES, { after: pageInfo.endCursor }, { 'x-access-mode': 'strict' });
      expect([code(strict), strict.data]).toEqual(['FIELD_FORBIDDEN', null]);
    });
  });

  it('a repaired entry is removed by its id, and what it was is not shown', async () => {
    const [, , id = ''] = await penalties(3);
    const { pageInfo } = await page(agency);
    await serving.beside.entries.changeStatus(id, 'REPAIRED', '已纠正失信行为');
    await eventually(async () => {
      const { edges } = await page(agency, pageInfo.endCursor);
      expect(edges.map(({ node }) => node)).toEqual([
        {
          operation: 'REMOVE',
          id,
          item: { code: PENALTY, typeName: 'OrganizationPenalty' },
          node: null,
          changedAt: expect.stringMatching(/Z$/),
        },
      ]);
    }, HELD_BACK_MS);
  });

  it('goes on after the cursor of any edge', async () => {
    const ids = (await penalties(5)).slice(0, 5);
    const { pageInfo } = await page(dashboard);
    for (const id of ids) {
      const key = decodeGlobalId(id);
      if (key?.family !== 'RECORD') throw new Error('No entry');
      await sql(
        'UPDATE credit_records SET updated_at = now() WHERE subject_id = $1::uuid AND id = $2::uuid',
        key.subjectId,
        key.entryId,
      );
    }
    await eventually(async () => {
      const whole = await page(dashboard, pageInfo.endCursor);
      expect(whole.edges.map(({ node }) => node.id)).toEqual(ids);
      expect(whole.pageInfo.startCursor).not.toBeNull();
    }, HELD_BACK_MS);
    const whole = await page(dashboard, pageInfo.endCursor);
    const second = await page(dashboard, whole.edges[1]?.cursor, { first: 2 });
    expect(second.edges.map(({ node }) => node.id)).toEqual(ids.slice(2, 4));
    expect(second.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
  });

  it('goes on with the items of its cursor, told again or not', async () => {
    const { endCursor } = (await page(agency, undefined, { items: ['OrganizationPenalty'] })).pageInfo;
    await sql(`UPDATE evaluations SET updated_at = now() WHERE item_code = '150000-09-002'`);
    await sql(
      `UPDATE credit_records SET updated_at = now() WHERE id IN (SELECT id FROM credit_records WHERE item_code = $1 AND status = 'ACTIVE' AND (public_until IS NULL OR public_until > now() + interval '30 days') LIMIT 3)`,
      PENALTY,
    );
    for (const items of [undefined, [PENALTY], ['OrganizationPenalty', PENALTY]]) {
      await eventually(async () => {
        const { edges } = await page(agency, endCursor, { items });
        expect(new Set(edges.map(({ node }) => node.item.code))).toEqual(new Set([PENALTY]));
      }, HELD_BACK_MS);
    }
  });

  it('tells what an item was called that the catalog has no longer', async () => {
    const { endCursor } = (await page(agency)).pageInfo;
    const sheet = await EditableSheet.bundled();
    const from = sheet.rowNumber('TaxArrears') - 1;
    sheet.rows.splice(from, sheet.rows.slice(from + 1).findIndex((row) => row[0] !== '') + 1);
    await serving.beside.catalogs.publish(await sheet.document(), 'edited.csv');
    await eventually(async () => {
      const { edges } = await page(agency, endCursor);
      expect(edges.length).toBeGreaterThan(5);
      expect(new Set(edges.map(({ node }) => `${node.operation} ${node.item.code} ${node.item.typeName}`))).toEqual(
        new Set(['REMOVE 150000-10-001 TaxArrears']),
      );
    }, HELD_BACK_MS);
    await serving.beside.catalogs.rollback(1);
    await eventually(async () => {
      expect((await agency('{ catalog { version } }')).data.catalog.version).toBe(3);
    });
  });

  it('takes aliases, fragments and __typename like every other root', async () => {
    const answer = await agency(
      `query { feed: changes(first: 5) { __typename p: pageInfo { __typename ...E } edges { __typename node { __typename } } } } fragment E on PageInfo { e: endCursor }`,
    );
    expect(answer.data).toEqual({
      feed: { __typename: 'ChangeConnection', p: { __typename: 'PageInfo', e: expect.any(String) }, edges: [] },
    });
  });
});

describe('what is refused', () => {
  it('a cursor of another client, another purpose, other items, or of a listing', async () => {
    const { endCursor } = (await page(agency)).pageInfo;
    const listed = await agency('{ records(first: 1) { pageInfo { endCursor } } }');
    const refusals = await Promise.all([
      dashboard(CHANGES, { after: endCursor }),
      agency(CHANGES, { after: endCursor }, { 'x-purpose': encodeURIComponent('贷后管理') }),
      agency(CHANGES, { after: endCursor, items: ['OrganizationPenalty'] }),
      agency(CHANGES, { after: listed.data.records.pageInfo.endCursor }),
      agency(CHANGES, { after: `${endCursor.slice(0, -4)}AAAA` }),
      agency(CHANGES, { after: 'no cursor' }),
    ]);
    expect(refusals.map(code)).toEqual(refusals.map(() => 'CURSOR_INVALID'));
    for (const { data } of refusals) expect(data).toBeNull();
  });

  it('a cursor from before the oldest change that is kept: too old, and where to go on', async () => {
    const old = (await page(agency)).pageInfo.endCursor;
    await sql(`UPDATE list_entries SET updated_at = now()`);
    await sql(`UPDATE changes SET at = now() - interval '91 days'`);
    await serving.beside.database.prisma.$queryRaw`SELECT prune_changes(90)`;
    const answer = await agency(CHANGES, { after: old });
    expect(code(answer)).toBe('CURSOR_INVALID');
    expect(answer.errors[0]?.message).toContain('startExport');
    const fresh = (await page(agency)).pageInfo.endCursor;
    expect((await page(agency, fresh)).edges).toEqual([]);
  });

  it('an unknown item, one outside the client’s view, and a page too large', async () => {
    await serving.beside.clients.add({
      id: 'limited',
      kind: 'CREDIT_AGENCY',
      name: '受限征信机构',
      license: 'X',
      licenseUntil: '2099-12-31',
      items: ['Organization'],
    });
    const limited = await serving.as('limited');
    expect(code(await agency(CHANGES, { items: ['Nothing'] }))).toBe('BAD_USER_INPUT');
    expect(code(await limited(CHANGES, { items: ['OrganizationPenalty'] }))).toBe('FILTER_FORBIDDEN');
    expect(code(await agency(CHANGES, { first: 1_001 }))).toBe('BAD_USER_INPUT');
    expect(code(await agency(CHANGES, { first: -1 }))).toBe('BAD_USER_INPUT');
  });

  it('a caller without a token, an administrator, a department without a purpose', async () => {
    await serving.beside.clients.add({ id: 'manager', kind: 'ADMIN', name: '管理员' });
    expect(code(await serving.anonymous(CHANGES))).toBe('UNAUTHENTICATED');
    expect(code(await (await serving.as('manager'))(CHANGES))).toBe('FIELD_FORBIDDEN');
    await serving.beside.clients.add({ id: 'plain-department', kind: 'DEPARTMENT', name: '部门', orgCode: '11159900MAY0A0003Q' });
    const plain = await serving.as('plain-department');
    expect(code(await plain(CHANGES))).toBe('PURPOSE_REQUIRED');
    expect(code(await plain(CHANGES, {}, PURPOSE))).toBeUndefined();
  });
});
