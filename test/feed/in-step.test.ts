/** The feed brings a copy in step with its client's view, whatever moved: a row, a consent, a date, the catalog, a right. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EditableSheet } from '../catalog/bundled-sheet.ts';
import { startWorld } from './feed-world.ts';
import type { Follower, Told, World } from './feed-world.ts';

const PENALTY = '150000-03-003';
const PERSON_PENALTY = '150000-03-004';

let world: World;
let department: Follower;
let agency: Follower;
let dashboard: Follower;

beforeAll(async () => {
  world = await startWorld();
  [department, agency, dashboard] = await Promise.all([
    world.follower('demo-department').begin(),
    world.follower('demo-agency').begin(),
    world.follower('demo-dashboard').begin(),
  ]);
});
afterAll(() => world.close());

beforeEach(async () => {
  // What was left behind is over before the next test begins, and no consent with it.
  await world.sql('DELETE FROM authorizations');
  for (const follower of everybody()) {
    follower.day = day(0);
    await follower.pull();
  }
});

const everybody = (): Follower[] => [department, agency, dashboard];

async function inStep(): Promise<Told[][]> {
  const told: Told[][] = [];
  for (const follower of everybody()) {
    told.push(await follower.pull());
    expect([follower.clientId, [...follower.copy].sort()]).toEqual([follower.clientId, [...(await follower.view())].sort()]);
  }
  return told;
}

async function entry(item: string, more = ''): Promise<{ id: string; subject: string }> {
  const [row] = await world.sql<{ id: string; subject: string }>(
    `SELECT e.id, e.subject_id AS subject FROM credit_records e WHERE item_code = $1 AND status = 'ACTIVE' AND NOT disputed
     AND (public_until IS NULL OR public_until > now() + interval '30 days') ${more} ORDER BY random() LIMIT 1`,
    [item],
  );
  if (row === undefined) throw new Error(`No entry of ${item}`);
  return row;
}

/** Days are told in Asia/Shanghai. */
const day = (distance: number): string => new Date(Date.now() + 8 * 3_600_000 + distance * 86_400_000).toISOString().slice(0, 10);

const brief = (told: readonly Told[]): string[] => told.map(({ operation, item }) => `${operation} ${item}`);

describe('a change of a row', () => {
  it('nothing written: nothing told, and the cursor goes on', async () => {
    expect(await inStep()).toEqual([[], [], []]);
    expect(await inStep()).toEqual([[], [], []]);
  });

  it('a new content is told to whoever sees the row', async () => {
    const { id } = await entry(PENALTY);
    await world.sql(
      `UPDATE credit_records SET content = content || '{"violationFacts": "changed"}', updated_at = now() WHERE id = $1`,
      [id],
    );
    expect((await inStep()).map(brief)).toEqual([
      ['UPSERT OrganizationPenalty'],
      ['UPSERT OrganizationPenalty'],
      ['UPSERT OrganizationPenalty'],
    ]);
  });

  it('withdrawn and repaired rows are removed', async () => {
    for (const status of ['WITHDRAWN', 'REPAIRED']) {
      const { id } = await entry(PENALTY);
      await world.sql(`UPDATE credit_records SET status = $2::entry_status, updated_at = now() WHERE id = $1`, [id, status]);
      for (const told of await inStep()) expect(told).toMatchObject([{ operation: 'REMOVE', entryId: id }]);
    }
  });

  it('what came and went between two pages is not mentioned', async () => {
    const { id } = await entry(PENALTY);
    const columns = String(
      (
        await world.sql(
          `SELECT string_agg(column_name, ', ') AS c FROM information_schema.columns WHERE table_name = 'credit_records' AND column_name NOT IN ('id', 'updated_at')`,
        )
      )[0]?.['c'],
    );
    const [copy] = await world.sql<{ id: string }>(
      `INSERT INTO credit_records (id, updated_at, ${columns}) SELECT gen_random_uuid(), now(), ${columns} FROM credit_records WHERE id = $1 RETURNING id`,
      [id],
    );
    await world.sql(`UPDATE credit_records SET status = 'WITHDRAWN', updated_at = now() WHERE id = $1`, [copy?.id]);
    expect(await inStep()).toEqual([[], [], []]);
  });

  it('a person’s entry is never mentioned to an agency without that person’s consent', async () => {
    const { id } = await entry(PERSON_PENALTY);
    await world.sql(`UPDATE credit_records SET status = 'WITHDRAWN', updated_at = now() WHERE id = $1`, [id]);
    const [toDepartment, toAgency] = await inStep();
    expect(toDepartment).toMatchObject([{ operation: 'REMOVE', entryId: id }]);
    expect(toAgency).toEqual([]);
  });
});

