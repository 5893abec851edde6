/** Where clients get access tokens (OAuth 2.0, RFC 6749 §4.4: client credentials), and where the keys behind them are shown. */
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { today } from '../calendar.ts';
import type { ClientRegistry } from '../clients/client-registry.ts';
import { refusalOf } from '../clients/client-standing.ts';
import type { TokenService } from '../clients/token-service.ts';
import { GatewayError } from '../errors.ts';
import { AddressThrottle } from '../limits/index.ts';
import { FailureThrottle } from './failure-throttle.ts';
import { noteRequest } from './request-context.ts';

export interface TokenEndpointServices {
  readonly clients: Pick<ClientRegistry, 'authenticate'>;
  readonly tokens: Pick<TokenService, 'issue'>;
  readonly throttle?: FailureThrottle;
  /** requests of one address, whatever becomes of them */
  readonly addresses?: AddressThrottle;
}

interface Credentials {
  readonly id: string;
  readonly secret: string;
}

/** What is wrong with a request: an answer after RFC 6749 §5.2. */
class OAuthError extends Error {
  override readonly name = 'OAuthError';

  constructor(
    readonly status: number,
    readonly error: string,
    description: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(description);
  }
}

const Form = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

/** Longer ones are not ours, and need not be hashed to find out. */
const LONGEST_SECRET = 256;

/** RFC 7617; the 401 of RFC 6749 §5.2 must name a scheme. */
const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="public-credit-gateway", charset="UTF-8"' };

/**
 * Answers POST /oauth/token: `{access_token, token_type, expires_in}`, or `{error, error_description}`.
 *
 * - The client's id and secret come as HTTP Basic (each percent-encoded, RFC 6749 §2.3.1) or as `client_id` and `client_secret`
 *   in the form, not both. There are no scopes: what a client may see follows from its registration.
 * - A wrong pair is `invalid_client` with status 401, an unknown id and a wrong secret alike.
 * - A suspended client, or an agency whose licence has passed, is `unauthorized_client` with status 400; its description
 *   begins with the gateway's own code, CLIENT_SUSPENDED or LICENSE_EXPIRED. It is told to the holder of the secret only.
 * - Too many requests from one address are status 429 with Retry-After.
 * - Too many failures from one address for one id are status 429 with Retry-After, too many requests at once status 503.
 *
 * @returns a handler that needs the parsed form in `request.body`
 */
export function tokenEndpoint({
  clients,
  tokens,
  throttle = new FailureThrottle(),
  addresses = new AddressThrottle(null),
}: TokenEndpointServices): RequestHandler {
  return async (request, response) => {
    // RFC 6749 §5.1: no cache may keep a token, nor an answer that depends on a secret.
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Pragma', 'no-cache');
    try {
      const wait = addresses.count(request.ip ?? '');
      if (wait > 0) throw tooManyRequests(wait);
      const form = readForm(request);
      const credentials = readCredentials(request.headers.authorization, form);
      response.json(await grant(request, credentials));
    } catch (error) {
      refuse(request, response, error);
    }
  };

  async function grant(request: Request, { id, secret }: Credentials): Promise<object> {
    const key = JSON.stringify([request.ip ?? '', id]);
    const waitMs = throttle.waitFor(key);
    if (waitMs > 0) {
      throw new OAuthError(
        429,
        'temporarily_unavailable',
        'Too many wrong secrets for this client from this address. Check the secret and try again later.',
        {
          'Retry-After': String(Math.ceil(waitMs / 1_000)),
        },
      );
    }
    const day = today();
    const standing = await clients.authenticate(id, secret, day);
    if (standing === null) {
      throttle.failed(key);
      throw new OAuthError(401, 'invalid_client', 'The client id or the secret is wrong.', CHALLENGE);
    }
    throttle.succeeded(key);
    noteRequest(request, { clientId: standing.id, clientKind: standing.kind });
    const refusal = refusalOf(standing, day);
    if (refusal !== null) throw refusal;
    const { token, expiresInSeconds } = await tokens.issue(standing.id);
    noteRequest(request, { outcome: 'ok' });
    return { access_token: token, token_type: 'Bearer', expires_in: expiresInSeconds };
  }
}

/** Answers GET /.well-known/jwks.json (RFC 7517 §5). */
export function jwksHandler(tokens: Pick<TokenService, 'jwks'>): RequestHandler {
  return async (_request, response) => {
    const keys = await tokens.jwks();
    // Short, so that whoever verifies our tokens learns of a new key soon after it first meets one.
    response.setHeader('Cache-Control', 'public, max-age=300');
    response.type('application/jwk-set+json').send(JSON.stringify(keys));
  };
}

