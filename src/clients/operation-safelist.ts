/** The lists of operations that clients are held to (persisted operations): who is on one sends nothing else. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { notifyChange } from '../db/index.ts';
import type { PrismaClient } from '../db/index.ts';
import { unknownClient } from './client-registry.ts';

/** How an operation is named (the convention of persisted queries): SHA-256 of its text in UTF-8, hex. */
export function sha256Of(document: string): string {
  return createHash('sha256').update(document, 'utf8').digest('hex');
}

export class OperationSafelist {
  readonly #prisma: PrismaClient;
  /** texts by client and digest: a text is what its digest says, for ever */
  readonly #documents = new LRUCache<string, string>({ maxSize: 4_000_000, sizeCalculation: (text) => text.length + 100 });

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * Holds a client to these operations alone, in place of those before; none lifts that. Running instances follow at once.
   * @param documents the operations' texts, exactly as the client sends them
   * @throws OperatorError when there is no such client
   */
  async set(clientId: string, documents: readonly string[]): Promise<void> {
    if ((await this.#prisma.client.count({ where: { id: clientId } })) === 0) unknownClient(clientId);
    const unique = new Map(documents.map((document) => [sha256Of(document), document]));
    await this.#prisma.$transaction(async (tx) => {
      await tx.clientOperation.deleteMany({ where: { clientId } });
      await tx.clientOperation.createMany({ data: [...unique].map(([sha256, document]) => ({ clientId, sha256, document })) });
      await notifyChange(tx, 'client', clientId);
    });
  }

  /** The text behind a digest; null: not listed. Whether the client is still held to it, its standing tells. */
  async document(clientId: string, sha256: string): Promise<string | null> {
    const key = `${clientId} ${sha256}`;
    const known = this.#documents.get(key);
    if (known !== undefined) return known;
    const row = await this.#prisma.clientOperation.findUnique({
      where: { clientId_sha256: { clientId, sha256 } },
      select: { document: true },
    });
    if (row !== null) this.#documents.set(key, row.document);
    return row?.document ?? null;
  }
}