/** A natural person with an entry of the item in force. */
async function person(item: string): Promise<{ id: string; subject: string }> {
  return entry(item, 'AND subject_id NOT IN (SELECT subject_id FROM authorizations)');
}

async function consent(
  subject: string,
  more: { client?: string; items?: string[]; purpose?: string; until?: string } = {},
): Promise<string> {
  const [row] = await world.sql<{ id: string }>(
    `INSERT INTO authorizations (subject_id, client_id, items, purpose, valid_until) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
    [
      subject,
      more.client ?? 'demo-agency',
      more.items ?? [PERSON_PENALTY],
      more.purpose ?? '信贷审批',
      more.until ?? '2099-12-31',
    ],
  );
  return row?.id ?? '';
}

describe('a consent', () => {
  it('given: the person and the entries that it covers come; another client’s or purpose’s opens nothing', async () => {
    const { subject } = await person(PERSON_PENALTY);
    await consent(subject, { purpose: '招聘' });
    await consent(subject, { client: 'demo-department', purpose: '招聘' });
    for (const told of await inStep()) expect(told).toEqual([]);
    await consent(subject);
    const [, toAgency] = await inStep();
    expect(new Set(brief(toAgency ?? []))).toEqual(new Set(['UPSERT NaturalPerson', 'UPSERT PersonPenalty']));
  });

  it('revoked: they go, and nothing that happens to them afterwards is mentioned', async () => {
    const { id, subject } = await person(PERSON_PENALTY);
    const given = await consent(subject);
    await inStep();
    await world.sql('UPDATE authorizations SET revoked_at = now() WHERE id = $1', [given]);
    const [, toAgency] = await inStep();
    expect(new Set(brief(toAgency ?? []))).toEqual(new Set(['REMOVE NaturalPerson', 'REMOVE PersonPenalty']));
    await agency.pull();
    await world.sql(`UPDATE credit_records SET updated_at = now() WHERE id = $1`, [id]);
    expect((await inStep())[1]).toEqual([]);
  });

  it('given and revoked between two pages: nothing is mentioned', async () => {
    const { subject } = await person(PERSON_PENALTY);
    const given = await consent(subject);
    await world.sql('UPDATE authorizations SET revoked_at = now() WHERE id = $1', [given]);
    expect((await inStep())[1]).toEqual([]);
  });

  it('revoked while one of its entries was withdrawn before: that entry goes as well', async () => {
    const { id, subject } = await person(PERSON_PENALTY);
    const given = await consent(subject);
    await inStep();
    await world.sql('UPDATE authorizations SET revoked_at = now() WHERE id = $1', [given]);
    await world.sql(`UPDATE credit_records SET status = 'WITHDRAWN', updated_at = now() WHERE id = $1`, [id]);
    expect((await inStep())[1]).toContainEqual(expect.objectContaining({ operation: 'REMOVE', entryId: id }));
  });

  it('given after an entry was withdrawn: that entry is not mentioned', async () => {
    const { id, subject } = await person(PERSON_PENALTY);
    await world.sql(`UPDATE credit_records SET status = 'WITHDRAWN', updated_at = now() WHERE id = $1`, [id]);
    await consent(subject);
    expect((await inStep())[1]?.map(({ entryId }) => entryId)).not.toContain(id);
  });

  it('its last day passed: they go, without a write by anybody', async () => {
    const { subject } = await person(PERSON_PENALTY);
    await consent(subject, { until: day(0) });
    await inStep();
    for (const follower of everybody()) follower.day = day(1);
    const [, toAgency] = await inStep();
    expect(new Set(brief(toAgency ?? []))).toEqual(new Set(['REMOVE NaturalPerson', 'REMOVE PersonPenalty']));
    expect(toAgency?.[0]?.changedAt.toISOString()).toBe(`${day(0)}T16:00:00.000Z`);
  });

  it('moved to another client by hand: it opens there and closes here', async () => {
    const { subject } = await person(PERSON_PENALTY);
    const given = await consent(subject, { client: 'demo-department' });
    await inStep();
    await world.sql(`UPDATE authorizations SET client_id = 'demo-agency' WHERE id = $1`, [given]);
    expect(brief((await inStep())[1] ?? [])).toContain('UPSERT PersonPenalty');
    await world.sql(`UPDATE authorizations SET client_id = 'demo-department' WHERE id = $1`, [given]);
    expect(brief((await inStep())[1] ?? [])).toContain('REMOVE PersonPenalty');
  });
});

describe('a date', () => {
  it('publicity ends at midnight: removed for the public, marked for government, without a write by anybody', async () => {
    const { id } = await entry(PENALTY);
    await world.sql(`UPDATE credit_records SET public_until = $2, updated_at = now() WHERE id = $1`, [id, day(0)]);
    await inStep();
    for (const follower of everybody()) follower.day = day(1);
    const [toDepartment, toAgency, toDashboard] = await inStep();
    expect(toAgency).toMatchObject([{ operation: 'REMOVE', entryId: id }]);
    for (const told of [toDepartment, toDashboard]) expect(told).toMatchObject([{ operation: 'UPSERT', entryId: id }]);
    expect(await inStep()).toEqual([[], [], []]);
    await world.sql(`UPDATE credit_records SET public_until = NULL, updated_at = now() WHERE id = $1`, [id]);
  });

  it('what was over when it came is never mentioned', async () => {
    const { id } = await entry(PENALTY);
    await world.sql(`UPDATE credit_records SET public_until = '2020-01-01', updated_at = now() WHERE id = $1`, [id]);
    await inStep();
    await world.sql(`UPDATE credit_records SET content = content || '{"a": "b"}', updated_at = now() WHERE id = $1`, [id]);
    expect((await inStep())[1]).toEqual([]);
  });

  it('withdrawn on the day after, before the copy heard of midnight: removed all the same', async () => {
    const { id } = await entry(PENALTY);
    await world.sql(`UPDATE credit_records SET public_until = $2, updated_at = now() WHERE id = $1`, [id, day(0)]);
    await inStep();
    await world.sql(`UPDATE credit_records SET status = 'WITHDRAWN', updated_at = now() WHERE id = $1`, [id]);
    for (const follower of everybody()) follower.day = day(1);
    for (const told of await inStep()) expect(told).toMatchObject([{ operation: 'REMOVE', entryId: id }]);
  });
});

describe('the catalog and the client’s rights', () => {
  afterAll(async () => {
    await world.gateway.catalogs.rollback(1);
  });

  async function publish(edit: (sheet: EditableSheet) => unknown): Promise<void> {
    const sheet = await EditableSheet.bundled();
    edit(sheet);
    await world.gateway.catalogs.publish(await sheet.document(), 'edited.csv');
  }

  it('a field that opens changes all rows for those to whom it opens', async () => {
    await publish((sheet) => sheet.set('OrganizationPenalty.legalRepCertNo', '使用权限', '社会公开'));
    const [toDepartment, toAgency, toDashboard] = await inStep();
    const rows = Number(
      (
        await world.sql(
          `SELECT count(*) AS n FROM credit_records WHERE item_code = $1 AND status = 'ACTIVE' AND (public_until IS NULL OR public_until >= $2)`,
          [PENALTY, day(0)],
        )
      )[0]?.['n'],
    );
    expect(toAgency).toHaveLength(rows);
    expect(new Set(brief(toAgency ?? []))).toEqual(new Set(['UPSERT OrganizationPenalty']));
    // Shared with government already, and masked for a dashboard as before.
    expect([toDepartment, toDashboard]).toEqual([[], []]);
    await world.gateway.catalogs.rollback(1);
    await inStep();
  });

  it('an item that closes to the public is removed for agencies alone', async () => {
    await publish((sheet) => closeItem(sheet, 'OrganizationPenalty'));
    const [toDepartment, toAgency] = await inStep();
    expect(new Set(brief(toAgency ?? []))).toEqual(new Set(['REMOVE OrganizationPenalty']));
    expect(brief(toDepartment ?? [])).not.toContain('REMOVE OrganizationPenalty');
  });

  it('what comes in while an item is closed, and what was closed before it came, is not mentioned', async () => {
    const { id } = await entry(PENALTY);
    await world.sql(`UPDATE credit_records SET content = content || '{"x": "y"}', updated_at = now() WHERE id = $1`, [id]);
    expect((await inStep())[1]).toEqual([]);
  });

  it('withdrawn just before the item closed: removed for agencies', async () => {
    await world.gateway.catalogs.rollback(1);
    await inStep();
    const { id } = await entry(PENALTY);
    await world.sql(`UPDATE credit_records SET status = 'WITHDRAWN', updated_at = now() WHERE id = $1`, [id]);
    await publish((sheet) => closeItem(sheet, 'OrganizationPenalty'));
    expect((await inStep())[1]).toContainEqual(expect.objectContaining({ operation: 'REMOVE', entryId: id }));
    await world.gateway.catalogs.rollback(1);
    await inStep();
  });

  it('an item removed from the catalog is removed, under its old name', async () => {
    await publish((sheet) => {
      const from = sheet.rowNumber('TaxArrears') - 1;
      const length = sheet.rows.slice(from + 1).findIndex((row) => row[0] !== '') + 1;
      sheet.rows.splice(from, length);
    });
    for (const told of await inStep()) expect(new Set(brief(told))).toEqual(new Set(['REMOVE TaxArrears']));
    await world.gateway.catalogs.rollback(1);
    for (const told of await inStep()) expect(new Set(brief(told))).toEqual(new Set(['UPSERT TaxArrears']));
  });

  it('a limit to some items removes the others, and lifting it brings them back', async () => {
    await world.sql(`UPDATE clients SET items = ARRAY['150000-01-001'] WHERE id = 'demo-agency'`);
    const [, removed] = await inStep();
    expect(new Set((removed ?? []).map(({ operation }) => operation))).toEqual(new Set(['REMOVE']));
    expect(agency.copy.size).toBe(Number((await world.sql(`SELECT count(*) AS n FROM subjects WHERE NOT person`))[0]?.['n']));
    await world.sql(`UPDATE clients SET items = '{}' WHERE id = 'demo-agency'`);
    const [, back] = await inStep();
    expect(new Set(brief(back ?? []))).not.toContain('REMOVE');
  });

  it('a grant opens a department’s authorized fields, and its end closes them', async () => {
    await world.gateway.grants.add({ clientId: 'demo-department', item: 'PersonPenalty', basis: '测试' });
    expect(new Set(brief((await inStep())[0] ?? []))).toEqual(new Set(['UPSERT PersonPenalty']));
    await world.sql(`UPDATE grants SET revoked_at = now()`);
    expect(new Set(brief((await inStep())[0] ?? []))).toEqual(new Set(['UPSERT PersonPenalty']));
  });

  it('another organization code moves what is a department’s own', async () => {
    const [source] = await world.sql<{ code: string }>(
      `SELECT source_unit_code AS code FROM credit_records WHERE item_code = $1 LIMIT 1`,
      [PENALTY],
    );
    await world.sql(`UPDATE clients SET org_code = $1 WHERE id = 'demo-department'`, [source?.code]);
    expect((await inStep())[0]?.length).toBeGreaterThan(0);
    await world.sql(`UPDATE clients SET org_code = '11159900MAY0A0003Q' WHERE id = 'demo-department'`);
    expect((await inStep())[0]?.length).toBeGreaterThan(0);
  });
});

/** Nothing of the item is 社会公开 any more. */
function closeItem(sheet: EditableSheet, typeName: string): void {
  const header = sheet.rows[0] ?? [];
  const [permission, masked] = [header.indexOf('使用权限'), header.indexOf('脱敏可见')];
  const start = sheet.rowNumber(typeName) - 1;
  for (let at = start; at === start || (sheet.rows[at] !== undefined && sheet.rows[at]?.[0] === ''); at += 1) {
    const row = sheet.rows[at] ?? [];
    if (row[permission] === '社会公开') row[permission] = '政务共享';
    if (row[masked] === '社会公开') row[masked] = row[permission] === '政务共享' ? '' : '政务共享';
  }
}
