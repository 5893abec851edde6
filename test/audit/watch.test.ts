/** The rules over the log: what each finds, once, and what it leaves alone. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { ReadEvent } from '../../src/audit/read-event.ts';
import type { GroupWriter } from '../../src/audit/group-writer.ts';
import { type ArrangedDays, OffHours } from '../../src/audit/off-hours.ts';
import { Watch, type WatchFinding, type WatchThresholds } from '../../src/audit/watch.ts';
import { HolidayCalendar } from '../../src/statistics/index.ts';
import { event, type LogTestbed, openLogTestbed } from './log-testbed.ts';

const THRESHOLDS: WatchThresholds = {
  personsPerHour: 20,
  sequentialNumbers: 5,
  fieldDays: 90,
  deniedShare: 0.2,
  deniedLeast: 10,
  offHoursRows: 100,
};
/** A Friday morning in Asia/Shanghai. */
const WORKING = new Date('2026-11-20T10:30:00+08:00');
const NIGHT = new Date('2026-11-20T02:30:00+08:00');

let log: LogTestbed;
let writer: GroupWriter;
let findings: WatchFinding[];

beforeAll(async () => {
  log = await openLogTestbed();
  writer = await log.writer();
});

beforeEach(async () => {
  await log.owner.pool.query(
    'DELETE FROM watch_events; DELETE FROM watch_fields; DELETE FROM subjects; DELETE FROM access_events; DELETE FROM access_checkpoints',
  );
  findings = [];
});

afterAll(async () => {
  await log.close();
});

const arrangedDays: ArrangedDays = (year) => new HolidayCalendar(log.owner.pool).show(year);

function watch(): Watch {
  return new Watch({
    query: async (text, values) => (await log.owner.pool.query(text, [...values])).rows,
    thresholds: THRESHOLDS,
    intervalMs: 60_000,
    arrangedDays,
    onFinding: (finding) => findings.push(finding),
    onError: (error) => {
      throw error;
    },
  });
}

async function happens(on: Watch, more: Partial<ReadEvent>): Promise<void> {
  const one = event({ at: WORKING, items: new Map(), ...more });
  await writer.record(one);
  on.noticed(one);
}

async function persons(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await log.owner.pool.query(
    `INSERT INTO subjects (id, item_code, kind, person, registered, content, content_digest, catalog_version, received_at, updated_at)
     SELECT id, '150000-01-002', 'NATURAL_PERSON', true, true, '{}', '', 1, now(), now() FROM unnest($1::uuid[]) AS id`,
    [ids],
  );
  return ids;
}

const after = (at: Date): Date => new Date(at.getTime() + 60_000);
const rules = (): string[] => findings.map(({ rule }) => rule);
const rows = (count: number): ReadEvent['items'] =>
  new Map([
    ['150000-03-003', { rows: count, clear: new Set(['title']), masked: new Set<string>(), withheld: new Set<string>() }],
  ]);

