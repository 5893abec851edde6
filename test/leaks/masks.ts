/** What each mask rule may let through of a canary (docs/domain.md §12.4 of the design papers), written from its table and not from src/. */
import type { CatalogField } from '../../src/catalog/model.ts';

const IN_WAN = [10, 50, 100, 500, 1000, 5000];

/**
 * The masked form, where the rule's table settles it for this value; otherwise null: then it is only known that nothing recognisable of
 * the value may be left.
 */
export function maskedForm(field: CatalogField, value: string): string | RegExp | null {
  const head = value.slice(0, 1);
  const tail = value.slice(-4);
  switch (field.mask) {
    case 'NAME':
      return `${head}**`;
    case 'ID_CARD':
      return isIdNumber(value) ? starred(value) : null;
    case 'PERSON_CODE':
      return isIdNumber(value) ? starred(value) : isCreditCode(value) ? value : null;
    case 'CERT_NO':
      return value.length < 6
        ? '*'.repeat(value.length)
        : `${value.slice(0, 2)}${'*'.repeat(value.length - 4)}${value.slice(-2)}`;
    case 'PHONE':
      return /^1\d{10}$/.test(value) ? `${value.slice(0, 3)}****${tail}` : null;
    case 'EMAIL':
      return value.includes('@') ? `${head}***${value.slice(value.indexOf('@'))}` : null;
    case 'ADDRESS':
      return value.includes('旗') ? `${value.slice(0, value.indexOf('旗') + 1)}****` : null;
    case 'BANK_ACCOUNT':
      return /^\d{8,}$/.test(value) ? new RegExp(`^\\*+${tail}$`) : null;
    case 'AMOUNT_RANGE':
      return range(Number(value), field.nameZh);
    case 'DATE_YEAR':
      return value.slice(0, 4);
    case 'TEXT_SCRUB':
      return isCreditCode(value) ? value : scrubbed(value);
    case 'FULL':
      return '***';
    default:
      return null;
  }
}

function isIdNumber(value: string): boolean {
  return /^1599\d{13}[\dX]$/.test(value);
}

/** ID numbers and mobiles by their own rules; how an account is written is not settled. */
function scrubbed(value: string): string | null {
  if (/^1[3-9]\d{9}$/.test(value)) return `${value.slice(0, 3)}****${value.slice(-4)}`;
  if (/^\d{16,19}$/.test(value) && !isIdNumber(value)) return null;
  return value.replace(/\d{17}[\dX]/, starred);
}

/** An organization's code is nobody's personal data: the rules for personal numbers leave it as it is. */
function isCreditCode(value: string): boolean {
  return /^911599[\dA-Z]{12}$/.test(value);
}

function starred(number: string): string {
  return `${number.slice(0, 6)}********${number.slice(14)}`;
}

/** Left-closed, in 万元; a field says its own unit at the end of its Chinese name. */
function range(value: number, nameZh: string): string {
  const wan = nameZh.endsWith('（元）') ? value / 10_000 : value;
  const at = IN_WAN.findIndex((bound) => wan < bound);
  const from = at === 0 ? 0 : IN_WAN[at - 1];
  return at === -1 ? '≥5000万元' : `[${String(from)},${String(IN_WAN[at])})万元`;
}
