import { notifyChange } from '../db/index.ts';
import type { Prisma, PrismaClient } from '../db/index.ts';
import { OperatorError } from '../errors.ts';
import { documentDigest, documentJson, parseCatalogDocument } from './catalog-document.ts';
import { catalogFromDocument } from './catalog.ts';
import type { Catalog, CatalogDocument } from './model.ts';

/** Publishing takes turns on this PostgreSQL advisory lock; the number is arbitrary and this service's own. */
export const PUBLISH_LOCK = 4_107_150_000n;
/** Re-deriving columns of hundreds of millions of rows (see `BeforePublish`) takes its time, and so does waiting for one's turn. */
const PUBLISH_TIMEOUT_MS = 6 * 60 * 60 * 1000;
const CONNECTION_WAIT_MS = 30_000;

/**
 * Runs inside the transaction that publishes, before the new version is visible to anybody. What it does is published with the
 * version or not at all; throwing an OperatorError refuses the publish.
 */
export type BeforePublish = (tx: Prisma.TransactionClient, previous: Catalog | null, next: Catalog) => Promise<void>;

/** What became of a publish or a rollback. */
export interface Published {
  /** the current catalog afterwards */
  readonly catalog: Catalog;
  /** false: the current version already says the same, and nothing was written */
  readonly changed: boolean;
  /** the version that was current before; null for the first publish */
  readonly previous: Catalog | null;
}

/** A version without its content. */
export interface VersionSummary {
  readonly version: number;
  readonly publishedAt: Date;
  readonly source: string;
}

type Versions = Pick<PrismaClient, 'catalogVersion'>;

interface StoredVersion extends VersionSummary {
  readonly document: unknown;
}

/** The published catalogs (table `catalog_versions`): numbered from 1, dated, kept for ever; the highest is the current one. */
export class CatalogService {
  readonly #prisma: PrismaClient;
  readonly #beforePublish: BeforePublish;

  constructor(prisma: PrismaClient, beforePublish: BeforePublish = () => Promise.resolve()) {
    this.#prisma = prisma;
    this.#beforePublish = beforePublish;
  }

  /**
   * Makes a checked document the current catalog, in one transaction; publishers take turns, so numbers have no gaps and none
   * is used twice. Running gateways hear of it as soon as it is committed. A document that says what the current version says
   * changes nothing.
   */
  publish(document: CatalogDocument, source: string): Promise<Published> {
    return this.#inTurn((tx) => this.#publish(tx, document, source));
  }

  /**
   * Publishes what version `n` says as a new version: history is never rewritten.
   * @throws OperatorError when there is no version `n`
   */
  rollback(n: number): Promise<Published> {
    return this.#inTurn(async (tx) => {
      const row = await storedVersion(tx, n);
      return this.#publish(tx, parseCatalogDocument(row.document), `rollback to ${n}`);
    });
  }

  /** The current catalog; null when none was published yet. */
  async current(): Promise<Catalog | null> {
    return currentCatalog(this.#prisma);
  }

  /** The current version's number; 0 when none was published yet. One look at an index. */
  async currentVersion(): Promise<number> {
    const row = await this.#prisma.catalogVersion.findFirst({ orderBy: { version: 'desc' }, select: { version: true } });
    return row?.version ?? 0;
  }

  /** @throws OperatorError when there is no version `n` */
  async version(n: number): Promise<Catalog> {
    return catalogOf(await storedVersion(this.#prisma, n));
  }

  /** All versions, the newest first. */
  async versions(): Promise<readonly VersionSummary[]> {
    return this.#prisma.catalogVersion.findMany({
      orderBy: { version: 'desc' },
      select: { version: true, publishedAt: true, source: true },
    });
  }

  #inTurn<T>(work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    return this.#prisma.$transaction(
      async (tx) => {
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(${PUBLISH_LOCK}::bigint)`;
        return work(tx);
      },
      { timeout: PUBLISH_TIMEOUT_MS, maxWait: CONNECTION_WAIT_MS },
    );
  }

  async #publish(tx: Prisma.TransactionClient, document: CatalogDocument, source: string): Promise<Published> {
    const previous = await currentCatalog(tx);
    const digest = documentDigest(document);
    if (previous !== null && documentDigest(previous) === digest) return { catalog: previous, changed: false, previous };
    const version = (previous?.version ?? 0) + 1;
    const publishedAt = new Date();
    const next = catalogFromDocument(version, publishedAt, source, document);
    await this.#beforePublish(tx, previous, next);
    await tx.catalogVersion.create({
      data: { version, publishedAt, source, digest, document: documentJson(document) },
    });
    await notifyChange(tx, 'catalog', String(version));
    return { catalog: next, changed: true, previous };
  }
}

/** @throws OperatorError when there is no version `n` */
async function storedVersion(db: Versions, n: number): Promise<StoredVersion> {
  const row = isVersionNumber(n) ? await db.catalogVersion.findUnique({ where: { version: n } }) : null;
  if (row !== null) return row;
  const last = await db.catalogVersion.findFirst({ orderBy: { version: 'desc' }, select: { version: true } });
  const known = last === null ? 'none has been published yet; see `catalog publish --help`' : `the versions are 1 to ${last.version}; see \`catalog show\``;
  throw new OperatorError(`There is no catalog version ${n} (没有该目录版本): ${known}.`);
}

async function currentCatalog(db: Versions): Promise<Catalog | null> {
  const row = await db.catalogVersion.findFirst({ orderBy: { version: 'desc' } });
  return row === null ? null : catalogOf(row);
}

function catalogOf(row: StoredVersion): Catalog {
  return catalogFromDocument(row.version, row.publishedAt, row.source, parseCatalogDocument(row.document));
}

/** A number beyond the column's type would be the database's error instead of "unknown". */
function isVersionNumber(n: number): boolean {
  return Number.isInteger(n) && n > 0 && n <= 2_147_483_647;
}
