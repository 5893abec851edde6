import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../testkit/eventually.ts';
import { PURPOSE, startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';

const QUERY = '{ subjects(first: 1) { edges { node { id } } } }';

let serving: Serving;
beforeAll(async () => {
  serving = await startServing({ environment: { OPERATION_TIMEOUT_SECONDS: '1.5', DATABASE_POOL_SIZE: '2' } });
});
afterAll(() => serving.close());

/** Makes every statement on credit data wait for as long as `work` takes. */
async function whileTheDatabaseIsSlow(work: () => Promise<void>): Promise<void> {
  const client = await serving.beside.database.pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('LOCK TABLE subjects IN ACCESS EXCLUSIVE MODE');
    await work();
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

async function waitingStatements(): Promise<number> {
  const { rows } = await serving.beside.database.pool.query<{ waiting: number }>(
    `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows[0]?.waiting ?? -1;
}

describe.each(['demo-department', 'demo-agency'])('an operation of %s that takes too long', (clientId) => {
  let ask: Ask;
  beforeAll(async () => {
    ask = await serving.as(clientId);
    expect((await ask(QUERY)).errors).toEqual([]);
  });

  it('is answered SERVICE_UNAVAILABLE with 503 and Retry-After, and its statement is cancelled', async () => {
    await whileTheDatabaseIsSlow(async () => {
      const answer = await ask(QUERY);
      expect(answer.status).toBe(503);
      expect(answer.data).toBeNull();
      expect(answer.errors[0]?.extensions).toMatchObject({ code: 'SERVICE_UNAVAILABLE', retryAfter: 5 });
      expect(answer.errors[0]?.message).toMatch(/longer than 1\.5 s/);
      expect(answer.headers.get('retry-after')).toBe('5');
      await eventually(async () => expect(await waitingStatements()).toBe(0));
    });
    expect((await ask(QUERY)).errors).toEqual([]);
  });

  it('is cancelled in the database when its caller goes away, long before its time is up', async () => {
    await whileTheDatabaseIsSlow(async () => {
      const gone = new AbortController();
      const { token } = await serving.beside.tokens.issue(clientId, 600);
      const asked = fetch(`${serving.address}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...PURPOSE },
        body: JSON.stringify({ query: QUERY }),
        signal: gone.signal,
      }).catch(() => 'gone');
      await eventually(async () => expect(await waitingStatements()).toBe(1));
      gone.abort();
      expect(await asked).toBe('gone');
      await eventually(async () => expect(await waitingStatements()).toBe(0), 1_000);
    });
  });

  it('does not keep a connection: more of them than the pool has leave it usable', async () => {
    await whileTheDatabaseIsSlow(async () => {
      const answers = await Promise.all(Array.from({ length: 6 }, () => ask(QUERY)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
      await eventually(async () => expect(await waitingStatements()).toBe(0));
    });
    const after = await Promise.all(Array.from({ length: 6 }, () => ask(QUERY)));
    expect(new Set(after.map(({ status }) => status))).toEqual(new Set([200]));
  });
});

describe('the roles under which the gateway serves', () => {
  it('may run a statement for as long as an operation may take, and no longer', async () => {
    const { rows } = await serving.beside.database.pool.query<{ role: string; timeout: string | null }>(
      `SELECT split_part(r.rolname, '_', 2) AS role, substring(array_to_string(s.setconfig, ' ') FROM 'statement_timeout=(\\S+)') AS timeout
       FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole, pg_database d
       WHERE d.datname = current_database() AND r.rolname LIKE 'gateway_%' || lpad(to_hex(d.oid::bigint), 8, '0') ORDER BY 1`,
    );
    expect(rows).toEqual(['agency', 'control', 'reader'].map((role) => ({ role, timeout: '1500ms' })));
  });
});
