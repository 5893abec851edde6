import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { cell, demoRows } from '../testkit/demo-rows.ts';
import { eventually } from '../testkit/eventually.ts';
import type { GraphQLAnswer } from '../testkit/serving.ts';
import { byId, listed, openExportWorld, rowsOf } from './export-world.ts';
import type { Exporter, ExportWorld } from './export-world.ts';

const CONSENT_PURPOSE = '信贷审批';

let world: ExportWorld;
let department: Exporter;
let agency: Exporter;
let provider: Exporter;

beforeAll(async () => {
  world = await openExportWorld();
  const { beside } = world.serving;
  const { database } = beside;
  const source = cell(demoRows('OrganizationPenalty')[0], 'CF_SJLYDM');
  await beside.clients.add({ id: 'provider', kind: 'DEPARTMENT', name: '数据来源单位', orgCode: source });
  await beside.clients.add({
    id: 'narrow',
    kind: 'CREDIT_AGENCY',
    name: '只看处罚',
    license: '1',
    licenseUntil: '2099-12-31',
    items: ['OrganizationPenalty'],
  });
  await beside.clients.add({ id: 'manager', kind: 'ADMIN', name: '管理' });
  // Every state that a row can be in: repaired, withdrawn, disputed, past its publicity; some of them the provider's own.
  await database.pool.query(
    `UPDATE credit_records SET public_until = CASE WHEN id::text < '4' THEN DATE '2020-01-01' ELSE DATE '2099-01-01' END,
       status = CASE WHEN id::text > 'd' THEN 'REPAIRED' WHEN id::text > 'b' THEN 'WITHDRAWN' ELSE 'ACTIVE' END::entry_status,
       disputed = id::text < '8' WHERE item_code = '150000-03-003'`,
  );
  const persons = await database.pool.query<{ subject_id: string }>(
    `SELECT DISTINCT subject_id FROM credit_records WHERE item_code IN ('150000-03-002', '150000-03-004') ORDER BY 1 LIMIT 20`,
  );
  for (const { subject_id } of persons.rows) {
    await database.pool.query(
      `INSERT INTO authorizations (subject_id, client_id, items, purpose, valid_until) VALUES ($1, 'demo-agency', $2, $3, '2099-12-31')`,
      [subject_id, ['150000-03-002', '150000-01-002'], CONSENT_PURPOSE],
    );
  }
  department = await world.as('demo-department');
  agency = await world.as('demo-agency', CONSENT_PURPOSE);
  provider = await world.as('provider');
});
afterAll(() => world.close());

const refusalOf = async (response: Response): Promise<unknown[]> => {
  if (response.ok) return [response.status];
  const body = (await response.json()) as { error: { code: string } };
  return [response.status, body.error.code];
};
const codes = (answer: GraphQLAnswer): unknown[] => answer.errors.map((error) => error.extensions['code']);

