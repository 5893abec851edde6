/** The header row of a department's file: which column is which field of the item, under any of the field's names. */
import type { Catalog, CatalogField, CatalogItem } from '../catalog/model.ts';
import { OperatorError } from '../errors.ts';

/** What the rejects file adds to the original columns. A file that still has them is a mended rejects file. */
export const REJECT_COLUMNS = ['行号', '字段', '错误代码', '错误说明'] as const;

/** What one column of the file is: a field (by its place in the item), or nothing the import reads. */
export type Column =
  | { readonly kind: 'FIELD'; readonly field: number }
  /** added by an earlier rejects file; read over, and not written again */
  | { readonly kind: 'REJECT_NOTE' }
  /** has no name; its cells must be blank, or the row was shifted */
  | { readonly kind: 'UNNAMED' };

export interface HeaderMapping {
  /** as in the file, one per column */
  readonly names: readonly string[];
  readonly columns: readonly Column[];
}

/** How many of the names belong to a field of the item; for choosing between readings of one header. */
export function knownColumns(item: CatalogItem, names: readonly string[]): number {
  const fields = fieldsByName(item);
  return names.filter((name) => fields.has(canonicalName(name))).length;
}

/**
 * @throws OperatorError naming every column that is unknown, given twice or required but missing, and the item that the header
 * fits better when there is one
 */
export function mapHeader(catalog: Catalog, item: CatalogItem, names: readonly string[], file: string): HeaderMapping {
  const fields = fieldsByName(item);
  const notes = new Set<string>(REJECT_COLUMNS.map(canonicalName));
  const unknown: string[] = [];
  const seen = new Map<number, string[]>();
  const columns = names.map((name): Column => {
    const canonical = canonicalName(name);
    const field = fields.get(canonical);
    if (field !== undefined) {
      seen.set(field, [...(seen.get(field) ?? []), name.trim()]);
      return { kind: 'FIELD', field };
    }
    if (notes.has(canonical)) return { kind: 'REJECT_NOTE' };
    if (canonical !== '') unknown.push(name.trim());
    return { kind: 'UNNAMED' };
  });

  const complaints: string[] = [];
  if (unknown.length > 0) {
    complaints.push(
      `UNKNOWN_COLUMN: the item has no field called ${unknown.map((name) => `"${name.slice(0, 60)}"`).join(', ')} (目录中没有这些列).`,
    );
  }
  for (const [field, headers] of seen) {
    if (headers.length > 1)
      complaints.push(
        `The field ${item.fields[field]?.nameZh ?? ''} is there ${headers.length} times: ${headers.join(', ')} (同一数据项重复).`,
      );
  }
  const missing = item.fields.filter((field, at) => (field.required || field.inKey) && !seen.has(at));
  if (missing.length > 0) complaints.push(`Required columns are missing (缺少必填列): ${missing.map(describe).join(', ')}.`);
  const subjects = item.fields.flatMap((field, at) =>
    field.role === 'SUBJECT_CODE' || field.role === 'SUBJECT_ID_NUMBER' ? [{ field, at }] : [],
  );
  if (!subjects.some(({ field, at }) => seen.has(at) || missing.includes(field))) {
    complaints.push(
      `No column says whom the rows are about (缺少信用主体标识列): ${subjects.map(({ field }) => describe(field)).join(' or ')}.`,
    );
  }
  if (complaints.length === 0) return { names, columns };

  const better = betterItem(catalog, item, names, seen.size);
  const mend =
    better === undefined
      ? `Columns are known by their Chinese name, official code or field key; the fields of ${item.typeName}: ${item.fields.map((field) => field.nameZh).join(', ')}.`
      : `Wrong item? The header fits ${better.code} ${better.typeName} (${better.nameZh}) better.`;
  throw new OperatorError(
    `${file} is not a file of ${item.code} ${item.typeName} (${item.nameZh}); nothing was imported.\n${complaints.join('\n')}\n${mend}`,
  );
}

/** Width, blanks and letter case make no difference: clerks type brackets both ways. */
export function canonicalName(name: string): string {
  return name
    .normalize('NFKC')
    .replace(/[\s\u200b\ufeff]+/g, '')
    .toLowerCase();
}

/** The key is the surest of a field's names and the Chinese one the least, should two fields share one. */
function fieldsByName(item: CatalogItem): ReadonlyMap<string, number> {
  const fields = new Map<string, number>();
  for (const nameOf of [
    (field: CatalogField) => field.key,
    (field: CatalogField) => field.officialCode,
    (field: CatalogField) => field.nameZh,
  ]) {
    for (const [at, field] of item.fields.entries()) {
      const name = nameOf(field);
      if (name !== null && !fields.has(canonicalName(name))) fields.set(canonicalName(name), at);
    }
  }
  return fields;
}

function betterItem(catalog: Catalog, item: CatalogItem, names: readonly string[], known: number): CatalogItem | undefined {
  const rivals = catalog.items
    .filter((other) => other.code !== item.code)
    .map((other) => ({ other, known: knownColumns(other, names) }));
  const best = rivals.sort((a, b) => b.known - a.known)[0];
  return best !== undefined && best.known > known ? best.other : undefined;
}

function describe(field: CatalogField): string {
  return `${field.nameZh} (${field.officialCode === null ? '' : `${field.officialCode}, `}${field.key})`;
}
