/** Exports verified without a database, months dropped when their time is over, and who read one subject. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AccessHistory } from '../../src/audit/access-history.ts';
import { exportTrail, verifyFile } from '../../src/audit/audit-trail.ts';
import { pruneTrail } from '../../src/audit/prune-trail.ts';
import type { Finding } from '../../src/audit/finding.ts';
import { EARLIER_FORM, event, type LogTestbed, openLogTestbed, recorded } from './log-testbed.ts';

let log: LogTestbed;
let folder: string;

beforeAll(async () => {
  log = await openLogTestbed();
  folder = await mkdtemp(path.join(tmpdir(), 'read-log-'));
});

beforeEach(async () => {
  await log.owner.pool.query('DELETE FROM access_events; DELETE FROM access_checkpoints');
});

afterAll(async () => {
  await log.close();
  await rm(folder, { recursive: true });
});

async function exported(part: { from: string | null; to: string | null } = { from: null, to: null }): Promise<string[]> {
  const lines: string[] = [];
  await exportTrail(log.owner.pool, log.key, part, (line) => {
    lines.push(line);
    return Promise.resolve();
  });
  return lines;
}

async function verified(lines: readonly string[]): Promise<string[]> {
  const file = path.join(folder, randomUUID());
  await writeFile(file, lines.map((line) => `${line}\n`).join(''));
  const findings: Finding[] = [];
  await verifyFile(file, log.key, (finding) => findings.push(finding));
  return findings.map(({ kind, seq, to }) => [kind, seq, to].filter((value) => value !== null).join(' '));
}

/** What is counted of a client, and what its log says, at one moment. */
async function reads(clientId: string): Promise<{ reads: number; denied: number; logged: number; loggedDenied: number }> {
  const { rows } = await log.owner.pool.query<{ reads: number; denied: number; logged: number; loggedDenied: number }>(
    `SELECT coalesce(sum(r.reads), 0)::int AS reads, coalesce(sum(r.denied), 0)::int AS denied,
       (SELECT count(*)::int FROM access_events WHERE client_id = $1) AS logged,
       (SELECT count(*)::int FROM access_events WHERE client_id = $1 AND denied) AS "loggedDenied"
     FROM statistics_current_reads r WHERE r.client_id = $1`,
    [clientId],
  );
  return rows[0] ?? { reads: 0, denied: 0, logged: 0, loggedDenied: 0 };
}

const seqOf = (line: string): number => {
  const { type, seq } = JSON.parse(line) as { type: string; seq?: string };
  return type === 'event' ? Number(seq) : -1;
};

describe('an export', () => {
  it('verifies without a database, and names what was done to it on its way', async () => {
    const writer = await log.writer();
    await recorded(writer, 12);
    await writer.close();
    const lines = await exported();
    expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual([
      'head',
      ...['checkpoint', 'checkpoint'],
      ...Array.from({ length: 12 }, () => 'event'),
      'end',
    ]);
    expect(await verified(lines)).toEqual([]);
    await log.owner.pool.query(EARLIER_FORM);
    expect(await exported()).toEqual(lines);
    const edited = lines.map((line) => (seqOf(line) === 5 ? line.replace('行政审批', '好奇') : line));
    expect(await verified(edited)).toEqual(['EDITED 5', 'FILE_ALTERED']);
    expect(await verified(lines.filter((line) => seqOf(line) !== 5))).toEqual(['DELETED 5 5', 'FILE_ALTERED']);
    expect(await verified(lines.slice(0, -3))).toEqual(['FILE_ALTERED', 'TRUNCATED 11 12']);
    const moved = [...lines.slice(0, 5), lines[6] ?? '', lines[5] ?? '', ...lines.slice(7)];
    expect(await verified(moved)).toEqual(expect.arrayContaining(['FILE_ALTERED', 'DELETED 3 3']));
    await expect(verified(['{"type":"event"}'])).rejects.toThrow('is no export');
  });

  it('of some days holds what is needed to verify them, and is judged as a part', async () => {
    const writer = await log.writer();
    for (const day of ['2026-03-09', '2026-03-10', '2026-03-11', '2026-04-02']) {
      await recorded(writer, 3, { at: new Date(`${day}T12:00:00+08:00`) });
    }
    await writer.close();
    const lines = await exported({ from: '2026-03-10', to: '2026-03-31' });
    expect(lines.map(seqOf).filter((seq) => seq > 0)).toEqual([4, 5, 6, 7, 8, 9]);
    expect(await verified(lines)).toEqual([]);
    expect(await verified(lines.map((line) => (seqOf(line) === 4 ? line.replace('行政审批', '好奇') : line)))).toEqual([
      'EDITED 4',
      'FILE_ALTERED',
    ]);
  });
});

