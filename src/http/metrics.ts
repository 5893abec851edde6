/** Prometheus metrics. Labels are from closed sets (routes, kinds, codes): never a client's id, a subject or a value. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export interface RequestSample {
  readonly method: string;
  /** the route's pattern, never the path that was asked for */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

export interface OperationSample {
  /** DEPARTMENT, CREDIT_AGENCY …; `anonymous` before a client is known */
  readonly clientKind: string;
  readonly operationType: 'query' | 'mutation' | 'subscription' | 'unknown';
  /** `ok`, or the code of the first error */
  readonly outcome: string;
  readonly seconds: number;
}

export interface Metrics {
  readonly contentType: string;
  /** all metrics in Prometheus's text format */
  text(): Promise<string>;
  requestDone(sample: RequestSample): void;
  /** an operation was refused for lack of room: counted with its status, and left out of the times, which are those of answers */
  requestRefused(): void;
  operationDone(sample: OperationSample): void;
  /** one statement that reads credit data, with the rows that it returned */
  statementDone(rows: number): void;
  /** a batch of the read log is committed */
  readLogWritten(events: number, seconds: number): void;
  /** operations that were refused because they could not be recorded */
  readLogRefused(reason: string, events: number): void;
  /** @param waiting tells how many events wait now */
  readLogQueue(waiting: () => number): void;
  /** a rule of the watch found something */
  watchFound(rule: string): void;
}

/** From a cached look-up (1 ms) to a page of 1,000 with nested entries (seconds). */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Methods that this server knows; others share one label, since a caller can invent any number of them. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']);

/** A registry of its own per call, so that several servers in one process do not count into each other. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  let refused = 0;
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'HTTP requests answered',
    labelNames: ['method', 'route', 'status'],
    registers,
    collect() {
      if (refused > 0) this.inc({ method: 'POST', route: '/graphql', status: 503 }, refused);
      refused = 0;
    },
  });
  const requestSeconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer; without those refused for lack of room',
    labelNames: ['method', 'route'],
    buckets: SECONDS,
    registers,
  });
  const operations = new Counter({
    name: 'graphql_operations_total',
    help: 'GraphQL operations by kind of client and outcome',
    labelNames: ['client_kind', 'operation_type', 'outcome'],
    registers,
  });
  const operationSeconds = new Histogram({
    name: 'graphql_operation_duration_seconds',
    help: 'Time from parsing to the shaped result',
    labelNames: ['client_kind', 'operation_type'],
    buckets: SECONDS,
    registers,
  });
  const statements = new Counter({ name: 'gateway_statements_total', help: 'SQL statements that read credit data', registers });
  const statementRows = new Counter({
    name: 'gateway_statement_rows_total',
    help: 'Rows that these statements returned',
    registers,
  });
  const readEvents = new Counter({ name: 'gateway_read_log_events_total', help: 'Read events committed', registers });
  const readRefused = new Counter({
    name: 'gateway_read_log_refused_total',
    help: 'Operations refused because their event could not be recorded',
    labelNames: ['reason'],
    registers,
  });
  const readBatch = new Histogram({
    name: 'gateway_read_log_batch_events',
    help: 'Events committed together',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    registers,
  });
  const readBatchSeconds = new Histogram({
    name: 'gateway_read_log_batch_seconds',
    help: 'Time from taking a batch of events to its commit',
    buckets: SECONDS,
    registers,
  });
  const alerts = new Counter({
    name: 'gateway_watch_alerts_total',
    help: 'What the rules of the watch found',
    labelNames: ['rule'],
    registers,
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    requestDone({ method, route, status, seconds }) {
      const labels = { method: METHODS.has(method) ? method : 'other', route };
      requests.inc({ ...labels, status });
      requestSeconds.observe(labels, seconds);
    },
    requestRefused() {
      refused += 1;
    },
    operationDone({ clientKind, operationType, outcome, seconds }) {
      const labels = { client_kind: clientKind, operation_type: operationType };
      operations.inc({ ...labels, outcome });
      operationSeconds.observe(labels, seconds);
    },
    readLogWritten(events, seconds) {
      readEvents.inc(events);
      readBatch.observe(events);
      readBatchSeconds.observe(seconds);
    },
    readLogRefused(reason, events) {
      readRefused.inc({ reason }, events);
    },
    readLogQueue(waiting) {
      new Gauge({
        name: 'gateway_read_log_waiting',
        help: 'Read events that wait to be committed',
        registers,
        collect() {
          this.set(waiting());
        },
      });
    },
    watchFound(rule) {
      alerts.inc({ rule });
    },
    statementDone(rows) {
      statements.inc();
      statementRows.inc(rows);
    },
  };
}
