/**
 * Whatever is sent, the gateway answers, with what HTTP and GraphQL over HTTP have for it, never with a fault of its own, and never
 * with a value that its caller may not have. HOSTILE_RUNS sets how many requests, HOSTILE_SEED which ones.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileProfile } from '../../src/access/index.ts';
import type { ClientKind } from '../../src/access/model.ts';
import { ERROR_CODES } from '../../src/errors.ts';
import { demoRows } from '../testkit/demo-rows.ts';
import { PURPOSE, startServing } from '../testkit/serving.ts';
import type { Serving } from '../testkit/serving.ts';
import { hostileRequest } from './hostile-request.ts';
import type { HostileRequest } from './hostile-request.ts';
import type { OperationShape } from './operations.ts';
import { agent, send, sendBytes } from './send.ts';
import type { HostileAnswer } from './send.ts';
import { Sought } from './sought.ts';

const RUNS = Number(process.env['HOSTILE_RUNS'] ?? 20_000);
const SEED = Number(process.env['HOSTILE_SEED'] ?? 20_261_120);
const AT_ONCE = 12;

const CALLERS: readonly { readonly id: string; readonly kind: ClientKind | null }[] = [
  { id: 'hostile-agency', kind: 'CREDIT_AGENCY' },
  { id: 'hostile-department', kind: 'DEPARTMENT' },
  { id: 'hostile-dashboard', kind: 'DASHBOARD' },
  { id: 'hostile-admin', kind: 'ADMIN' },
  { id: 'nobody', kind: null },
];

const LISTING_OF = {
  SUBJECT: 'subjects',
  RECORD: 'records',
  LIST: 'listEntries',
  COMMITMENT: 'commitments',
  EVALUATION: 'evaluations',
} as const;

/** What a server says to requests that are wrong, and to right ones. */
const STATUSES = new Set([200, 204, 304, 400, 401, 403, 404, 405, 406, 413, 415, 417, 429, 431, 501, 0]);

let serving: Serving;
let shape: OperationShape;
const headersOf = new Map<string, Record<string, string>>();
const secretsOf = new Map<string, Sought>();

beforeAll(async () => {
  serving = await startServing({
    environment: { STRANGER_RATE_PER_MINUTE: 'none', CLIENT_RATE_PER_MINUTE: 'none', TOKEN_RATE_PER_MINUTE: 'none' },
  });
  const license = { license: '15001', licenseUntil: '2099-12-31' };
  for (const { id, kind } of CALLERS) {
    if (kind === null) continue;
    await serving.beside.clients.add({ id, kind, name: id, ...(kind === 'CREDIT_AGENCY' ? license : {}) });
    const { token } = await serving.beside.tokens.issue(id, 3_600);
    headersOf.set(id, { authorization: `Bearer ${token}`, ...(kind === 'DEPARTMENT' ? PURPOSE : {}) });
  }
  const catalog = await serving.beside.catalogs.current();
  if (catalog === null) throw new Error('The seeded database has a catalog');
  const rowsOf = new Map(catalog.items.map((item) => [item.typeName, demoRows(item.typeName)]));
  for (const { id, kind } of CALLERS) {
    const profile = kind === null ? null : compileProfile(catalog, { kind, items: null, grants: [], providesData: false });
    const hidden = catalog.items.flatMap((item) => {
      const rows = rowsOf.get(item.typeName) ?? [];
      const closed = item.fields.filter((field) => profile?.couldEverSee(item.code, field.key) !== true);
      return closed.flatMap((field) => rows.map((row) => row[field.nameZh] ?? ''));
    });
    // Nobody here has a person's authorization: their numbers and telephones are masked for some, and withheld from the others.
    const persons = demoRows('NaturalPerson').flatMap((row) => [row['公民身份号码'] ?? '', row['移动电话'] ?? '']);
    const open = new Set(
      catalog.items.flatMap((item) =>
        item.fields
          .filter((field) => profile?.couldEverSee(item.code, field.key) === true)
          .flatMap((field) => (rowsOf.get(item.typeName) ?? []).map((row) => row[field.nameZh] ?? '')),
      ),
    );
    // Short words and figures come up by chance; what another, open field holds too is no secret.
    const secrets = [
      ...new Set([...hidden.filter((value) => !open.has(value) && !isDay(value)), ...(kind === 'DEPARTMENT' ? [] : persons)]),
    ];
    secretsOf.set(id, new Sought(secrets.filter((value) => value.length >= Sought.SHORTEST)));
  }
  const page = await (
    await serving.as('demo-dashboard')
  )('{ subjects(first: 20) { pageInfo { endCursor } edges { cursor node { id } } } }');
  const edges = page.data.subjects.edges as { cursor: string; node: { id: string } }[];
  shape = {
    own: catalog.items.map((item) => ({
      listing: LISTING_OF[item.family],
      type: item.typeName,
      fields: item.fields.map(({ key }) => key),
    })),
    types: catalog.items.map((item) => item.typeName),
    fields: [
      'name',
      'kind',
      'creditCode',
      'title',
      'decidedOn',
      'amount',
      'listName',
      'grade',
      ...catalog.items.flatMap((item) => item.fields.map(({ key }) => key)),
    ],
    codes: demoRows('Organization')
      .slice(0, 20)
      .map((row) => row['统一社会信用代码'] ?? 'x'),
    tokens: edges.flatMap(({ cursor, node }) => [cursor, node.id]),
  };
});
afterAll(async () => {
  agent.destroy();
  await serving.close();
});

