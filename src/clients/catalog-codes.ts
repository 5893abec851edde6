import type { Catalog } from '../catalog/model.ts';

/** What this folder asks of the current catalog; null when none is published. */
export type CurrentItems = () => Promise<Pick<Catalog, 'item'> | null>;

/**
 * The catalog codes of items that an operator named by code or by type name, each once, in the catalog's writing.
 * Items that are not in the catalog are added to `faults`; without a catalog, so is the lack of it.
 */
export function catalogCodes(named: readonly string[], catalog: Awaited<ReturnType<CurrentItems>>, faults: string[]): string[] {
  if (named.length === 0) return [];
  if (catalog === null) {
    faults.push('No catalog is published, so no item can be named. Publish one first: `catalog publish FILE`.');
    return [];
  }
  const codes = new Set<string>();
  for (const name of named) {
    const item = catalog.item(name);
    if (item === undefined)
      faults.push(`The current catalog has no item “${name}”. \`catalog show\` lists the items by code and type name.`);
    else codes.add(item.code);
  }
  return [...codes];
}
