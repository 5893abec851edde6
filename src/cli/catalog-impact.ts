import type { AccessChange } from '../access/index.ts';
import type { PrismaClient } from '../db/index.ts';

/** How much a publish would touch. */
export interface CatalogImpact {
  /** stored subjects and entries of the items that differ */
  readonly rows: number;
  /** clients, not suspended, for whom some field of an item within their limits opens or closes; sorted */
  readonly clients: readonly string[];
}

/**
 * Counts what is stored of the items and who would read more or less. Only reads.
 * @param items catalog codes of the items that differ
 */
export async function catalogImpact(
  prisma: PrismaClient,
  items: readonly string[],
  access: readonly AccessChange[],
): Promise<CatalogImpact> {
  const where = { itemCode: { in: [...items] } };
  const counts = await Promise.all([
    prisma.subject.count({ where }),
    prisma.creditRecord.count({ where }),
    prisma.listEntry.count({ where }),
    prisma.commitment.count({ where }),
    prisma.evaluation.count({ where }),
  ]);
  const clients = await prisma.client.findMany({
    where: { suspendedAt: null },
    select: { id: true, kind: true, items: true },
    orderBy: { id: 'asc' },
  });
  const concerned = clients.filter((client) =>
    access.some(
      (change) => change.kinds.includes(client.kind) && (client.items.length === 0 || client.items.includes(change.itemCode)),
    ),
  );
  return { rows: counts.reduce((sum, count) => sum + count, 0), clients: concerned.map(({ id }) => id) };
}
