/** From the headers of a request to its frame: who calls, what for, and how strictly. */
import type { IncomingHttpHeaders } from 'node:http';
import { authenticate, isPurpose, normalizePurpose } from '../clients/index.ts';
import type { AuthenticateServices, ClientStanding } from '../clients/index.ts';
import { GatewayError } from '../errors.ts';
import type { RequestFrame } from './request-context.ts';

/** Matter numbers (办件编号) are short codes of the departments' own systems. */
const LONGEST_MATTER = 100;

/**
 * @param known told of the caller as soon as it is known, also where it may not call
 * @throws GatewayError UNAUTHENTICATED, CLIENT_SUSPENDED, LICENSE_EXPIRED, PURPOSE_REQUIRED, BAD_USER_INPUT, SERVICE_UNAVAILABLE
 */
export async function requestFrame(
  services: AuthenticateServices,
  headers: IncomingHttpHeaders,
  requestId: string,
  today: string,
  known: (caller: ClientStanding) => void,
): Promise<Omit<RequestFrame, 'signal'>> {
  const caller =
    headers.authorization === undefined ? null : (await authenticate(services, headers.authorization, today, known)).standing;
  return { requestId, caller, purpose: purposeOf(headers), matter: matterOf(headers), strict: strictOf(headers), today };
}

function purposeOf(headers: IncomingHttpHeaders): string | null {
  const text = decoded(headers, 'x-purpose');
  if (text === null) return null;
  if (normalizePurpose(text) === '')
    throw new GatewayError(
      'PURPOSE_REQUIRED',
      'X-Purpose is empty. Say what the data is needed for, in up to 200 characters (percent-encoded UTF-8).',
    );
  if (!isPurpose(text))
    throw new GatewayError(
      'BAD_USER_INPUT',
      'X-Purpose takes 1 to 200 characters, none of them a control character (percent-encoded UTF-8).',
    );
  return normalizePurpose(text);
}

function matterOf(headers: IncomingHttpHeaders): string | null {
  const text = decoded(headers, 'x-matter-number')?.trim() ?? null;
  if (text === null) return null;
  if (text === '') throw new GatewayError('PURPOSE_REQUIRED', 'X-Matter-Number is empty. Name the matter being handled.');
  if ([...text].length > LONGEST_MATTER || /\p{Cc}/u.test(text)) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      `X-Matter-Number takes 1 to ${String(LONGEST_MATTER)} characters, none of them a control character (percent-encoded UTF-8).`,
    );
  }
  return text;
}

function strictOf(headers: IncomingHttpHeaders): boolean {
  const mode = headers['x-access-mode'];
  if (mode === undefined || mode === 'lenient') return false;
  if (mode === 'strict') return true;
  throw new GatewayError('BAD_USER_INPUT', 'X-Access-Mode is either strict or lenient.');
}

function decoded(headers: IncomingHttpHeaders, name: string): string | null {
  const raw = headers[name];
  if (typeof raw !== 'string') return null;
  try {
    return decodeURIComponent(raw);
  } catch {
    throw new GatewayError(
      'BAD_USER_INPUT',
      `${name === 'x-purpose' ? 'X-Purpose' : 'X-Matter-Number'} is not percent-encoded UTF-8 (RFC 3986): encode it with encodeURIComponent.`,
    );
  }
}
