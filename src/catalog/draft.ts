import type { CatalogField, CatalogItem } from './model.ts';

/** What could be read of something: an attribute is undefined where its cell was wrong (and has been reported). */
type Draft<T> = { readonly [K in keyof T]: T[K] | undefined };

/** One field row as far as it could be read. */
export interface FieldDraft extends Draft<CatalogField> {
  readonly row: number;
}

/** One item as far as it could be read. */
export interface ItemDraft extends Draft<Omit<CatalogItem, 'fields'>> {
  readonly row: number;
  readonly fields: readonly FieldDraft[];
}

/** How an item is called in a finding, whichever of its names could be read. */
export function itemLabel(item: ItemDraft): string {
  return item.code ?? item.typeName ?? item.nameZh ?? `row ${item.row}`;
}

/** How a field is called in a finding. */
export function fieldLabel(field: FieldDraft): string {
  return field.key ?? field.nameZh ?? `row ${field.row}`;
}
