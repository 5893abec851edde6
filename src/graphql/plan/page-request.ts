/** The page that a listing asks for: every use of a field is an access, so its filters and its order are checked here. */
import type { Party } from '../../access/index.ts';
import type { CatalogItem, Role } from '../../catalog/model.ts';
import { fieldWithRole, restsSealed } from '../../catalog/model.ts';
import { GatewayError } from '../../errors.ts';
import type { Order, PageRequest } from '../../reading/read-plan.ts';
import { MAX_PAGE } from './arguments.ts';
import type { PageArguments } from './arguments.ts';
import { conditionsOf } from './conditions.ts';
import type { NamedCondition } from './conditions.ts';
import { nameOf } from './scope.ts';
import type { ScopeInput } from './scope.ts';

export interface PageInput extends ScopeInput {
  readonly today: string;
}

/** Where a listing stands in the operation, and what it lists. */
export interface Listing {
  /** schema coordinate of the field, for messages */
  readonly coordinate: string;
  readonly items: readonly CatalogItem[];
  readonly party: Party;
  readonly family: CatalogItem['family'];
}

/** Words of `orderBy.by` that are not the name of a role. */
const ORDER_ROLES: Readonly<Record<string, Role>> = { CREDIT_CODE: 'SUBJECT_CODE', NAME: 'SUBJECT_NAME' };

/**
 * @param noteBeyondPublic told of arguments that use a field beyond 社会公开
 * @throws GatewayError FILTER_FORBIDDEN naming the items; BAD_USER_INPUT for a page size or a value that cannot be
 */
export function pageRequest(
  input: PageInput,
  given: PageArguments,
  listing: Listing,
  noteBeyondPublic: (coordinate: string) => void,
): Omit<PageRequest, 'wantsRows' | 'wantsTotal' | 'wantsCursors'> {
  if (given.first < 0 || given.first > MAX_PAGE) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      `first takes 0 to ${String(MAX_PAGE)}. Read more with after and the page's endCursor.`,
    );
  }
  const conditions = conditionsOf(given.filter ?? {}, input.today);
  const order = orderOf(given);
  for (const { on, argument } of [...conditions, { on: order.by, argument: 'orderBy' }]) {
    if (on === 'STATUS' || on === 'UPDATED_AT' || on === 'KIND') continue;
    requireOpen(input, on, argument, listing);
    if (usesBeyondPublic(input, on, listing)) noteBeyondPublic(`${listing.coordinate}(${argument})`);
  }
  return {
    conditions: conditions.map(({ on, operator, value }) => ({ on, operator, value })),
    order,
    first: given.first,
    after: given.after ?? null,
    cursorScope: JSON.stringify([listing.family, given.filter ?? null, order]),
  };
}

/** Refused, never dropped: without the filter the answer would be to another question. */
function requireOpen(
  { profile }: PageInput,
  role: Role,
  argument: NamedCondition['argument'],
  { coordinate, items, party }: Listing,
): void {
  const closed = items.filter((item) => !profile.mayFilter(item.code, role, party) || isSealedRole(item, role));
  if (closed.length === 0) return;
  const mend =
    items[0]?.family === 'SUBJECT'
      ? 'Narrow filter.kinds, or leave it out.'
      : 'Leave these out of filter.items, or leave the argument out.';
  throw new GatewayError(
    'FILTER_FORBIDDEN',
    `${coordinate}(${argument}) needs a field that is not fully open to this client for: ${closed.map(nameOf).join(', ')}. ${mend}`,
    { argument, items: closed.map((item) => item.code) },
  );
}

/** What rests encrypted stands in no column: a filter on it would find nothing, which is another answer than the right one. */
function isSealedRole(item: CatalogItem, role: Role): boolean {
  const field = fieldWithRole(item, role);
  return field !== undefined && restsSealed(field);
}

function usesBeyondPublic({ profile }: PageInput, role: Role, { items }: Listing): boolean {
  return items.some((item) => {
    const field = fieldWithRole(item, role);
    return field !== undefined && profile.beyondPublic(item.code, field.key);
  });
}

/**
 * Unless told otherwise, the newest change first: the one order that every caller may use on every item,
 * because the gateway itself fills it.
 */
function orderOf({ orderBy }: PageArguments): Order {
  if (orderBy == null) return { by: 'UPDATED_AT', direction: 'DESC' };
  return { by: ORDER_ROLES[orderBy.by] ?? (orderBy.by as Order['by']), direction: orderBy.direction };
}
