/** The promise of `record`: on disk or refused, whatever happens to the database meanwhile, and the chain goes on. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { GroupWriter } from '../../src/audit/group-writer.ts';
import { breakableConnection, type BreakableConnection } from '../testkit/breakable-connection.ts';
import { eventually } from '../testkit/eventually.ts';
import { event, type LogTestbed, openLogTestbed, recorded } from './log-testbed.ts';

let log: LogTestbed;
let way: BreakableConnection | null = null;

beforeEach(async () => {
  log = await openLogTestbed();
});

afterEach(async () => {
  await log.close();
  await way?.close();
  way = null;
});

async function stored(): Promise<Set<string>> {
  const { rows } = await log.owner.pool.query<{ id: string }>('SELECT request_id AS id FROM access_events');
  return new Set(rows.map(({ id }) => id));
}

/** Records events and tells which of them were promised to be durable. */
async function promised(writer: GroupWriter, count: number): Promise<{ kept: string[]; refused: number }> {
  const kept: string[] = [];
  let refused = 0;
  await Promise.all(
    Array.from({ length: count }, async () => {
      const one = event();
      await writer.record(one).then(
        () => kept.push(one.requestId),
        () => (refused += 1),
      );
    }),
  );
  return { kept, refused };
}

const REFUSED = expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' });