/** Days come up everywhere: a hidden one is no sign of a leak. */
const isDay = (value: string): boolean => /^\d{4}-\d\d-\d\d/.test(value);

interface GraphQLBody {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message?: unknown; readonly extensions?: { readonly code?: unknown } }[];
}

/** What is wrong with an answer; null: nothing. */
function fault(request: HostileRequest, answer: HostileAnswer, caller: string): string | null {
  if (!STATUSES.has(answer.status)) return `status ${answer.status}`;
  const told = secretsOf.get(caller)?.within(`${answer.headers}\n${answer.text}`);
  const secret = told?.find((value) => !request.body.includes(value));
  if (secret !== undefined) return `tells ${secret}`;
  if (answer.text.includes('INTERNAL_SERVER_ERROR')) return 'INTERNAL_SERVER_ERROR';
  if (/\bat .+\.(ts|js|mjs):\d+/.test(answer.text)) return 'a stack';
  if (!request.graphql || answer.status === 0 || answer.text === '') return null;
  if (!/^application\/(graphql-response\+)?json\b/.test(answer.type)) return `content type ${answer.type}`;
  let body: GraphQLBody;
  try {
    body = JSON.parse(answer.text);
  } catch {
    return 'no JSON';
  }
  if (answer.status === 200 && !('data' in body) && body.errors === undefined) return 'neither data nor errors';
  if (answer.status !== 200 && (body.errors?.length ?? 0) === 0) return 'an error status without errors';
  for (const { message, extensions } of body.errors ?? []) {
    if (typeof message !== 'string' || message === '') return 'an error without a message';
    if (!ERROR_CODES.some((code) => code === extensions?.code)) return `the code ${String(extensions?.code)}`;
  }
  return null;
}

const describeFault = (number: number, request: HostileRequest, answer: HostileAnswer, found: string): string =>
  `${number}: ${found}\n${request.method} ${request.path} ${JSON.stringify({ ...request.headers, authorization: request.headers['authorization']?.slice(0, 12) }).slice(0, 400)}\n${request.body.toString('utf8').slice(0, 600)}\n=> ${answer.status} ${answer.text.slice(0, 600)}`;

