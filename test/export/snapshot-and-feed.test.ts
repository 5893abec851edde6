/** A snapshot, and the change feed from its cursor on: together they are the client's view at any later moment. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { eventually } from '../testkit/eventually.ts';
import { listed, openExportWorld, viewedType } from './export-world.ts';
import type { Exporter, ExportWorld, Row, ViewedType } from './export-world.ts';

const RUNS = Number(process.env['EXPORT_RUNS'] ?? '3');
const PURPOSE = '信贷审批';
/** One published of organizations, one of persons by consent only, a list, and persons themselves. */
const ITEMS = ['OrganizationPenalty', 'PersonLicense', 'AbnormalOperationEntry', 'NaturalPerson'];
const TABLES = ['credit_records', 'list_entries'] as const;

let world: ExportWorld;
let agency: Exporter;
let types: ViewedType[];
let changes: string;

beforeAll(async () => {
  world = await openExportWorld();
  agency = await world.as('demo-agency', PURPOSE);
  // Both have a field of this name, of different types: one query can ask for both only under another name.
  types = (await Promise.all(ITEMS.map((name) => viewedType(agency.ask, name)))).map((type) => ({
    ...type,
    selection: type.root === 'subjects' ? type.selection.replace(/ status /, ' registerStatus: status ') : type.selection,
  }));
  changes = `query ($items: [String!], $after: String, $first: Int) { changes(items: $items, after: $after, first: $first) {
    pageInfo { hasNextPage endCursor } edges { node { operation id node { ${types.map(({ selection }) => selection).join(' ')} } } } } }`;
});
afterAll(() => world.close());

const owner = (sql: string, values: unknown[] = []): Promise<pg.QueryResult> =>
  world.serving.beside.database.pool.query(sql, values);

/** `pick` chooses among all rows. */
const write = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ENTRY' as const),
      table: fc.constantFrom(...TABLES),
      pick: fc.nat(10_000),
      change: fc.constantFrom(
        `status = 'REPAIRED'`,
        `status = 'WITHDRAWN'`,
        `status = 'ACTIVE'`,
        'disputed = NOT disputed',
        `public_until = '2020-01-01'`,
        `public_until = '2099-01-01'`,
        `content = content || '{"decisionAuthority": "别的机关"}'`,
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('CONSENT' as const), pick: fc.nat(10_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('REVOKE' as const), pick: fc.nat(10_000) }) },
);
type Write = typeof write extends fc.Arbitrary<infer W> ? W : never;

function sqlOf(what: Write): [string, unknown[]] {
  switch (what.kind) {
    case 'ENTRY':
      return [
        `UPDATE ${what.table} SET ${what.change}, updated_at = clock_timestamp() WHERE id = (SELECT id FROM ${what.table}
           WHERE item_code IN ('150000-03-003', '150000-03-002', '150000-05-001') ORDER BY id OFFSET $1 % (SELECT count(*) FROM ${what.table}
           WHERE item_code IN ('150000-03-003', '150000-03-002', '150000-05-001')) LIMIT 1)`,
        [what.pick],
      ];
    case 'CONSENT':
      return [
        `INSERT INTO authorizations (subject_id, client_id, items, purpose, valid_until)
           SELECT subject_id, 'demo-agency', '{150000-03-002,150000-01-002}', $2, '2099-12-31' FROM credit_records WHERE item_code = '150000-03-002'
           ORDER BY subject_id OFFSET $1 % 41 LIMIT 1`,
        [what.pick, PURPOSE],
      ];
    case 'REVOKE':
      return [
        `UPDATE authorizations SET revoked_at = now() WHERE id = (SELECT id FROM authorizations WHERE revoked_at IS NULL
           ORDER BY id OFFSET $1 % greatest(1, (SELECT count(*) FROM authorizations WHERE revoked_at IS NULL)) LIMIT 1)`,
        [what.pick],
      ];
  }
}

/** A copy that a client keeps: the snapshot's rows, and then what the feed tells, and nothing else. */
class Copy {
  readonly rows = new Map<string, Row>();
  cursor: string;

  constructor(rows: readonly Row[], cursor: string | null) {
    for (const { status, ...row } of rows)
      this.rows.set(row.id, { ...row, [row.__typename === 'NaturalPerson' ? 'registerStatus' : 'status']: status });
    this.cursor = cursor ?? '';
  }

