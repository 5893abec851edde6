/** 统一社会信用代码, the 18 characters that identify every organization (GB 32100-2015). */

/** The letters I, O, S, V and Z are not used; a character's value is its place in this text. */
const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
/** Powers of 3 modulo 31, for the first 17 characters. */
const WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
/** GB 11714, for the 8 characters of the organization's own code (positions 9 to 16). */
const INNER_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2];
const FORM = /^[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}$/;

const VALUE_OF = new Map(Array.from(ALPHABET, (character, value) => [character, value]));

/**
 * Whether the text is a code whose two check characters are right: the last one, and that of the organization code inside.
 * The text must be in the stored form already (upper case, half-width, no blanks). Division and department need not be in
 * use: codes of divisions that are gone, and of departments added later, stay valid.
 */
export function isUnifiedSocialCreditCode(text: string): boolean {
  return FORM.test(text) && text[17] === checkCharacter(text) && text[16] === innerCheckCharacter(text);
}

function checkCharacter(code: string): string | undefined {
  let sum = 0;
  for (const [position, weight] of WEIGHTS.entries()) sum += (VALUE_OF.get(code.charAt(position)) ?? 0) * weight;
  return ALPHABET[(31 - (sum % 31)) % 31];
}

function innerCheckCharacter(code: string): string {
  let sum = 0;
  // Here a letter counts by its place in the whole Latin alphabet: A is 10, Z is 35.
  for (const [position, weight] of INNER_WEIGHTS.entries()) sum += Number.parseInt(code.charAt(8 + position), 36) * weight;
  const check = 11 - (sum % 11);
  return check === 10 ? 'X' : check === 11 ? '0' : String(check);
}
