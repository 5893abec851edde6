/**
 * A client of the gateway for one registered system: fetches its access token and renews it, states purpose and matter, waits where
 * waiting helps, and gives back what was answered together with what was not shown. Node.js alone; no package.
 */
import type { TypedDocumentString } from './operations.ts';

/** One line of `extensions.access`: a field that this client did not get, or got masked. */
export interface AccessLine {
  /** the field in the query, for instance `OrganizationPenalty.decisionDocumentUrl` */
  readonly coordinate: string;
  /** catalog code */
  readonly item: string;
  readonly field: string;
  readonly outcome: 'WITHHELD' | 'MASKED';
  readonly required: 'PUBLIC' | 'GOV_SHARED' | 'AUTHORIZED' | 'PROVIDER_ONLY';
  readonly reason: 'PERMISSION' | 'NO_AUTHORIZATION' | 'NATURAL_PERSON';
  /** entries concerned */
  readonly count: number;
}

export interface Answer<TResult> {
  readonly data: TResult;
  readonly access: readonly AccessLine[];
  readonly catalogVersion: number;
  /** names this query to `reportUse`, and to the gateway's operators */
  readonly requestId: string;
}

/** What a department is handling (使用目的 and 办件编号). */
export interface Matter {
  readonly purpose: string;
  readonly number: string;
}

/** The gateway refused, and asking again in the same way would not help. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    /** `extensions.code`, or the `error` of the token endpoint */
    readonly code: string,
    message: string,
    readonly requestId: string | null,
  ) {
    super(message);
  }
}

/** The gateway could not answer for now. Nothing is known about the subject: least of all that there is nothing. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

export interface GatewayOptions {
  /** for instance https://credit.example.gov.cn */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** no wait is longer, no matter what Retry-After says; 60 s unless told: a rate is one of a minute */
  readonly longestWaitMs?: number;
  /** 5 unless told */
  readonly attempts?: number;
  /** told before each wait */
  readonly onWait?: (reason: string, ms: number) => void;
  /** a token kept from before; fetched when there is none, or when it is not taken any more */
  readonly token?: string;
}

/** The parts of an answer of POST /graphql that are read here. */
interface Body {
  readonly data?: unknown;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: { readonly code?: string; readonly retryAfter?: number; readonly requestId?: string };
  }[];
  readonly extensions?: {
    readonly access?: readonly AccessLine[];
    readonly catalogVersion?: number;
    readonly requestId?: string;
  };
}

/** Longer than the gateway's own limit for an operation, so that its answer comes before we hang up. */
const TIMEOUT_MS = 60_000;
/** A token that ends within this time is renewed before it is used. */
const RENEW_BEFORE_MS = 30_000;

export class CreditGateway {
  readonly #options: GatewayOptions;
  #token: string | null;
  #tokenEndsAt = Number.POSITIVE_INFINITY;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#token = options.token ?? null;
  }

  /**
   * Runs an operation. Safe for mutations too, because each of them carries its idempotency key.
   * @throws Refused, when the input, the purpose, the client or its rights must change first
   * @throws Unavailable, when it did not work out within the attempts
   */
  async ask<TResult, TVariables>(
    document: TypedDocumentString<TResult, TVariables>,
    variables: TVariables,
    matter?: Matter,
  ): Promise<Answer<TResult>> {
    let renewed = false;
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#post(String(document), variables, matter);
      const body = await readBody(response);
      const [error] = body?.errors ?? [];
      // Without a code it was not the gateway who answered, but something on the way to it, or nobody.
      const code = error?.extensions?.code ?? (body === null ? 'SERVICE_UNAVAILABLE' : undefined);
      if (code === undefined && body?.data != null) {
        const { access = [], catalogVersion = 0, requestId = '' } = body.extensions ?? {};
        // The one cast: the gateway validated the operation against the schema that its type was generated from.
        return { data: body.data as TResult, access, catalogVersion, requestId };
      }
      if (code === 'UNAUTHENTICATED' && !renewed) {
        // Ended, or signed by a key that is no longer in use. Once: a second refusal is about the client.
        renewed = true;
        this.#token = null;
        continue;
      }
      if (code === 'RATE_LIMITED' || code === 'SERVICE_UNAVAILABLE') {
        await this.#wait(code, attempt, retryAfterMs(response, error?.extensions?.retryAfter));
        continue;
      }
      throw new Refused(code ?? 'BAD_USER_INPUT', error?.message ?? 'No answer', error?.extensions?.requestId ?? null);
    }
  }

  async #post(query: string, variables: unknown, matter: Matter | undefined): Promise<Response | null> {
    const token = await this.#currentToken();
    return reach(`${this.#options.url}/graphql`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${token}`,
        // HTTP headers carry no Chinese: percent-encoded UTF-8.
        ...(matter === undefined
          ? {}
          : { 'X-Purpose': encodeURIComponent(matter.purpose), 'X-Matter-Number': encodeURIComponent(matter.number) }),
      },
      body: JSON.stringify({ query, variables }),
    });
  }

  /** OAuth 2.0 client credentials (RFC 6749 §4.4). */
  async #currentToken(): Promise<string> {
    if (this.#token !== null && Date.now() < this.#tokenEndsAt - RENEW_BEFORE_MS) return this.#token;
    const { url, clientId, clientSecret } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      const response = await reach(`${url}/oauth/token`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }),
      });
      if (response === null || response.status === 429 || response.status >= 500) {
        await this.#wait('TOKEN', attempt, retryAfterMs(response));
        continue;
      }
      const answer = (await response.json()) as TokenAnswer;
      if (!('access_token' in answer)) throw new Refused(answer.error, answer.error_description, null);
      this.#token = answer.access_token;
      this.#tokenEndsAt = Date.now() + answer.expires_in * 1_000;
      return this.#token;
    }
  }

  /** Waits as long as the gateway asks, else longer from time to time, never in step with other clients. */
  async #wait(reason: string, attempt: number, askedMs: number | null): Promise<void> {
    const { attempts = 5, longestWaitMs = 60_000, onWait } = this.#options;
    if (attempt >= attempts) throw new Unavailable(`${reason}: no answer after ${attempts} attempts`);
    if (askedMs !== null && askedMs > longestWaitMs)
      throw new Unavailable(`${reason}: the gateway asks to come back in ${Math.ceil(askedMs / 1_000)} s`);
    const ms = (askedMs ?? Math.min(longestWaitMs, 500 * 2 ** attempt)) * (1 + Math.random() / 4);
    onWait?.(reason, ms);
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

type TokenAnswer =
  { readonly access_token: string; readonly expires_in: number } | { readonly error: string; readonly error_description: string };

/** null: nobody answered. */
async function reach(url: string, request: RequestInit): Promise<Response | null> {
  try {
    return await fetch(url, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    return null;
  }
}

/** null: nobody answered, or not the gateway (a proxy's page says nothing about the subject). */
async function readBody(response: Response | null): Promise<Body | null> {
  if (response === null || !/\bjson\b/.test(response.headers.get('content-type') ?? '')) return null;
  return (await response.json().catch(() => null)) as Body | null;
}

/** Milliseconds; null: it does not say. */
function retryAfterMs(response: Response | null, inBody?: number): number | null {
  const seconds = Number(response?.headers.get('retry-after') ?? inBody ?? NaN);
  return Number.isFinite(seconds) ? seconds * 1_000 : null;
}
