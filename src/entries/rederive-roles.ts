/**
 * Keeps the typed columns true to the catalog. Filters and orders use them under the permission of the field that fills the role
 * today; if a publish gives the role to another field, a column still filled from the old one would let it be searched under
 * the new one's permission. So the same transaction fills the columns again, from the rows' own content.
 */
import type { Catalog, CatalogItem, Role } from '../catalog/model.ts';
import { fieldWithRole, restsSealed } from '../catalog/model.ts';
import type { Prisma } from '../db/index.ts';
import { OperatorError } from '../errors.ts';
import { ENTRY_COLUMNS, ENTRY_TABLES, SUBJECT_COLUMNS } from './entry-columns.ts';
import type { RoleColumn } from './entry-columns.ts';

/** Roles that rows are identified by: their ids are derived from these values, so they cannot move under existing rows. */
const IDENTIFYING: readonly Role[] = ['SUBJECT_CODE', 'SUBJECT_ID_NUMBER'];

/**
 * Runs inside the publishing transaction.
 * @throws OperatorError when an identifying role moves while the item has rows, or a value does not fit the column
 */
export async function rederiveRoles(tx: Prisma.TransactionClient, previous: Catalog | null, next: Catalog): Promise<void> {
  for (const item of next.items) {
    const before = previous?.item(item.code);
    if (before?.family !== item.family) continue;
    const table = item.family === 'SUBJECT' ? 'subjects' : ENTRY_TABLES[item.family];
    const moved = IDENTIFYING.find((role) => keyOf(before, role) !== keyOf(item, role));
    if (moved !== undefined && (await hasRows(tx, table, item.code))) {
      throw new OperatorError(
        `${item.code} (${item.typeName}): the standard element ${moved} moves from ${keyOf(before, moved) ?? 'no field'} to ${keyOf(item, moved) ?? 'no field'}, ` +
          'but rows of this item are already identified by it. Give the changed item a new catalog code and import its files again.',
      );
    }
    const columns = item.family === 'SUBJECT' ? SUBJECT_COLUMNS : ENTRY_COLUMNS[item.family];
    const changed = columns.filter(({ role }) => columnSource(before, role) !== columnSource(item, role));
    if (changed.length > 0) await refill(tx, table, item, changed);
  }
}

async function refill(
  tx: Prisma.TransactionClient,
  table: string,
  item: CatalogItem,
  columns: readonly RoleColumn[],
): Promise<void> {
  const values: string[] = [item.code];
  const assignments = columns.map(({ column, role, type }) => {
    const field = fieldWithRole(item, role);
    if (field === undefined || restsSealed(field)) return `${column} = NULL`;
    values.push(field.key);
    const text = `content ->> $${String(values.length)}::text`;
    // A value sealed under an earlier catalog stays sealed here; importing its file again stores it in the clear.
    return `${column} = CASE WHEN ${text} LIKE 'sm4:%' THEN NULL ELSE (${text})::${type} END`;
  });
  try {
    await tx.$executeRawUnsafe(`UPDATE ${table} SET ${assignments.join(', ')} WHERE item_code = $1`, ...values);
  } catch (error) {
    const roles = columns.map(({ role }) => `${role} → ${keyOf(item, role) ?? 'no field'}`).join(', ');
    throw new OperatorError(
      `${item.code} (${item.typeName}): stored values do not fit the standard elements' new fields (${roles}). Nothing was published.`,
      {
        cause: error,
      },
    );
  }
}

async function hasRows(tx: Prisma.TransactionClient, table: string, itemCode: string): Promise<boolean> {
  const rows = await tx.$queryRawUnsafe<unknown[]>(`SELECT 1 FROM ${table} WHERE item_code = $1 LIMIT 1`, itemCode);
  return rows.length > 0;
}

/** What fills the role's column: a field's key, or nothing (no field, or one that rests sealed). */
function columnSource(item: CatalogItem, role: Role): string | null {
  const field = fieldWithRole(item, role);
  return field === undefined || restsSealed(field) ? null : field.key;
}

function keyOf(item: CatalogItem, role: Role): string | null {
  return fieldWithRole(item, role)?.key ?? null;
}