/** The fields that this endpoint knows; empty ones count as absent (RFC 6749 §3.2). */
function readForm(request: Request): ReadonlyMap<string, string> {
  if (request.is('application/x-www-form-urlencoded') === false) {
    throw invalidRequest(
      'Send grant_type=client_credentials as a form, with the header Content-Type: application/x-www-form-urlencoded.',
    );
  }
  const parsed = Form.safeParse(request.body ?? {});
  if (!parsed.success) throw invalidRequest('The form cannot be read.');
  const form = new Map<string, string>();
  for (const name of ['grant_type', 'client_id', 'client_secret', 'scope']) {
    const value = Object.hasOwn(parsed.data, name) ? parsed.data[name] : undefined;
    if (Array.isArray(value)) throw invalidRequest(`The form has ${name} more than once.`);
    if (value !== undefined && value !== '') form.set(name, value);
  }
  const grantType = form.get('grant_type');
  if (grantType === undefined) throw invalidRequest('The form has no grant_type. Send grant_type=client_credentials.');
  if (grantType !== 'client_credentials')
    throw new OAuthError(400, 'unsupported_grant_type', 'The only grant type here is client_credentials.');
  if (form.has('scope'))
    throw new OAuthError(
      400,
      'invalid_scope',
      'There are no scopes here: leave scope out. What a client may see follows from its registration.',
    );
  return form;
}

function readCredentials(authorization: string | undefined, form: ReadonlyMap<string, string>): Credentials {
  const id = form.get('client_id');
  const secret = form.get('client_secret');
  if (authorization === undefined) {
    if (id === undefined || secret === undefined) {
      throw new OAuthError(
        401,
        'invalid_client',
        'Send the client id and secret as HTTP Basic, or as client_id and client_secret in the form.',
        CHALLENGE,
      );
    }
    return bounded({ id, secret });
  }
  if (secret !== undefined) throw invalidRequest('Send the secret either as HTTP Basic or in the form, not both.');
  const basic = readBasic(authorization);
  if (basic === null) {
    throw new OAuthError(
      401,
      'invalid_client',
      'The Authorization header is not HTTP Basic with percent-encoded id and secret (RFC 6749, section 2.3.1).',
      CHALLENGE,
    );
  }
  if (id !== undefined && id !== basic.id)
    throw invalidRequest('The client_id of the form is not the one of the Authorization header.');
  return bounded(basic);
}

/** null when the header is not Basic, or what it carries is not UTF-8 and percent-encoding. */
function readBasic(authorization: string): Credentials | null {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization) ?? [];
  if (encoded === undefined) return null;
  try {
    const pair = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64'));
    const colon = pair.indexOf(':');
    return colon < 0 ? null : { id: decodeFormText(pair.slice(0, colon)), secret: decodeFormText(pair.slice(colon + 1)) };
  } catch {
    return null;
  }
}

/** @throws URIError on a broken percent-encoding */
function decodeFormText(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

/** Neither id nor secret is kept, counted or hashed when it is longer than any of ours. */
function bounded(credentials: Credentials): Credentials {
  if (credentials.id.length > 64 || credentials.secret.length > LONGEST_SECRET) {
    throw new OAuthError(401, 'invalid_client', 'The client id or the secret is wrong.', CHALLENGE);
  }
  return credentials;
}

function tooManyRequests(waitMs: number): OAuthError {
  return new OAuthError(
    429,
    'temporarily_unavailable',
    'Too many requests for tokens from this address. A token lasts: keep it and use it again.',
    {
      'Retry-After': String(Math.ceil(waitMs / 1_000)),
    },
  );
}

function invalidRequest(description: string): OAuthError {
  return new OAuthError(400, 'invalid_request', description);
}

/** Anything unforeseen goes on to the server's own error handler, which masks it. */
function refuse(request: Request, response: Response, error: unknown): void {
  const answer = error instanceof GatewayError ? fromGateway(error) : error;
  if (!(answer instanceof OAuthError)) throw error;
  noteRequest(request, { outcome: error instanceof GatewayError ? error.code : answer.error });
  response.status(answer.status).set(answer.headers).json({ error: answer.error, error_description: answer.message });
}

function fromGateway(error: GatewayError): OAuthError | GatewayError {
  switch (error.code) {
    case 'CLIENT_SUSPENDED':
    case 'LICENSE_EXPIRED':
      return new OAuthError(400, 'unauthorized_client', `${error.code}: ${error.message}`);
    case 'SERVICE_UNAVAILABLE':
      return new OAuthError(503, 'temporarily_unavailable', error.message, { 'Retry-After': '5' });
    default:
      return error;
  }
}
