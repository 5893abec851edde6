/** Whatever a request carries or finds, the operating logs and the metrics hold none of it: it may be personal, or a key. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../src/http/logger.ts';
import { demoRows } from '../testkit/demo-rows.ts';
import { startServing } from '../testkit/serving.ts';
import type { Serving } from '../testkit/serving.ts';

const CANARIES = {
  purpose: '张三申请低保核查-canary',
  matter: 'MATTER-CANARY-150101199001011234',
  name: '王小明-canary',
  number: '150101199001015678',
  operationName: 'CanaryOperation',
  alias: 'canaryAlias',
  secret: 'canary-secret-0123456789',
  path: 'canary-path',
  userAgent: 'canary-agent',
};

let written = '';
let serving: Serving;
let token = '';
beforeAll(async () => {
  const logger = createLogger('debug', { write: (line) => void (written += line) });
  serving = await startServing({ logger, environment: { OPERATION_TIMEOUT_SECONDS: '0.5' } });
  await serving.beside.clients.setLimits('demo-agency', { dailySubjects: 1 });
  token = (await serving.beside.tokens.issue('demo-department', 600)).token;
});
afterAll(() => serving.close());

const headers = (): Record<string, string> => ({
  'content-type': 'application/json',
  'user-agent': CANARIES.userAgent,
  authorization: `Bearer ${token}`,
  'x-purpose': encodeURIComponent(CANARIES.purpose),
  'x-matter-number': CANARIES.matter,
});

async function post(body: unknown, more: Record<string, string> = {}, path = '/graphql'): Promise<string> {
  const response = await fetch(`${serving.address}${path}`, {
    method: 'POST',
    headers: { ...headers(), ...more },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return response.text();
}

describe('requests of every outcome', () => {
  const personal = demoRows('NaturalPerson')[0] ?? {};

  it('leave no value, no purpose, no matter and no token in logs and metrics', async () => {
    const { name, number, operationName, alias } = CANARIES;
    const number2 = personal['公民身份号码'] ?? '';
    const query = `query ${operationName}($n: String!) { ${alias}: subject(by: {idNumber: $n}) { id name idNumber } subjects(first: 2, filter: {name: {contains: "${name}"}, kinds: [ENTERPRISE]}) { edges { node { name } } } }`;
    await post({ query, variables: { n: number } });
    const own = await post({
      query: 'query ($n: String!) { subject(by: {idNumber: $n}) { id name idNumber } }',
      variables: { n: number2 },
    });
    expect(own).toContain('data');
    // Refusals: syntax, validation, coercion, filter, cursor, quota, token, secret, body, address, method.
    await post({ query: `{ ${alias} "${name}" ` });
    await post({ query: `{ ${alias} }` });
    await post({ query, variables: { n: { [name]: number } } });
    await post({ query: `{ subjects(after: "${number}") { totalCount } }` });
    await post({ query }, { authorization: `Bearer ${CANARIES.secret}` });
    await post({ query }, { 'x-purpose': `%${CANARIES.secret}` });
    await post({ query }, { 'x-access-mode': CANARIES.secret });
    await post(`{"query": "${name}`);
    await post({ query, extensions: { persistedQuery: { sha256Hash: CANARIES.secret } } });
    await post(
      '',
      {
        authorization: `Basic ${Buffer.from(`demo-agency:${CANARIES.secret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      '/oauth/token',
    );
    await post(
      `grant_type=client_credentials&client_id=${CANARIES.secret}&client_secret=${CANARIES.secret}`,
      { 'content-type': 'application/x-www-form-urlencoded' },
      '/oauth/token',
    );
    await post({}, {}, `/${CANARIES.path}?token=${CANARIES.secret}`);
    const agency = await serving.as('demo-agency');
    expect((await agency('{ subjects(first: 5) { edges { node { name } } } }')).errors[0]?.extensions['code']).toBe(
      'RATE_LIMITED',
    );
    // A statement that is cancelled, and a database that fails in the middle.
    const holder = await serving.beside.database.pool.connect();
    await holder.query('BEGIN; LOCK TABLE subjects IN ACCESS EXCLUSIVE MODE');
    const slow = `query ${operationName} { ${alias}: subjects(first: 2, filter: {name: {contains: "${name}"}, kinds: [ENTERPRISE]}) { totalCount } }`;
    expect(await post({ query: slow })).toContain('SERVICE_UNAVAILABLE');
    await holder.query('ROLLBACK');
    await holder.query('BEGIN; ALTER TABLE credit_records RENAME TO credit_records_away; COMMIT');
    expect(
      await post({
        query: `{ records(first: 1, filter: {items: ["OrganizationPenalty"], documentNumber: "${name}"}) { edges { node { id } } } }`,
      }),
    ).toContain('INTERNAL_SERVER_ERROR');
    await holder.query('ALTER TABLE credit_records_away RENAME TO credit_records');
    holder.release();

    const metrics = await (await fetch(`${serving.address}/metrics`)).text();
    expect(written).toContain('"msg":"request"');
    expect(written).toContain('unforeseen error');
    const forbidden = [
      ...Object.values(CANARIES),
      number2,
      personal['姓名'] ?? '',
      token.slice(0, 40),
      token.slice(-40),
      'Bearer',
      encodeURIComponent(CANARIES.purpose),
    ];
    for (const canary of forbidden) {
      expect(written.includes(canary) ? `the log tells ${canary}` : '').toBe('');
      expect(metrics.includes(canary) ? `the metrics tell ${canary}` : '').toBe('');
    }
    for (const row of demoRows('Organization').slice(0, 50)) expect(written).not.toContain(row['统一社会信用代码'] ?? 'missing');
  });

  it('count in the metrics by kind of client, type of operation and outcome', async () => {
    const metrics = await (await fetch(`${serving.address}/metrics`)).text();
    for (const outcome of ['ok', 'BAD_USER_INPUT']) {
      expect(metrics).toMatch(
        new RegExp(
          `graphql_operations_total\\{client_kind="DEPARTMENT",operation_type="(query|unknown)",outcome="${outcome}"\\} [1-9]`,
        ),
      );
    }
    expect(metrics).toMatch(
      /graphql_operations_total\{client_kind="CREDIT_AGENCY",operation_type="query",outcome="RATE_LIMITED"\} 1/,
    );
    expect(metrics).toMatch(
      /graphql_operations_total\{client_kind="anonymous",operation_type="unknown",outcome="UNAUTHENTICATED"\} [1-9]/,
    );
  });
});
