/** The read log of a server: its writer, and the watch over what was written. */
import type { KeyObject } from 'node:crypto';
import type { AuditQuery } from './access-history.ts';
import { type ChainHead, headsJson } from './chain.ts';
import { GroupWriter } from './group-writer.ts';
import type { ReadEvent } from './read-event.ts';
import type { ArrangedDays } from './off-hours.ts';
import type { ReadLog } from './read-log.ts';
import { type Refusal, RefusalTally } from './refusal-tally.ts';
import { Watch, type WatchThresholds } from './watch.ts';

export interface ReadLogOptions {
  /** of the role `control` */
  readonly url: string;
  readonly key: KeyObject;
  /** runs a statement as the same role, apart from the writer's connection */
  readonly query: AuditQuery;
  readonly audit: { readonly queue: number; readonly timeoutMs: number };
  readonly watch: WatchThresholds & { readonly intervalMs: number };
  /** the holiday calendar, for what counts as off hours */
  readonly arrangedDays: ArrangedDays;
  readonly metrics: {
    readLogWritten(events: number, seconds: number): void;
    readLogRefused(reason: string, events: number): void;
    readLogQueue(waiting: () => number): void;
    watchFound(rule: string): void;
  };
  readonly logger: {
    info(content: object, message: string): void;
    warn(content: object, message: string): void;
    error(content: object, message: string): void;
  };
}

export interface ServingReadLog extends ReadLog {
  /** a subject was looked up by identifier, whether or not there is one */
  looked(clientId: string, identifier: string): void;
  /** a known client was refused before its operation was looked at */
  refused(refusal: Refusal): void;
  /** call after the last answer has left */
  close(): Promise<void>;
}

/** Between two entries of requests refused at the door. */
const REFUSALS_MS = 60_000;

/** @throws when the log cannot be written: a gateway that cannot log does not serve */
export async function startReadLog({
  url,
  key,
  query,
  audit,
  watch,
  arrangedDays,
  metrics,
  logger,
}: ReadLogOptions): Promise<ServingReadLog> {
  const writer = new GroupWriter({
    url,
    key,
    queueLimit: audit.queue,
    timeoutMs: audit.timeoutMs,
    observer: {
      written: (events, seconds) => {
        metrics.readLogWritten(events, seconds);
      },
      refused: (reason, events) => {
        metrics.readLogRefused(reason, events);
      },
      failed: (error) => {
        logger.error({ err: error }, 'the read log could not be written; operations are refused until it can');
      },
      vouched: (heads: readonly ChainHead[]) => {
        // Whoever keeps these lines apart from the database can hold it to them.
        logger.info({ readLog: headsJson(heads) }, 'heads of the read log');
      },
    },
  });
  await writer.start();
  metrics.readLogQueue(() => writer.waiting);
  const watching = new Watch({
    query,
    thresholds: watch,
    intervalMs: watch.intervalMs,
    arrangedDays,
    onFinding: ({ rule, clientId }) => {
      metrics.watchFound(rule);
      logger.warn({ rule, clientId }, 'the watch over the read log found something: gateway audit alerts');
    },
    onError: (error) => {
      logger.warn({ err: error }, 'the watch could not ask the read log');
    },
  });
  watching.start();
  const record = async (event: ReadEvent): Promise<void> => {
    await writer.record(event);
    watching.noticed(event);
  };
  const refusals = new RefusalTally();
  const enterRefusals = async (): Promise<void> => {
    await Promise.all(
      refusals.take().map((event) =>
        record(event).catch(() => {
          refusals.putBack(event);
        }),
      ),
    );
  };
  const entering = setInterval(() => void enterRefusals(), REFUSALS_MS);
  entering.unref();
  return {
    record,
    refused: (refusal) => {
      refusals.add(refusal, new Date());
    },
    looked: (clientId, identifier) => {
      watching.looked(clientId, identifier);
    },
    close: async () => {
      clearInterval(entering);
      await enterRefusals();
      await watching.close();
      await writer.close();
    },
  };
}
