import type { CatalogField } from '../catalog/model.ts';
import { normalizeIdentifier, subjectIdentifier } from '../identifiers/index.ts';
import { maskAddress } from './address-mask.ts';
import { amountRange, yuanPerUnit } from './amount-range.ts';
import { COMPOUND_SURNAMES } from './compound-surnames.ts';
import { scrubText } from './text-scrub.ts';

/** The form of a value of which nothing may be told: also the answer of every rule to a value that it cannot read. */
export const FULLY_MASKED = '***';

/**
 * The masked form of a stored value (docs/domain.md §12.4). Pure; counts in Unicode code points; leaves out white space
 * around the value. A value that the rule cannot read, a field without a rule and a rule that is not known give `***`: what is
 * not understood is not shown. An empty value stays empty: there is nothing to hide. Masking the result again changes nothing.
 */
export function applyMask(field: Pick<CatalogField, 'mask' | 'nameZh'>, value: string): string {
  if (value === '' || field.mask === 'NONE') return value;
  const text = value.trim();
  if (/^\*+$/.test(text)) return text;
  switch (field.mask) {
    case 'NAME':
      return maskName(text);
    case 'ID_CARD':
      return maskIdCard(text);
    case 'CERT_NO':
      return maskCertificateNumber(text);
    case 'PERSON_CODE':
      return maskPersonCode(text);
    case 'PHONE':
      return maskPhone(text);
    case 'EMAIL':
      return maskEmail(text);
    case 'ADDRESS':
      return maskAddress(text) ?? FULLY_MASKED;
    case 'BANK_ACCOUNT':
      return maskBankAccount(text);
    case 'AMOUNT_RANGE':
      return amountRange(text, yuanPerUnit(field.nameZh)) ?? FULLY_MASKED;
    case 'DATE_YEAR':
      return yearOf(text);
    case 'TEXT_SCRUB':
      return scrubText(value);
    default:
      return FULLY_MASKED;
  }
}

/** 王小明 → 王**, 欧阳娜 → 欧阳**: always two stars, so that the length is hidden. A name of two characters
 *  has no compound surname. */
function maskName(text: string): string {
  const characters = [...text];
  const surname = characters.slice(0, 2).join('');
  const kept = characters.length > 2 && COMPOUND_SURNAMES.has(surname) ? surname : characters[0];
  return kept === undefined || kept === '*' ? FULLY_MASKED : `${kept}**`;
}

/** 18 characters keep 6 + 4, 15 keep 6 + 3; what is not formed like an identity number is masked as another certificate. */
function maskIdCard(text: string): string {
  if (/^\d{6}(\d{8}|\*{8})\d{3}[\dXx]$/.test(text)) return keepEnds(text, 6, 4);
  if (/^\d{6}(\d{6}|\*{6})\d{3}$/.test(text)) return keepEnds(text, 6, 3);
  return maskCertificateNumber(text);
}

/** 2 + 2; of fewer than 6 characters, nothing. */
function maskCertificateNumber(text: string): string {
  if (text === '') return FULLY_MASKED;
  return [...text].length < 6 ? keepEnds(text, 0, 0) : keepEnds(text, 2, 2);
}

/** As is only what identifies an organization; a person's number, and what identifies nobody, is masked. */
function maskPersonCode(text: string): string {
  return subjectIdentifier(normalizeIdentifier(text))?.person === false ? text : maskIdCard(text);
}

/** A mobile keeps 3 + 4, any other number its last 2; one so short that this would be half of it, nothing. Blanks are left out. */
function maskPhone(text: string): string {
  const number = text.replace(/\s/g, '');
  if (/^1[3-9]\d(\d{4}|\*{4})\d{4}$/.test(number)) return keepEnds(number, 3, 4);
  if (!/^[\d+\-()（）/,，、;；转#*]*\d\d$/.test(number)) return FULLY_MASKED;
  return [...number].length < 5 ? keepEnds(number, 0, 0) : keepEnds(number, 0, 2);
}

/** zhangsan@example.com → z***@example.com. What follows the last @ must be a domain and nothing else. */
function maskEmail(text: string): string {
  const parts = /^(.+)@([\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+)$/su.exec(text);
  const [first] = parts?.[1] ?? '';
  const domain = parts?.[2];
  return first === undefined || domain === undefined ? FULLY_MASKED : `${first}***@${domain}`;
}

/** The last 4 of a number written with or without blanks and hyphens; fewer than 8 characters, nothing. */
function maskBankAccount(text: string): string {
  const account = text.replace(/[\s-]/g, '');
  if (!/^[A-Za-z]{0,4}[\d*]+$/.test(account)) return FULLY_MASKED;
  return account.length < 8 ? keepEnds(account, 0, 0) : keepEnds(account, 0, 4);
}

/** 1990-01-01 → 1990, of dates and of date-times; a date that the calendar does not have is not understood. */
function yearOf(text: string): string {
  if (/^\d{4}$/.test(text)) return text;
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}.*)?$/.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return FULLY_MASKED;
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day) ? year : FULLY_MASKED;
}

/** One star for each character between the ends that are kept. */
function keepEnds(text: string, head: number, tail: number): string {
  const characters = [...text];
  const end = characters.length - tail;
  return characters.map((character, at) => (at < head || at >= end ? character : '*')).join('');
}
