/** What an agency may see of organizations' entries, for the peers that decide it in SQL or through Prisma. */

/** Items none of whose fields is open to the public do not exist for an agency: worked out once, from the published catalog. */
export function openItems(catalog) {
  const open = catalog.items.filter(({ fields }) =>
    fields.some(({ permission, maskedAt }) => permission === 'PUBLIC' || maskedAt === 'PUBLIC'),
  );
  return open.map(({ code }) => code);
}

/** The same in SQL, for the alias `e`. */
export const VISIBLE = `e.status = 'ACTIVE' AND NOT e.person AND (e.public_until IS NULL OR e.public_until >= CURRENT_DATE)`;
