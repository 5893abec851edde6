/** What identifies a subject: an organization's code, or a natural person's certificate number. */
import { citizenIdNumberOfOld, isCitizenIdNumber, isOldCitizenIdNumber } from './citizen-id-number.ts';
import { isUnifiedSocialCreditCode } from './unified-social-credit-code.ts';

export interface SubjectIdentifier {
  readonly person: boolean;
  /** names the subject whatever form the source used: a 15-digit ID number stands here as its 18 characters */
  readonly identifier: string;
}

/**
 * The usual forms of the certificates that stand in for an ID number: 护照 (Chinese and foreign), 港澳居民来往内地通行证,
 * 台湾居民来往大陆通行证, 外国人永久居留身份证 (15 characters). Their numbers carry no check digit that could be verified.
 */
const OTHER_CERTIFICATES = [
  /^[EG]\d{8}$/,
  /^E[A-Z]\d{7}$/,
  /^[HM]\d{8}(\d\d)?$/,
  /^\d{8}(\d\d)?$/,
  /^[A-Z]{3}\d{12}$/,
  /^[A-Z]{1,2}\d{6,9}$/,
];

/**
 * One spelling for an identifier as typed: half-width, upper case, no blanks inside. Nothing is guessed: the letter O stays
 * an O, which no valid code has.
 */
export function normalizeIdentifier(text: string): string {
  // Almost every cell is in this form already, and a row has several.
  if (/^[0-9A-Z]*$/.test(text)) return text;
  return halfWidth(text).replace(/\s+/g, '').toUpperCase();
}

/** Full-width forms of ASCII characters (as Chinese input methods type them) and the full-width blank become the ordinary ones. */
export function halfWidth(text: string): string {
  return text.replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0)).replaceAll('\u3000', ' ');
}

/** The organization that a normalized code names; null for anything but a valid code. */
export function organizationIdentifier(code: string): SubjectIdentifier | null {
  return isUnifiedSocialCreditCode(code) ? { person: false, identifier: code } : null;
}

/** The person whom a normalized ID number of either generation names; null for anything else. */
export function personIdentifier(number: string): SubjectIdentifier | null {
  if (isCitizenIdNumber(number)) return { person: true, identifier: number };
  if (isOldCitizenIdNumber(number)) return { person: true, identifier: citizenIdNumberOfOld(number) };
  return null;
}

/** Likewise for a field that takes any certificate: an ID number, or a number in the form of another certificate. */
export function certificateIdentifier(number: string): SubjectIdentifier | null {
  const person = personIdentifier(number);
  if (person !== null) return person;
  return OTHER_CERTIFICATES.some((form) => form.test(number)) ? { person: true, identifier: number } : null;
}

/**
 * Whom a code names that may be an organization's or a person's.
 *
 * About one ID number in 300 also passes as a credit code, so the first character decides where both hold: codes of the
 * market regulator begin with 9, which begins no division. For every other, the person is assumed: taking a person
 * for an organization would publish that person's number, the opposite mistake publishes nothing.
 */
export function subjectIdentifier(code: string): SubjectIdentifier | null {
  if (code.startsWith('9')) return organizationIdentifier(code) ?? personIdentifier(code);
  return personIdentifier(code) ?? organizationIdentifier(code);
}
