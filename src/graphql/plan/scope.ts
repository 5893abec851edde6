/** Which items an operation's rows may be of: by family, by whom they are about, by what the caller sees, by `filter.items`. */
import type { AccessProfile, Party } from '../../access/index.ts';
import type { Catalog, CatalogItem, EntryFamily, Family } from '../../catalog/model.ts';
import { GatewayError } from '../../errors.ts';
import type { Filter } from './arguments.ts';

export interface ScopeInput {
  readonly catalog: Catalog;
  readonly profile: AccessProfile;
}

/** Items of a family whose rows may be about the party, and that the caller has any row of. */
export function itemsInScope({ catalog, profile }: ScopeInput, family: Family, party: Party): CatalogItem[] {
  return catalog.items.filter((item) => item.family === family && concerns(item, party) && profile.anyVisible(item.code));
}

/**
 * The same, narrowed by `items` and `natures`.
 * @throws GatewayError BAD_USER_INPUT for a name that is no item of the family, FILTER_FORBIDDEN for one outside the client's limits
 */
export function namedItems(input: ScopeInput, family: EntryFamily, party: Party, filter: Filter): CatalogItem[] {
  const named = filter.items == null ? null : new Set(filter.items.map((name) => itemNamed(input, family, name).code));
  const { natures } = filter;
  return itemsInScope(input, family, party).filter(
    (item) =>
      (named === null || named.has(item.code)) &&
      (natures == null || (item.listNature !== null && natures.includes(item.listNature))),
  );
}

function itemNamed({ catalog, profile }: ScopeInput, family: EntryFamily, name: string): CatalogItem {
  const item = catalog.item(name);
  if (item?.family !== family) {
    const known = catalog.items.filter((candidate) => candidate.family === family).map(nameOf);
    throw new GatewayError(
      'BAD_USER_INPUT',
      `filter.items: there is no such item of this kind: ${JSON.stringify(name.slice(0, 64))}. Known: ${known.join(', ')}.`,
    );
  }
  if (!profile.withinLimits(item.code)) {
    throw new GatewayError('FILTER_FORBIDDEN', `filter.items: ${nameOf(item)} is outside the items this client is limited to.`, {
      argument: 'filter.items',
      items: [item.code],
    });
  }
  return item;
}

/** How messages name an item: both words that `filter.items` takes. */
export function nameOf(item: CatalogItem): string {
  return `${item.code} (${item.typeName})`;
}

/** The narrower of two parties. Where they exclude each other the key's own party still stands in SQL, and leaves no row. */
export function narrower(parent: Party, key: Party): Party {
  return parent === 'ANY' ? key : parent;
}

/** Whom subjects of these kinds, or with a credit code, are. */
export function partyOfSubjects(filter: Filter): Party {
  if (filter.creditCodes != null) return 'ORGANIZATION';
  if (filter.kinds == null) return 'ANY';
  if (!filter.kinds.includes('NATURAL_PERSON')) return 'ORGANIZATION';
  return filter.kinds.every((kind) => kind === 'NATURAL_PERSON') ? 'PERSON' : 'ANY';
}

function concerns(item: CatalogItem, party: Party): boolean {
  return party === 'ANY' || item.subjectScope === 'ALL' || item.subjectScope === party;
}