describe('an export', () => {
  const items = [
    'OrganizationPenalty',
    'PersonLicense',
    'PersonPenalty',
    'DishonestEnforcementEntry',
    'Organization',
    'NaturalPerson',
  ];

  it.each([
    ['a department', () => department],
    ['a credit agency with some consents', () => agency],
    ['a department that provides entries', () => provider],
  ])('holds what the API lists for %s, row by row and field by field', async (_name, client) => {
    const own = client();
    const open = [];
    for (const item of items) {
      const rows = await listed(own.ask, item).catch(() => null);
      if (rows !== null && rows.length > 0) open.push({ item, rows });
    }
    expect(open.length).toBeGreaterThan(3);
    const { shown, rows } = await own.exported(open.map(({ item }) => item));
    expect(shown).toMatchObject({ status: 'READY', failure: null, rows: rows.length, progress: rows.length });
    for (const { item, rows: expected } of open) {
      expect(byId(rows.filter((row) => row.__typename === item))).toEqual(byId(expected));
    }
    expect(rows).toHaveLength(open.reduce((sum, { rows: all }) => sum + all.length, 0));
  });

  it('has a manifest: rows, SHA-256 and SM3 of every file, the catalog version, the items', async () => {
    const { shown } = await department.exported(['150000-03-003', 'OrganizationPenalty', 'TaxArrears']);
    expect(shown.items).toHaveLength(2);
    const manifest = JSON.parse(await (await department.download(shown.manifestUrl ?? '')).text());
    expect(manifest).toMatchObject({
      export: shown.id,
      client: 'demo-department',
      catalogVersion: shown.catalogVersion,
      rows: shown.rows,
      feedCursor: shown.feedCursor,
    });
    expect(manifest.files).toEqual(shown.files.map(({ url: _, ...file }) => file));
    expect(manifest.items.map(({ code, rows }: { code: string; rows: number }) => [code, rows])).toEqual(
      shown.files.map(({ item, rows }) => [item, rows]),
    );
    for (const file of shown.files) {
      const response = await department.download(file.url);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(bytes).toHaveLength(file.bytes);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
      expect(createHash('sm3').update(bytes).digest('hex')).toBe(file.sm3);
      expect(rowsOf(bytes)).toHaveLength(file.rows);
      expect(response.headers.get('content-type')).toBe('application/gzip');
      expect(response.headers.get('cache-control')).toContain('private');
    }
  });

  it('of an item without a row has a file without a line', async () => {
    await world.serving.beside.database.pool.query(
      `UPDATE list_entries SET status = 'WITHDRAWN' WHERE item_code = (SELECT item_code FROM list_entries ORDER BY item_code LIMIT 1)`,
    );
    const { rows: first } = await world.serving.beside.database.pool.query<{ item: string }>(
      'SELECT item_code AS item FROM list_entries ORDER BY item_code LIMIT 1',
    );
    const { shown, rows } = await agency.exported([first[0]?.item ?? '']);
    expect(shown).toMatchObject({ status: 'READY', rows: 0, files: [{ rows: 0 }] });
    expect(rows).toEqual([]);
  });

  it('stands in the read log with its items, as given out whole, before it can be downloaded', async () => {
    const { shown } = await agency.exported(['OrganizationPenalty']);
    const { rows } = await world.serving.beside.database.pool.query<{
      rows: number;
      bulk: string[];
      subjects: string[];
      purpose: string;
      at: Date;
    }>(
      `SELECT row_count AS rows, bulk, subjects, purpose, at FROM access_events WHERE client_id = 'demo-agency' AND bulk <> '{}' ORDER BY at DESC LIMIT 1`,
    );
    expect(rows[0]).toMatchObject({ rows: shown.rows, bulk: ['150000-03-003'], subjects: [], purpose: CONSENT_PURPOSE });
    expect((rows[0]?.at.getTime() ?? Infinity) <= Date.parse(shown.readyAt ?? '')).toBe(true);
  });
});

describe('what can be exported', () => {
  it.each([
    ['no item', [], 'BAD_USER_INPUT'],
    ['an unknown item', ['Nothing'], 'BAD_USER_INPUT'],
  ])('not %s', async (_name, items, code) => {
    expect(codes(await department.start(items))).toEqual([code]);
  });

  it('not an item outside the view: refused by name, and nothing is begun', async () => {
    const narrow = await world.as('narrow', null);
    const answer = await narrow.start(['OrganizationPenalty', 'OrganizationLicense']);
    expect(codes(answer)).toEqual(['FILTER_FORBIDDEN']);
    expect(answer.errors[0]?.extensions).toMatchObject({ items: ['150000-03-001'] });
    expect((await narrow.ask('{ exports { id } }')).data.exports).toEqual([]);
  });

  it('not by a dashboard, an administrator or nobody', async () => {
    for (const id of ['demo-dashboard', 'manager']) {
      const client = await world.as(id, null);
      expect(codes(await client.start(['OrganizationPenalty']))).toEqual(['FIELD_FORBIDDEN']);
      expect(codes(await client.ask('{ exports { id } }'))).toEqual(['FIELD_FORBIDDEN']);
    }
    expect(codes(await world.serving.anonymous('{ exports { id } }'))).toEqual(['UNAUTHENTICATED']);
  });

  it('by a department only with purpose and matter', async () => {
    const silent = await world.as('provider', null);
    expect(codes(await silent.start(['OrganizationPenalty']))).toEqual(['PURPOSE_REQUIRED']);
  });

  it('with consents only for the purpose that was agreed', async () => {
    const { rows: agreed } = await agency.exported(['PersonLicense']);
    const otherwise = await world.as('demo-agency', '别的目的');
    const { rows: others } = await otherwise.exported(['PersonLicense']);
    expect(agreed.length).toBeGreaterThan(0);
    expect(others).toEqual([]);
  });
});