it(
  `${RUNS} generated requests are answered without a fault, a hang or a leak`,
  async () => {
    const faults: string[] = [];
    const statuses = new Map<number, number>();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < RUNS && faults.length < 10) {
        const number = next;
        next += 1;
        const caller = CALLERS[number % CALLERS.length]?.id ?? '';
        const made = hostileRequest(number, SEED, shape);
        const request = { ...made, headers: { ...headersOf.get(caller), ...made.headers } };
        const answer = await send(serving.address, request).catch((error: unknown) => ({
          status: -1,
          type: '',
          headers: '',
          text: String(error),
        }));
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        const found = fault(request, answer, caller);
        if (found !== null) faults.push(describeFault(number, request, answer, found));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(faults).toEqual([]);
    // The generator would prove nothing if everything it makes were refused at the door.
    expect((statuses.get(200) ?? 0) / RUNS).toBeGreaterThan(0.1);
    expect((statuses.get(400) ?? 0) / RUNS).toBeGreaterThan(0.1);
  },
  RUNS * 20 + 60_000,
);

describe('bytes that are no HTTP', () => {
  it.each<[string, string | Buffer]>([
    ['nothing but noise', Buffer.from(Array.from({ length: 4_000 }, (_, index) => (index * 7_919) % 256))],
    ['a header without end', `GET / HTTP/1.1\r\nX: ${'a'.repeat(100_000)}`],
    [
      'ten thousand headers',
      `GET / HTTP/1.1\r\nHost: x\r\n${Array.from({ length: 10_000 }, (_, index) => `X${index}: y\r\n`).join('')}\r\n`,
    ],
    ['two lengths', 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 20\r\n\r\n{}'],
    [
      'a length and chunks',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n',
    ],
    ['a negative length', 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    [
      'a broken chunk',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n',
    ],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: x\r\nX-Purpose: a\r\n b\r\n\r\n'],
    ['a control character in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX-Purpose: a\u0001b\r\n\r\n'],
    [
      'an upgrade',
      'GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    ],
    ['HTTP/2 without TLS', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n'],
    ['no host', 'GET /health/live HTTP/1.1\r\n\r\n'],
  ])('%s', async (_name, bytes) => {
    const text = await sendBytes(serving.address, bytes);
    expect(text).not.toMatch(/^HTTP\/1\.1 5(?!01)/);
    expect((await fetch(`${serving.address}/health/live`)).status).toBe(200);
  });
});

describe('enumeration of ID numbers', () => {
  const numbers = Array.from({ length: 21 }, (_, index) => `15010119900101${String(index).padStart(4, '0')}`);
  const aliases = (count: number): string =>
    `{ ${numbers
      .slice(0, count)
      .map((number, index) => `s${index}: subject(by: {idNumber: "${number}"}) { id }`)
      .join(' ')} }`;
  const post = async (body: unknown): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${serving.address}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headersOf.get('hostile-agency') },
      body: JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  };

  it('by aliases: at most twenty in one operation', async () => {
    expect((await post({ query: aliases(20) })).status).toBe(200);
    const refused = await post({ query: aliases(21) });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('QUERY_TOO_COSTLY');
    expect(refused.text).toContain('MAX_LOOKUPS');
  });

  it('by a list of operations: refused', async () => {
    const refused = await post(numbers.map((number) => ({ query: `{ subject(by: {idNumber: "${number}"}) { id } }` })));
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('must be one JSON object');
  });

  it('by an unknown number and by a person’s own: answered alike', async () => {
    const ask = (number: string): Promise<{ status: number; text: string }> =>
      post({ query: 'query ($n: String!) { subject(by: {idNumber: $n}) { id } }', variables: { n: number } });
    const known = await ask(demoRows('NaturalPerson')[0]?.['公民身份号码'] ?? '');
    const unknown = await ask('150101199001011234');
    const plain = (text: string): string => text.replace(/"requestId":"[^"]+"/g, '');
    expect(plain(known.text)).toBe(plain(unknown.text));
  });
});
