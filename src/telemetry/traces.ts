/**
 * Traces for OpenTelemetry, where an endpoint is set: a span for each operation and one for each of its statements, sent as OTLP over
 * HTTP in JSON (OpenTelemetry Protocol 1.x). Names and figures alone: no text of an operation or statement, no value, no client's id.
 */
import { randomBytes } from 'node:crypto';

export interface TraceOptions {
  /** OTEL_EXPORTER_OTLP_ENDPOINT, for instance http://collector:4318 */
  readonly endpoint: string;
  readonly serviceName: string;
  /** share of operations that are traced, 0 to 1, where the caller does not say (W3C Trace Context) */
  readonly ratio: number;
  /** told when spans could not be delivered; they are lost then */
  readonly onFailure: (error: unknown) => void;
}

export interface StatementTrace {
  /** Unix milliseconds */
  readonly startedAt: number;
  readonly endedAt: number;
  /** null: it failed */
  readonly rows: number | null;
}

export interface OperationTrace {
  readonly requestId: string;
  readonly clientKind: string;
  readonly operationType: string;
  readonly outcome: string;
  readonly seconds: number;
}

type Attribute = readonly [name: string, value: string | number];

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 2: server, 3: client */
  readonly kind: 2 | 3;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly object[];
  readonly status: { readonly code: 0 | 2 };
}

const SEND_EVERY_MS = 2_000;
const SEND_TIMEOUT_MS = 5_000;
const BATCH = 512;
/** What waits at most; a collector that is away must cost spans, never memory. */
const MOST_WAITING = 4_096;
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const NOWHERE = /^0+$/;

export class Traces {
  readonly #options: TraceOptions;
  readonly #url: string;
  readonly #statements = new WeakMap<AbortSignal, StatementTrace[]>();
  readonly #waiting: Span[] = [];
  readonly #timer: NodeJS.Timeout;
  #sending: Promise<void> = Promise.resolve();

  constructor(options: TraceOptions) {
    this.#options = options;
    this.#url = `${options.endpoint.replace(/\/+$/, '')}/v1/traces`;
    this.#timer = setInterval(() => void this.flush(), SEND_EVERY_MS);
    this.#timer.unref();
  }

  /** A statement of the request with this signal; kept until its operation ends. */
  statement(signal: AbortSignal, statement: StatementTrace): void {
    const known = this.#statements.get(signal);
    if (known === undefined) this.#statements.set(signal, [statement]);
    else known.push(statement);
  }

  /**
   * The operation has ended.
   * @param signal of its request; null: it was refused before it had any statement
   * @param traceparent the request's header; a trace that it names goes on here, or stays unsampled if it says so
   */
  operation(operation: OperationTrace, signal: AbortSignal | null, traceparent: string | undefined): void {
    const [, given = '', parent = '', flags = ''] = TRACEPARENT.exec(traceparent ?? '') ?? [];
    const known = given !== '' && !NOWHERE.test(given) && !NOWHERE.test(parent);
    const sampled = known ? (Number.parseInt(flags, 16) & 1) === 1 : Math.random() < this.#options.ratio;
    const statements = signal === null ? [] : (this.#statements.get(signal) ?? []);
    if (!sampled || this.#waiting.length + statements.length >= MOST_WAITING) return;
    const traceId = known ? given : randomBytes(16).toString('hex');
    const spanId = randomBytes(8).toString('hex');
    const endedAt = Date.now();
    this.#waiting.push(
      {
        ...span({ traceId, spanId, parent: known ? parent : null }, `graphql ${operation.operationType}`, 2),
        ...times(endedAt - operation.seconds * 1_000, endedAt),
        attributes: attributes([
          ['graphql.operation.type', operation.operationType],
          ['gateway.client.kind', operation.clientKind],
          ['gateway.outcome', operation.outcome],
          ['gateway.request.id', operation.requestId],
        ]),
        status: { code: operation.outcome === 'INTERNAL_SERVER_ERROR' || operation.outcome === 'SERVICE_UNAVAILABLE' ? 2 : 0 },
      },
      ...statements.map(({ startedAt, endedAt: ended, rows }): Span => ({
        ...span({ traceId, spanId: randomBytes(8).toString('hex'), parent: spanId }, 'postgresql SELECT', 3),
        ...times(startedAt, ended),
        attributes: attributes([
          ['db.system.name', 'postgresql'],
          ...(rows === null ? [] : [['db.response.returned_rows', rows] as const]),
        ]),
        status: { code: rows === null ? 2 : 0 },
      })),
    );
    if (this.#waiting.length >= BATCH) void this.flush();
  }

  /** Sends what waits. Never rejects. */
  flush(): Promise<void> {
    const batch = this.#waiting.splice(0);
    if (batch.length === 0) return this.#sending;
    this.#sending = this.#sending.then(() => this.#send(batch));
    return this.#sending;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async #send(spans: readonly Span[]): Promise<void> {
    const resource = { attributes: attributes([['service.name', this.#options.serviceName]]) };
    try {
      const answer = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          resourceSpans: [{ resource, scopeSpans: [{ scope: { name: this.#options.serviceName }, spans }] }],
        }),
        signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
      });
      await answer.arrayBuffer();
      if (!answer.ok) throw new Error(`The collector answered ${String(answer.status)}`);
    } catch (error) {
      this.#options.onFailure(error);
    }
  }
}

function span(
  { traceId, spanId, parent }: { readonly traceId: string; readonly spanId: string; readonly parent: string | null },
  name: string,
  kind: Span['kind'],
): Pick<Span, 'traceId' | 'spanId' | 'parentSpanId' | 'name' | 'kind'> {
  return { traceId, spanId, ...(parent === null ? {} : { parentSpanId: parent }), name, kind };
}

/** Nanoseconds as text: they exceed what a JSON number holds exactly. */
function times(startedAt: number, endedAt: number): Pick<Span, 'startTimeUnixNano' | 'endTimeUnixNano'> {
  const nanos = (ms: number): string => String(BigInt(Math.round(ms * 1_000)) * 1_000n);
  return { startTimeUnixNano: nanos(startedAt), endTimeUnixNano: nanos(endedAt) };
}

function attributes(given: readonly Attribute[]): object[] {
  return given.map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
}
