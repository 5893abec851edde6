/** Purposes (使用目的) are compared as texts: what was agreed must be what is stated, no more and no less. */
import { GatewayError } from '../errors.ts';

const LONGEST = 200;

/** The form in which purposes are stored and compared: without outer blanks, in Unicode's composed form (NFC). */
export function normalizePurpose(text: string): string {
  return text.trim().normalize('NFC');
}

/** 1 to 200 characters (code points) after normalization, none of them a control character. */
export function isPurpose(text: string): boolean {
  const purpose = normalizePurpose(text);
  return purpose !== '' && (purpose.length <= LONGEST || Array.from(purpose).length <= LONGEST) && !/\p{Cc}/u.test(purpose);
}

/**
 * Minimum necessity (DESIGN §3): a department says what for, and for which matter.
 * @param what begins the message: what it is that asks for them
 * @throws GatewayError PURPOSE_REQUIRED naming the headers that are missing
 */
export function requirePurpose(
  { purpose, matter }: { readonly purpose: string | null; readonly matter: string | null },
  what: string,
  details: Readonly<Record<string, unknown>> = {},
): void {
  const missing = [...(purpose === null ? ['X-Purpose'] : []), ...(matter === null ? ['X-Matter-Number'] : [])];
  if (missing.length === 0) return;
  throw new GatewayError(
    'PURPOSE_REQUIRED',
    `${what}: say what for in the header${missing.length > 1 ? 's' : ''} ${missing.join(' and ')} (percent-encoded UTF-8).`,
    details,
  );
}
