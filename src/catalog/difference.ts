import { maskChangesForm } from './mask-form.ts';
import type { CatalogDocument, CatalogField, CatalogItem } from './model.ts';
import { fieldCells, itemCells } from './sheet-cells.ts';
import { FIELD_COLUMNS, ITEM_COLUMNS } from './sheet-columns.ts';
import type { FieldColumn, ItemColumn } from './sheet-columns.ts';

/** One cell that is not what it was, in the sheet's words; '' where it was or became blank. */
export interface CellChange<C extends string> {
  readonly column: C;
  readonly from: string;
  readonly to: string;
}

/** A field (same item, same key) that differs. */
export interface FieldChange {
  readonly before: CatalogField;
  readonly after: CatalogField;
  readonly cells: readonly CellChange<FieldColumn>[];
}

/** An item (same code) that differs. */
export interface ItemChange {
  readonly before: CatalogItem;
  readonly after: CatalogItem;
  readonly cells: readonly CellChange<ItemColumn>[];
  readonly fieldsAdded: readonly CatalogField[];
  readonly fieldsRemoved: readonly CatalogField[];
  readonly fieldsChanged: readonly FieldChange[];
  /** the fields that both have stand in another order */
  readonly reordered: boolean;
}

export interface CatalogDifference {
  readonly itemsAdded: readonly CatalogItem[];
  readonly itemsRemoved: readonly CatalogItem[];
  readonly itemsChanged: readonly ItemChange[];
  /** the items that both have stand in another order */
  readonly reordered: boolean;
  /** whether the API's schema has to be compiled anew; false: at most permissions, import rules or descriptive elements differ */
  readonly structure: boolean;
}

/** What the schema is made of. A mask is among it where it changes the field's GraphQL type; see `changesSchema`. */
const SCHEMA_OF_ITEM: readonly ItemColumn[] = ['接口类型名', '项目名称', '项目英文名', '信息归属', '主体范围', '名单性质'];
const SCHEMA_OF_FIELD: readonly FieldColumn[] = ['信息内容', '数据项英文名', '标准要素', '数据格式'];

/** Structural difference: items by code, fields by key. A renamed code or key is one removed and one added. */
export function catalogDifference(before: CatalogDocument, after: CatalogDocument): CatalogDifference {
  const items = compareLists(before.items, after.items, (item) => item.code);
  const itemsChanged = items.common.map(([old, next]) => compareItems(old, next)).filter((change) => change !== undefined);
  return {
    itemsAdded: items.added,
    itemsRemoved: items.removed,
    itemsChanged,
    reordered: items.reordered,
    structure: items.added.length > 0 || items.removed.length > 0 || itemsChanged.some(changesSchema),
  };
}

export function isSame(difference: CatalogDifference): boolean {
  const { itemsAdded, itemsRemoved, itemsChanged, reordered } = difference;
  return itemsAdded.length === 0 && itemsRemoved.length === 0 && itemsChanged.length === 0 && !reordered;
}

/** The codes of the items that are added, removed or changed. */
export function itemsConcerned(difference: CatalogDifference): readonly string[] {
  return [...difference.itemsAdded, ...difference.itemsRemoved, ...difference.itemsChanged.map((change) => change.after)].map((item) => item.code);
}

function compareItems(before: CatalogItem, after: CatalogItem): ItemChange | undefined {
  const cells = compareCells(ITEM_COLUMNS, itemCells(before), itemCells(after));
  const fields = compareLists(before.fields, after.fields, (field) => field.key);
  const fieldsChanged = fields.common
    .map(([old, next]): FieldChange => ({ before: old, after: next, cells: compareCells(FIELD_COLUMNS, fieldCells(old), fieldCells(next)) }))
    .filter((change) => change.cells.length > 0);
  const same = fields.added.length + fields.removed.length + fieldsChanged.length + cells.length === 0 && !fields.reordered;
  if (same) return undefined;
  return { before, after, cells, fieldsAdded: fields.added, fieldsRemoved: fields.removed, fieldsChanged, reordered: fields.reordered };
}

function compareCells<C extends string>(
  columns: readonly C[],
  before: Readonly<Record<C, string>>,
  after: Readonly<Record<C, string>>,
): readonly CellChange<C>[] {
  return columns
    .map((column) => ({ column, from: before[column], to: after[column] }))
    .filter(({ from, to }) => from !== to);
}

interface ListComparison<T> {
  readonly added: readonly T[];
  readonly removed: readonly T[];
  readonly common: readonly (readonly [before: T, after: T])[];
  readonly reordered: boolean;
}

function compareLists<T>(before: readonly T[], after: readonly T[], nameOf: (thing: T) => string): ListComparison<T> {
  const old = new Map(before.map((thing) => [nameOf(thing), thing]));
  const next = new Map(after.map((thing) => [nameOf(thing), thing]));
  const common: [T, T][] = [];
  for (const [name, thing] of next) {
    const counterpart = old.get(name);
    if (counterpart !== undefined) common.push([counterpart, thing]);
  }
  const orderBefore = [...old.keys()].filter((name) => next.has(name));
  const orderAfter = [...next.keys()].filter((name) => old.has(name));
  return {
    added: after.filter((thing) => !old.has(nameOf(thing))),
    removed: before.filter((thing) => !next.has(nameOf(thing))),
    common,
    reordered: orderBefore.some((name, index) => orderAfter[index] !== name),
  };
}

function changesSchema(change: ItemChange): boolean {
  return (
    change.reordered ||
    change.fieldsAdded.length > 0 ||
    change.fieldsRemoved.length > 0 ||
    change.cells.some(({ column }) => SCHEMA_OF_ITEM.includes(column)) ||
    change.fieldsChanged.some(
      ({ before, after, cells }) =>
        cells.some(({ column }) => SCHEMA_OF_FIELD.includes(column)) || maskChangesForm(before) !== maskChangesForm(after),
    )
  );
}
