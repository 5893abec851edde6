import type { Catalog, CatalogDocument, CatalogField, CatalogItem } from './model.ts';

/**
 * A catalog with its look-ups. Deep-frozen: whoever holds it may keep it for as long as its request lasts.
 * @param source the sheet's file name, or what was rolled back to
 */
export function catalogFromDocument(version: number, publishedAt: Date, source: string, document: CatalogDocument): Catalog {
  const items = Object.freeze(document.items.map(frozenItem));
  const byName = new Map<string, CatalogItem>();
  for (const item of items) {
    byName.set(item.code, item);
    byName.set(item.typeName, item);
  }
  return Object.freeze({
    version,
    publishedAt,
    source,
    items,
    item: (codeOrTypeName: string) => byName.get(codeOrTypeName),
  });
}

/** What holds before anything was published: version 0, without items, so that nobody sees anything. */
export const NO_CATALOG: Catalog = catalogFromDocument(0, new Date(0), '', { items: [] });

function frozenItem(item: CatalogItem): CatalogItem {
  return Object.freeze({ ...item, fields: Object.freeze(item.fields.map(frozenField)) });
}

function frozenField(field: CatalogField): CatalogField {
  return Object.freeze({ ...field, values: field.values === null ? null : Object.freeze([...field.values]) });
}
