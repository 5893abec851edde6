/**
 * Values that can be recognised wherever they turn up: each cell of a planted row gets one of its own, valid for the field's format and
 * of the form that its mask rule is made for. Numbers of persons stand in divisions 1599xx, which nobody has.
 */
import type { CatalogField } from '../../src/catalog/model.ts';

export interface Cell {
  /** as stored; null: the cell is empty */
  readonly value: string | null;
  /** the part of the value that may be seen only where the value is open; null: the value is too plain to be recognised */
  readonly token: string | null;
}

export const EMPTY: Cell = { value: null, token: null };

const DAY_MS = 86_400_000;
const TEXT_MARK = 'ZQ';

/** Gives out values, no two alike; one per planted catalog. */
export class CanaryMint {
  #given = 0;

  /** A cell for a field that does not say who the row is about. */
  cell(field: CatalogField): Cell {
    const n = (this.#given += 1);
    // The planted organizations' codes are enterprises', and `kind` follows this word where it is one.
    if (field.role === 'SUBJECT_KIND' && (field.values?.includes('企业') ?? true)) return plain('企业');
    if (field.values !== null) return plain(field.values[n % field.values.length] ?? '');
    if (field.role === 'DIVISION' || (field.role === null && field.length === 6 && field.format === 'CODE'))
      return told(String(800_000 + n));
    if (field.role === 'SOURCE_UNIT_CODE') return told(creditCode('159903', n));
    if (field.role === 'SUBJECT_ID_NUMBER') return told(idNumber('159904', n));
    switch (field.format) {
      case 'DATE':
        return told(day('2400-01-01', n));
      case 'DATETIME':
        return told(`${day('2500-01-01', n)}T09:30:00+08:00`);
      case 'INTEGER':
        return number(n, Math.min(field.length, 9), 0);
      case 'DECIMAL':
        // Of all magnitudes, so that every range of amounts is met.
        return number(n, Math.min(field.length, 5 + (n % 8)), 2);
      case 'BOOLEAN':
        return plain(n % 2 === 0 ? 'true' : 'false');
      default:
        return text(field, n);
    }
  }

  /** A date that has passed long ago. */
  past(): Cell {
    return told(day('1800-01-01', (this.#given += 1)));
  }
}

function text(field: CatalogField, n: number): Cell {
  const mark = `${TEXT_MARK}${n.toString(36).toUpperCase().padStart(5, '0')}`;
  const formed = formedFor(field, n, mark);
  if (formed !== null && (formed.value ?? '').length <= field.length) return formed;
  return field.length >= mark.length ? told(mark) : plain(mark.slice(-field.length));
}

function formedFor({ mask }: CatalogField, n: number, mark: string): Cell | null {
  switch (mask) {
    case 'ID_CARD':
    case 'PERSON_CODE':
      return told(idNumber('159905', n));
    case 'PHONE':
      return told(`139${String(10_000_000 + n * 7)}`);
    case 'EMAIL':
      return { value: `${mark}@example.com`, token: mark };
    case 'ADDRESS':
      return { value: `内蒙古自治区乌兰察布市四子王旗${mark}号`, token: mark };
    case 'BANK_ACCOUNT':
      return told(`622200${String(1_000_000_000 + n * 13)}`);
    case 'TEXT_SCRUB': {
      const found = idNumber('159906', n);
      return { value: `当事人（身份证${found}）陈述`, token: found };
    }
    default:
      return null;
  }
}

function number(n: number, digits: number, decimals: number): Cell {
  // The last digit is never 0, so that the text is the canonical one already.
  const whole = String(10 ** (digits - 1) + ((n * 10) % (9 * 10 ** (digits - 1))) + 7);
  const value = decimals === 0 ? whole : `${whole.slice(0, -decimals)}.${whole.slice(-decimals)}`;
  return digits >= 6 ? told(value) : plain(value);
}

function day(from: string, n: number): string {
  return new Date(Date.parse(`${from}T00:00:00Z`) + n * DAY_MS).toISOString().slice(0, 10);
}

/** 公民身份号码 with its check character (GB 11643). */
export function idNumber(division: string, n: number): string {
  const born = day('1900-01-01', n % 36_000).replaceAll('-', '');
  const body = `${division}${born}${String(Math.floor(n / 36_000) % 1_000).padStart(3, '0')}`;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  return body + '10X98765432'.charAt(weighed(body, weights, (character) => Number(character)) % 11);
}

/** 统一社会信用代码 of an enterprise with both check characters (GB 32100, GB 11714). */
export function creditCode(division: string, n: number): string {
  const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
  const own = String(n).padStart(8, '0');
  const inner = 11 - (weighed(own, [3, 7, 9, 10, 5, 8, 4, 2], (character) => Number(character)) % 11);
  const body = `91${division}${own}${inner === 10 ? 'X' : inner === 11 ? '0' : String(inner)}`;
  const weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
  return body + alphabet.charAt((31 - (weighed(body, weights, (character) => alphabet.indexOf(character)) % 31)) % 31);
}

function weighed(body: string, weights: readonly number[], valueOf: (character: string) => number): number {
  return weights.reduce((sum, weight, at) => sum + weight * valueOf(body.charAt(at)), 0);
}

export function told(value: string): Cell {
  return { value, token: value };
}

function plain(value: string): Cell {
  return { value, token: null };
}

/** Every form that `token` can have, so that one pass over a text finds all of them. */
const TOKENS =
  /ZQ[0-9A-Z]{5}|(?<![\w.-])(?:\d{4}-\d\d-\d\d(?:T[\d:]{8}\+08:00)?|[0-9A-Z]{18}|\d{5,17}(?:\.\d+)?|\d{3,10}\.\d\d)(?![\w-]|\.\d)/g;

/** What of a text has the form of a canary; whether it is one, the caller knows. */
export function candidatesIn(text: string): Set<string> {
  return new Set(text.match(TOKENS));
}
