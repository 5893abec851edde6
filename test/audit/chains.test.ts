/** What is done to the log behind the gateway's back is found and named: by SQL, as the owner of the tables can. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createSecretKey, randomBytes } from 'node:crypto';
import { createKeyRing } from '../../src/keys/key-ring.ts';
import { verifyDatabase } from '../../src/audit/audit-trail.ts';
import { eventCode } from '../../src/audit/chain.ts';
import type { Finding } from '../../src/audit/finding.ts';
import { EARLIER_FORM, event, type LogTestbed, openLogTestbed, recorded } from './log-testbed.ts';

let log: LogTestbed;

beforeAll(async () => {
  log = await openLogTestbed();
  const writer = await log.writer();
  await recorded(writer, 20);
  await writer.close();
  await sql('CREATE TABLE events_before AS TABLE access_events; CREATE TABLE checkpoints_before AS TABLE access_checkpoints');
});

/** Every case begins with the same 20 events of one closed chain. */
beforeEach(async () => {
  await sql('TRUNCATE access_events, access_checkpoints');
  await sql('INSERT INTO access_events TABLE events_before; INSERT INTO access_checkpoints TABLE checkpoints_before');
});

afterAll(async () => {
  await log.close();
});

const sql = (text: string): Promise<unknown> => log.owner.pool.query(text);

describe('the code of an event', () => {
  it('is what it has been since the first version: a stored one must never look edited to a later gateway', () => {
    const one = event({
      at: new Date('2026-11-20T02:03:04.005Z'),
      matter: null,
      requestId: 'r-1',
      operationHash: Buffer.alloc(32, 1),
      catalogVersion: 3,
      subjects: new Set(['0198a7f0-0000-7000-8000-000000000001']),
      bulk: ['150000-03-001'],
    });
    const place = { month: '2026-11-01', instance: '0198a7f0-0000-7000-8000-0000000000ff', seq: 5 };
    const code = eventCode(createSecretKey(Buffer.alloc(32, 7)), Buffer.alloc(32, 9), place, one);
    expect(code.toString('hex')).toBe('0fcacc7d1d2be52e67d00eff492fad5a1391e49905ffe65f6136a813e225c8fb');
  });
});

