/** A read log on a database of its own, written as the role `control` writes it, and events for it. */
import { randomBytes, randomUUID, type KeyObject } from 'node:crypto';
import { createHash } from 'node:crypto';
import { GroupWriter, type GroupWriterOptions } from '../../src/audit/group-writer.ts';
import type { ReadEvent } from '../../src/audit/read-event.ts';
import { verifyDatabase } from '../../src/audit/audit-trail.ts';
import type { Finding, Verified } from '../../src/audit/finding.ts';
import { ensureRoles, type Database, type RuntimeUrls } from '../../src/db/index.ts';
import { createKeyRing, type KeyRing } from '../../src/keys/key-ring.ts';
import { createTestDatabase } from '../testkit/database.ts';

export interface LogTestbed {
  /** the owner's connections */
  readonly owner: Database;
  readonly keys: KeyRing;
  readonly key: KeyObject;
  readonly urls: RuntimeUrls;
  /** events refused, by reason */
  readonly refused: Map<string, number>;
  readonly batches: number[];
  /** a started writer; closed with the testbed unless closed before */
  writer(options?: Partial<GroupWriterOptions>): Promise<GroupWriter>;
  verify(): Promise<{ findings: string[]; all: Finding[]; verified: Verified }>;
  close(): Promise<void>;
}

export async function openLogTestbed(): Promise<LogTestbed> {
  const test = await createTestDatabase();
  const owner = await test.open();
  const keys = createKeyRing(randomBytes(32));
  const urls = await ensureRoles(owner, keys, null);
  const writers: GroupWriter[] = [];
  const refused = new Map<string, number>();
  const batches: number[] = [];
  return {
    owner,
    keys,
    key: keys.readLogKey(),
    urls,
    refused,
    batches,
    writer: async (options = {}) => {
      const writer = new GroupWriter({
        url: urls.control,
        key: keys.readLogKey(),
        queueLimit: 1_000,
        timeoutMs: 5_000,
        observer: {
          written: (events) => batches.push(events),
          refused: (reason, events) => refused.set(reason, (refused.get(reason) ?? 0) + events),
          failed: () => undefined,
          vouched: () => undefined,
        },
        ...options,
      });
      writers.push(writer);
      await writer.start();
      return writer;
    },
    verify: async () => {
      const all: Finding[] = [];
      const verified = await verifyDatabase(owner.pool, keys.readLogKey(), (finding) => all.push(finding));
      return {
        all,
        verified,
        findings: all.map(({ kind, seq, to }) => [kind, seq, to].filter((part) => part !== null).join(' ')),
      };
    },
    close: async () => {
      await Promise.all(writers.map((writer) => writer.close()));
      await owner.close();
      await test.drop();
    },
  };
}

let number = 0;

/** An event of one subject and two items unless told otherwise. */
export function event(more: Partial<ReadEvent> = {}): ReadEvent {
  number += 1;
  return {
    at: new Date(),
    clientId: 'demo-department',
    clientKind: 'DEPARTMENT',
    purpose: '行政审批',
    matter: `M-${String(number)}`,
    requestId: randomUUID(),
    operationName: 'Check',
    operationHash: createHash('sha256').update('{ x }').digest(),
    operationType: 'query',
    outcome: 'ok',
    catalogVersion: 1,
    subjects: new Set([randomUUID()]),
    items: new Map([
      [
        '150000-03-003',
        { rows: 2, clear: new Set(['penaltyDocNo', 'decidedOn']), masked: new Set(['fineAmount']), withheld: new Set() },
      ],
      ['150000-01-001', { rows: 1, clear: new Set(['name']), masked: new Set(), withheld: new Set(['phone']) }],
    ]),
    bulk: [],
    ...more,
  };
}

export async function recorded(writer: GroupWriter, count: number, more: Partial<ReadEvent> = {}): Promise<void> {
  for (let index = 0; index < count; index += 1) await writer.record(event(more));
}

/** Turns what is in the log into the form in which items were kept before 20261121103000_read_log_cost. */
export const EARLIER_FORM = `UPDATE access_events SET item_list = NULL, items = (
  SELECT jsonb_object_agg(i ->> 0, jsonb_build_object('rows', i -> 1, 'clear', i -> 2, 'masked', i -> 3, 'withheld', i -> 4))
  FROM jsonb_array_elements(item_list::jsonb) AS i)`;
