import { describe, expect, it } from '@jest/globals';
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives';
import { buildSchema, parse, validate } from 'graphql';
import { GatewayError } from '../../src/errors.ts';
import { DocumentLimits } from '../../src/graphql/limits/document-limits.ts';

const schema = buildSchema('type Query { a: Query }');
const limits = new DocumentLimits({
  maxTokens: 500,
  maxDepth: 5,
  maxAliases: 4,
  maxDirectives: 4,
  maxRootFields: 6,
  maxLookups: 3,
});

/** The refusal's code and message, or how many look-ups a text within the limits has. */
function check(text: string): string | number {
  try {
    return limits.check(text, schema).lookups;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return `${error.code} ${error.message}`;
  }
}

const times = (count: number, part: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');

describe('each limit lets exactly as many pass, and not one more', () => {
  it.each<[string, (count: number) => string, number, string]>([
    ['tokens', (count) => `{ a { ${times(count - 5, () => 'a')} } }`, 500, 'MAX_TOKENS'],
    ['brackets', (count) => `${'{a'.repeat(count)}${'}'.repeat(count)}`, 40, 'MAX_DEPTH'],
    ['aliases', (count) => `{ a { ${times(count, (index) => `x${index}: a`)} } }`, 4, 'MAX_ALIASES'],
    ['aliases of __typename', (count) => `{ a { ${times(count, (index) => `x${index}: __typename`)} } }`, 4, 'MAX_ALIASES'],
    ['aliases called __typename', (count) => `{ a { ${times(count, () => '__typename: a')} } }`, 4, 'MAX_ALIASES'],
    [
      'aliases in a fragment that is spread again',
      (count) => `{ a { ...F } a { ...F ${times(count - 4, (i) => `y${i}: a`)} } } fragment F on Query { p: a q: a }`,
      4,
      'MAX_ALIASES',
    ],
    ['directives', (count) => `{ a { ${times(count, () => 'a @skip(if: false)')} } }`, 4, 'MAX_DIRECTIVES'],
    ['directives on one field', (count) => `{ a ${times(count, () => '@x')} }`, 4, 'MAX_DIRECTIVES'],
    ['directives on the operation', (count) => `query ${times(count, () => '@x')} { a }`, 4, 'MAX_DIRECTIVES'],
    ['directives on a variable', (count) => `query ($v: Int ${times(count, () => '@x')}) { a }`, 4, 'MAX_DIRECTIVES'],
    [
      'directives on a fragment nobody spreads',
      (count) => `{ a } fragment F on Query ${times(count, () => '@x')} { a }`,
      4,
      'MAX_DIRECTIVES',
    ],
    [
      'directives on spreads of one fragment',
      (count) => `{ ${times(count, () => '...F @skip(if: true)')} } fragment F on Query { a }`,
      4,
      'MAX_DIRECTIVES',
    ],
    ['root fields', (count) => `{ ${times(count, () => 'a')} }`, 6, 'MAX_ROOT_FIELDS'],
    [
      'root fields in fragments',
      (count) =>
        `{ ...F ${times(count - 4, () => 'a')} } fragment F on Query { ... on Query { a a } ...G } fragment G on Query { a a }`,
      6,
      'MAX_ROOT_FIELDS',
    ],
    ['look-ups by number', (count) => `{ ${times(count, () => 'subject(by: {idNumber: "1"}) { id }')} }`, 3, 'MAX_LOOKUPS'],
    [
      'look-ups by credit code',
      (count) => `{ ${times(count, () => 'subject(by: {creditCode: "1"}) { id }')} }`,
      3,
      'MAX_LOOKUPS',
    ],
    [
      'look-ups by a variable, whatever it holds',
      (count) => `query ($by: L!) { ${times(count, () => 'subject(by: $by) { id }')} }`,
      3,
      'MAX_LOOKUPS',
    ],
    [
      'look-ups by a variable inside',
      (count) => `query ($n: String) { ${times(count, () => 'subject(by: {idNumber: $n}) { id }')} }`,
      3,
      'MAX_LOOKUPS',
    ],
    [
      'listings of one subject',
      (count) => `{ ${times(count, () => 'records(filter: {subject: {idNumber: "1"}}) { totalCount }')} }`,
      3,
      'MAX_LOOKUPS',
    ],
    [
      'listings by a variable',
      (count) => `query ($f: F) { ${times(count, () => 'records(filter: $f) { totalCount }')} }`,
      3,
      'MAX_LOOKUPS',
    ],
    [
      'look-ups in fragments',
      (count) =>
        `{ ...F ${times(count - 1, () => 'subject(by: {idNumber: "1"}) { id }')} } fragment F on Query { subject(by: {idNumber: "1"}) { id } }`,
      3,
      'MAX_LOOKUPS',
    ],
  ])('%s', (_name, text, most, setting) => {
    expect(typeof check(text(most))).toBe('number');
    const refusal = check(text(most + 1));
    expect(refusal).toMatch(/^QUERY_TOO_COSTLY This /);
    expect(refusal).toContain(setting);
    expect(refusal).toContain(String(most));
  });
});

describe('what a limit does not count', () => {
  it('look-ups by id, which nobody can guess', () => {
    expect(check(`{ ${times(6, () => 'subject(by: {id: "x"}) { id }')} }`)).toBe(0);
    expect(check('query ($id: ID!) { subject(by: {id: $id}) { id } records(filter: {subject: {id: $id}}) { totalCount } }')).toBe(
      0,
    );
  });

  it('root fields of another operation in the same document', () => {
    expect(check(`query A { ${times(5, () => 'a')} } query B { ${times(5, () => 'a')} }`)).toBe(0);
  });

  it('text that is no GraphQL: its parser says what is wrong with it', () => {
    expect(check('{ a')).toBe(0);
    expect(check('{ a \u0000 }')).toBe(0);
  });
});

describe('texts made to cost the check itself', () => {
  it.each([
    ['brackets in tens of thousands', '{a'.repeat(50_000)],
    ['lists in lists', `{ a(x: ${'['.repeat(10_000)}`],
    [
      'fragments that double each other',
      `{ ...F0 } ${times(30, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)} fragment F30 on Query { a }`,
    ],
    ['a fragment in a circle', '{ ...F } fragment F on Query { a ...F ...G } fragment G on Query { ...F }'],
    ['one million tokens', `{ ${'a '.repeat(1_000_000)} }`],
  ])('%s are measured at once', (_name, text) => {
    const started = performance.now();
    check(text);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('the gaps of graphql-armor that make our own count necessary', () => {
  const armor = (text: string): number => {
    let refused = 0;
    const options = { n: 2, propagateOnRejection: false, onReject: [() => void (refused += 1)] };
    validate(schema, parse(text), [maxAliasesRule(options), maxDirectivesRule(options)]);
    return refused;
  };

  it.each([
    ['aliases of __typename', '{ a: __typename b: __typename c: __typename }'],
    [
      'directives on further spreads of a fragment',
      '{ ...F ...F @skip(if: true) ...F @skip(if: true) ...F @skip(if: true) } fragment F on Query { a }',
    ],
    ['directives on variables', 'query ($v: Int @x @x @x) { a }'],
    ['directives on a fragment nobody spreads', '{ a } fragment F on Query @x @x @x { a }'],
  ])('%s are not seen by its rules as they come', (_name, text) => {
    expect(armor(text)).toBe(0);
  });

  it('what it does see is refused by it', () => {
    expect(armor('{ x: a y: a z: a }')).toBe(1);
    expect(armor('{ a @x @x @x }')).toBe(1);
  });
});
