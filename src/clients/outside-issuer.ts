/** An OpenID Connect issuer outside the gateway (OIDC_ISSUER) whose access tokens are taken as well. */
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { RemoteJWKSet } from 'jose';
import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import { isClientId } from './client-standing.ts';
import { invalidToken, refusedToken } from './token-refusal.ts';

/** A request waits for the issuer no longer than this, each for its configuration and its keys. */
const TIMEOUT_MS = 5_000;

/** An issuer that did not answer is not asked again for so long: its clients get their answer at once instead. */
const RETRY_AFTER_MS = 5_000;

/** Its keys are read again so often at the latest, and for an unknown key no more often than the second. */
const KEYS_MAX_AGE_MS = 600_000;
const KEYS_COOLDOWN_MS = 10_000;

/** Signatures with public keys only: a shared secret would be in a published key set. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });
const Claims = z.object({ client_id: z.string().optional(), azp: z.string().optional(), exp: z.number() });

export class OutsideIssuer {
  readonly issuer: string;
  readonly #audience: string;
  readonly #now: () => Date;
  #keys: Promise<RemoteJWKSet> | null = null;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor({ issuer, audience, now }: { issuer: string; audience: string; now: () => Date }) {
    this.issuer = issuer;
    this.#audience = audience;
    this.#now = now;
  }

  /**
   * The client that the token names as `client_id`, or as `azp` where it has none, and when (ms) the token ends.
   * @throws GatewayError UNAUTHENTICATED; SERVICE_UNAVAILABLE when the issuer does not answer
   */
  async verify(token: string): Promise<{ readonly clientId: string; readonly expiresAt: number }> {
    const keys = await this.#keySet();
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      issuer: this.issuer,
      audience: this.#audience,
      requiredClaims: ['exp'],
      currentDate: this.#now(),
    }).catch((error: unknown) => {
      throw this.#refusal(error);
    });
    const claims = Claims.safeParse(payload);
    const clientId = claims.data?.client_id ?? claims.data?.azp;
    if (claims.data === undefined || clientId === undefined || !isClientId(clientId))
      throw invalidToken('it does not name a client of this gateway');
    return { clientId, expiresAt: claims.data.exp * 1_000 };
  }

  #refusal(error: unknown): GatewayError {
    if (error instanceof errors.JWKSNoMatchingKey) return invalidToken('the key that signed it is not one of its issuer', error);
    if (error instanceof errors.JWKSMultipleMatchingKeys)
      return invalidToken('it does not say which of its issuer’s keys signed it', error);
    if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) return refusedToken(error);
    if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JWSSignatureVerificationFailed)
      return refusedToken(error);
    if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid || error instanceof errors.JOSENotSupported)
      return refusedToken(error);
    // What is left is the fetching of the key set: no connection, a timeout, an answer that is not one.
    return unavailable(error);
  }

  async #keySet(): Promise<RemoteJWKSet> {
    if (this.#keys === null) {
      if (this.#now().getTime() - this.#failedAt < RETRY_AFTER_MS) throw unavailable(null);
      this.#keys = this.#discover();
    }
    try {
      return await this.#keys;
    } catch (error) {
      this.#keys = null;
      this.#failedAt = this.#now().getTime();
      throw unavailable(error);
    }
  }

  /** OpenID Connect Discovery 1.0 §4: the configuration lies below the issuer's own address and must name that issuer. */
  async #discover(): Promise<RemoteJWKSet> {
    const address = `${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const response = await fetch(address, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
      headers: { accept: 'application/json' },
    });
    if (!response.ok) throw new Error(`${address} answered with status ${response.status}.`);
    const { issuer, jwks_uri: keysAt } = Discovery.parse(await response.json());
    if (issuer !== this.issuer) throw new Error(`${address} describes another issuer.`);
    if (this.issuer.startsWith('https:') && !keysAt.startsWith('https:'))
      throw new Error(`${address} names keys that would be fetched without TLS.`);
    return createRemoteJWKSet(new URL(keysAt), {
      timeoutDuration: TIMEOUT_MS,
      cacheMaxAge: KEYS_MAX_AGE_MS,
      cooldownDuration: KEYS_COOLDOWN_MS,
    });
  }
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError(
    'SERVICE_UNAVAILABLE',
    'The issuer of this access token does not answer, so the token cannot be verified now. Try again in a few seconds.',
    {},
    { cause },
  );
}