describe('the exports of a client', () => {
  it('the same idempotency key is the same export, with other items it is refused', async () => {
    const key = 'key-for-the-same-export';
    const first = await department.start(['TaxArrears'], key);
    const second = await department.start(['TaxArrears'], key);
    expect(second.data.startExport.id).toBe(first.data.startExport.id);
    expect(codes(await department.start(['OrganizationPenalty'], key))).toEqual(['BAD_USER_INPUT']);
    await department.settled(first.data.startExport.id);
    expect((await department.start(['TaxArrears'], key)).data.startExport.id).toBe(first.data.startExport.id);
    expect(codes(await department.start(['TaxArrears'], 'short'))).toEqual(['BAD_USER_INPUT']);
  });

  it('one at a time: of ten at once one is begun, the others are told which', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => department.start(['Organization', 'OrganizationPenalty'])),
    );
    const begun = answers.filter(({ data }) => data !== null);
    const refused = answers.filter(({ data }) => data === null);
    // One that ended within this moment lets the next one begin.
    expect(begun.length).toBeLessThan(answers.length);
    expect(new Set(refused.flatMap(codes))).toEqual(new Set(['RATE_LIMITED']));
    const ids = begun.map(({ data }) => data.startExport.id);
    for (const { errors } of refused) expect(ids).toContain(errors[0]?.extensions['exportId']);
    for (const id of ids) expect(await department.settled(id)).toMatchObject({ status: 'READY' });
  });

  it('are listed newest first, and are nobody else’s: found by no other client, downloaded by none', async () => {
    const { shown } = await department.exported(['TaxArrears']);
    const all = (await department.ask('{ exports { id } }')).data.exports;
    expect(all[0]).toEqual({ id: shown.id });
    expect(await provider.find(shown.id)).toBeNull();
    expect(await provider.find('nonsense')).toBeNull();
    const url = shown.files[0]?.url ?? '';
    const unknown = `/exports/00000000-0000-4000-8000-000000000000/${shown.files[0]?.name ?? ''}`;
    const answers = [];
    for (const [client, address] of [
      [provider, url],
      [provider, unknown],
      [department, unknown],
      [department, `/exports/${shown.id}/other.gz`],
      [department, `/exports/${shown.id}/..%2f..%2fpackage.json`],
      [department, `/exports/x/y`],
    ] as const) {
      const response = await client.download(address);
      answers.push([response.status, JSON.stringify(await response.json()).replace(/"requestId":"[^"]+"/, '')]);
    }
    expect(answers[0]?.[0]).toBe(404);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    const bare = await fetch(world.serving.address + url);
    expect(bare.status).toBe(401);
    expect(bare.headers.get('www-authenticate')).toBe('Bearer');
  });
});

