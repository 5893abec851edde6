/** Texts and values that have broken servers before: by encoding, by prototype, by quoting, by size. */
import type { Dice } from './dice.ts';

export const PROTOTYPE_NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'toJSON',
  'then',
  'length',
] as const;

export const NASTY_TEXTS: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udc00x',
  'x\ud83d',
  '\ufeff',
  '\u202e\u2066',
  '\u2028\u2029',
  '𠀀𪜀',
  '👩‍👩‍👧‍👦',
  'e\u0301\u0301\u0301',
  'ＡＢＣ１２３',
  'İıſK',
  "'",
  "'; DROP TABLE subjects; --",
  "' OR 1=1 --",
  '$1',
  '$$',
  '\\',
  '\\u0000',
  '%',
  '_',
  '%%%_%',
  '*',
  '(((((((((((a+)+)+)+)+)+)+)+)+)+)+$',
  '{"$gt":""}',
  '{{7*7}}',
  '${7*7}',
  '<script>alert(1)</script>',
  '../../etc/passwd',
  '\r\nSet-Cookie: x=1',
  '\\x',
  'null',
  'NaN',
  'Infinity',
  '-0',
  '1e400',
  '9'.repeat(400),
  '0x10',
  '2026-02-30',
  '2026-13-01',
  '99999-01-01',
  '-000001-01-01',
  '2026-01-01T00:00:00Z',
  '-infinity',
  'epoch',
  '信用'.repeat(200),
  'a'.repeat(10_000),
  ...PROTOTYPE_NAMES,
];

export function nastyText(dice: Dice): string {
  const text = dice.pick(NASTY_TEXTS);
  if (dice.chance(0.2)) return text + dice.pick(NASTY_TEXTS);
  if (dice.chance(0.1)) return String.fromCharCode(...dice.some(12, () => dice.below(0x10000)));
  return text;
}

/** Any JSON there is, of any type but the right one. */
export function nastyValue(dice: Dice, depth = 0): unknown {
  const kind = dice.below(depth > 3 ? 8 : 10);
  switch (kind) {
    case 0:
      return null;
    case 1:
      return dice.chance(0.5);
    case 2:
      return dice.pick([0, -1, 1, 1.5, 1e308, -1e308, 2 ** 31, 2 ** 53, -(2 ** 63), 1e-320, 1001, 1_000_000_000]);
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      return nastyText(dice);
    case 8:
      return dice.some(4, () => nastyValue(dice, depth + 1));
    default: {
      // Made by definition, so that `__proto__` becomes a member like any other.
      const members = dice.some(
        4,
        () => [dice.chance(0.5) ? dice.pick(PROTOTYPE_NAMES) : nastyText(dice), nastyValue(dice, depth + 1)] as const,
      );
      return Object.fromEntries(members);
    }
  }
}

/** As GraphQL writes a value; strings escaped as JSON has it, which GraphQL shares but for `\u` of lone surrogates. */
export function graphqlLiteral(dice: Dice): string {
  const value = nastyValue(dice);
  if (dice.chance(0.1)) return `"""${nastyText(dice)}"""`;
  if (dice.chance(0.1))
    return dice.pick(['ENUM_VALUE', 'true', 'null', '$undefined', '{}', '[]', '[[[[]]]]', '1.0e5', '-1', '00', '1_000']);
  return literal(value);
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, member]) => `${/^[A-Za-z_]\w*$/.test(key) ? key : 'k'}: ${literal(member)}`)
      .join(', ')}}`;
  }
  return JSON.stringify(value);
}
