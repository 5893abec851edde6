/** Who is calling: from the Authorization header to the client as it stands today. */
import type { ClientRegistry } from './client-registry.ts';
import { refusalOf } from './client-standing.ts';
import type { ClientStanding } from './client-standing.ts';
import { GatewayError } from '../errors.ts';
import { invalidToken } from './token-refusal.ts';
import type { TokenService } from './token-service.ts';

/** Somebody who may call, today. */
export interface Caller {
  readonly standing: ClientStanding;
}

export interface AuthenticateServices {
  readonly clients: Pick<ClientRegistry, 'standing'>;
  readonly tokens: Pick<TokenService, 'verify'>;
}

/**
 * @param authorization the header's value; undefined when there is none
 * @param today the request's day, YYYY-MM-DD in Asia/Shanghai
 * @param known told of the client once the token is good, whether or not it may call
 * @throws GatewayError UNAUTHENTICATED, CLIENT_SUSPENDED, LICENSE_EXPIRED, or SERVICE_UNAVAILABLE when an outside issuer does
 *   not answer; its message tells the caller what to do and never repeats the token
 */
export async function authenticate(
  services: AuthenticateServices,
  authorization: string | undefined,
  today: string,
  known: (standing: ClientStanding) => void = () => undefined,
): Promise<Caller> {
  const { clientId } = await services.tokens.verify(bearerToken(authorization));
  const standing = await services.clients.standing(clientId, today);
  if (standing === null) throw invalidToken('its client is not registered with this gateway');
  known(standing);
  const refusal = refusalOf(standing, today);
  if (refusal !== null) throw refusal;
  return { standing };
}

/** RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1). */
function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined || authorization.trim() === '') {
    throw new GatewayError(
      'UNAUTHENTICATED',
      'This request has no access token. Ask POST /oauth/token for one with your client id and secret, and send it as "Authorization: Bearer <token>".',
    );
  }
  const [, token] = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization) ?? [];
  if (token === undefined) {
    throw new GatewayError(
      'UNAUTHENTICATED',
      'The Authorization header is not of the form "Bearer <token>". Ask POST /oauth/token for an access token and send it so.',
    );
  }
  return token;
}
