/** How a token is refused: texts for the caller, without the token or anything in it; the detail stays in `cause`. */
import { errors } from 'jose';
import { GatewayError } from '../errors.ts';

/** @param why completes the sentence "The access token cannot be used: …" */
export function invalidToken(why: string, cause?: unknown): GatewayError {
  return new GatewayError(
    'UNAUTHENTICATED',
    `The access token cannot be used: ${why}. Ask POST /oauth/token for a new one and send it as "Authorization: Bearer <token>".`,
    {},
    { cause },
  );
}

/**
 * The refusal that an error of jose's verification stands for.
 * @returns what the caller is told: expired and not-yet-valid tokens, and those for somebody else, have texts of their own
 */
export function refusedToken(error: unknown): GatewayError {
  if (error instanceof errors.JWTExpired) {
    return new GatewayError(
      'UNAUTHENTICATED',
      'The access token has expired. Ask POST /oauth/token for a new one.',
      {},
      { cause: error },
    );
  }
  if (error instanceof errors.JWTClaimValidationFailed)
    return invalidToken(REASON_BY_CLAIM.get(error.claim) ?? 'a claim that it needs is missing or wrong', error);
  if (error instanceof errors.JOSEAlgNotAllowed)
    return invalidToken('it is signed with an algorithm that is not accepted', error);
  if (error instanceof errors.JWSSignatureVerificationFailed) return invalidToken('its signature is wrong', error);
  return invalidToken('it is not a JWT that can be verified', error);
}

const REASON_BY_CLAIM: ReadonlyMap<string, string> = new Map([
  ['aud', 'it was issued for another service'],
  ['iss', 'it was issued by somebody else'],
  ['nbf', 'it is not valid yet'],
  ['typ', 'it is not an access token'],
]);
