/** Clients that ask without pause, over connections that they keep, and note what became of every request. */
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';

export interface Asked {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  /** from the header: there as soon as anything of the answer is */
  readonly requestId: string;
  /** codes of the errors, in their order */
  readonly codes: readonly string[];
  /** whether anything was given */
  readonly given: boolean;
  readonly retryAfter: string | null;
  /** whether the server says that it ends this connection */
  readonly closing: boolean;
  readonly ms: number;
  readonly body: string;
}

export interface Unanswered {
  readonly kind: 'unanswered';
  /** the system's word: ECONNREFUSED, ECONNRESET … */
  readonly code: string;
  /** of an answer that had begun; null: nothing came */
  readonly begun: { readonly status: number; readonly requestId: string } | null;
  /** whether the connection had served a request before */
  readonly reused: boolean;
  readonly ms: number;
}

export type Outcome = Answered | Unanswered;

const Body = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.object({ message: z.string(), extensions: z.object({ code: z.string() }) })).optional(),
});

/** One request, over a connection of the agent. Never rejects. */
export function ask(address: string, agent: Agent, { query, variables = {}, headers }: Asked): Promise<Outcome> {
  const began = performance.now();
  const since = (): number => performance.now() - began;
  return new Promise((resolve) => {
    const body = JSON.stringify({ query, variables });
    let begun: Unanswered['begun'] = null;
    const request = httpRequest(`${address}/graphql`, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
    });
    const failed = (error: Error): void => {
      const code = 'code' in error ? String(error.code) : error.message;
      resolve({ kind: 'unanswered', code, begun, reused: request.reusedSocket, ms: since() });
    };
    request.on('error', failed);
    request.on('response', (response: IncomingMessage) => {
      const { statusCode: status = 0 } = response;
      const requestId = header(response, 'x-request-id') ?? '';
      begun = { status, requestId };
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', failed);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        const parsed = Body.safeParse(jsonOrNull(text));
        resolve({
          kind: 'answered',
          status,
          requestId,
          codes: parsed.success ? (parsed.data.errors ?? []).map(({ extensions }) => extensions.code) : ['UNREADABLE'],
          given: Object.values(parsed.data?.data ?? {}).some((value) => value !== null),
          retryAfter: header(response, 'retry-after'),
          closing: header(response, 'connection') === 'close',
          ms: since(),
          body: text,
        });
      });
    });
    request.end(body);
  });
}

function header(response: IncomingMessage, name: string): string | null {
  const value = response.headers[name];
  return typeof value === 'string' ? value : null;
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What an outage may look like to a caller: an answer that says so, and when to come back. */
export function isClear(outcome: Answered): boolean {
  if (outcome.status === 200) return outcome.codes.every((code) => code === 'SERVICE_UNAVAILABLE');
  return outcome.status === 503 && outcome.codes[0] === 'SERVICE_UNAVAILABLE' && outcome.retryAfter !== null;
}

export interface LoadOptions {
  readonly callers: number;
  /** what caller `who` asks as its `turn`th request */
  readonly next: (who: number, turn: number) => Asked;
  /** told of each outcome, as soon as it is there */
  readonly seen?: (outcome: Outcome, asked: Asked) => void;
}

/** Between two attempts of a caller whom nobody answers. */
const PAUSE_MS = 20;

export class Load {
  readonly outcomes: Outcome[] = [];
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  #address: string;
  #ending = false;
  readonly #loops: Promise<void>[];

  constructor(address: string, options: LoadOptions) {
    this.#address = address;
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.callers });
    this.#loops = Array.from({ length: options.callers }, (_, who) => this.#loop(who));
  }

  /** Where the gateway is now. */
  moveTo(address: string): void {
    this.#address = address;
  }

  get answered(): Answered[] {
    return this.outcomes.filter((outcome) => outcome.kind === 'answered');
  }

  get unanswered(): Unanswered[] {
    return this.outcomes.filter((outcome) => outcome.kind === 'unanswered');
  }

  /** answers that gave something */
  get given(): Answered[] {
    return this.answered.filter(({ given }) => given);
  }

  /** Answers that are neither a result nor a clear outage. */
  get unclear(): string[] {
    return this.answered
      .filter((outcome) => !isClear(outcome))
      .map(({ status, body, retryAfter }) => `${status}, Retry-After ${String(retryAfter)}: ${body.slice(0, 300)}`);
  }

  /** Ids of all answers that gave something, and of those whose first bytes came before they were cut off. */
  get left(): string[] {
    return this.outcomes.flatMap((outcome) => {
      if (outcome.kind === 'answered') return outcome.given ? [outcome.requestId] : [];
      return outcome.begun?.status === 200 ? [outcome.begun.requestId] : [];
    });
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }

  async #loop(who: number): Promise<void> {
    for (let turn = 0; !this.#ending; turn += 1) {
      const asked = this.#options.next(who, turn);
      const outcome = await ask(this.#address, this.#agent, asked);
      this.outcomes.push(outcome);
      this.#options.seen?.(outcome, asked);
      // Whoever is refused comes back a little later, as clients do; a second would only make the tests longer.
      if (outcome.kind === 'unanswered' || outcome.status !== 200) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
