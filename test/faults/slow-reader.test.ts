/** Clients that ask for much and then do not read it. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { type Gateway, openGateway } from '../../src/gateway.ts';
import { CODES, csv, PENALTY } from '../intake/given-intake.ts';
import { startServing, type ServingCommand } from '../testkit/command-line.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';
import { eventually } from '../testkit/eventually.ts';
import { caller, PURPOSE } from '../testkit/serving.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PATIENCE_MS = 60_000;
const ANSWER_SECONDS = 3;
const READERS = 6;
/** A thousand rows with a long text, four times: some 20 MB, far more than the system buffers for a connection that nobody reads. */
const QUERY =
  '{ records(first: 1000, filter: {items: ["OrganizationPenalty"]}) { edges { node { id ... on OrganizationPenalty { one: violationFacts two: violationFacts three: violationFacts four: violationFacts } } } } }';

let database: TestDatabase;
let beside: Gateway;
let serving: ServingCommand;
let token: string;
const sockets: Socket[] = [];

beforeAll(async () => {
  database = await createTestDatabase({ seeded: true });
  beside = await openGateway(database.config);
  const folder = await mkdtemp(path.join(tmpdir(), 'gateway-slow-reader-'));
  const file = path.join(folder, 'penalties.csv');
  const long = '经查证属实，当事人在生产经营活动中存在上述行为。'.repeat(80);
  const rows = Array.from({ length: 1_000 }, (_, row) => ({
    ...PENALTY,
    unifiedSocialCreditCode: CODES[row % CODES.length] ?? '',
    penaltyDocNo: `内罚〔2026〕${String(row).padStart(6, '0')}号`,
    violationFacts: long,
  }));
  await writeFile(file, csv(rows));
  const { accepted } = await beside.intake.importFile({
    item: 'OrganizationPenalty',
    path: file,
    rejectsPath: `${file}.rejects`,
    dryRun: false,
  });
  expect(accepted).toBe(1_000);
  await rm(folder, { recursive: true });
  ({ token } = await beside.tokens.issue('demo-department', 3_600));
  serving = await startServing([], {
    DATABASE_URL: database.url,
    DATABASE_POOL_SIZE: '2',
    MAX_IN_FLIGHT: '16',
    LOG_LEVEL: 'info',
    ANSWER_TIMEOUT_SECONDS: String(ANSWER_SECONDS),
  });
}, 180_000);
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  expect((await serving.stop('SIGTERM')).code).toBe(0);
  await beside.close();
  await database.drop();
});

/** Sends the query over a connection of its own, and reads nothing of what comes. */
function askAndNotRead(): Socket {
  const { hostname, port } = new URL(serving.address);
  const body = JSON.stringify({ query: QUERY });
  const headers = [
    'POST /graphql HTTP/1.1',
    'Host: x',
    'Content-Type: application/json',
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    `Authorization: Bearer ${token}`,
    ...Object.entries(PURPOSE).map(([name, value]) => `${name}: ${value}`),
  ];
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(`${headers.join('\r\n')}\r\n\r\n${body}`);
  return socket;
}

/** Bytes of memory that the gateway's process has, as the system counts them. */
async function residentBytes(): Promise<number> {
  const text = await (await fetch(`${serving.address}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]);
}

const cut = (): number =>
  serving
    .written()
    .stderr.split('\n')
    .filter((line) => line.includes('"status":499')).length;

it('a client that does not read a thousand rows is cut off, holds no connection of the database, and nobody else waits for it', async () => {
  const ask = caller(serving.address, { authorization: `Bearer ${token}`, ...PURPOSE });
  const whole = await ask(QUERY);
  expect(whole).toMatchObject({ status: 200, errors: [] });
  expect(whole.data.records.edges).toHaveLength(1_000);
  // Beyond what Linux buffers for a connection: else nothing would be left for the gateway to hold.
  expect(Buffer.byteLength(whole.text)).toBeGreaterThan(16_000_000);

  const before = await residentBytes();
  for (let reader = 0; reader < READERS; reader += 1) askAndNotRead();
  // All have been worked out: what remains is to be read. Meanwhile the database has nothing to do for them.
  await eventually(async () => {
    const { rows } = await beside.database.pool.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM access_events WHERE row_count >= 1000`,
    );
    expect(rows[0]?.n).toBe(READERS + 1);
  }, PATIENCE_MS);
  expect(cut()).toBeLessThan(READERS);
  await eventually(async () => {
    const { rows } = await beside.database.pool.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'public-credit-gateway' AND state <> 'idle' AND pid <> pg_backend_pid()`,
    );
    expect(rows).toEqual([{ n: 0 }]);
  }, PATIENCE_MS);
  expect((await ask('{ subjects(first: 5) { edges { node { id } } } }')).status).toBe(200);
  // Each holds its answer and no more; the rest is what Node.js keeps for the next.
  const during = await residentBytes();
  expect(during - before).toBeLessThan(READERS * 3 * Buffer.byteLength(whole.text) + 150_000_000);

  await eventually(() => {
    expect(cut()).toBe(READERS);
    return Promise.resolve();
  }, PATIENCE_MS);
  expect((await ask(QUERY)).data.records.edges).toHaveLength(1_000);
}, 180_000);
