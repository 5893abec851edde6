/** Which items a client may export: every use of a field is an access, and exporting is one (DESIGN §3). */
import type { AccessProfile } from '../access/index.ts';
import type { Catalog, CatalogItem } from '../catalog/model.ts';
import { GatewayError } from '../errors.ts';

/**
 * @param names catalog codes or type names
 * @returns each item once, in the order of the catalog
 * @throws GatewayError BAD_USER_INPUT for a name that is no item, or none at all; FILTER_FORBIDDEN naming those of which no row can exist for the client
 */
export function exportableItems(catalog: Catalog, profile: AccessProfile, names: readonly string[]): CatalogItem[] {
  if (names.length === 0) throw new GatewayError('BAD_USER_INPUT', 'items must name at least one item.', { argument: 'items' });
  const codes = new Set<string>();
  for (const name of names) {
    const item = catalog.item(name);
    if (item === undefined) {
      throw new GatewayError(
        'BAD_USER_INPUT',
        `items: there is no such item: ${JSON.stringify(name.slice(0, 64))}. The catalog names them.`,
        {
          argument: 'items',
        },
      );
    }
    codes.add(item.code);
  }
  const items = catalog.items.filter(({ code }) => codes.has(code));
  const closed = items.filter(({ code }) => !profile.anyVisible(code));
  if (closed.length > 0) {
    const named = closed.map(({ code, typeName }) => `${code} (${typeName})`).join(', ');
    throw new GatewayError('FILTER_FORBIDDEN', `items: nothing of these is open to this client: ${named}. Leave them out.`, {
      argument: 'items',
      items: closed.map(({ code }) => code),
    });
  }
  return items;
}
