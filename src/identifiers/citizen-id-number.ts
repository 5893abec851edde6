/** 公民身份号码, the number of a natural person (GB 11643-1999), and the 15-digit number it replaced. */

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS = '10X98765432';
const FORM = /^[1-9]\d{5}(18|19|20)\d{9}[\dX]$/;
const OLD_FORM = /^[1-9]\d{14}$/;

/**
 * Whether the text is an 18-character number with a real birth date and the right check character (upper-case X).
 * Residence permits of 港澳台居民 and the 2023 form of the foreigners' permanent residence card are made the same way and
 * hold too. The first six digits may be a division that no longer exists.
 */
export function isCitizenIdNumber(text: string): boolean {
  return (
    FORM.test(text) &&
    isDay(Number(text.slice(6, 10)), Number(text.slice(10, 12)), Number(text.slice(12, 14))) &&
    text[17] === checkCharacter(text)
  );
}

/** Whether the text is a first-generation number: 15 digits with a real birth date. Invalid since 2013, still met in old records. */
export function isOldCitizenIdNumber(text: string): boolean {
  return OLD_FORM.test(text) && isDay(Number(birthYear(text)), Number(text.slice(8, 10)), Number(text.slice(10, 12)));
}

/**
 * The 18-character number of the holder of a 15-digit one: the same division, birth date and sequence, so both name one person.
 * @param old a text for which `isOldCitizenIdNumber` holds
 */
export function citizenIdNumberOfOld(old: string): string {
  const body = `${old.slice(0, 6)}${birthYear(old)}${old.slice(8)}`;
  return body + checkCharacter(body);
}

/** The sequences 996 to 999 were kept for people born before 1900 (GB 11643-1989). */
function birthYear(old: string): string {
  return `${Number(old.slice(12)) >= 996 ? '18' : '19'}${old.slice(6, 8)}`;
}

function checkCharacter(number: string): string {
  let sum = 0;
  for (const [position, weight] of WEIGHTS.entries()) sum += Number(number.charAt(position)) * weight;
  return CHECK_CHARACTERS.charAt(sum % 11);
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
