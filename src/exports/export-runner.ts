/**
 * Works on exports, whoever took the order: takes those that nobody works on, also those of a server that died, and begins them anew
 * from a new view. Files that nobody may download any more go.
 */
import { randomUUID } from 'node:crypto';
import { opennessOf } from '../access/index.ts';
import type { ProfileCache } from '../access/index.ts';
import type { Catalog } from '../catalog/model.ts';
import { profileBasisOf, refusalOf } from '../clients/index.ts';
import type { ClientStanding } from '../clients/index.ts';
import type { Snapshot } from '../db/index.ts';
import { GatewayError } from '../errors.ts';
import type { FeedCaller } from '../feed/index.ts';
import type { AccessReport, Unseal } from '../reading/index.ts';
import type { ExportFolder } from './export-folder.ts';
import type { ExportJob } from './export-job.ts';
import { HEARTBEAT_MS } from './export-store.ts';
import type { ExportStore } from './export-store.ts';
import { exportableItems } from './exportable-items.ts';
import { writeExport } from './write-export.ts';

/** For whom a view is opened. */
export interface SnapshotCaller {
  readonly clientId: string;
  readonly kind: ClientStanding['kind'];
  readonly purpose: string | null;
  /** YYYY-MM-DD */
  readonly today: string;
}

export interface ExportRunnerDependencies {
  readonly store: ExportStore;
  readonly folder: ExportFolder;
  readonly catalog: () => Catalog;
  readonly profiles: ProfileCache;
  /** null: there is no such client any more */
  readonly standing: (clientId: string, today: string) => Promise<ClientStanding | null>;
  readonly openSnapshot: (caller: SnapshotCaller) => Promise<Snapshot>;
  readonly unseal: Unseal;
  readonly today: () => string;
  /** where the change feed goes on from that view; null: there is no feed */
  readonly feedCursor: (
    snapshot: Pick<Snapshot, 'xmin' | 'at'>,
    caller: FeedCaller,
    items: readonly string[],
  ) => Promise<string | null>;
  /** the daily quota of distinct subjects, which holds for exports like for every answer */
  readonly quota: {
    /** null: the client has none */
    dailySubjects(client: ClientStanding): number | null;
    /** @throws GatewayError RATE_LIMITED where they do not fit; then none of them has been counted */
    claim(client: ClientStanding, day: string, subjects: ReadonlySet<string>): Promise<void>;
  };
  /** to the read log; resolves when it is durable */
  readonly record: (job: ExportJob, client: ClientStanding, catalog: Catalog, report: AccessReport) => Promise<void>;
  readonly onError: (error: unknown, exportId: string | null) => void;
  /** whether an error means that the database cannot be reached now: the export is tried again then */
  readonly isUnavailable: (error: unknown) => boolean;
  readonly ttlHours: number;
  readonly partBytes: number;
}

/** Exports that one server works on at a time; each takes a connection and a good part of a core. */
const MOST_AT_ONCE = 2;
/** One that ends its server each time must not do so for ever. */
const MOST_ATTEMPTS = 5;
const LOOK_MS = 2_000;
const SWEEP_MS = 60_000;

interface UnderWay {
  readonly abort: AbortController;
  readonly end: Promise<void>;
}