describe('a download', () => {
  it('goes on where it broke off, and starts anew when the file is another one', async () => {
    const { shown } = await department.exported(['OrganizationPenalty']);
    const [file] = shown.files;
    const url = file?.url ?? '';
    const whole = await department.download(url);
    const bytes = Buffer.from(await whole.arrayBuffer());
    const etag = whole.headers.get('etag') ?? '';
    expect(etag).toBe(`"${file?.sha256 ?? ''}"`);
    const head = Buffer.from(await (await department.download(url, { range: 'bytes=0-999' })).arrayBuffer());
    const rest = await department.download(url, { range: 'bytes=1000-', 'if-range': etag });
    expect([rest.status, rest.headers.get('content-range')]).toEqual([
      206,
      `bytes 1000-${String(bytes.length - 1)}/${String(bytes.length)}`,
    ]);
    expect(Buffer.concat([head, Buffer.from(await rest.arrayBuffer())]).equals(bytes)).toBe(true);
    expect((await department.download(url, { range: 'bytes=1000-', 'if-range': '"another"' })).status).toBe(200);
    expect((await department.download(url, { range: `bytes=${String(bytes.length)}-` })).status).toBe(416);
  });

  it('ends with the client’s right to call: suspended, or without a licence', async () => {
    const { beside } = world.serving;
    await beside.clients.add({ id: 'passing', kind: 'CREDIT_AGENCY', name: '将停', license: '2', licenseUntil: '2099-12-31' });
    const passing = await world.as('passing', null);
    const { shown } = await passing.exported(['OrganizationPenalty']);
    const url = shown.files[0]?.url ?? '';
    expect((await passing.download(url)).status).toBe(200);
    await beside.clients.suspend('passing');
    await eventually(async () => {
      expect(await refusalOf(await passing.download(url))).toEqual([403, 'CLIENT_SUSPENDED']);
    });
    await beside.clients.resume('passing');
    await beside.database.pool.query(
      `UPDATE clients SET license_until = '2020-01-01' WHERE id = 'passing'; SELECT pg_notify('gateway_changes', 'client:passing')`,
    );
    await eventually(async () => {
      expect(await refusalOf(await passing.download(url))).toEqual([403, 'LICENSE_EXPIRED']);
    });
  });

  it.each([
    ['the limits of its items are narrowed', `UPDATE clients SET items = '{150000-03-001}' WHERE id = 'narrowed'`],
    ['a grant is revoked', `UPDATE grants SET revoked_at = now() WHERE client_id = 'narrowed'`],
  ])('ends where %s: the files hold more than is open now', async (_name, change) => {
    const { beside } = world.serving;
    const { pool } = beside.database;
    await pool.query(`DELETE FROM grants WHERE client_id = 'narrowed'; DELETE FROM clients WHERE id = 'narrowed'`);
    await beside.clients.add({ id: 'narrowed', kind: 'DEPARTMENT', name: '收窄' });
    await beside.grants.add({ clientId: 'narrowed', item: 'PersonPenalty', basis: '法' });
    const narrowed = await world.as('narrowed');
    const { shown } = await narrowed.exported(['PersonPenalty', 'OrganizationLicense']);
    const urls = [shown.manifestUrl ?? '', ...shown.files.map(({ url }) => url)];
    for (const url of urls) expect((await narrowed.download(url)).status).toBe(200);
    await pool.query(`${change}; SELECT pg_notify('gateway_changes', 'client:narrowed')`);
    await eventually(async () => {
      for (const url of urls) expect(await refusalOf(await narrowed.download(url))).toEqual([403, 'FIELD_FORBIDDEN']);
    });
    // What is open now can be had.
    expect((await narrowed.exported(['OrganizationLicense'])).rows.length).toBeGreaterThan(0);
  });
});

describe('the daily quota of subjects', () => {
  it('holds for an export: one that has more fails and counts nothing, one that fits counts each once', async () => {
    const { beside } = world.serving;
    const { pool } = beside.database;
    await beside.clients.add({ id: 'counted', kind: 'DEPARTMENT', name: '限额' });
    const counted = await world.as('counted');
    const used = async (): Promise<number> =>
      Number((await pool.query(`SELECT max(subjects) AS used FROM client_days WHERE client_id = 'counted'`)).rows[0]?.used ?? 0);
    const limited = async (limit: number): Promise<void> => {
      await beside.clients.setLimits('counted', { dailySubjects: limit });
      await pool.query(`SELECT pg_notify('gateway_changes', 'client:counted')`);
    };
    await limited(3);
    const refused = await counted.settled((await counted.start(['OrganizationPenalty'])).data.startExport.id);
    expect(refused).toMatchObject({ status: 'FAILED', files: [], failure: expect.stringMatching(/3 different subjects a day/) });
    expect(await used()).toBe(0);
    await limited(100_000);
    const { rows } = await counted.exported(['OrganizationPenalty']);
    const subjects = new Set(rows.map((row) => JSON.stringify(row['subject'])));
    expect(await used()).toBe(subjects.size);
    await counted.exported(['OrganizationPenalty']);
    expect(await used()).toBe(subjects.size);
    // What is left of the day does not do for the others.
    await limited(subjects.size + 1);
    expect(await counted.settled((await counted.start(['OrganizationLicense'])).data.startExport.id)).toMatchObject({
      status: 'FAILED',
    });
  });
});
