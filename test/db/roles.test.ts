/** The second lock (docs/decisions/0009): each role is opened as psql would open it, and tries what it must not. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { today } from '../../src/calendar.ts';
import { sealCaller } from '../../src/db/caller-seal.ts';
import { runForCaller } from '../../src/db/caller-statement.ts';
import { RUNTIME_ROLES, type RuntimeRole } from '../../src/db/row-policies.ts';
import { openGateway, serveGateway, type Gateway, type ServingGateway } from '../../src/gateway.ts';
import { isCitizenIdNumber } from '../../src/identifiers/index.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';
import { demoRows } from '../testkit/demo-rows.ts';

const PERSON_PENALTY = '150000-03-004';
const PERSON_LICENSE = '150000-03-002';
const PENALTY = '150000-03-003';
const PURPOSE = '信贷审批';
const ENTRY_TABLES = ['credit_records', 'list_entries', 'commitments', 'evaluations'];

let test: TestDatabase;
let beside: Gateway;
let serving: ServingGateway[];
let suffix: string;
const connections = new Map<RuntimeRole, pg.Client>();

const start = (): Promise<ServingGateway> =>
  serveGateway(test.config, { prepareData: () => Promise.resolve(), onFatal: (error) => expect(error).toBeUndefined() });

beforeAll(async () => {
  test = await createTestDatabase({ seeded: true });
  // Two instances at once: both make the roles, and must agree on them.
  serving = await Promise.all([start(), start()]);
  beside = await openGateway(test.config);
  const { rows } = await owner<{ suffix: string }>(
    `SELECT lpad(to_hex(oid::bigint), 8, '0') AS suffix FROM pg_database WHERE datname = current_database()`,
  );
  suffix = rows[0]?.suffix ?? '';
  for (const role of RUNTIME_ROLES) {
    const client = new pg.Client({ connectionString: urlOf(role) });
    await client.connect();
    connections.set(role, client);
  }
});

afterAll(async () => {
  await Promise.all([...connections.values()].map((client) => client.end()));
  await Promise.all(serving.map((one) => one.close()));
  await beside.close();
  await test.drop();
});

function owner<R extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<pg.QueryResult<R>> {
  return beside.database.pool.query<R>(sql, values);
}

function urlOf(role: RuntimeRole): string {
  const url = new URL(test.url);
  url.username = `gateway_${role}_${suffix}`;
  url.password = beside.keys.databasePassword(role);
  return url.href;
}

function as(role: RuntimeRole): pg.Client {
  const client = connections.get(role);
  if (client === undefined) throw new Error(`No connection as ${role}`);
  return client;
}

/** What PostgreSQL answers to a role that may not: the SQLSTATE, or the rows if it may. */
async function tries(role: RuntimeRole, sql: string): Promise<unknown> {
  const client = as(role);
  // As whoever holds the connection would: the default of reading only can be switched off.
  await client.query('SET default_transaction_read_only = off');
  return client.query(sql).then(
    ({ rows }: pg.QueryResult) => rows,
    (error: unknown) => (error instanceof pg.DatabaseError ? error.code : error),
  );
}

const DENIED = '42501';

async function seal(clientId: string, purpose: string | null, day = today()): Promise<void> {
  const caller = sealCaller(beside.keys.callerSealKey(), clientId, purpose, day);
  await claim(caller);
}

async function claim({
  clientId,
  purpose,
  day,
  seal: proof,
}: {
  clientId: string;
  purpose: string;
  day: string;
  seal: string;
}): Promise<void> {
  await as('agency').query(
    `SELECT set_config('gateway.client', $1, false), set_config('gateway.purpose', $2, false), set_config('gateway.day', $3, false), set_config('gateway.seal', $4, false)`,
    [clientId, purpose, day, proof],
  );
}

async function agencySees(entryId: string): Promise<boolean> {
  const { rowCount } = await as('agency').query('SELECT id FROM credit_records WHERE id = $1', [entryId]);
  return rowCount === 1;
}

