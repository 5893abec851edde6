/**
 * Rows of one batch → the database, in one transaction. Two imports may write the same subjects at the same time: every
 * transaction takes its rows in the same order (subjects, then entries, each by id), so they wait for each other and never in a circle.
 */
import type pg from 'pg';
import { PUBLISH_LOCK } from '../catalog/index.ts';
import type { CatalogItem } from '../catalog/model.ts';
import { Batch, compareText, type Counts, type Touched } from './batch.ts';
import type { EntryDraft, RowDraft, SubjectDraft } from './row-drafts.ts';
import { errorCode } from './source-file.ts';
import {
  COMPARE_ENTRIES,
  COMPARE_SUBJECTS,
  entryParameters,
  INSERT_NAMED_SUBJECTS,
  subjectParameters,
  UPSERT_ENTRIES,
  UPSERT_SUBJECTS,
  type Statement,
} from './statements.ts';

/** The catalog in force is not the one the rows were checked by; nothing was written. */
export class CatalogMovedError extends Error {
  override readonly name = 'CatalogMovedError';
}

/** Subjects that are known to be in the database, where none is ever deleted, need no insert. Some 30 MB when full. */
const REMEMBERED_SUBJECTS = 200_000;
const ATTEMPTS = 6;
/** serialization_failure, deadlock_detected: the transaction did nothing and may simply be run again. */
const RETRIABLE: ReadonlySet<string | null> = new Set(['40001', '40P01']);

/** Writes the batches of one import. */
export class BatchStore {
  private readonly pool: pg.Pool;
  private readonly item: CatalogItem;
  private readonly dryRun: boolean;
  private remembered = new Set<string>();

  constructor(pool: pg.Pool, item: CatalogItem, dryRun: boolean) {
    this.pool = pool;
    this.item = item;
    this.dryRun = dryRun;
  }

  /**
   * Writes the rows or, on a dry run, finds out what writing them would do. Where rows share a key, the last is written.
   * @throws CatalogMovedError when another catalog version than the given one is in force
   */
  async write(rows: readonly RowDraft[], catalogVersion: number): Promise<Counts> {
    const { family } = this.item;
    if (family === 'SUBJECT') {
      const batch = new Batch<SubjectDraft>(
        rows.flatMap((row) => (row.kind === 'SUBJECT' ? [row.subject] : [])),
        (a, b) => compareText(a.id, b.id),
      );
      const parameters = subjectParameters(batch.drafts, batch.needsIds, catalogVersion);
      return batch.count(
        await this.transaction(catalogVersion, (client) =>
          this.dryRun ? run(client, COMPARE_SUBJECTS, parameters.slice(0, 4)) : run(client, UPSERT_SUBJECTS, parameters),
        ),
      );
    }
    const batch = new Batch<EntryDraft>(
      rows.flatMap((row) => (row.kind === 'ENTRY' ? [row.entry] : [])),
      (a, b) => compareText(a.subjectId, b.subjectId) || compareText(a.id, b.id),
    );
    const parameters = entryParameters(batch.drafts, batch.needsIds, catalogVersion, family, this.item.code);
    const subjects = this.dryRun ? [] : this.subjectsToInsert(rows);
    const touched = await this.transaction(catalogVersion, async (client) => {
      if (this.dryRun) return run(client, COMPARE_ENTRIES[family], parameters.slice(0, 5));
      if (subjects.length > 0) await run(client, INSERT_NAMED_SUBJECTS, subjectParameters(subjects, false, catalogVersion));
      return run(client, UPSERT_ENTRIES[family], parameters);
    });
    // Only now: a subject whose transaction failed is not in the database.
    for (const { id } of subjects) this.remembered.add(id);
    return batch.count(touched);
  }

  /** In the order of their ids; where several rows name a subject, as the first of them does. */
  private subjectsToInsert(rows: readonly RowDraft[]): readonly SubjectDraft[] {
    if (this.remembered.size > REMEMBERED_SUBJECTS) this.remembered = new Set();
    const subjects = new Map<string, SubjectDraft>();
    for (const row of rows) {
      if (row.kind !== 'ENTRY') continue;
      const id = row.entry.subjectId;
      if (!this.remembered.has(id) && !subjects.has(id)) subjects.set(id, row.nameSubject());
    }
    return [...subjects.values()].sort((a, b) => compareText(a.id, b.id));
  }

  private async transaction(catalogVersion: number, work: (client: pg.PoolClient) => Promise<Touched>): Promise<Touched> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.attempt(catalogVersion, work);
      } catch (error) {
        if (!RETRIABLE.has(errorCode(error)) || attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, attempt * 50 * (0.5 + Math.random())));
      }
    }
  }

  private async attempt(catalogVersion: number, work: (client: pg.PoolClient) => Promise<Touched>): Promise<Touched> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('BEGIN');
      // No row is written by an old catalog while a new one is being published or after it was.
      await client.query({ ...LOCK_CATALOG, values: [PUBLISH_LOCK.toString()] });
      const version = await client.query<{ version: number | null }>(CATALOG_VERSION);
      if (version.rows[0]?.version !== catalogVersion) throw new CatalogMovedError('another catalog was published');
      const touched = await work(client);
      await client.query('COMMIT');
      return touched;
    } catch (error) {
      await client.query('ROLLBACK').catch((lost: unknown) => {
        broken = lost instanceof Error ? lost : new Error(String(lost));
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }
}

const LOCK_CATALOG: Statement = { name: 'intake-lock-catalog', text: 'SELECT pg_advisory_xact_lock_shared($1)' };
const CATALOG_VERSION: Statement = {
  name: 'intake-catalog-version',
  text: 'SELECT max(version) AS version FROM catalog_versions',
};

async function run(client: pg.PoolClient, statement: Statement, values: unknown[]): Promise<Touched> {
  const { rows } = await client.query<Touched>({ ...statement, values });
  const row = rows[0];
  if (row === undefined) throw new Error(`${statement.name} answered nothing`);
  return row;
}
