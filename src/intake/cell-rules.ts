/**
 * One cell → its canonical text, by what the catalog says of the field (DESIGN §2, 数据格式, 长度, 取值范围).
 *
 * What is changed on the way in: blanks around the cell are dropped; numbers, dates and booleans are brought to
 * one spelling, full-width characters included; identifiers become upper case without blanks. Any other text stays as it came.
 * A value set is matched exactly, and a cell holds one value of it: the catalog has no mark for fields that take several,
 * and "优;差" as one grade would be wrong.
 */
import type { CatalogField, SubjectScope } from '../catalog/model.ts';
import {
  certificateIdentifier,
  halfWidth,
  normalizeIdentifier,
  organizationIdentifier,
  personIdentifier,
  subjectIdentifier,
} from '../identifiers/index.ts';
import { problemOf, type RowProblem } from './row-problem.ts';

/** The stored text of a cell that is not blank, or what is wrong with it. Called once a cell: allocates nothing but the text. */
export type CellRule = (cell: string) => string | RowProblem;

/** @param scope whom the item is about: decides what its SUBJECT_CODE may hold */
export function compileCellRule(field: CatalogField, scope: SubjectScope): CellRule {
  const rule = ruleOfRole(field, scope) ?? ruleOfFormat(field);
  const { values } = field;
  if (values === null || field.format === 'BOOLEAN') return rule;
  const allowed = new Set(values);
  const outside = problemOf('NOT_IN_VALUE_SET', field);
  return (cell) => {
    const value = rule(cell);
    return typeof value !== 'string' || allowed.has(value) || allowed.has(cell) ? value : outside;
  };
}

function ruleOfRole(field: CatalogField, scope: SubjectScope): CellRule | null {
  const identify = identifierOf(field, scope);
  if (identify === null) return null;
  const bad = problemOf('BAD_CHECK_DIGIT', field);
  const tooLong = problemOf('TOO_LONG', field);
  return (cell) => {
    const identifier = normalizeIdentifier(cell);
    if (isLonger(identifier, field.length)) return tooLong;
    return identify(identifier) === null ? bad : identifier;
  };
}

function identifierOf(field: CatalogField, scope: SubjectScope): typeof subjectIdentifier | null {
  switch (field.role) {
    case 'SUBJECT_CODE':
      return scope === 'ALL' ? subjectIdentifier : scope === 'PERSON' ? personIdentifier : organizationIdentifier;
    case 'SOURCE_UNIT_CODE':
      return organizationIdentifier;
    case 'SUBJECT_ID_NUMBER':
      // A field of 18 characters is made for ID numbers alone; a longer one is for any certificate.
      return field.length > 18 ? certificateIdentifier : personIdentifier;
    default:
      return null;
  }
}

function ruleOfFormat(field: CatalogField): CellRule {
  switch (field.format) {
    case 'STRING':
    case 'TEXT':
    case 'CODE': {
      const tooLong = problemOf('TOO_LONG', field);
      return (cell) => (isLonger(cell, field.length) ? tooLong : cell);
    }
    case 'DATE': {
      const bad = problemOf('BAD_DATE', field);
      return (cell) => canonicalDate(cell) ?? canonicalDate(halfWidth(cell)) ?? bad;
    }
    case 'DATETIME': {
      const bad = problemOf('BAD_DATE', field);
      return (cell) => canonicalDateTime(halfWidth(cell)) ?? bad;
    }
    case 'INTEGER':
      return ruleOfNumber(field, canonicalInteger);
    case 'DECIMAL':
      return ruleOfNumber(field, canonicalDecimal);
    case 'BOOLEAN': {
      const outside = problemOf('NOT_IN_VALUE_SET', field);
      return (cell) => BOOLEANS.get(halfWidth(cell).toLowerCase()) ?? outside;
    }
  }
}

function ruleOfNumber(field: CatalogField, canonical: (text: string) => string | null): CellRule {
  const bad = problemOf('BAD_NUMBER', field);
  const tooLong = problemOf('TOO_LONG', field);
  return (cell) => {
    const value = canonical(halfWidth(cell));
    if (value === null) return bad;
    if (value.length > field.length && digits(value) > field.length) return tooLong;
    return field.format === 'INTEGER' && !isInt32(value) ? bad : value;
  };
}

const BOOLEANS: ReadonlyMap<string, 'true' | 'false'> = new Map([
  ['是', 'true'],
  ['否', 'false'],
  ['true', 'true'],
  ['false', 'false'],
  ['1', 'true'],
  ['0', 'false'],
]);

/** YYYY-MM-DD of a real day written 2024-05-31, 2024/05/31 or 2024/5/31; null for anything else. */
export function canonicalDate(text: string): string | null {
  const match = /^(\d{4})([-/])(\d{1,2})\2(\d{1,2})$/.exec(text);
  if (match === null) return null;
  const [, year = '', , month = '', day = ''] = match;
  if (!isDay(Number(year), Number(month), Number(day))) return null;
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}

const DATE_TIME =
  /^(\d{4}[-/]\d{1,2}[-/]\d{1,2})(?:[Tt]| +)(\d{1,2}):(\d\d)(?::(\d\d)(\.\d{1,9})?)?\s*([Zz]|[+-]\d\d(?::?\d\d)?)?$/;

/**
 * ISO 8601 with offset (2024-05-31T09:30:00+08:00) of a date and time; without an offset it is China's time. A blank for the T
 * and slashes are accepted, as spreadsheet programs write them. The offset given is kept, Z as +00:00. Null for anything else.
 */
export function canonicalDateTime(text: string): string | null {
  const match = DATE_TIME.exec(text);
  if (match === null) return null;
  const [, date = '', hour = '', minute = '', second = '00', fraction = '', offset = '+08:00'] = match;
  const day = canonicalDate(date);
  if (day === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const zone = canonicalOffset(offset);
  return zone === null ? null : `${day}T${hour.padStart(2, '0')}:${minute}:${second}${fraction}${zone}`;
}

function canonicalOffset(text: string): string | null {
  if (/^z$/i.test(text)) return '+00:00';
  const hours = text.slice(1, 3);
  const minutes = text.slice(3).replace(':', '') || '00';
  // The widest offset in use is +14:00.
  return Number(hours) > 14 || Number(minutes) > 59 ? null : `${text.charAt(0)}${hours}:${minutes}`;
}

/** Exact: no exponent, no useless zeros, no "-0". Null when it is not a decimal number. */
export function canonicalDecimal(text: string): string | null {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = ''] = match;
  const left = whole.replace(/^0+(?=\d)/, '');
  const right = fraction.replace(/0+$/, '');
  const value = right === '' ? left : `${left}.${right}`;
  return sign === '-' && value !== '0' ? `-${value}` : value;
}

/** Likewise for a number without a point; "12.0" is none. */
export function canonicalInteger(text: string): string | null {
  return text.includes('.') ? null : canonicalDecimal(text);
}

/** GraphQL's Int, as which the field is read, carries no more. */
function isInt32(integer: string): boolean {
  return Math.abs(Number(integer)) < 2 ** 31;
}

function digits(number: string): number {
  return number.replace(/[-.]/g, '').replace(/^0+(?=\d)/, '').length;
}

/** In code points; most texts are shorter even in UTF-16 units. */
function isLonger(text: string, length: number): boolean {
  return text.length > length && Array.from(text).length > length;
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A year before 1000 is a slip of the pen (0206 for 2006), not a date of any record. */
function isDay(year: number, month: number, day: number): boolean {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return year >= 1000 && day >= 1 && day <= (month === 2 && leap ? 29 : (DAYS[month - 1] ?? 0));
}
