/** Every filter and order of every listing, used on values that the asking client may not know. */
import type { CatalogItem, Family, Role } from '../../src/catalog/model.ts';
import { list, ROOTS } from './documents.ts';
import { fieldOf } from './interface-roles.ts';
import type { Oracle, PartyInScope } from './oracle.ts';
import { cellOf, itemsOf, rowsOf } from './world.ts';
import type { Row, World } from './world.ts';

export interface Probe {
  readonly family: Family;
  readonly argument: string;
  readonly role: Role;
  /** the arguments of the listing, as GraphQL text */
  readonly text: string;
  readonly party: PartyInScope;
  /** the items in scope, by what the arguments name */
  readonly items: readonly CatalogItem[];
  /** whether the arguments name items, so that one outside the client's limits is refused */
  readonly named: boolean;
  /** the row whose value is guessed */
  readonly guessed: Row | null;
  matches(row: Row): boolean;
}

type Form = (value: string) => { text: string; matches: (value: string | null) => boolean };

const equal =
  (name: string): Form =>
  (value) => ({ text: `${name}: ${JSON.stringify(value)}`, matches: (other) => other === value });
const range =
  (name: string): Form =>
  (value) => ({
    text: `${name}: { from: ${JSON.stringify(value)}, to: ${JSON.stringify(value)} }`,
    matches: (other) => other === value,
  });
/** What only one side of a range tells. */
const from =
  (name: string): Form =>
  (value) => ({
    text: `${name}: { from: ${JSON.stringify(value)} }`,
    matches: (other) => other !== null && (name === 'amount' ? Number(other) >= Number(value) : other >= value),
  });
const name =
  (operator: string, cut: (value: string) => string, matches: (other: string, part: string) => boolean): Form =>
  (value) => ({
    text: `name: { ${operator}: ${JSON.stringify(cut(value))} }`,
    matches: (other) => other !== null && matches(other, cut(value)),
  });

const SHARED: readonly (readonly [Role, Form])[] = [
  ['DOCUMENT_NUMBER', equal('documentNumber')],
  ['AUTHORITY', equal('authority')],
];

const FILTERS: Readonly<Record<Family, readonly (readonly [Role, Form])[]>> = {
  SUBJECT: [
    ['SUBJECT_CODE', (value) => ({ text: `creditCodes: [${JSON.stringify(value)}]`, matches: (other) => other === value })],
    [
      'SUBJECT_NAME',
      name(
        'equals',
        (value) => value,
        (other, part) => other === part,
      ),
    ],
    [
      'SUBJECT_NAME',
      name(
        'startsWith',
        (value) => value.slice(0, -1),
        (other, part) => other.startsWith(part),
      ),
    ],
    [
      'SUBJECT_NAME',
      name(
        'contains',
        (value) => value.slice(-4),
        (other, part) => other.includes(part),
      ),
    ],
    [
      'DIVISION',
      (value) => ({
        text: `divisionCode: "${value}"`,
        matches: (other) => other?.startsWith(value.replace(/(00){1,2}$/, '')) === true,
      }),
    ],
    ['SUBJECT_STATUS', (value) => ({ text: `statuses: [${JSON.stringify(value)}]`, matches: (other) => other === value })],
  ],
  RECORD: [
    ...SHARED,
    ['DECIDED_ON', range('decidedOn')],
    ['DECIDED_ON', from('decidedOn')],
    ['AMOUNT', range('amount')],
    ['AMOUNT', from('amount')],
  ],
  LIST: [
    ...SHARED,
    ['LIST_NAME', equal('listName')],
    ['LISTED_ON', range('listedOn')],
    ['REMOVED_ON', () => ({ text: 'listedNow: true', matches: (other) => other === null || other >= '2300-01-01' })],
    ['REMOVED_ON', () => ({ text: 'listedNow: false', matches: (other) => other !== null && other < '2000-01-01' })],
  ],
  COMMITMENT: [
    ...SHARED,
    ['COMMITMENT_KIND', equal('kind')],
    ['COMMITTED_ON', range('committedOn')],
    ['FULFILMENT', equal('fulfilment')],
  ],
  EVALUATION: [...SHARED, ['GRADE', equal('grade')], ['EVALUATED_ON', range('evaluatedOn')]],
};

const ORDERS: Readonly<Record<Family, readonly (readonly [string, Role])[]>> = {
  SUBJECT: [
    ['CREDIT_CODE', 'SUBJECT_CODE'],
    ['NAME', 'SUBJECT_NAME'],
  ],
  RECORD: [
    ['DECIDED_ON', 'DECIDED_ON'],
    ['AMOUNT', 'AMOUNT'],
  ],
  LIST: [['LISTED_ON', 'LISTED_ON']],
  COMMITMENT: [['COMMITTED_ON', 'COMMITTED_ON']],
  EVALUATION: [['EVALUATED_ON', 'EVALUATED_ON']],
};

