/**
 * Scalars whose wire form is the stored text, so that no value takes the way through a binary type and back:
 * Date `2026-11-20`, DateTime `2026-11-20T09:30:00+08:00`, Decimal `321.5` (exact, never a float).
 */
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import type { ValueNode } from 'graphql';

/** A real calendar day of the proleptic Gregorian calendar, written YYYY-MM-DD. */
export function isCalendarDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function isInstant(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(text) &&
    isCalendarDay(text.slice(0, 10)) &&
    !Number.isNaN(Date.parse(text))
  );
}

function isDecimal(text: string): boolean {
  return /^-?\d{1,40}(\.\d{1,20})?$/.test(text);
}

function textScalar(
  name: string,
  description: string,
  form: string,
  accepts: (text: string) => boolean,
): GraphQLScalarType<string> {
  function parse(value: unknown): string {
    if (typeof value === 'string' && accepts(value)) return value;
    throw new GraphQLError(`${name} must be written as ${form}.`, { extensions: { code: 'BAD_USER_INPUT' } });
  }
  return new GraphQLScalarType<string>({
    name,
    description,
    serialize: (value) => (value instanceof Date ? value.toISOString() : String(value)),
    parseValue: parse,
    parseLiteral: (node: ValueNode) =>
      parse(
        node.kind === Kind.STRING || (name === 'Decimal' && (node.kind === Kind.INT || node.kind === Kind.FLOAT))
          ? node.value
          : null,
      ),
  });
}

export const DateScalar = textScalar(
  'Date',
  '日期，YYYY-MM-DD / a calendar day, ISO 8601',
  '"YYYY-MM-DD", a real day',
  isCalendarDay,
);
export const DateTimeScalar = textScalar(
  'DateTime',
  '日期时间，ISO 8601，含时区 / an instant, ISO 8601 with its offset',
  '"YYYY-MM-DDThh:mm:ss+08:00"',
  isInstant,
);
export const DecimalScalar = textScalar(
  'Decimal',
  '精确十进制数，以字符串传送 / an exact decimal number, as a string',
  'a decimal number in a string, such as "321.5"',
  isDecimal,
);
