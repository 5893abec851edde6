import { normalizeIdentifier, subjectIdentifier } from '../identifiers/index.ts';

/**
 * What can stand inside a number without ending it: up to two blanks or hyphens. Characters without width are dropped before.
 */
const GAP = '[\\s-]{0,2}';
const YEAR = `(?:1${GAP}[89]|2${GAP}0)${GAP}\\d${GAP}\\d`;
const MONTH = `(?:0${GAP}[1-9]|1${GAP}[0-2])`;
const DAY = `(?:0${GAP}[1-9]|[12]${GAP}\\d|3${GAP}[01])`;

/** Digits, `count` of them, a gap allowed between any two. */
function digits(count: number): string {
  return `\\d(?:${GAP}\\d){${count - 1}}`;
}

interface Written {
  readonly form: RegExp;
  /** the masked form of the number, given its characters without gaps */
  readonly mask: (number: string) => string;
}

const maskIdNumber = (number: string): string => stars(number, 6, number.length === 15 ? 3 : 4);
const maskMobile = (number: string): string => stars(number, number.length - 8, 4);
const maskAccount = (number: string): string => stars(number, 0, 4);

/** Numbers in the order in which they are tried where a number begins. Each form ends where no further digit follows. */
const NUMBERS: readonly Written[] = [
  // 公民身份号码, known by the birth date inside, however it is spaced
  {
    form: new RegExp(`${digits(6)}${GAP}${YEAR}${GAP}${MONTH}${GAP}${DAY}${GAP}${digits(3)}${GAP}[\\dXx](?!\\d)`, 'y'),
    mask: maskIdNumber,
  },
  // the 15-digit one
  {
    form: new RegExp(`${digits(6)}${GAP}\\d${GAP}\\d${GAP}${MONTH}${GAP}${DAY}${GAP}${digits(3)}(?!\\d)`, 'y'),
    mask: maskIdNumber,
  },
  // the same two with no date that holds, 16 to 19 digits in one piece, and longer runs, which may be several numbers in one
  { form: /\d{15}(?!\d)/y, mask: maskIdNumber },
  { form: /\d{16,}[Xx]?(?!\d)/y, mask: maskAccount },
  // a mobile, with the country's prefix or the trunk's 0, but not a date before 2000 with a number after it
  {
    form: new RegExp(`(?!19\\d\\d-\\d\\d?-\\d\\d?(?!\\d))(?:(?:(?:00)?86|0)${GAP})?1${GAP}[3-9]${GAP}${digits(9)}(?!\\d)`, 'y'),
    mask: maskMobile,
  },
  // an account as it is printed on a card
  { form: new RegExp(`\\d{4}(?:[\\s-]{1,2}\\d{4}){3}(?:[\\s-]{1,2}\\d{1,3})?(?!\\d)`, 'y'), mask: maskAccount },
];

/** The shortest number that is looked for, a mobile's: in texts without so many digits in one run no form above is found. */
const FEWEST_DIGITS = 11;
const LONG_RUN = new RegExp(digits(FEWEST_DIGITS));

/**
 * Free text in which identity numbers (15 or 18), mobiles and account numbers (16 to 19 digits) are masked: `身份证150100********0024，
 * 电话138****0001`. Found also with blanks or hyphens inside and in full-width digits. An organization's code stays: it is public
 * everywhere. A number that could be either, and digits that are merely as many, are masked: a clerk can read around a
 * star, nobody can take a number back.
 */
export function scrubText(text: string): string {
  if (hasFewDigits(text)) return text;
  let scrubbed = text;
  // Once more after a find: what is left of a number may stand beside other digits now. Each turn leaves fewer digits.
  for (let next = scrubOnce(scrubbed); next !== scrubbed; next = scrubOnce(next)) scrubbed = next;
  return scrubbed;
}

function scrubOnce(text: string): string {
  const folded = fold(text);
  if (!LONG_RUN.test(folded)) return text;

  const original = [...text];
  // For each character of the folded text the index of the code point it comes from.
  const at = original.flatMap((character, index) => (folds(character) === '' ? [] : [index]));
  let scrubbed = '';
  let copied = 0;
  const start = /(?<![\dA-Za-z])[\dA-Za-z]|(?<!\d)\d/g;
  for (let begin = start.exec(folded); begin !== null; begin = start.exec(folded)) {
    const code = /^[\dA-Za-z]{18}(?![\dA-Za-z])/.exec(folded.slice(begin.index, begin.index + 19))?.[0];
    if (code !== undefined && isOrganization(code)) {
      start.lastIndex = begin.index + code.length;
      continue;
    }
    const found = numberAt(folded, begin.index);
    if (found === undefined) continue;
    scrubbed += original.slice(copied, at[begin.index]).join('') + found.masked;
    start.lastIndex = begin.index + found.length;
    copied = at[start.lastIndex] ?? original.length;
  }
  return scrubbed + original.slice(copied).join('');
}

/**
 * Whether it is plain, without folding anything, that there are too few digits for any number. Ideographs, the punctuation of Chinese and
 * full-width signs besides digits fold to no digit (Unicode's NFKC); whatever else is not ASCII might.
 */
function hasFewDigits(text: string): boolean {
  let most = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80 ? unit < 0x30 || unit > 0x39 : isNeverDigit(unit)) continue;
    most += 1;
    if (most === FEWEST_DIGITS) return false;
  }
  return true;
}

/** @param unit UTF-16, not ASCII */
function isNeverDigit(unit: number): boolean {
  if (unit >= 0x4e00 && unit <= 0x9fff) return true;
  if (unit >= 0x3000 && unit <= 0x303f) return true;
  return unit >= 0xff00 && unit <= 0xffef && (unit < 0xff10 || unit > 0xff19);
}

function numberAt(folded: string, here: number): { masked: string; length: number } | undefined {
  const run = /^\d{17}[\dXx](?!\d)/.exec(folded.slice(here, here + 19))?.[0];
  if (run !== undefined && isOrganization(run)) return undefined;
  for (const { form, mask } of NUMBERS) {
    form.lastIndex = here;
    const number = form.exec(folded)?.[0];
    if (number !== undefined) return { masked: mask(number.replace(/[\s-]/g, '')), length: number.length };
  }
  return undefined;
}

function isOrganization(code: string): boolean {
  return subjectIdentifier(normalizeIdentifier(code))?.person === false;
}

/** The text with one UTF-16 unit for each code point, in half width, hyphens and blanks made plain, characters without width left out. */
function fold(text: string): string {
  let folded = '';
  for (const character of text) folded += folds(character);
  return folded;
}

/** What characters fold to. Asking Unicode for each anew is what folding would cost; texts are made of few. */
const FOLDED = new Map<string, string>();
const MOST_FOLDED = 20_000;

function folds(character: string): string {
  let plain = FOLDED.get(character);
  if (plain === undefined) {
    plain = foldCharacter(character);
    if (FOLDED.size < MOST_FOLDED) FOLDED.set(character, plain);
  }
  return plain;
}

/** One UTF-16 unit; empty for a character without width. */
function foldCharacter(character: string): string {
  if (character < '\u0080') return character;
  if (/[\p{Cf}\p{Mn}\p{Me}]/u.test(character)) return '';
  if (/\s/u.test(character)) return ' ';
  if (/\p{Pd}|−/u.test(character)) return '-';
  const plain = character.normalize('NFKC');
  return plain.length === 1 ? plain : '\uFFFD';
}

function stars(number: string, head: number, tail: number): string {
  return number.slice(0, head) + '*'.repeat(number.length - head - tail) + number.slice(number.length - tail);
}