describe('prune', () => {
  it('drops whole months that are older than the term, and what is left verifies', async () => {
    const writer = await log.writer();
    for (const day of ['2015-12-31', '2016-10-31', '2016-11-01', '2026-11-20']) {
      await recorded(writer, 2, { at: new Date(`${day}T12:00:00+08:00`), clientId: 'of-all-times' });
    }
    await writer.close();
    const counted = await reads('of-all-times');
    expect(counted).toMatchObject({ reads: 8, logged: 8 });
    const now = new Date('2026-11-20T12:00:00+08:00');
    const months = [
      { month: '2015-12-01', events: 2 },
      { month: '2016-10-01', events: 2 },
    ];
    expect(await pruneTrail(log.owner.pool, log.key, 10, { now, dryRun: true })).toEqual(months);
    expect((await log.verify()).verified.events).toBe(8);
    expect(await pruneTrail(log.owner.pool, log.key, 10, { now })).toEqual(months);
    expect(await log.verify()).toMatchObject({ findings: [], verified: { events: 4 } });
    expect(await pruneTrail(log.owner.pool, log.key, 10, { now })).toEqual([]);
    // What was dropped stays counted.
    expect(await reads('of-all-times')).toEqual({ ...counted, logged: 4 });
    // Without the record of it, the same is a deletion.
    await log.owner.pool.query(`DELETE FROM access_checkpoints WHERE kind = 'PRUNED'`);
    expect((await log.verify()).findings).toEqual(['CHAIN_MISSING', 'CHAIN_MISSING']);
  });

  it('drops a month that has a partition of its own together with it', async () => {
    const writer = await log.writer();
    await recorded(writer, 2);
    await writer.close();
    const now = new Date();
    const month = `access_events_${new Date(now.getTime() + 8 * 3_600_000).toISOString().slice(0, 7).replace('-', '_')}`;
    const later = new Date(now.getTime() + 400 * 86_400_000);
    await pruneTrail(log.owner.pool, log.key, 1, { now: later });
    const { rows } = await log.owner.pool.query<{ gone: boolean }>('SELECT to_regclass($1) IS NULL AS gone', [month]);
    expect(rows).toEqual([{ gone: true }]);
    expect((await log.verify()).findings).toEqual([]);
    await log.owner.pool.query('SELECT ensure_access_months()');
  });
});

describe('the count of reads', () => {
  it('is the log’s own at any moment, while it is written and while it is folded', async () => {
    const client = randomUUID();
    const writers = [await log.writer(), await log.writer()];
    const ended = new AbortController();
    const writing = Promise.all(
      writers.map(async (writer) => {
        for (let round = 0; round < 30; round += 1) {
          await Promise.all(
            Array.from({ length: 1 + (round % 5) }, (_, index) =>
              writer.record(event({ clientId: client, outcome: index % 2 === 0 ? 'ok' : 'FIELD_FORBIDDEN' })),
            ),
          );
        }
      }),
    ).finally(() => {
      ended.abort();
    });
    const folding = (async (): Promise<number> => {
      let folded = 0;
      while (!ended.signal.aborted) {
        const { rows } = await log.owner.pool.query<{ taken: number }>('SELECT fold_statistics(7) AS taken');
        folded += rows[0]?.taken ?? 0;
      }
      return folded;
    })();
    while (!ended.signal.aborted) {
      const now = await reads(client);
      expect(now).toMatchObject({ reads: now.logged, denied: now.loggedDenied });
    }
    await writing;
    expect(await folding).toBeGreaterThan(0);
    expect(await reads(client)).toEqual({ reads: 180, logged: 180, denied: 72, loggedDenied: 72 });
    await log.owner.pool.query('SELECT fold_statistics(1000)');
    const { rows } = await log.owner.pool.query('SELECT reads::int, denied::int FROM statistics_reads WHERE client_id = $1', [
      client,
    ]);
    expect(rows).toEqual([{ reads: 180, denied: 72 }]);
    expect(await reads(client)).toMatchObject({ reads: 180 });
  });
});

