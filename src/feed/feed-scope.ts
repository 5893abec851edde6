/** Which items a feed tells of: those that its `items` name, or whatever exists for the client. */
import type { CatalogItem } from '../catalog/model.ts';
import { GatewayError } from '../errors.ts';
import type { FeedView } from './feed-view.ts';

/**
 * @returns catalog codes, sorted; null: whatever exists for the client
 * @throws GatewayError BAD_USER_INPUT for a name that is no item; FILTER_FORBIDDEN for an item of which the client sees nothing
 */
export function scopeOf(names: readonly string[] | null, view: FeedView): readonly string[] | null {
  if (names === null) return null;
  const codes = names.map((name) => named(name, [view]).code);
  const visible = new Set(view.items().map(({ code }) => code));
  const closed = [...new Set(codes)].filter((code) => !visible.has(code));
  if (closed.length > 0) {
    throw new GatewayError('FILTER_FORBIDDEN', `items: this client sees nothing of ${closed.join(', ')}. Leave these out.`, {
      argument: 'items',
      items: closed,
    });
  }
  return [...new Set(codes)].sort();
}

/**
 * Whether a cursor's scope is the one that these names stand for (no names: whatever the cursor's is), in any of the views that the cursor knows: an item that was closed or
 * removed since is still the feed's.
 * @throws GatewayError BAD_USER_INPUT for a name that no view's catalog has
 */
export function sameScope(names: readonly string[] | null, scope: readonly string[] | null, views: readonly FeedView[]): boolean {
  if (names === null) return true;
  if (scope === null) return false;
  const codes = [...new Set(names.map((name) => named(name, views).code))].sort();
  return JSON.stringify(codes) === JSON.stringify(scope);
}

function named(name: string, views: readonly FeedView[]): CatalogItem {
  for (const { catalog } of views) {
    const item = catalog.item(name);
    if (item !== undefined) return item;
  }
  throw new GatewayError(
    'BAD_USER_INPUT',
    `items: there is no item ${JSON.stringify(name.slice(0, 64))}. Use catalog codes or type names.`,
  );
}
