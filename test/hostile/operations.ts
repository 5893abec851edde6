/** Operations of the grammar, right ones and ones that are nearly right. */
import type { Dice } from './dice.ts';
import { graphqlLiteral, nastyText, nastyValue, PROTOTYPE_NAMES } from './nasty-values.ts';

export interface OperationShape {
  /** type names of the catalog's items */
  readonly types: readonly string[];
  /** the items' own fields by listing, each with the type it stands on */
  readonly own: readonly { readonly listing: string; readonly type: string; readonly fields: readonly string[] }[];
  /** names of fields, of interfaces and of items */
  readonly fields: readonly string[];
  /** identifiers of organizations that there are */
  readonly codes: readonly string[];
  /** ids and cursors that an earlier answer gave */
  readonly tokens: readonly string[];
}

/** Right in every point: such operations must be answered, whatever else goes on. */
export function sound(dice: Dice, shape: OperationShape): string {
  const roots = Array.from({ length: 1 + dice.below(3) }, (_, index) => {
    const { listing, type, fields: names } = dice.pick(shape.own);
    const chosen = names.filter(() => dice.chance(0.4)).join(' ');
    const total = dice.chance(0.3) ? 'totalCount ' : '';
    return `r${String(index)}: ${listing}(first: ${String(dice.below(20))}) { ${total}pageInfo { endCursor } edges { cursor node { id __typename ... on ${type} { id ${chosen} } } } }`;
  });
  return `query Named { ${roots.join(' ')} viewer { id } }`;
}

const LISTINGS = ['subjects', 'records', 'listEntries', 'commitments', 'evaluations'] as const;
const INTERFACES = [
  'Subject',
  'CreditEntry',
  'CreditRecord',
  'ListEntry',
  'Commitment',
  'Evaluation',
  'Node',
  'Nothing',
] as const;
const ARGUMENTS = ['first', 'after', 'filter', 'orderBy', 'by', 'id', 'version', ...PROTOTYPE_NAMES] as const;
const FILTERS = [
  'items',
  'subject',
  'documentNumber',
  'authority',
  'decidedOn',
  'amount',
  'status',
  'updatedAt',
  'creditCodes',
  'name',
  'kinds',
  'divisionCode',
  'natures',
  'listedNow',
  'grade',
] as const;

export function operation(dice: Dice, shape: OperationShape): string {
  const roots = dice.some(3, () => root(dice, shape));
  const body = `{ ${roots.length === 0 ? root(dice, shape) : roots.join(' ')} }`;
  const head = dice.pick([
    '',
    'query ',
    'query Named ',
    'query ($x: String, $n: Int) ',
    'mutation ',
    'subscription ',
    `query ${dice.pick(PROTOTYPE_NAMES)} `,
  ]);
  const fragments = dice.chance(0.2)
    ? ` fragment ${dice.pick(['F', 'G', ...PROTOTYPE_NAMES])} on ${dice.pick(INTERFACES)} ${fields(dice, shape, 2)}`
    : '';
  return `${head}${body}${fragments}`;
}

function root(dice: Dice, shape: OperationShape): string {
  const alias = dice.chance(0.2) ? `${dice.pick(['a', 'data', 'errors', ...PROTOTYPE_NAMES])}: ` : '';
  const listing = dice.pick(LISTINGS);
  switch (dice.below(9)) {
    case 0:
      return `${alias}subject(by: {creditCode: "${dice.pick(shape.codes)}"}) ${fields(dice, shape, 3)}`;
    case 1:
      return `${alias}subject(by: ${dice.chance(0.5) ? graphqlLiteral(dice) : `{idNumber: ${JSON.stringify(nastyText(dice))}}`}) ${fields(dice, shape, 3)}`;
    case 2:
      return `${alias}node(id: ${dice.chance(0.5) ? JSON.stringify(token(dice, shape)) : graphqlLiteral(dice)}) ${fields(dice, shape, 3)}`;
    case 3:
      return `${alias}${listing}(first: ${dice.pick(['1', '3', '0', '-1', '1001', '2147483648', '1.5', 'null', '$n'])}, after: ${JSON.stringify(token(dice, shape))}) ${page(dice, shape)}`;
    case 4:
      return `${alias}${listing}(first: 2, filter: {${filter(dice)}}) ${page(dice, shape)}`;
    case 5:
      return `${alias}${listing}(${dice.pick(ARGUMENTS)}: ${graphqlLiteral(dice)}) ${page(dice, shape)}`;
    case 6:
      return dice.pick([
        'viewer { id kind name }',
        'catalog { version }',
        '__typename',
        '__schema { types { name } }',
        '__type(name: "Query") { name fields { name } }',
      ]);
    case 7:
      return `${alias}${dice.pick([...PROTOTYPE_NAMES, 'nothing', 'accessHistory', 'statistics', 'changes'])} ${dice.chance(0.5) ? fields(dice, shape, 2) : ''}`;
    default:
      return `${alias}${listing}(first: 2) ${page(dice, shape)}`;
  }
}

function filter(dice: Dice): string {
  const name = dice.pick(FILTERS);
  switch (name) {
    case 'items':
    case 'creditCodes':
    case 'kinds':
    case 'natures':
      return `${name}: [${dice.some(4, () => JSON.stringify(nastyText(dice))).join(', ')}]`;
    case 'decidedOn':
    case 'amount':
    case 'updatedAt':
      return `${name}: {from: ${graphqlLiteral(dice)}, to: ${JSON.stringify(nastyText(dice))}}`;
    case 'name':
      return `name: {${dice.pick(['equals', 'startsWith', 'contains', 'matches'])}: ${JSON.stringify(nastyText(dice))}}`;
    default:
      return `${name}: ${dice.chance(0.6) ? JSON.stringify(nastyText(dice)) : graphqlLiteral(dice)}`;
  }
}

