import type { CatalogField, Format, MaskRule } from './model.ts';

/** The formats whose values are text as far as GraphQL and a mask are concerned. */
export const TEXT_FORMATS: readonly Format[] = ['STRING', 'TEXT', 'CODE'];

const ANY_FORMAT: readonly Format[] = ['STRING', 'TEXT', 'CODE', 'DATE', 'DATETIME', 'INTEGER', 'DECIMAL', 'BOOLEAN'];

/** The formats that a rule knows how to mask; on any other the rule could only answer nonsense or let the value through. */
export const FORMATS_OF_MASK: Readonly<Record<MaskRule, readonly Format[]>> = {
  NONE: ANY_FORMAT,
  NAME: TEXT_FORMATS,
  ID_CARD: TEXT_FORMATS,
  CERT_NO: TEXT_FORMATS,
  PERSON_CODE: TEXT_FORMATS,
  PHONE: TEXT_FORMATS,
  EMAIL: TEXT_FORMATS,
  ADDRESS: TEXT_FORMATS,
  BANK_ACCOUNT: TEXT_FORMATS,
  AMOUNT_RANGE: ['DECIMAL', 'INTEGER'],
  DATE_YEAR: ['DATE', 'DATETIME'],
  TEXT_SCRUB: TEXT_FORMATS,
  FULL: ANY_FORMAT,
};

/**
 * Whether the masked form no longer fits the field's own GraphQL type (a range for an amount, a year for a date,
 * stars for a number), so that the field must be a String (DESIGN §4).
 */
export function maskChangesForm(field: Pick<CatalogField, 'format' | 'mask'>): boolean {
  return field.mask !== null && field.mask !== 'NONE' && !TEXT_FORMATS.includes(field.format);
}
