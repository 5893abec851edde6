/** Operations made from the catalog: whatever it holds is asked for, in every way that a field can be selected. */
import type { CatalogItem, EntryFamily, Family } from '../../src/catalog/model.ts';
import { INTERFACE_ROLES } from './interface-roles.ts';

export const INTERFACES: Readonly<Record<Family, string>> = {
  SUBJECT: 'Subject',
  RECORD: 'CreditRecord',
  LIST: 'ListEntry',
  COMMITMENT: 'Commitment',
  EVALUATION: 'Evaluation',
};

export const ROOTS: Readonly<Record<Family, string>> = {
  SUBJECT: 'subjects',
  RECORD: 'records',
  LIST: 'listEntries',
  COMMITMENT: 'commitments',
  EVALUATION: 'evaluations',
};
export const ENTRY_FAMILIES: readonly EntryFamily[] = ['RECORD', 'LIST', 'COMMITMENT', 'EVALUATION'];
export const ALL_FAMILIES: readonly Family[] = ['SUBJECT', ...ENTRY_FAMILIES];

const SYSTEM = 'id __typename catalogItem { code }';
const ENTRY_SYSTEM = 'status disputed publicityEnded';

/** Every interface field, by its own name. */
export function interfaceFields(family: Family): string {
  const system = family === 'SUBJECT' ? 'kind registered' : family === 'LIST' ? `${ENTRY_SYSTEM} nature` : ENTRY_SYSTEM;
  return `${SYSTEM} ${system} ${Object.keys(INTERFACE_ROLES[family]).join(' ')}`;
}

/** Every own field in an inline fragment, by its own name. */
export function ownFields(item: CatalogItem): string {
  return `... on ${item.typeName} { ${item.fields.map(({ key }) => key).join(' ')} }`;
}

/** Named fragments on the types, and on the interfaces, with an alias on everything: `...All_RECORD` spreads all of a family. */
export function namedFragments(items: readonly CatalogItem[], families: readonly Family[]): string {
  return families
    .map((family) => {
      const own = items.filter((item) => item.family === family);
      const types = own.map(
        (item) => `fragment Own_${item.typeName} on ${item.typeName} { ${aliasedOwn(item, items.indexOf(item))} }`,
      );
      const roles = Object.keys(INTERFACE_ROLES[family]).map((name) => `i_${name}: ${name}`);
      const all = `fragment All_${family} on Node { id __typename ... on ${INTERFACES[family]} { ${roles.join(' ')} } ${own.map((item) => `...Own_${item.typeName}`).join(' ')} }`;
      return [...types, all].join('\n');
    })
    .join('\n');
}

/** Aliases keep apart fields of the same name and different types. */
function aliasedOwn(item: CatalogItem, number: number): string {
  return item.fields.map(({ key }) => `o${number}_${key}: ${key}`).join(' ');
}

/** Own fields of all items of a family, each in an inline fragment, aliased where two could collide. */
export function aliasedInline(items: readonly CatalogItem[], family: Family): string {
  return items.map((item, at) => (item.family === family ? `... on ${item.typeName} { ${aliasedOwn(item, at)} }` : '')).join(' ');
}

export function list(values: readonly string[]): string {
  return JSON.stringify(values);
}
