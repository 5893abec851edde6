/** Access tokens: JWTs after RFC 9068, issued and verified here, or verified for an outside issuer. */
import { createHash, randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import type { JWK } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { PrismaClient } from '../db/index.ts';
import { OperatorError } from '../errors.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { isClientId } from './client-standing.ts';
import { OutsideIssuer } from './outside-issuer.ts';
import { CLOCK_SKEW_SECONDS, LONGEST_TOKEN_SECONDS, SIGNING_ALGORITHM, SigningKeys } from './signing-keys.ts';
import { invalidToken, refusedToken } from './token-refusal.ts';

export interface TokenServiceOptions {
  readonly prisma: PrismaClient;
  readonly keys: Pick<KeyRing, 'encrypt' | 'decrypt' | 'digest'>;
  /** `iss` of our tokens, and their `aud` too: this gateway issues tokens for itself alone */
  readonly issuer: string;
  /** life of a token where the caller of `issue` does not say */
  readonly ttlSeconds: number;
  /** an OpenID Connect issuer whose tokens are taken as well; null: none */
  readonly outsideIssuer: string | null;
  /** the audience its tokens must name; null: our own issuer name */
  readonly outsideAudience: string | null;
  readonly now?: () => Date;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresInSeconds: number;
}

interface Verified {
  readonly clientId: string;
  /** the key of ours it was signed with; null: an outside issuer's */
  readonly kid: string | null;
}

/** Real tokens have some 400 characters, outside ones with many claims a few thousand. */
const LONGEST_TOKEN = 8_192;

/** Verifying costs about 0.1 ms of a core; the answer for a token in use is kept. At most some 5 MB. */
const MOST_VERIFIED = 20_000;

/** How long an outside token's answer is kept at most, so that a key its issuer withdraws is out soon. */
const OUTSIDE_MAX_AGE_MS = 60_000;

const Claims = z.object({ client_id: z.string(), exp: z.number(), iat: z.number() });

export class TokenService {
  /** life of a token, in seconds, where nobody says otherwise */
  readonly ttlSeconds: number;
  readonly #issuer: string;
  readonly #signingKeys: SigningKeys;
  readonly #outside: OutsideIssuer | null;
  readonly #now: () => Date;
  readonly #verified = new LRUCache<string, Verified & { readonly expiresAt: number }>({ max: MOST_VERIFIED });

  /** @throws OperatorError when the outside issuer has this gateway's own name */
  constructor({ prisma, keys, issuer, ttlSeconds, outsideIssuer, outsideAudience, now = () => new Date() }: TokenServiceOptions) {
    if (outsideIssuer === issuer)
      throw new OperatorError('OIDC_ISSUER and TOKEN_ISSUER must not be the same: give TOKEN_ISSUER a name of its own.');
    this.ttlSeconds = ttlSeconds;
    this.#issuer = issuer;
    this.#now = now;
    this.#signingKeys = new SigningKeys({ prisma, keys, now });
    this.#outside =
      outsideIssuer === null ? null : new OutsideIssuer({ issuer: outsideIssuer, audience: outsideAudience ?? issuer, now });
  }

  /**
   * Signs a token for a client; whether that client exists and may call is not asked here.
   * @throws OperatorError when the life is not 1 second to 24 hours
   */
  async issue(clientId: string, ttlSeconds: number = this.ttlSeconds): Promise<IssuedToken> {
    if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > LONGEST_TOKEN_SECONDS) {
      throw new OperatorError(
        'An access token lives 1 second to 24 hours. For longer work, ask for a new one when the old one ends.',
      );
    }
    const { kid, key } = await this.#signingKeys.signing();
    const issuedAt = Math.floor(this.#now().getTime() / 1_000);
    const token = await new SignJWT({ client_id: clientId })
      .setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: 'at+jwt', kid })
      .setIssuer(this.#issuer)
      .setAudience(this.#issuer)
      .setSubject(clientId)
      .setIssuedAt(issuedAt)
      // Back-dated, so that an instance whose clock is a little behind takes the token at once.
      .setNotBefore(issuedAt - CLOCK_SKEW_SECONDS)
      .setExpirationTime(issuedAt + ttlSeconds)
      .setJti(randomUUID())
      .sign(key);
    return { token, expiresInSeconds: ttlSeconds };
  }

  /**
   * The client a token was issued to, after checking signature, algorithm, type, issuer, audience and dates.
   * @throws GatewayError UNAUTHENTICATED, saying what is wrong and never repeating the token; SERVICE_UNAVAILABLE when the
   *   outside issuer of this token does not answer
   */
  async verify(token: string): Promise<{ readonly clientId: string }> {
    if (token.length > LONGEST_TOKEN) throw invalidToken('it is too long');
    const digest = createHash('sha256').update(token).digest('base64');
    const known = this.#verified.get(digest);
    if (
      known !== undefined &&
      known.expiresAt > this.#now().getTime() &&
      (known.kid === null || (await this.#signingKeys.find(known.kid)) !== null)
    ) {
      return { clientId: known.clientId };
    }
    this.#verified.delete(digest);
    const { expiresAt, ...verified } = await this.#check(token);
    this.#verified.set(digest, {
      ...verified,
      expiresAt: verified.kid === null ? Math.min(expiresAt, this.#now().getTime() + OUTSIDE_MAX_AGE_MS) : expiresAt,
    });
    return { clientId: verified.clientId };
  }

  /** The public keys under which tokens verify, as `/.well-known/jwks.json` shows them; makes the first one if there is none. */
  async jwks(): Promise<{ readonly keys: readonly JWK[] }> {
    const keys = await this.#signingKeys.published();
    if (keys.length > 0) return { keys };
    await this.#signingKeys.signing();
    return { keys: await this.#signingKeys.published() };
  }

  /** See SigningKeys.rotate. */
  rotate(options: { compromised?: boolean } = {}): Promise<string> {
    return this.#signingKeys.rotate(options);
  }

  async #check(token: string): Promise<Verified & { readonly expiresAt: number }> {
    const { iss, kid } = unverified(token);
    if (this.#outside !== null && iss === this.#outside.issuer) return { ...(await this.#outside.verify(token)), kid: null };
    if (iss !== this.#issuer) throw invalidToken('it was issued by somebody else');
    const key = kid === null ? null : await this.#signingKeys.find(kid);
    if (kid === null || key === null) throw invalidToken('the key that signed it is not, or no longer, one of this gateway');
    const { payload } = await jwtVerify(token, key.key, {
      algorithms: [SIGNING_ALGORITHM],
      typ: 'at+jwt',
      issuer: this.#issuer,
      audience: this.#issuer,
      requiredClaims: ['exp', 'iat', 'nbf', 'client_id'],
      currentDate: this.#now(),
    }).catch((error: unknown) => {
      throw refusedToken(error);
    });
    const claims = Claims.safeParse(payload);
    if (!claims.success || !isClientId(claims.data.client_id)) throw invalidToken('it does not name a client');
    if (key.retiredAt !== null && claims.data.iat * 1_000 > key.retiredAt.getTime() + CLOCK_SKEW_SECONDS * 1_000) {
      throw invalidToken('the key that signed it had been retired before');
    }
    return { clientId: claims.data.client_id, kid, expiresAt: claims.data.exp * 1_000 };
  }
}

/** What a token says of itself, to find the key to check it with; nothing of it is believed before that. */
function unverified(token: string): { iss: string | null; kid: string | null } {
  try {
    const { iss } = decodeJwt(token);
    const { kid } = decodeProtectedHeader(token);
    return { iss: typeof iss === 'string' ? iss : null, kid: typeof kid === 'string' ? kid : null };
  } catch (error) {
    throw invalidToken('it is not a JWT', error);
  }
}