function page(dice: Dice, shape: OperationShape): string {
  return `{ ${dice.chance(0.5) ? 'totalCount ' : ''}pageInfo { hasNextPage endCursor } edges { cursor node ${fields(dice, shape, 3)} } }`;
}

function fields(dice: Dice, shape: OperationShape, depth: number): string {
  const parts = ['id', ...dice.some(5, () => field(dice, shape, depth))];
  return `{ ${parts.join(' ')} }`;
}

function field(dice: Dice, shape: OperationShape, depth: number): string {
  const directive = dice.chance(0.1)
    ? ` @${dice.pick(['include', 'skip', 'deprecated', ...PROTOTYPE_NAMES])}(if: ${dice.pick(['true', 'false', '$x', 'null', '1'])})`
    : '';
  switch (dice.below(depth <= 0 ? 3 : 6)) {
    case 0:
      return `__typename${directive}`;
    case 1:
      return `${dice.pick(shape.fields)}${directive}`;
    case 2:
      return `${dice.pick(['x', 'id', ...PROTOTYPE_NAMES])}: ${dice.pick([...shape.fields, ...PROTOTYPE_NAMES])}${directive}`;
    case 3:
      return `... on ${dice.pick([...shape.types, ...INTERFACES])}${directive} ${fields(dice, shape, depth - 1)}`;
    case 4:
      return `${dice.pick(LISTINGS)}(first: ${dice.pick(['1', '2', '-5'])})${directive} ${page(dice, { ...shape, fields: shape.fields })}`;
    default:
      return dice.chance(0.5)
        ? `...${dice.pick(['F', 'G', ...PROTOTYPE_NAMES])}${directive}`
        : `subject ${fields(dice, shape, depth - 1)}`;
  }
}

function token(dice: Dice, shape: OperationShape): string {
  const given = dice.pick(shape.tokens);
  switch (dice.below(6)) {
    case 0:
      return given;
    case 1:
      return given.slice(0, dice.below(given.length));
    case 2: {
      const at = dice.below(given.length);
      return `${given.slice(0, at)}${dice.pick(['A', '-', '=', '\u0000', '数'])}${given.slice(at + 1)}`;
    }
    case 3:
      return given.repeat(dice.pick([2, 50, 2_000]));
    case 4:
      return Buffer.from(JSON.stringify(nastyValue(dice))).toString('base64url');
    default:
      return nastyText(dice);
  }
}

/** The text with characters taken out, doubled, swapped or put in. */
export function damaged(dice: Dice, text: string): string {
  let damagedText = text;
  for (let round = dice.below(4); round >= 0; round -= 1) {
    const at = dice.below(damagedText.length + 1);
    const [before, after] = [damagedText.slice(0, at), damagedText.slice(at)];
    damagedText = dice.pick([
      before + after.slice(1 + dice.below(20)),
      before +
        dice.pick([
          '{',
          '}',
          '(',
          ')',
          '[',
          ']',
          '"',
          '"""',
          '\\',
          '$',
          '@',
          '...',
          ':',
          '!',
          '|',
          '&',
          '#',
          '\u0000',
          '\ud800',
          nastyText(dice),
        ]) +
        after,
      after + before,
    ]);
  }
  return damagedText;
}

/** Nested for as long as patience or a limit lasts. */
export function deep(dice: Dice): string {
  const depth = dice.pick([5, 15, 30, 100, 1_000, 20_000]);
  switch (dice.below(5)) {
    case 0:
      return `{ ${'subject(by: {id: "x"}) { records { edges { node { subject { '.repeat(Math.min(depth, 2_000))}id`;
    case 1:
      return `{ subjects(first: 1) { edges { node { id ${'records(first: 1) { edges { node { id subject { id '.repeat(Math.min(depth, 500))}${'} } } } '.repeat(Math.min(depth, 500))}} } } }`;
    case 2:
      return `{ subjects(filter: ${'['.repeat(depth)}${']'.repeat(depth)}) { totalCount } }`;
    case 3:
      return `{ subjects(filter: ${'{name: '.repeat(depth)}1${'}'.repeat(depth)}) { totalCount } }`;
    default:
      return `query ($x: ${'['.repeat(depth)}Int${']'.repeat(depth)}) { viewer { id } }`;
  }
}

/** Wide instead of deep: many of something. */
export function wide(dice: Dice, shape: OperationShape): string {
  const count = dice.pick([10, 50, 300, 3_000]);
  const many = (part: (index: number) => string): string => Array.from({ length: count }, (_, index) => part(index)).join(' ');
  switch (dice.below(8)) {
    case 0:
      return `{ ${many((index) => `s${index}: subject(by: {idNumber: "1501011990010${String(index).padStart(5, '0')}"}) { id }`)} }`;
    case 1:
      return `{ subjects(first: 1) { edges { node { ${many((index) => `a${index}: id`)} } } } }`;
    case 2:
      return `{ ${many((index) => `t${index}: __typename`)} }`;
    case 3:
      return `{ viewer { id ${many(() => '@include(if: true)')} } }`;
    case 4:
      return `{ ${many((index) => `...F${index}`)} } ${many((index) => `fragment F${index} on Query { ...F${index + 1} viewer { id } }`)}`;
    case 5:
      return `query (${many((index) => `$v${index}: String`)}) { viewer { id } }`;
    case 6:
      return `{ subjects(first: 1000) { edges { node { records(first: 1000) { edges { node { id ${shape.fields.slice(0, 30).join(' ')} } } } } } } }`;
    default:
      return `{ subjects(first: 1, filter: {creditCodes: [${many(() => `"${dice.pick(shape.codes)}"`)}]}) { totalCount } } #${'x'.repeat(count * 10)}`;
  }
}