describe('the watch', () => {
  it('finds many different persons in an hour, over all instances, once an hour', async () => {
    const [one, other] = [watch(), watch()];
    const ids = await persons(21);
    for (const id of ids.slice(0, 20)) await happens(one, { subjects: new Set([id]), persons: new Set([id]) });
    // The same ones again, and organizations, are no more persons.
    for (const id of ids.slice(0, 5)) await happens(other, { subjects: new Set([id, randomUUID()]), persons: new Set([id]) });
    await one.look(after(WORKING));
    expect(findings).toEqual([]);
    await happens(other, { subjects: new Set(ids.slice(20)), persons: new Set(ids.slice(20)) });
    await Promise.all([one.look(after(WORKING)), other.look(after(WORKING))]);
    expect(findings).toEqual([{ rule: 'MANY_PERSONS', clientId: 'demo-department' }]);
    await one.look(after(WORKING));
    expect(findings).toHaveLength(1);
    const { rows: entered } = await log.owner.pool.query('SELECT rule, client_id, count, threshold FROM watch_events');
    expect(entered).toEqual([{ rule: 'MANY_PERSONS', client_id: 'demo-department', count: 21, threshold: 20 }]);
  });

  it.each([
    ['ID numbers in a row', (index: number) => `15010019900101${String(100 + index)}X`],
    ['one order code on day after day', (index: number) => `150100199001${String(10 + index)}1234`],
    ['credit codes in a row', (index: number) => `91150102MA0P${String(5000 + index)}71`],
  ])('finds %s, found or not, and writes no number down', async (_, number) => {
    const on = watch();
    for (let index = 0; index < 6; index += 1) on.looked('agency-1', number(index));
    await on.look(WORKING);
    expect(findings).toEqual([{ rule: 'SEQUENTIAL_NUMBERS', clientId: 'agency-1' }]);
    const { rows: entered } = await log.owner.pool.query('SELECT * FROM watch_events');
    expect(JSON.stringify(entered)).not.toContain(number(0).slice(4, 16));
  });

  it('finds no run in numbers that are far apart, nor in one number asked for again', async () => {
    const on = watch();
    for (let index = 0; index < 200; index += 1) {
      on.looked(
        'agency-1',
        `1501${String(10 + (index % 80))}19${String(50 + ((index * 7) % 50))}0101${String(100 + ((index * 37) % 900))}X`,
      );
      on.looked('agency-1', '15010019900101123X');
    }
    await on.look(WORKING);
    expect(findings).toEqual([]);
  });

  it('finds fields that a client was first given, on any instance, and again after 90 days without', async () => {
    const at = (day: string): Date => new Date(`${day}T10:00:00+08:00`);
    const given = async (day: string, keys: readonly string[]): Promise<void> => {
      const on = watch();
      const item = { rows: 1, clear: new Set(keys), masked: new Set<string>(), withheld: new Set(['secret']) };
      await happens(on, { at: at(day), items: new Map([['150000-03-003', item]]) });
      await on.look(at(day));
      await on.look(at(day));
    };
    await given('2026-03-02', ['title', 'amount']);
    await given('2026-03-03', ['title', 'amount']);
    await given('2026-03-04', ['title', 'amount', 'facts']);
    await given('2026-07-01', ['title']);
    const { rows: entered } = await log.owner.pool.query<{ details: unknown }>('SELECT details FROM watch_events ORDER BY at');
    expect(entered.map(({ details }) => details)).toEqual([
      { fields: ['150000-03-003 amount', '150000-03-003 title'] },
      { fields: ['150000-03-003 facts'] },
      { fields: ['150000-03-003 title'] },
    ]);
    expect(new Set(rules())).toEqual(new Set(['FIRST_FIELD']));
  });

  it('finds a share of denials over a fifth, of enough operations', async () => {
    const on = watch();
    const withheld = new Map([['x', { rows: 1, clear: new Set<string>(), masked: new Set<string>(), withheld: new Set(['a']) }]]);
    await happens(on, { outcome: 'FILTER_FORBIDDEN' });
    await happens(on, { items: withheld });
    await happens(on, { outcome: 'BAD_USER_INPUT' });
    await on.look(after(WORKING));
    expect(findings).toEqual([]);
    for (let index = 0; index < 7; index += 1) await happens(on, {});
    await on.look(after(WORKING));
    // Two of ten are a fifth, not more.
    expect(findings).toEqual([]);
    await happens(on, { outcome: 'PURPOSE_REQUIRED' });
    await on.look(after(WORKING));
    expect(rules()).toEqual(['DENIED_SHARE']);
  });

  it('finds a share of requests that were refused at the door, by their number', async () => {
    const on = watch();
    for (let index = 0; index < 9; index += 1) await happens(on, {});
    await happens(on, { outcome: 'RATE_LIMITED', subjects: new Set(), times: 2 });
    await on.look(after(WORKING));
    expect(findings).toEqual([]);
    await happens(on, { outcome: 'RATE_LIMITED', subjects: new Set(), times: 3 });
    await on.look(after(WORKING));
    expect(rules()).toEqual(['DENIED_SHARE']);
    const { rows: entered } = await log.owner.pool.query('SELECT count, details FROM watch_events');
    expect(entered).toEqual([{ count: 5, details: { operations: 14 } }]);
  });

  it('finds bulk outside of working hours, and leaves the same alone by day', async () => {
    const on = watch();
    await happens(on, { items: rows(101), clientId: 'by-day' });
    await on.look(after(WORKING));
    await happens(on, { at: NIGHT, items: rows(100), clientId: 'by-night' });
    await on.look(after(NIGHT));
    expect(rules().filter((rule) => rule === 'OFF_HOURS_BULK')).toEqual([]);
    await happens(on, { at: NIGHT, items: rows(1), clientId: 'by-night' });
    await on.look(after(NIGHT));
    expect(findings.filter(({ rule }) => rule === 'OFF_HOURS_BULK')).toEqual([{ rule: 'OFF_HOURS_BULK', clientId: 'by-night' }]);
  });

  it('finds bulk by day where the day is a holiday, and leaves a weekend alone that is worked through', async () => {
    const on = watch();
    for (const [clientId, day] of [
      ['on-a-holiday', '2026-10-01'],
      ['on-a-worked-saturday', '2026-10-10'],
    ] as const) {
      const at = new Date(`${day}T10:30:00+08:00`);
      await on.look(at);
      await happens(on, { at, items: rows(101), clientId });
      await on.look(after(at));
    }
    expect(findings.filter(({ rule }) => rule === 'OFF_HOURS_BULK')).toEqual([
      { rule: 'OFF_HOURS_BULK', clientId: 'on-a-holiday' },
    ]);
  });

  it.each([
    ['2026-11-20T07:00:00+08:00', false],
    ['2026-11-20T06:59:59+08:00', true],
    ['2026-11-20T19:59:59+08:00', false],
    ['2026-11-20T20:00:00+08:00', true],
    ['2026-11-21T10:00:00+08:00', true],
    ['2026-11-22T23:59:00+08:00', true],
    ['2026-11-23T00:01:00+08:00', true],
    // 国庆节, a Thursday; 调休, a Saturday; the Saturday after; of a year that is not arranged yet, a Thursday.
    ['2026-10-01T10:00:00+08:00', true],
    ['2026-10-10T10:00:00+08:00', false],
    ['2026-10-10T21:00:00+08:00', true],
    ['2026-10-17T10:00:00+08:00', true],
    ['2037-10-01T10:00:00+08:00', false],
  ])('takes %s for off hours: %s', async (text, expected) => {
    const offHours = new OffHours(arrangedDays);
    await offHours.learn(new Date(text));
    expect(offHours.has(new Date(text))).toBe(expected);
    const { offHoursSql } = await import('../../src/audit/off-hours.ts');
    const { rows: found } = await log.owner.pool.query<{ off: boolean }>(`SELECT ${offHoursSql('$1::timestamptz')} AS off`, [
      text,
    ]);
    expect(found).toEqual([{ off: expected }]);
  });
});
