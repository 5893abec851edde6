import type { Catalog, CatalogItem } from '../catalog/model.ts';
import { OperatorError } from '../errors.ts';

/** @throws OperatorError with the names that come nearest, when the catalog has no item of that code or type name */
export function findItem(catalog: Catalog | null, name: string): { readonly catalog: Catalog; readonly item: CatalogItem } {
  if (catalog === null || catalog.items.length === 0) {
    throw new OperatorError(
      'No catalog is published yet (尚未发布目录), so no file can be checked. Publish one first: catalog publish FILE',
    );
  }
  const item = catalog.item(name);
  if (item !== undefined) return { catalog, item };
  const near = nearest(catalog, name);
  const list = near.map(({ code, typeName, nameZh }) => `\n  ${code}  ${typeName}  ${nameZh}`).join('');
  throw new OperatorError(
    `The catalog (version ${catalog.version}) has no item "${name}" (目录中没有该项目). Give a catalog code or a type name` +
      (near.length === catalog.items.length ? `; it has:${list}` : `. Did you mean:${list}`),
  );
}

/** By spelling, or because the name given is part of one of the item's names; all items when nothing is near. */
function nearest(catalog: Catalog, name: string): readonly CatalogItem[] {
  const wanted = name.trim().toLowerCase();
  const ranked = catalog.items
    .map((item) => {
      const names = [item.code, item.typeName.toLowerCase(), item.nameZh, item.nameEn.toLowerCase()];
      const contained = wanted.length >= 2 && names.some((own) => own.includes(wanted) || wanted.includes(own));
      return { item, distance: contained ? 0 : Math.min(...names.map((own) => editDistance(own, wanted))) };
    })
    .filter(({ distance }) => distance <= Math.max(2, Math.floor(wanted.length / 4)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 5)
    .map(({ item }) => item);
  return ranked.length > 0 ? ranked : catalog.items;
}

/** Levenshtein's: insertions, deletions and substitutions of one character. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
