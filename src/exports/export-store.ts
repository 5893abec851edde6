/** Exports in the database: who asked for what, who works on it, and what came of it. All by the role that keeps the registers. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { EXPORT_STATUSES, ExportResult } from './export-job.ts';
import type { ExportJob } from './export-job.ts';

export type RunControl = (text: string, values: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;

export type NewExport = Pick<
  ExportJob,
  'clientId' | 'idempotencyKey' | 'items' | 'purpose' | 'matter' | 'requestId' | 'catalogVersion'
>;

/** How long a server may be silent before another one takes its exports over. */
const LEASE = `interval '15 seconds'`;
/** How often it says that it is alive, and how far it is. */
export const HEARTBEAT_MS = 1_000;

const COLUMNS =
  'id, client_id, idempotency_key, items, purpose, matter, request_id, status::text AS status, catalog_version, rows::float8 AS rows, files, ' +
  'feed_cursor, failure, started_at, ready_at, expires_at, attempt';

const Row = z
  .object({
    id: z.string(),
    client_id: z.string(),
    idempotency_key: z.string().nullable(),
    items: z.array(z.string()),
    purpose: z.string().nullable(),
    matter: z.string().nullable(),
    request_id: z.string(),
    status: z.enum(EXPORT_STATUSES),
    catalog_version: z.number(),
    rows: z.number(),
    files: ExportResult.nullable(),
    feed_cursor: z.string().nullable(),
    failure: z.string().nullable(),
    started_at: z.date(),
    ready_at: z.date().nullable(),
    expires_at: z.date().nullable(),
    attempt: z.number(),
  })
  .transform((row): ExportJob => ({
    id: row.id,
    clientId: row.client_id,
    idempotencyKey: row.idempotency_key,
    items: row.items,
    purpose: row.purpose,
    matter: row.matter,
    requestId: row.request_id,
    // Time passes without anybody who sweeps.
    status: row.status === 'READY' && row.expires_at !== null && row.expires_at.getTime() <= Date.now() ? 'EXPIRED' : row.status,
    catalogVersion: row.catalog_version,
    rows: row.rows,
    result: row.files,
    feedCursor: row.feed_cursor,
    failure: row.failure,
    startedAt: row.started_at,
    readyAt: row.ready_at,
    expiresAt: row.expires_at,
    attempt: row.attempt,
  }));

export class ExportStore {
  readonly #run: RunControl;

  constructor(run: RunControl) {
    this.#run = run;
  }