/** Active entries of an item, about different subjects, in a fixed order. */
async function entries(item: string): Promise<{ id: string; subject_id: string }[]> {
  const { rows } = await owner<{ id: string; subject_id: string }>(
    `SELECT DISTINCT ON (subject_id) id, subject_id FROM credit_records WHERE item_code = $1 AND status = 'ACTIVE' AND (public_until IS NULL OR public_until > '2200-01-01' OR public_until > now() + interval '30 days') ORDER BY subject_id, id`,
    [item],
  );
  return rows;
}

async function authorize(
  subjectId: string,
  more: { client?: string; items?: string[]; purpose?: string; until?: string; revoked?: boolean } = {},
): Promise<void> {
  await owner(
    `INSERT INTO authorizations (subject_id, client_id, items, purpose, valid_until, revoked_at) VALUES ($1, $2, $3, $4, $5, $6)`,
    [
      subjectId,
      more.client ?? 'demo-agency',
      more.items ?? [PERSON_PENALTY],
      more.purpose ?? PURPOSE,
      more.until ?? '2099-12-31',
      more.revoked === true ? new Date() : null,
    ],
  );
}

describe('the role that serves agencies', () => {
  it('sees a published entry of an organization, whoever asks and even if nobody is named', async () => {
    const [entry] = await entries(PENALTY);
    await claim({ clientId: '', purpose: '', day: '', seal: '' });
    expect(await agencySees(entry?.id ?? '')).toBe(true);
  });

  it.each([
    ['repaired', `status = 'REPAIRED'`],
    ['withdrawn', `status = 'WITHDRAWN'`],
    ['past its publicity', `public_until = '2020-01-01'`],
  ])('does not see an entry that is %s, not even with an authorization', async (_, change) => {
    const [, entry] = await entries(PENALTY);
    const id = entry?.id ?? '';
    await authorize(entry?.subject_id ?? '', { items: [PENALTY] });
    await seal('demo-agency', PURPOSE);
    expect(await agencySees(id)).toBe(true);
    const { rows } = await owner<{ status: string; public_until: Date | null }>(
      'SELECT status, public_until::text FROM credit_records WHERE id = $1',
      [id],
    );
    await owner(`UPDATE credit_records SET ${change} WHERE id = $1`, [id]);
    expect(await agencySees(id)).toBe(false);
    await owner('UPDATE credit_records SET status = $2::entry_status, public_until = $3::date WHERE id = $1', [
      id,
      rows[0]?.status,
      rows[0]?.public_until,
    ]);
    expect(await agencySees(id)).toBe(true);
  });

  it('sees an entry of a person only with that person’s live authorization for the client, the item and the purpose', async () => {
    const found = await entries(PERSON_PENALTY);
    const cases: [string, Parameters<typeof authorize>[1] | null, boolean][] = [
      ['none', null, false],
      ['live', {}, true],
      ['of another client', { client: 'demo-department' }, false],
      ['for another purpose', { purpose: '招聘' }, false],
      ['for another item', { items: [PERSON_LICENSE] }, false],
      ['expired', { until: '2020-01-01' }, false],
      ['revoked', { revoked: true }, false],
    ];
    expect(found.length).toBeGreaterThanOrEqual(cases.length);
    for (const [index, [, more]] of cases.entries())
      if (more !== null && more !== undefined) await authorize(found[index]?.subject_id ?? '', more);
    await seal('demo-agency', PURPOSE);
    const seen: [string, boolean][] = [];
    for (const [index, [name]] of cases.entries()) seen.push([name, await agencySees(found[index]?.id ?? '')]);
    expect(seen).toEqual(cases.map(([name, , expected]) => [name, expected]));

    // The person itself: with any live authorization for the client and purpose, whatever the item.
    const { rows } = await as('agency').query<{ id: string }>('SELECT id FROM subjects WHERE person');
    expect(rows.map(({ id }) => id).toSorted()).toEqual([found[1]?.subject_id, found[4]?.subject_id].toSorted());
    const { rows: own } = await as('agency').query<{ client_id: string; purpose: string }>(
      'SELECT client_id, purpose FROM authorizations',
    );
    expect(new Set(own.map((row) => `${row.client_id} ${row.purpose}`))).toEqual(new Set([`demo-agency ${PURPOSE}`]));
  });

  it('sees no person and no authorization unless the gateway proves for whom it asks', async () => {
    const nothing = async (): Promise<void> => {
      const { rows } = await as('agency').query(
        `SELECT (SELECT count(*) FROM subjects WHERE person)::int AS persons, (SELECT count(*) FROM authorizations)::int AS authorizations,
           (SELECT count(*) FROM credit_records WHERE item_code = '${PERSON_PENALTY}')::int AS entries`,
      );
      expect(rows).toEqual([{ persons: 0, authorizations: 0, entries: 0 }]);
    };
    const sealed = sealCaller(beside.keys.callerSealKey(), 'demo-agency', PURPOSE, today());
    await claim(sealed);
    expect(
      (
        await as('agency')
          .query('SELECT id FROM authorizations WHERE client_id IS NOT NULL')
          .catch(() => null)
      )?.rowCount ?? 'no right on id',
    ).toBe('no right on id');
    expect((await as('agency').query('SELECT subject_id FROM authorizations')).rowCount).toBeGreaterThan(0);
    await as('agency').query('RESET ALL');
    await nothing();
    await claim({ ...sealed, clientId: 'demo-department' });
    await nothing();
    await claim({ ...sealed, purpose: '招聘' });
    await nothing();
    await claim({ ...sealed, seal: '' });
    await nothing();
    await claim({ ...sealed, day: '2026-01-01' });
    await nothing();
    await seal('demo-agency', PURPOSE, '2020-01-01');
    await nothing();
    await seal('demo-agency', null);
    await nothing();
  });

  it('follows a publish at once: what the catalog no longer publishes is not there', async () => {
    const [entry] = await entries(PENALTY);
    const current = await beside.catalogs.current();
    const items = (current?.items ?? []).map((item) =>
      item.code !== PENALTY
        ? item
        : { ...item, fields: item.fields.map((field) => ({ ...field, permission: 'GOV_SHARED' as const, maskedAt: null })) },
    );
    // A statement that stays prepared with its plan follows as well.
    await as('agency').query('SET plan_cache_mode = force_generic_plan');
    const seen = async (): Promise<[boolean, number | null]> => [
      await agencySees(entry?.id ?? ''),
      (await as('agency').query({ name: 'kept', text: 'SELECT id FROM credit_records WHERE id = $1', values: [entry?.id] }))
        .rowCount,
    ];
    expect(await seen()).toEqual([true, 1]);
    await beside.catalogs.publish({ items }, 'closed.csv');
    expect(await seen()).toEqual([false, 0]);
    await beside.catalogs.rollback(1);
    expect(await seen()).toEqual([true, 1]);
    await as('agency').query('RESET plan_cache_mode; DEALLOCATE kept');
  });

  it('leaves nothing of one client on a connection for the next', async () => {
    const pool = new pg.Pool({ connectionString: urlOf('agency'), max: 1 });
    const statement = { text: 'SELECT subject_id, $1::text AS echo FROM authorizations', values: ['x'] };
    const caller = (purpose: string | null): ReturnType<typeof sealCaller> =>
      sealCaller(beside.keys.callerSealKey(), 'demo-agency', purpose, today());
    const rows = await runForCaller(pool, caller(PURPOSE), statement);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows[0]).toEqual([expect.any(String), 'x']);
    expect((await pool.query('SELECT subject_id FROM authorizations')).rowCount).toBe(0);
    expect(
      (
        await pool.query(
          `SELECT current_setting('gateway.client', true) AS client, current_setting('gateway.seal', true) AS seal`,
        )
      ).rows,
    ).toEqual([{ client: '', seal: '' }]);
    expect(await runForCaller(pool, caller(null), statement)).toEqual([]);
    await expect(runForCaller(pool, caller(PURPOSE), { text: 'SELECT 1 / $1::int', values: ['0'] })).rejects.toThrow(
      'division by zero',
    );
    expect(await runForCaller(pool, caller(PURPOSE), { text: 'SELECT 1 AS one', values: [] })).toEqual([['1']]);
    await pool.end();
  });

  it('does not tell of hidden rows through errors, as a view would', async () => {
    await as('agency').query('RESET ALL');
    // A condition that fails on any person's name: it runs only on rows that the policy has let through.
    expect(await tries('agency', `SELECT count(*)::int AS n FROM subjects WHERE person AND name::int = 1`)).toEqual([{ n: 0 }]);
    const { rowCount } = await as('agency').query('SELECT o.id FROM organization_names o');
    const { rows } = await owner<{ n: number }>('SELECT count(*)::int AS n FROM subjects WHERE NOT person AND name IS NOT NULL');
    expect(rowCount).toBe(rows[0]?.n);
    expect(
      (await owner('SELECT o.id FROM organization_names o JOIN subjects s USING (id) WHERE s.person OR s.name <> o.name'))
        .rowCount,
    ).toBe(0);
  });
});