/** The two ends of a scope: one item alone, and everything at once. */
interface Scope {
  readonly items: readonly CatalogItem[];
  readonly text: string;
  readonly party: PartyInScope;
  readonly named: boolean;
}

function scopesOf(world: World, family: Family): Scope[] {
  const items = itemsOf(world, family);
  if (family === 'SUBJECT') {
    return [
      { items, text: '', party: 'ANY', named: false },
      { items, text: 'kinds: [NATURAL_PERSON]', party: 'PERSON', named: false },
      { items, text: 'kinds: [ENTERPRISE]', party: 'ORGANIZATION', named: false },
    ];
  }
  return [
    { items, text: '', party: 'ANY', named: false },
    ...items.map((item): Scope => ({ items: [item], text: `items: ${list([item.code])}`, party: 'ANY', named: true })),
  ];
}

/** For each filter argument and scope: a guess at a value that is withheld from the client where there is one, else at any value. */
export function filterProbes(oracle: Oracle, family: Family): Probe[] {
  const { world } = oracle;
  return scopesOf(world, family).flatMap((scope) =>
    FILTERS[family].flatMap(([role, form]) => {
      const organizations = role === 'SUBJECT_CODE';
      if (organizations && scope.party !== 'ANY') return [];
      const party = organizations ? 'ORGANIZATION' : scope.party;
      const guessed = guessable(oracle, family, scope, role, party);
      if (guessed === null) return [];
      const { text, matches } = form(guessed.value);
      return [
        {
          ...{ family, role, party, items: scope.items, named: scope.named, guessed: guessed.row },
          argument: text.split(':')[0] ?? '',
          text: `filter: { ${[scope.text, text].filter((part) => part !== '').join(', ')} }`,
          matches: (row: Row) => inParty(row, party) && scope.items.includes(row.item) && matches(valueOf(row, role)),
        },
      ];
    }),
  );
}

/** For each order, direction and scope. */
export function orderProbes(oracle: Oracle, family: Family): Probe[] {
  return scopesOf(oracle.world, family).flatMap((scope) =>
    ORDERS[family].flatMap(([by, role]) =>
      ['ASC', 'DESC'].map((direction) => ({
        ...{ family, role, party: scope.party, items: scope.items, named: scope.named, guessed: null },
        argument: `orderBy ${by} ${direction}`,
        text: `${scope.text === '' ? '' : `filter: { ${scope.text} }, `}orderBy: { by: ${by}, direction: ${direction} }`,
        matches: (row: Row) => inParty(row, scope.party) && scope.items.includes(row.item),
      })),
    ),
  );
}

/** "A filter or order on a role that is not fully open for some item in scope is refused": or that rests encrypted, where nothing can be compared. */
export function isRefused(oracle: Oracle, { items, role, party, named }: Probe): boolean {
  if (named && items.some((item) => !oracle.inLimits(item))) return true;
  const inScope = items.filter((item) => concerns(item, party) && oracle.reaches(item));
  return inScope.some((item) => !oracle.mayUse(item, role, party) || fieldOf(item, role)?.securityLevel === 'L4');
}

export function rootOf({ family }: Probe): string {
  return ROOTS[family];
}

export function valueOf(row: Row, role: Role): string | null {
  const field = fieldOf(row.item, role);
  return field === undefined ? null : cellOf(row, field.key).value;
}

function guessable(
  oracle: Oracle,
  family: Family,
  scope: Scope,
  role: Role,
  party: PartyInScope,
): { row: Row; value: string } | null {
  const rows = rowsOf(oracle.world, family).filter(
    (row) => scope.items.includes(row.item) && inParty(row, party) && valueOf(row, role) !== null,
  );
  const closed = rows.filter((row) => oracle.exists(row) && isClosed(oracle, row, role));
  const row = closed[0] ?? rows.find((candidate) => oracle.exists(candidate)) ?? rows[0];
  const value = row === undefined ? null : valueOf(row, role);
  return row === undefined || value === null ? null : { row, value };
}

function isClosed(oracle: Oracle, row: Row, role: Role): boolean {
  const field = fieldOf(row.item, role);
  return field !== undefined && oracle.decision(row, field).outcome !== 'OPEN';
}

function inParty({ subject }: Row, party: PartyInScope): boolean {
  return party === 'ANY' || subject.person === (party === 'PERSON');
}

function concerns({ subjectScope }: CatalogItem, party: PartyInScope): boolean {
  return party === 'ANY' || subjectScope === 'ALL' || subjectScope === party;
}