  /** null: the client has one running already, or one with this idempotency key; two at once cannot both get one. */
  async add(wanted: NewExport): Promise<ExportJob | null> {
    const { clientId, idempotencyKey, items, purpose, matter, requestId, catalogVersion } = wanted;
    return this.#one(
      `INSERT INTO exports (id, client_id, idempotency_key, items, purpose, matter, request_id, catalog_version)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
      [randomUUID(), clientId, idempotencyKey, items, purpose, matter, requestId, catalogVersion],
    );
  }

  async byKey(clientId: string, idempotencyKey: string): Promise<ExportJob | null> {
    return this.#one(`SELECT ${COLUMNS} FROM exports WHERE client_id = $1 AND idempotency_key = $2`, [clientId, idempotencyKey]);
  }

  async running(clientId: string): Promise<ExportJob | null> {
    return this.#one(`SELECT ${COLUMNS} FROM exports WHERE client_id = $1 AND status = 'RUNNING'`, [clientId]);
  }

  /** null: unknown, or another client's. */
  async find(clientId: string, id: string): Promise<ExportJob | null> {
    if (!z.uuid().safeParse(id).success) return null;
    return this.#one(`SELECT ${COLUMNS} FROM exports WHERE client_id = $1 AND id = $2`, [clientId, id]);
  }

  /** The newest first. */
  async list(clientId: string, most: number): Promise<ExportJob[]> {
    return this.#all(`SELECT ${COLUMNS} FROM exports WHERE client_id = $1 ORDER BY started_at DESC, id LIMIT $2`, [
      clientId,
      most,
    ]);
  }

  /**
   * Takes the oldest export on which nobody works, or whose server has fallen silent; or seems not to for longer than any lease is,
   * because the database's clock has gone back since. Several instances may ask at once.
   */
  async claim(holder: string): Promise<ExportJob | null> {
    return this.#one(
      `UPDATE exports SET lease_holder = $1, lease_until = now() + ${LEASE}, attempt = attempt + 1, rows = 0
       WHERE id = (SELECT id FROM exports WHERE status = 'RUNNING' AND (lease_until IS NULL OR lease_until < now() OR lease_until > now() + 2 * ${LEASE})
                   ORDER BY started_at LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING ${COLUMNS}`,
      [holder],
    );
  }

  /** Says that the holder is alive, and how far it is. False: somebody else has taken over. */
  async beat({ id, attempt }: ExportJob, holder: string, rows: number): Promise<boolean> {
    return this.#changes(
      `UPDATE exports SET lease_until = now() + ${LEASE}, rows = $4 WHERE id = $1 AND attempt = $2 AND lease_holder = $3 AND status = 'RUNNING' RETURNING id`,
      [id, attempt, holder, rows],
    );
  }

  /** Gives it back, for the next server to begin anew. */
  async release({ id, attempt }: ExportJob, holder: string): Promise<void> {
    await this.#run(
      `UPDATE exports SET lease_holder = NULL, lease_until = NULL WHERE id = $1 AND attempt = $2 AND lease_holder = $3 AND status = 'RUNNING'`,
      [id, attempt, holder],
    );
  }

  /** False: somebody else has taken over, and what this holder made counts for nothing. */
  async ready(
    { id, attempt }: ExportJob,
    holder: string,
    done: { rows: number; result: ExportResult; catalogVersion: number; feedCursor: string | null; ttlHours: number },
  ): Promise<boolean> {
    return this.#changes(
      `UPDATE exports SET status = 'READY', rows = $4, files = $5, catalog_version = $6, feed_cursor = $7, ready_at = now(),
         expires_at = now() + make_interval(hours => $8), lease_holder = NULL, lease_until = NULL
       WHERE id = $1 AND attempt = $2 AND lease_holder = $3 AND status = 'RUNNING' RETURNING id`,
      [id, attempt, holder, done.rows, JSON.stringify(done.result), done.catalogVersion, done.feedCursor, done.ttlHours],
    );
  }

  async fail({ id, attempt }: ExportJob, holder: string, failure: string): Promise<void> {
    await this.#run(
      `UPDATE exports SET status = 'FAILED', failure = $4, rows = 0, lease_holder = NULL, lease_until = NULL
       WHERE id = $1 AND attempt = $2 AND lease_holder = $3 AND status = 'RUNNING'`,
      [id, attempt, holder, failure],
    );
  }

  /** Ends what has passed its day. */
  async expire(): Promise<void> {
    await this.#run(`UPDATE exports SET status = 'EXPIRED' WHERE status = 'READY' AND expires_at <= now()`, []);
  }

  /** Of these ids, each with the attempt whose files are still needed: it is being written or can be downloaded. */
  async kept(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#run(
      `SELECT id, attempt FROM exports WHERE id = ANY($1::uuid[]) AND (status = 'RUNNING' OR (status = 'READY' AND expires_at > now()))`,
      [ids],
    );
    return new Map(rows.map((row) => [String(row['id']), Number(row['attempt'])]));
  }

  async #all(text: string, values: readonly unknown[]): Promise<ExportJob[]> {
    return (await this.#run(text, values)).map((row) => Row.parse(row));
  }

  async #one(text: string, values: readonly unknown[]): Promise<ExportJob | null> {
    return (await this.#all(text, values))[0] ?? null;
  }

  async #changes(text: string, values: readonly unknown[]): Promise<boolean> {
    return (await this.#run(text, values)).length > 0;
  }
}