describe('every role that serves', () => {
  const FORBIDDEN: [string, string][] = [
    ['insert an entry', `INSERT INTO credit_records SELECT * FROM credit_records LIMIT 1`],
    ['change an entry', `UPDATE credit_records SET status = 'ACTIVE'`],
    ['delete an entry', `DELETE FROM list_entries`],
    ['empty a table', `TRUNCATE commitments`],
    ['lock a table', `DO $$ BEGIN LOCK TABLE subjects IN ACCESS EXCLUSIVE MODE; END $$`],
    ['change a subject', `UPDATE subjects SET name = 'x'`],
    [
      'enter an authorization',
      `INSERT INTO authorizations (subject_id, client_id, items, purpose, valid_until) VALUES (gen_random_uuid(), 'demo-agency', '{}', 'x', '2099-01-01')`,
    ],
    ['widen an authorization', `UPDATE authorizations SET revoked_at = NULL`],
    ['publish an item', `UPDATE published_items SET person_open = true`],
    [
      'replace the list of what is published',
      `CREATE OR REPLACE FUNCTION published_of_persons() RETURNS TEXT[] LANGUAGE sql STABLE RETURN '{${PERSON_PENALTY}}'::TEXT[]`,
    ],
    ['read the settings', `SELECT * FROM settings`],
    ['read digests', `SELECT content_digest FROM credit_records`],
    ['create a table', `CREATE TABLE stolen AS SELECT 1`],
    ['create a temporary table', `CREATE TEMP TABLE stolen (x int)`],
    ['create a function', `CREATE FUNCTION leak() RETURNS int LANGUAGE sql AS 'SELECT 1'`],
    ['create a schema', `CREATE SCHEMA stolen`],
    ['store a large object', `SELECT lo_from_bytea(0, 'x')`],
    ['run a program', `COPY (SELECT 1) TO PROGRAM 'cat'`],
    ['write a file', `COPY (SELECT 1) TO '/tmp/stolen'`],
    ['read a file', `SELECT pg_read_file('/etc/passwd')`],
    ['become the owner', `SET ROLE "OWNER"`],
    ['become the owner for the session', `SET SESSION AUTHORIZATION "OWNER"`],
    ['switch a policy off', `ALTER TABLE subjects DISABLE ROW LEVEL SECURITY`],
    ['drop a policy', `DROP POLICY gateway_agency ON subjects`],
    ['raise itself', `ALTER ROLE CURRENT_USER BYPASSRLS`],
    ['read passwords', `SELECT * FROM pg_authid`],
    ['load a library', `LOAD '/tmp/x.so'`],
    ['make a database', `CREATE DATABASE stolen`],
  ];

  it.each(RUNTIME_ROLES.flatMap((role) => FORBIDDEN.map(([name, sql]) => [role, name, sql] as const)))(
    '%s: may not %s',
    async (role, _, sql) => {
      // Whoever the owner of this server's databases is: the embedded server has its own, DATABASE_URL another.
      expect(await tries(role, sql.replace('OWNER', new URL(test.url).username))).toBe(DENIED);
    },
  );

  it.each(RUNTIME_ROLES)('%s: stays itself after RESET ROLE, and reads nothing more with row_security off', async (role) => {
    expect(await tries(role, 'RESET ROLE')).toEqual([]);
    expect(await tries(role, 'SELECT current_user::text AS me')).toEqual([{ me: `gateway_${role}_${suffix}` }]);
    await tries(role, 'SET row_security = off');
    // PostgreSQL refuses the statement rather than let the policy be left out; for want of any right, as well.
    expect(await tries(role, 'SELECT id FROM subjects')).toBe(DENIED);
    await tries(role, 'SET row_security = on');
  });

  it('agency and reader may not read clients, keys or catalogs', async () => {
    for (const role of ['agency', 'reader'] as const) {
      for (const table of ['clients', 'grants', 'signing_keys', 'catalog_versions', 'entry_events', '_prisma_migrations']) {
        expect([role, table, await tries(role, `SELECT * FROM ${table}`)]).toEqual([role, table, DENIED]);
      }
    }
  });

  it('control reads its registers, adds a signing key, and no content of a subject or an entry', async () => {
    for (const table of ['clients', 'grants', 'signing_keys', 'catalog_versions'])
      expect(await tries('control', `SELECT FROM ${table}`)).toEqual(expect.any(Array));
    for (const table of ['subjects', ...ENTRY_TABLES, 'organization_names', 'entry_events', 'published_items']) {
      expect([table, await tries('control', `SELECT * FROM ${table}`)]).toEqual([table, DENIED]);
    }
    for (const sql of [
      `UPDATE signing_keys SET retired_at = now()`,
      `DELETE FROM signing_keys`,
      `UPDATE clients SET suspended_at = NULL`,
      `INSERT INTO catalog_versions SELECT * FROM catalog_versions`,
    ]) {
      expect([sql, await tries('control', sql)]).toEqual([sql, DENIED]);
    }
  });

  it('reader sees every row, whatever its state', async () => {
    for (const table of ['subjects', ...ENTRY_TABLES]) {
      const count = `SELECT count(*)::int AS n FROM ${table}`;
      expect(await tries('reader', count)).toEqual((await owner(count)).rows);
    }
  });

  it('finds no identity number of a person in the clear, except within free text', async () => {
    const known = new Set(
      ['NaturalPerson', 'PersonPenalty', 'PersonLicense', 'OrganizationPenalty']
        .flatMap((type) => demoRows(type).flatMap((row) => Object.values(row)))
        .filter(isCitizenIdNumber),
    );
    expect(known.size).toBeGreaterThan(40);
    const catalog = await beside.catalogs.current();
    const freeText = new Set(
      (catalog?.items ?? []).flatMap((item) =>
        item.fields.filter(({ format }) => format === 'TEXT').map(({ key }) => `${item.code} ${key}`),
      ),
    );
    const clear: string[] = [];
    let sealed = 0;
    for (const table of ['subjects', ...ENTRY_TABLES]) {
      const { rows } = await as('reader').query<{ item_code: string; content: Record<string, string> } & Record<string, unknown>>(
        `SELECT item_code, content, ${table === 'subjects' ? 'name, credit_code, division_code, status' : 'document_number, authority'} FROM ${table}`,
      );
      for (const { item_code: item, content, ...columns } of rows) {
        for (const [key, value] of Object.entries({ ...columns, ...content })) {
          if (typeof value !== 'string') continue;
          if (value.startsWith('sm4:')) sealed += 1;
          const numbers = value.match(/\d{17}[\dXx]/g)?.filter((number) => isCitizenIdNumber(number.toUpperCase())) ?? [];
          if (numbers.length > 0 && !freeText.has(`${item} ${key}`)) clear.push(`${item} ${key}`);
        }
      }
    }
    expect(clear).toEqual([]);
    expect(sealed).toBeGreaterThan(known.size);
  });
});

describe('a gateway that serves', () => {
  it('starts again with the same roles and passwords, and mends what was changed in between', async () => {
    await owner(`DROP POLICY gateway_agency ON subjects`);
    await owner(`CREATE POLICY loophole ON subjects FOR SELECT TO PUBLIC USING (true)`);
    await owner(`GRANT UPDATE ON credit_records TO gateway_reader_${suffix}`);
    await owner(`ALTER ROLE gateway_agency_${suffix} PASSWORD 'changed'`);
    const again = await start();
    await again.close();
    const fresh = new pg.Client({ connectionString: urlOf('agency') });
    await fresh.connect();
    expect((await fresh.query('SELECT id FROM subjects WHERE person')).rowCount).toBe(0);
    expect((await fresh.query('SELECT id FROM subjects')).rowCount).toBeGreaterThan(0);
    await fresh.end();
    expect(await tries('reader', `UPDATE credit_records SET status = 'ACTIVE'`)).toBe(DENIED);
  });
});