describe('verify', () => {
  it('finds nothing in a log that nobody touched, of several instances and with lists of any length', async () => {
    const [one, other] = [await log.writer(), await log.writer()];
    await Promise.all([recorded(one, 30), recorded(other, 30)]);
    const subjects = new Set(Array.from({ length: 1_000 }, () => log.keys.subjectId(String(Math.random()))));
    await one.record(event({ subjects, purpose: null, matter: null, operationName: null }));
    await one.record(event({ subjects: new Set(), items: new Map(), outcome: 'FILTER_FORBIDDEN' }));
    await one.record(event({ subjects: new Set(), items: new Map(), outcome: 'RATE_LIMITED', times: 1_000 }));
    await one.record(event({ subjects: new Set(), bulk: ['150000-03-003', '150000-01-001'] }));
    await one.record(
      event({ purpose: '“引号”\\, {"a":1}\u{1F600}', matter: "x'; DROP TABLE access_events; --", requestId: 'a\0b' }),
    );
    const { findings, verified } = await log.verify();
    expect(findings).toEqual([]);
    expect(verified).toMatchObject({ events: 85, chains: 3 });
  });

  it.each([
    ['the purpose', `purpose = 'x'`],
    ['the time', `at = at + interval '1 ms'`],
    ['the client', `client_id = 'somebody'`],
    ['the matter to none', `matter = NULL`],
    ['the subjects', `subjects = ARRAY[gen_random_uuid()]`],
    ['the subjects to none', `subjects = '{}'`],
    ['a subject twice', `subjects = subjects || subjects`],
    ['the items', `item_list = regexp_replace(item_list, ',\\["150000-03-003".*$', ']')`],
    ['what was withheld', `item_list = replace(item_list, '["phone"]', '[]')`],
    ['rows, to a text', `item_list = replace(item_list, '["150000-01-001",1', '["150000-01-001","1"')`],
    [
      'the order of the items',
      `item_list = (SELECT json_agg(i ORDER BY n DESC) FROM json_array_elements(item_list::json) WITH ORDINALITY AS e(i, n))`,
    ],
    ['nothing of the items but a space', `item_list = item_list || ' '`],
    ['the items to nothing', `item_list = NULL`],
    ['the items to a text that is none', `item_list = 'x'`],
    ['the items, by the form of earlier events beside them', `items = '{}'`],
    ['the count of rows', `row_count = 0`],
    ['the denial', `denied = true`],
    ['the outcome', `outcome = 'FIELD_FORBIDDEN'`],
    ['the code', `code = sha256(code)`],
    ['the bulk', `bulk = '{x}'`],
    ['how many requests it stands for', `times = 2`],
  ])('names an event in which somebody edited %s', async (_, change) => {
    await sql(`UPDATE access_events SET ${change} WHERE seq = 7`);
    expect((await log.verify()).findings).toEqual(['EDITED 7']);
  });

  it('takes events for genuine that an earlier version wrote, and names what of theirs was edited', async () => {
    await sql(EARLIER_FORM);
    expect((await log.verify()).findings).toEqual([]);
    await sql(`UPDATE access_events SET items = jsonb_set(items, '{150000-01-001,withheld}', '[]') WHERE seq = 7`);
    await sql(`UPDATE access_events SET items = items - '150000-03-003' WHERE seq = 9`);
    await sql(`UPDATE access_events SET items = jsonb_set(items, '{150000-01-001,rows}', '"1"') WHERE seq = 11`);
    expect((await log.verify()).findings).toEqual(['EDITED 7', 'EDITED 9', 'EDITED 11']);
  });

  it('names an edited event at the end of a chain, and one at its start', async () => {
    await sql(`UPDATE access_events SET purpose = 'x' WHERE seq IN (1, 20)`);
    expect((await log.verify()).findings).toEqual(['EDITED 1', 'EDITED 20']);
  });

  it('names deleted events: one, several, the first', async () => {
    await sql(`DELETE FROM access_events WHERE seq IN (1, 9, 12, 13)`);
    expect((await log.verify()).findings).toEqual(['DELETED 1 1', 'DELETED 9 9', 'DELETED 12 13']);
  });

  it('names a deleted event although the rest was numbered anew', async () => {
    await sql(`DELETE FROM access_events WHERE seq = 9`);
    for (let seq = 10; seq <= 20; seq += 1)
      await sql(`UPDATE access_events SET seq = ${String(seq - 1)} WHERE seq = ${String(seq)}`);
    const { findings } = await log.verify();
    expect(findings).toContain('EDITED 9');
    expect(findings).toContain('REORDERED 10 19');
    expect(findings).toContain('TRUNCATED 20 20');
  });

  it('names an inserted event, at the end and in the middle', async () => {
    const columns =
      'at, client_id, client_kind, purpose, matter, request_id, operation_name, operation_hash, operation_type, outcome, denied, catalog_version, row_count, subjects, item_list, bulk';
    await sql(
      `INSERT INTO access_events (month, instance, seq, ${columns}, code) SELECT month, instance, 21, ${columns}, sha256(code) FROM access_events WHERE seq = 20`,
    );
    expect((await log.verify()).findings).toEqual(['INSERTED 21']);
    await sql(`DELETE FROM access_events WHERE seq = 21`);
    for (let seq = 20; seq >= 10; seq -= 1)
      await sql(`UPDATE access_events SET seq = ${String(seq + 1)} WHERE seq = ${String(seq)}`);
    await sql(
      `INSERT INTO access_events (month, instance, seq, ${columns}, code) SELECT month, instance, 10, ${columns}, sha256(code) FROM access_events WHERE seq = 3`,
    );
    expect((await log.verify()).findings).toEqual(['INSERTED 10', 'REORDERED 11 21']);
  });

  it('names events that changed places, near and far', async () => {
    const swap = async (one: number, other: number): Promise<void> => {
      await sql(`UPDATE access_events SET seq = -1 WHERE seq = ${String(one)}`);
      await sql(`UPDATE access_events SET seq = ${String(one)} WHERE seq = ${String(other)}`);
      await sql(`UPDATE access_events SET seq = ${String(other)} WHERE seq = -1`);
    };
    await swap(5, 6);
    expect((await log.verify()).findings).toEqual(['REORDERED 5', 'REORDERED 6']);
    await swap(5, 6);
    await swap(4, 15);
    expect((await log.verify()).findings).toEqual(['REORDERED 4', 'REORDERED 15']);
  });

  it('names a tail that was cut, and a chain that is gone, though the rest is whole', async () => {
    const other = await log.writer();
    await recorded(other, 3);
    await other.close();
    await sql(`DELETE FROM access_events WHERE seq > 15`);
    expect((await log.verify()).findings).toEqual(['TRUNCATED 16 20']);
    await sql(`DELETE FROM access_events WHERE instance = '${other.instance}'`);
    expect((await log.verify()).findings).toEqual(['TRUNCATED 16 20', 'CHAIN_MISSING']);
  });

  it('names the tail of a killed instance that was cut after another one had started', async () => {
    // No close: as kill -9 leaves it, without an END.
    const killed = await log.writer();
    await recorded(killed, 5);
    await log.writer();
    await sql(`DELETE FROM access_events WHERE instance = '${killed.instance}' AND seq > 2`);
    await sql(`DELETE FROM access_checkpoints WHERE instance = '${killed.instance}'`);
    expect((await log.verify()).findings).toEqual(expect.arrayContaining(['TRUNCATED 3 5', 'CHECKPOINT_DELETED']));
  });

  it('finds a checkpoint edited, deleted or forged', async () => {
    await sql(`UPDATE access_checkpoints SET heads = '[]' WHERE kind = 'END'`);
    expect((await log.verify()).findings).toEqual(['CHECKPOINT_EDITED']);
    await sql(`DELETE FROM access_checkpoints WHERE kind = 'START'`);
    expect((await log.verify()).findings).toContain('CHECKPOINT_DELETED');
  });

  it('takes nothing for genuine that was chained with another key', async () => {
    const findings: Finding[] = [];
    await verifyDatabase(log.owner.pool, createKeyRing(randomBytes(32)).readLogKey(), (finding) => findings.push(finding));
    expect(findings.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['EDITED', 'CHECKPOINT_EDITED']));
  });
});