  async pull(first: number): Promise<void> {
    for (;;) {
      const answer = await agency.ask(changes, { items: ITEMS, after: this.cursor, first });
      if (answer.data === null) throw new Error(answer.text);
      const { edges, pageInfo } = answer.data.changes;
      for (const { node } of edges) {
        if (node.operation === 'UPSERT') this.rows.set(node.id, node.node);
        else this.rows.delete(node.id);
      }
      this.cursor = pageInfo.endCursor;
      if (pageInfo.hasNextPage !== true) return;
    }
  }

  async expectToBeTheView(): Promise<void> {
    const view = (await Promise.all(types.map((type) => listed(agency.ask, type)))).flat();
    const byId = new Map(view.map((row) => [row.id, row]));
    const wrong = [...new Set([...byId.keys(), ...this.rows.keys()])]
      .map((id) => ({ copy: this.rows.get(id) ?? null, view: byId.get(id) ?? null }))
      .filter(({ copy, view: row }) => canonical(copy) !== canonical(row));
    expect(wrong).toEqual([]);
  }
}

/** The order of the fields differs between a line of an export and a query's answer. */
function canonical(row: Row | null): string {
  return JSON.stringify(row, row === null ? null : [...Object.keys(row), 'id'].sort());
}

describe('a snapshot and the feed from its cursor', () => {
  it(`are the client's view at any later moment, with writes before, during and after it (${String(RUNS)} runs)`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(write, { maxLength: 10 }),
        fc.array(write, { minLength: 1, maxLength: 10 }),
        fc.array(fc.array(write, { minLength: 1, maxLength: 10 }), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 30 }),
        async (before, during, after, first) => {
          for (const each of before) await owner(...sqlOf(each));
          // One writes before the snapshot and commits long after it: no row number and no time of writing tells of it.
          const late = new pg.Client({ connectionString: world.serving.beside.database.url });
          await late.connect();
          await late.query('BEGIN');
          await late.query(
            `UPDATE list_entries SET disputed = NOT disputed, updated_at = now() WHERE id = (SELECT id FROM list_entries WHERE item_code = '150000-05-001' ORDER BY id LIMIT 1)`,
          );
          const started = await agency.start(ITEMS);
          const { id } = started.data.startExport;
          const writing = (async () => {
            for (const each of during.filter(({ kind }) => kind !== 'ENTRY')) await owner(...sqlOf(each));
            for (const each of during) if (each.kind === 'ENTRY' && each.table === 'credit_records') await owner(...sqlOf(each));
          })();
          const shown = await agency.settled(id);
          expect(shown).toMatchObject({ status: 'READY', feedCursor: expect.any(String) });
          await writing;
          const copy = new Copy(await agency.rowsOf(shown), shown.feedCursor);
          await late.query('COMMIT');
          await late.end();
          for (const some of [[], ...after]) {
            for (const each of some) await owner(...sqlOf(each));
            // Whoever writes in another database holds the feed back for a moment.
            await eventually(async () => {
              await copy.pull(first);
              await copy.expectToBeTheView();
            }, 10_000);
          }
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 120_000);

  it('are of the same place: a change that the snapshot does not have is told, however early it was written', async () => {
    const late = new pg.Client({ connectionString: world.serving.beside.database.url });
    await late.connect();
    await late.query('BEGIN');
    const { rows } = await late.query<{ id: string }>(
      `UPDATE list_entries SET status = 'WITHDRAWN', updated_at = '2020-01-01' WHERE id = (SELECT id FROM list_entries WHERE item_code = '150000-05-001' AND status = 'ACTIVE' AND NOT person AND (public_until IS NULL OR public_until > now()) ORDER BY id DESC LIMIT 1) RETURNING id`,
    );
    const { shown, rows: exported } = await agency.exported(ITEMS);
    const copy = new Copy(exported, shown.feedCursor);
    const ids = [...copy.rows.keys()].filter((id) =>
      Buffer.from(id, 'base64url')
        .toString('hex')
        .endsWith(rows[0]?.id.replaceAll('-', '') ?? '-'),
    );
    expect(ids).toHaveLength(1);
    await late.query('COMMIT');
    await late.end();
    await eventually(async () => {
      await copy.pull(10);
      expect(copy.rows.has(ids[0] ?? '')).toBe(false);
    }, 10_000);
  });
});
