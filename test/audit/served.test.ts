/** The read log behind the API: what an answer leaves in it, what happens without it, and who may ask for it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { itemsOf } from '../../src/audit/stored-event.ts';
import { cell, demoRows } from '../testkit/demo-rows.ts';
import { eventually } from '../testkit/eventually.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';

let serving: Serving;
let department: Ask;
let agency: Ask;
let admin: Ask;
let code: string;

const CHECK = `query Check($code: String!) {
  subject(by: {creditCode: $code}) { name creditCode ... on Organization { contactPhone legalRepresentative }
    records(first: 5) { edges { node { __typename title documentNumber amount } } } } }`;

beforeAll(async () => {
  serving = await startServing();
  department = await serving.as('demo-department');
  agency = await serving.as('demo-agency');
  const { clients } = serving.beside;
  await clients.add({ id: 'auditor', kind: 'ADMIN', name: '审计处' });
  admin = await serving.as('auditor');
  code = cell(demoRows('OrganizationPenalty')[0], 'CF_XDR_SHXYM');
});

afterAll(async () => {
  await serving.close();
});

interface Logged extends Record<string, unknown> {
  readonly subjects: readonly string[];
  readonly items: Record<string, { rows: number; clear: string[]; masked: string[]; withheld: string[] }>;
}

async function logged(requestId: unknown): Promise<Logged[]> {
  const { rows } = await serving.beside.database.pool.query<Logged & { item_list: string }>(
    `SELECT *, subjects::text[] AS subjects FROM access_events WHERE request_id = $1`,
    [requestId],
  );
  return rows.map((row) => ({ ...row, items: itemsOf(row.item_list) ?? {} }));
}

describe('an answer', () => {
  it('has its event: who, what for, about whom, which fields clear and withheld', async () => {
    const { data, extensions } = await department(CHECK, { code });
    expect(data.subject.creditCode).toBe(code);
    const [event, ...more] = await logged(extensions['requestId']);
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      client_id: 'demo-department',
      client_kind: 'DEPARTMENT',
      purpose: '行政审批',
      matter: 'M-1',
      operation_name: 'Check',
      operation_type: 'query',
      outcome: 'ok',
      denied: false,
      catalog_version: 1,
      subjects: [serving.beside.keys.subjectId(code)],
      bulk: [],
    });
    expect(event?.items['150000-01-001']).toMatchObject({ rows: 1, clear: expect.arrayContaining(['unifiedSocialCreditCode']) });
    expect(Object.keys(event?.items ?? {}).length).toBeGreaterThan(1);
  });

  it('leaves no value of itself, of its variables or of its text in the log', async () => {
    const literal = `{ subject(by: {creditCode: "${code}"}) { name creditCode records(first: 20) { edges { node { title documentNumber authority } } } } }`;
    const { data, text } = await department(literal);
    const values = new Set<string>();
    JSON.stringify(data, (_, value: unknown) => {
      if (typeof value === 'string' && value.length > 3) values.add(value);
      return value;
    });
    expect(text).toContain(code);
    expect(values.size).toBeGreaterThan(3);
    const { rows } = await serving.beside.database.pool.query('SELECT * FROM access_events');
    const written = JSON.stringify(rows);
    const own = new Set(['OrganizationPenalty', 'OrganizationLicense']);
    expect([...values].filter((value) => !own.has(value) && written.includes(value))).toEqual([]);
  });

  it('that is refused has its event, too, with its code and nothing delivered', async () => {
    const refused = await department(CHECK, { code }, { 'x-purpose': '' });
    expect(refused.errors[0]?.extensions['code']).toBe('PURPOSE_REQUIRED');
    const strict = await agency(CHECK, { code }, { 'x-access-mode': 'strict' });
    expect(strict.errors[0]?.extensions['code']).toBe('FIELD_FORBIDDEN');
    const [event] = await logged(strict.extensions['requestId']);
    expect(event).toMatchObject({ client_id: 'demo-agency', outcome: 'FIELD_FORBIDDEN', denied: true });
    for (const item of Object.values(event?.items ?? {})) expect(item).toMatchObject({ rows: 0, clear: [], masked: [] });
  });

  it('to a text that cannot be parsed or is not valid is logged by its code', async () => {
    for (const text of ['{ subject(', '{ nothingOfTheKind }']) {
      const { errors, extensions } = await department(text);
      expect(errors.length).toBeGreaterThan(0);
      expect(await logged(extensions['requestId'])).toMatchObject([{ outcome: 'BAD_USER_INPUT', subjects: [], items: {} }]);
    }
  });

  it('to nobody in particular is not logged', async () => {
    const { data, extensions } = await serving.anonymous('{ catalog { version } }');
    expect(data).toEqual({ catalog: { version: 1 } });
    expect(await logged(extensions['requestId'])).toEqual([]);
  });

  it('does not leave when its event cannot be written: no data, no report of fields, 503; and is given again after', async () => {
    const { pool } = serving.beside.database;
    const { rows } = await pool.query<{ role: string }>(
      `SELECT grantee AS role FROM information_schema.role_table_grants WHERE table_name = 'access_events' AND privilege_type = 'INSERT' AND grantee LIKE 'gateway_control_%'`,
    );
    const role = rows[0]?.role ?? '';
    await pool.query(`REVOKE INSERT ON access_events FROM ${role}`);
    const answer = await department(CHECK, { code });
    await pool.query(`GRANT INSERT ON access_events TO ${role}`);
    expect(answer.status).toBe(503);
    expect(answer.data).toBeNull();
    expect(answer.errors).toHaveLength(1);
    expect(answer.errors[0]?.extensions['code']).toBe('SERVICE_UNAVAILABLE');
    expect(answer.access).toEqual([]);
    expect(answer.text).not.toContain(code);
    await eventually(async () => {
      expect((await department(CHECK, { code })).data?.subject.creditCode).toBe(code);
    });
  });
});

describe('accessHistory', () => {
  const HISTORY = `query ($subject: SubjectLookup!, $first: Int, $after: String) { accessHistory(subject: $subject, first: $first, after: $after) {
    edges { cursor node { at client { id name kind } purpose matterNumber operationName outcome requestId wholeItems items { code name rows clear masked withheld } } }
    pageInfo { hasNextPage endCursor } } }`;

  it('tells an administrator who read a subject, when, what for and which fields; and is logged itself', async () => {
    const { extensions } = await agency(CHECK, { code });
    const { data, extensions: own, errors } = await admin(HISTORY, { subject: { creditCode: code }, first: 1 });
    expect(errors).toEqual([]);
    const [{ node }] = data.accessHistory.edges;
    expect(node).toMatchObject({
      client: { id: 'demo-agency', kind: 'CREDIT_AGENCY', name: expect.any(String) },
      purpose: null,
      operationName: 'Check',
      outcome: 'ok',
      requestId: extensions['requestId'],
      wholeItems: false,
    });
    expect(node.items.map((item: { code: string }) => item.code)).toContain('150000-01-001');
    expect(node.items.every((item: { name: string | null }) => item.name !== null)).toBe(true);
    expect(await logged(own['requestId'])).toMatchObject([
      { client_id: 'auditor', client_kind: 'ADMIN', outcome: 'ok', subjects: [serving.beside.keys.subjectId(code)] },
    ]);
  });

  it('goes on from a cursor, and takes none of another subject', async () => {
    const subject = { creditCode: code };
    for (let round = 0; round < 3; round += 1) await agency(CHECK, { code });
    const first = await admin(HISTORY, { subject, first: 2 });
    const { endCursor, hasNextPage } = first.data.accessHistory.pageInfo;
    expect(hasNextPage).toBe(true);
    const second = await admin(HISTORY, { subject, first: 2, after: endCursor });
    const ids = [...first.data.accessHistory.edges, ...second.data.accessHistory.edges].map(
      (edge: { node: { requestId: string } }) => edge.node.requestId,
    );
    expect(new Set(ids).size).toBe(4);
    const other = demoRows('OrganizationPenalty').find((row) => row['CF_XDR_SHXYM'] !== code)?.['CF_XDR_SHXYM'];
    const foreign = await admin(HISTORY, { subject: { creditCode: other }, first: 2, after: endCursor });
    expect(foreign.errors[0]?.extensions['code']).toBe('CURSOR_INVALID');
  });

  it('tells nobody else anything, and of an unknown subject nothing', async () => {
    for (const ask of [department, agency]) {
      const { data, errors } = await ask(HISTORY, { subject: { creditCode: code } });
      expect(data).toBeNull();
      expect(errors[0]?.extensions['code']).toBe('FIELD_FORBIDDEN');
    }
    expect((await serving.anonymous(HISTORY, { subject: { creditCode: code } })).errors[0]?.extensions['code']).toBe(
      'UNAUTHENTICATED',
    );
    for (const subject of [{ creditCode: 'x' }, { idNumber: '150100199001011232' }, { id: 'x' }]) {
      expect((await admin(HISTORY, { subject })).data.accessHistory.edges).toEqual([]);
    }
  });
});

describe('requests refused at the door', () => {
  it('of a known client are one event with their number, for each reason, and are counted as denied', async () => {
    const other = await serving.another();
    await serving.beside.clients.add({ id: 'guest', kind: 'DEPARTMENT', name: '某局', orgCode: '11150000MAY100018G' });
    const guest = await other.as('guest');
    expect((await guest(CHECK, { code }, { 'x-purpose': '' })).errors[0]?.extensions['code']).toBe('PURPOSE_REQUIRED');
    await serving.beside.clients.suspend('guest');
    const refused: unknown[] = [];
    // The other instance hears of the suspension a moment later; until then the operation is looked at, and has an event of its own.
    await eventually(async () => {
      const { errors } = await guest(CHECK, { code });
      expect(errors[0]?.extensions['code']).toBe('CLIENT_SUSPENDED');
      refused.push(errors[0]?.extensions['requestId']);
    });
    for (let more = 0; more < 2; more += 1) refused.push((await guest(CHECK, { code })).errors[0]?.extensions['requestId']);
    // Nobody knows who this is.
    await fetch(`${other.address}/graphql`, { method: 'POST', headers: { authorization: 'Bearer x' } });
    await other.close();
    const { rows } = await serving.beside.database.pool.query(
      `SELECT outcome, times, denied, subjects, item_list, request_id FROM access_events WHERE client_id = 'guest' AND operation_type = 'unknown' ORDER BY outcome`,
    );
    const about = { denied: true, subjects: [], item_list: '[]' };
    expect(rows).toEqual([
      { ...about, outcome: 'CLIENT_SUSPENDED', times: 3, request_id: refused[0] },
      { ...about, outcome: 'PURPOSE_REQUIRED', times: null, request_id: expect.any(String) },
    ]);
    const counted = await serving.beside.database.pool.query(
      `SELECT sum(denied)::int AS denied, (SELECT count(*)::int FROM access_events WHERE client_id = 'guest' AND operation_type = 'query') AS looked
       FROM statistics_current_reads WHERE client_id = 'guest'`,
    );
    const { denied, looked } = counted.rows[0] as { denied: number; looked: number };
    expect(denied - looked).toBe(4);
  });
});

describe('metrics', () => {
  it('count events, batches and refusals', async () => {
    const text = await (await fetch(`${serving.address}/metrics`)).text();
    expect(text).toMatch(/gateway_read_log_events_total [1-9]/);
    expect(text).toMatch(/gateway_read_log_batch_events_count [1-9]/);
    expect(text).toMatch(/gateway_read_log_refused_total\{reason="failed"\} 1/);
    expect(text).toMatch(/gateway_read_log_waiting 0/);
  });
});