describe('the history of a subject', () => {
  const history = (): AccessHistory =>
    new AccessHistory(async (text, values) => (await log.owner.pool.query(text, [...values])).rows);

  it('has every event that names it, newest first, page by page, and no other', async () => {
    const writer = await log.writer();
    const [subject, other] = [randomUUID(), randomUUID()];
    const start = new Date('2026-05-01T00:00:00+08:00').getTime();
    // Over two months, several in one millisecond, alone and among a thousand.
    for (let index = 0; index < 25; index += 1) {
      const at = new Date(start - 86_400_000 + Math.floor(index / 3) * 36_000_000);
      const crowd = index % 10 === 0 ? Array.from({ length: 1_000 }, () => randomUUID()) : [];
      await writer.record(event({ at, matter: `of-${String(index)}`, subjects: new Set([...crowd, subject]) }));
      await writer.record(event({ at, subjects: new Set([other]) }));
    }
    const found: string[] = [];
    let after: Parameters<AccessHistory['page']>[2] = null;
    for (;;) {
      const page = await history().page(subject, 4, after);
      found.push(...page.slice(0, 4).map(({ matter }) => matter ?? ''));
      const last = page[3];
      if (page.length <= 4 || last === undefined) break;
      after = { at: last.at.toISOString(), instance: last.instance, seq: last.seq };
    }
    expect(found).toEqual(Array.from({ length: 25 }, (_, index) => `of-${String(24 - index)}`));
    const all: string[] = [];
    for await (const { matter } of history().all(subject)) all.push(matter ?? '');
    expect(all).toEqual(found);
    expect(await history().page(randomUUID(), 10, null)).toEqual([]);
    const [newest] = await history().page(subject, 1, null);
    expect(newest?.items.map(({ code, clear, masked, withheld }) => [code, clear, masked, withheld])).toEqual([
      ['150000-01-001', ['name'], [], ['phone']],
      ['150000-03-003', ['decidedOn', 'penaltyDocNo'], ['fineAmount'], []],
    ]);
    await log.owner.pool.query(EARLIER_FORM);
    expect(await history().page(subject, 1, null)).toEqual([newest, expect.anything()]);
  });

  it('is found by an index, not by going through the log', async () => {
    const { rows } = await log.owner.pool
      .query<Record<string, string>>(
        `SET enable_seqscan = off; EXPLAIN SELECT FROM access_events e WHERE e.subjects @> ARRAY['${randomUUID()}'::uuid]`,
      )
      .then((results) => (Array.isArray(results) ? (results[1] as { rows: Record<string, string>[] }) : results));
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(/Bitmap Index Scan on access_events_\d{4}_\d{2}_subjects_idx/);
  });

  it('has an export of items as a whole when the subject has entries in one of them', async () => {
    const writer = await log.writer();
    const subject = randomUUID();
    await log.owner.pool.query(
      `INSERT INTO credit_records (subject_id, id, item_code, person, content, content_digest, catalog_version, received_at, updated_at)
       VALUES ($1, gen_random_uuid(), '150000-03-003', false, '{}', '', 1, now(), now())`,
      [subject],
    );
    await writer.record(event({ subjects: new Set(), bulk: ['150000-03-003'], matter: 'its item' }));
    await writer.record(event({ subjects: new Set(), bulk: ['150000-03-004'], matter: 'another item' }));
    expect((await history().page(subject, 10, null)).map(({ matter, bulk }) => [matter, bulk])).toEqual([['its item', true]]);
  });
});
