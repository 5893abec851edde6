import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openGateway } from '../../src/gateway.ts';
import { breakableConnection, type BreakableConnection } from '../testkit/breakable-connection.ts';
import { runGateway, startServing, type ServingCommand } from '../testkit/command-line.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';
import { eventually } from '../testkit/eventually.ts';

let database: TestDatabase;
let way: BreakableConnection;
let serving: ServingCommand;
let token: string;
let secret: string;
beforeAll(async () => {
  database = await createTestDatabase({ seeded: true });
  const gateway = await openGateway(database.config);
  ({ token } = await gateway.tokens.issue('demo-agency', 600));
  secret = await gateway.clients.rotateSecret('demo-agency');
  await gateway.close();
  way = await breakableConnection(database.url);
  serving = await startServing([], { DATABASE_URL: way.url });
});
afterAll(async () => {
  await serving.stop();
  await way.close();
  await database.drop();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function ask(): Promise<Answer> {
  const response = await fetch(`${serving.address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: '{ records(first: 1) { edges { node { id } } } }' }),
  });
  return { status: response.status, body: await response.json() };
}

async function askForToken(): Promise<Answer> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'demo-agency', client_secret: secret });
  const response = await fetch(`${serving.address}/oauth/token`, { method: 'POST', body });
  return { status: response.status, body: await response.json() };
}

const get = async (path: string): Promise<number> => (await fetch(`${serving.address}${path}`)).status;

describe('a database that goes away while the gateway serves', () => {
  it('is SERVICE_UNAVAILABLE with status 503 for every caller, and no reason to restart the process', async () => {
    expect([await ask(), await askForToken()]).toMatchObject([{ status: 200 }, { status: 200 }]);
    way.cut();
    const away = /^The database cannot be reached at the moment/;
    // Twice: the first may find out only while it reads, the second is not let in.
    for (const answer of [await ask(), await ask()]) {
      expect(answer).toMatchObject({
        status: 503,
        body: {
          errors: [
            { message: expect.stringMatching(away), extensions: { code: 'SERVICE_UNAVAILABLE', requestId: expect.any(String) } },
          ],
        },
      });
    }
    expect(await askForToken()).toEqual({
      status: 503,
      body: { error: 'temporarily_unavailable', error_description: expect.stringMatching(away) },
    });
    expect([await get('/health/ready'), await get('/health/live')]).toEqual([503, 200]);
  });

  it('is served again when it is back, without a restart', async () => {
    way.mend();
    await eventually(async () => {
      expect([await ask(), await askForToken()]).toMatchObject([{ status: 200 }, { status: 200 }]);
      expect(await get('/health/ready')).toBe(200);
    }, 20_000);
  });
});

describe('a database that is away when a command starts', () => {
  it.each([
    ['start', ['start', '--port', '0']],
    ['token', ['token', 'demo-agency']],
  ])('ends %s with the address and the mend, without account or password', async (_name, args) => {
    way.cut();
    const { code, stdout, stderr } = await runGateway(args, { DATABASE_URL: way.url });
    way.mend();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const { host, username, password } = new URL(way.url);
    expect(stderr).toContain(`PostgreSQL at ${host}/`);
    expect(stderr).toContain('DATABASE_URL');
    expect(stderr).not.toContain(' at async ');
    for (const hidden of [`${username}:`, ...(password === '' ? [] : [password])]) expect(stderr).not.toContain(hidden);
  });
});