export class ExportRunner {
  readonly #holder = randomUUID();
  readonly #parts: ExportRunnerDependencies;
  readonly #underWay = new Set<UnderWay>();
  #timers: NodeJS.Timeout[] = [];
  #looking: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor(parts: ExportRunnerDependencies) {
    this.#parts = parts;
  }

  start(): void {
    this.#timers = [setInterval(() => this.look(), LOOK_MS).unref(), setInterval(() => void this.sweep(), SWEEP_MS).unref()];
    this.look();
    void this.sweep();
  }

  /** Looks for something to do, at once. */
  look(): void {
    if (this.#looking !== null) {
      this.#again = true;
      return;
    }
    this.#looking = this.#takeAll()
      .catch((error: unknown) => this.#parts.onError(error, null))
      .finally(() => {
        this.#looking = null;
        if (!this.#again) return;
        this.#again = false;
        this.look();
      });
  }

  /** Ends what has expired, and removes files that nobody may have any more. Does not throw. */
  async sweep(): Promise<void> {
    try {
      await this.#parts.store.expire();
      await this.#parts.folder.sweep(this.#parts.store);
    } catch (error) {
      this.#parts.onError(error, null);
    }
  }

  /** Stops what is under way and gives it back: the next server begins it anew at once. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#looking;
    for (const { abort } of this.#underWay) abort.abort(new Stopped());
    await Promise.all([...this.#underWay].map(({ end }) => end));
  }

  async #takeAll(): Promise<void> {
    while (!this.#closed && this.#underWay.size < MOST_AT_ONCE) {
      const job = await this.#parts.store.claim(this.#holder);
      if (job === null) return;
      const abort = new AbortController();
      const underWay: UnderWay = {
        abort,
        end: this.#work(job, abort).finally(() => {
          this.#underWay.delete(underWay);
          this.look();
        }),
      };
      this.#underWay.add(underWay);
    }
  }

  /** Does not throw. */
  async #work(job: ExportJob, abort: AbortController): Promise<void> {
    const { store, folder } = this.#parts;
    let rows = 0;
    const heartbeat = setInterval(() => {
      store.beat(job, this.#holder, rows).then(
        (held) => {
          if (!held) abort.abort(new TakenOver());
        },
        // Heard of by the next one; when it is silent for too long, another server takes over.
        () => undefined,
      );
    }, HEARTBEAT_MS).unref();
    let done = false;
    try {
      if (job.attempt > MOST_ATTEMPTS)
        throw new GatewayError(
          'INTERNAL_SERVER_ERROR',
          'The export was begun anew too often. Start another one; tell the operator if it fails, too.',
        );
      done = await this.#write(job, abort.signal, (now) => {
        rows = now;
      });
    } catch (error) {
      // A connection that was cut to stop is not what went wrong.
      const reason: unknown = abort.signal.aborted ? abort.signal.reason : error;
      await this.#failed(job, reason).catch((later: unknown) => this.#parts.onError(later, job.id));
    } finally {
      clearInterval(heartbeat);
      // No half export is left.
      if (!done) await folder.remove(job).catch((error: unknown) => this.#parts.onError(error, job.id));
    }
  }

  /** @returns whether it is ready now, by this server */
  async #write(job: ExportJob, signal: AbortSignal, progress: (rows: number) => void): Promise<boolean> {
    const { store, folder, profiles } = this.#parts;
    const today = this.#parts.today();
    const client = await this.#parts.standing(job.clientId, today);
    const refusal = client === null ? gone() : refusalOf(client, today);
    if (client === null || refusal !== null) throw refusal ?? gone();
    const catalog = this.#parts.catalog();
    const { kind, orgCode } = client;
    const basis = profileBasisOf(client);
    const profile = profiles.profileFor(catalog, basis);
    const items = exportableItems(catalog, profile, job.items);
    const caller: SnapshotCaller = { clientId: client.id, kind, purpose: job.purpose, today };
    const made = await folder.make(job);
    const snapshot = await this.#parts.openSnapshot(caller);
    // Also in the middle of a statement that waits for something.
    signal.addEventListener('abort', () => void snapshot.close());
    try {
      // It may have been stopped while the view was opened: then nobody is told any more.
      signal.throwIfAborted();
      const codes = items.map(({ code }) => code);
      const feedCursor = await this.#parts.feedCursor(
        snapshot,
        { clientId: client.id, purpose: job.purpose, catalog, basis, orgCode, today },
        codes,
      );
      const most = this.#parts.quota.dailySubjects(client);
      const subjects = new Set<string>();
      const claim = (): Promise<void> => this.#parts.quota.claim(client, today, subjects);
      const { rows, result, report } = await writeExport({
        job,
        folder: made,
        catalog,
        items,
        reader: { profile, clientId: client.id, orgCode, purpose: job.purpose, today },
        unseal: this.#parts.unseal,
        snapshot,
        partBytes: this.#parts.partBytes,
        feedCursor,
        signal,
        subjects: most === null ? null : subjects,
        progress: async (now) => {
          progress(now);
          // More than a whole day has: refused at once, and never more of them in memory.
          if (most !== null && subjects.size > most) await claim();
        },
      });
      signal.throwIfAborted();
      await claim();
      // Before the first byte can be had: nothing is ready without this.
      await this.#parts.record({ ...job, items: codes }, client, catalog, report);
      const { ttlHours } = this.#parts;
      const done = { ...result, view: opennessOf(catalog, profile, codes) };
      return await store.ready(job, this.#holder, { rows, result: done, catalogVersion: catalog.version, feedCursor, ttlHours });
    } finally {
      await snapshot.close();
    }
  }

  async #failed(job: ExportJob, error: unknown): Promise<void> {
    const { store } = this.#parts;
    if (error instanceof TakenOver) return;
    if (
      error instanceof Stopped ||
      this.#parts.isUnavailable(error) ||
      (error instanceof GatewayError && error.code === 'SERVICE_UNAVAILABLE')
    ) {
      // Not its own fault: the next one to look begins it anew.
      await store.release(job, this.#holder);
      return;
    }
    if (!(error instanceof GatewayError)) this.#parts.onError(error, job.id);
    await store.fail(job, this.#holder, reasonOf(error));
  }
}

/** This server ends. */
class Stopped extends Error {}
/** Another server works on it: this one was silent for too long. */
class TakenOver extends Error {}

function gone(): GatewayError {
  return new GatewayError('CLIENT_SUSPENDED', 'The client is not registered with this gateway any more.');
}

const DISK_REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk on which the gateway keeps exports is full. Ask its operator to make room, and start again.',
  EDQUOT: 'The disk on which the gateway keeps exports is full. Ask its operator to make room, and start again.',
  EFBIG:
    'The system lets the gateway write no larger file where it keeps exports. Ask its operator to lift that limit, and start again.',
  EACCES: 'The gateway may not write where it keeps exports. Ask its operator to mend EXPORT_DIR, and start again.',
  EROFS: 'The gateway may not write where it keeps exports. Ask its operator to mend EXPORT_DIR, and start again.',
  ENOTDIR: 'The gateway may not write where it keeps exports. Ask its operator to mend EXPORT_DIR, and start again.',
};

function reasonOf(error: unknown): string {
  if (error instanceof GatewayError) return error.message;
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return DISK_REASONS[code] ?? 'Something went wrong inside the gateway. Start again; tell its operator if it happens once more.';
}