/** Waits until so many connections of the log wait for a lock. */
async function blocked(count: number): Promise<void> {
  await eventually(async () => {
    const { rows } = await log.owner.pool.query<{ waiting: number }>(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE application_name = 'public-credit-gateway read log'
         AND datname = current_database() AND wait_event_type = 'Lock'`,
    );
    expect(rows[0]?.waiting).toBe(count);
  });
}

describe('record', () => {
  it('has the event in the table when it resolves, with everything that it says and in the month’s own partition', async () => {
    const writer = await log.writer();
    const one = event();
    await writer.record(one);
    const { rows } = await log.owner.pool.query(
      `SELECT tableoid::regclass::text AS partition, client_id, purpose, matter, request_id, operation_name, outcome, denied, catalog_version, row_count, subjects::text[], item_list FROM access_events`,
    );
    expect(rows).toEqual([
      {
        partition: expect.stringMatching(/^access_events_\d{4}_\d{2}$/),
        client_id: 'demo-department',
        purpose: '行政审批',
        matter: one.matter,
        request_id: one.requestId,
        operation_name: 'Check',
        outcome: 'ok',
        denied: false,
        catalog_version: 1,
        row_count: 3,
        subjects: [...one.subjects],
        item_list: JSON.stringify([
          ['150000-01-001', 1, ['name'], [], ['phone']],
          ['150000-03-003', 2, ['decidedOn', 'penaltyDocNo'], ['fineAmount'], []],
        ]),
      },
    ]);
  });

  it('commits many events that come together in few batches, in the order in which they came', async () => {
    const writer = await log.writer();
    const { kept } = await promised(writer, 400);
    expect(kept).toHaveLength(400);
    expect(log.batches.reduce((sum, size) => sum + size, 0)).toBe(400);
    expect(log.batches.length).toBeLessThan(20);
    expect((await log.verify()).findings).toEqual([]);
  });

  it('refuses when the right to insert is gone, and goes on when it is back', async () => {
    const writer = await log.writer();
    await recorded(writer, 2);
    const role = new URL(log.urls.control).username;
    await log.owner.pool.query(`REVOKE INSERT ON access_events FROM ${role}`);
    await expect(writer.record(event())).rejects.toEqual(REFUSED);
    await log.owner.pool.query(`GRANT INSERT ON access_events TO ${role}`);
    await recorded(writer, 2);
    await writer.close();
    const { findings, verified } = await log.verify();
    expect(findings).toEqual([]);
    expect(verified.events).toBe(4);
  });

  it('refuses while the database is away, loses nothing that it promised, and goes on within seconds', async () => {
    way = await breakableConnection(log.urls.control);
    const writer = await log.writer({ url: way.url });
    const kept: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const running = promised(writer, 100);
      await new Promise((resolve) => setTimeout(resolve, round));
      way.cut();
      kept.push(...(await running).kept);
      const away = await promised(writer, 20);
      expect(away).toEqual({ kept: [], refused: 20 });
      way.mend();
      await eventually(async () => {
        const one = event();
        await writer.record(one);
        kept.push(one.requestId);
      }, 5_000);
    }
    await writer.close();
    const found = await stored();
    expect(kept.filter((id) => !found.has(id))).toEqual([]);
    expect((await log.verify()).findings).toEqual([]);
  }, 30_000);

  it('goes on from the highest number after a loss, of events as of checkpoints', async () => {
    way = await breakableConnection(log.urls.control);
    const writer = await log.writer({ url: way.url });
    // As texts, 9 would come after 12.
    await recorded(writer, 12);
    way.cut();
    await expect(writer.record(event())).rejects.toEqual(REFUSED);
    way.mend();
    await eventually(() => writer.record(event()), 5_000);
    await writer.close();
    expect((await log.verify()).findings).toEqual([]);
    const { rows } = await log.owner.pool.query<{ last: number }>('SELECT max(seq)::int AS last FROM access_events');
    expect(rows).toEqual([{ last: 13 }]);
  }, 20_000);

  it.each([
    // The late batch has not begun: it and the next one both continue event 3, and the key of the table lets one of them in.
    ['had not begun', 'LOCK TABLE access_events IN SHARE MODE'],
    // The late batch has begun and waits: the next one waits for it, and continues it.
    [
      'was under way',
      `INSERT INTO access_events SELECT (jsonb_populate_record(e, '{"seq": 4}')).* FROM access_events e WHERE e.seq = 3`,
    ],
  ])(
    'is not followed twice when a batch that %s commits after its connection was lost',
    async (state, block) => {
      way = await breakableConnection(log.urls.control);
      const writer = await log.writer({ url: way.url });
      await recorded(writer, 3);
      const blocker = new pg.Client({ connectionString: log.owner.url });
      await blocker.connect();
      await blocker.query(`BEGIN; ${block}`);
      const late = expect(writer.record(event({ matter: 'late' }))).rejects.toEqual(REFUSED);
      await blocked(1);
      way.cut();
      await late;
      way.mend();
      const next = writer.record(event({ matter: 'next' })).then(
        () => 'kept',
        () => 'refused',
      );
      await blocked(2);
      await blocker.query('ROLLBACK');
      await blocker.end();
      const outcome = await next;
      await recorded(writer, 3);
      await writer.close();
      expect((await log.verify()).findings).toEqual([]);
      const { rows } = await log.owner.pool.query<{ seqs: number }>('SELECT count(DISTINCT seq)::int AS seqs FROM access_events');
      expect((await stored()).size).toBe(rows[0]?.seqs);
      const { rows: written } = await log.owner.pool.query(
        `SELECT matter FROM access_events WHERE matter IN ('late', 'next') ORDER BY seq`,
      );
      // What was refused had been written after all: the log may say more than was given, never less.
      const both = [{ matter: 'late' }, { matter: 'next' }];
      expect(written).toEqual(state === 'was under way' ? both : outcome === 'kept' ? both.slice(1) : both.slice(0, 1));
      if (state === 'was under way') expect(outcome).toBe('kept');
    },
    20_000,
  );

  it('refuses at once when the queue is full, and after its time when the database hangs', async () => {
    const writer = await log.writer({ queueLimit: 5, timeoutMs: 1_000 });
    const blocker = new pg.Client({ connectionString: log.owner.url });
    await blocker.connect();
    await blocker.query('BEGIN; LOCK TABLE access_events IN SHARE MODE');
    const started = performance.now();
    const waiting = promised(writer, 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const more = promised(writer, 8);
    await eventually(() => {
      expect(log.refused.get('full')).toBe(3);
      return Promise.resolve();
    });
    expect(performance.now() - started).toBeLessThan(900);
    expect(writer.waiting).toBe(6);
    expect((await waiting).refused + (await more).refused).toBe(9);
    expect(performance.now() - started).toBeLessThan(4_000);
    await blocker.query('ROLLBACK');
    await blocker.end();
    await eventually(() => recorded(writer, 1), 5_000);
    await writer.close();
    expect((await log.verify()).findings).toEqual([]);
  }, 20_000);

  it('refuses after it was closed', async () => {
    const writer = await log.writer();
    await writer.close();
    await expect(writer.record(event())).rejects.toEqual(REFUSED);
  });

  it('starts another chain at every start, and in every month', async () => {
    const [one, other] = [await log.writer(), await log.writer()];
    await recorded(one, 2);
    await recorded(other, 2);
    await recorded(one, 2, { at: new Date('2026-01-31T15:59:59.999Z') });
    await recorded(one, 2, { at: new Date('2026-01-31T16:00:00Z') });
    await recorded(one, 1);
    const { rows } = await log.owner.pool.query<{ month: string; n: number; last: number }>(
      `SELECT month::text, count(*)::int AS n, max(seq)::int AS last FROM access_events WHERE instance = $1 GROUP BY month ORDER BY month`,
      [one.instance],
    );
    expect(rows).toEqual([
      { month: '2026-01-01', n: 2, last: 2 },
      { month: '2026-02-01', n: 2, last: 2 },
      { month: expect.any(String), n: 3, last: 3 },
    ]);
    expect((await log.verify()).findings).toEqual([]);
    expect((await log.verify()).verified.chains).toBe(4);
  });
});
