/** Exports as clients ask for them: start one, look how it is, and find the files of one that is ready. */
import path from 'node:path';
import { lessOpen } from '../access/index.ts';
import type { AccessProfile } from '../access/index.ts';
import type { Catalog } from '../catalog/model.ts';
import type { ClientStanding } from '../clients/index.ts';
import { requirePurpose } from '../clients/index.ts';
import { GatewayError } from '../errors.ts';
import type { ExportFolder } from './export-folder.ts';
import type { ExportJob } from './export-job.ts';
import type { ExportStore } from './export-store.ts';
import { exportableItems } from './exportable-items.ts';

export interface ExportCall {
  readonly clientId: string;
  readonly profile: AccessProfile;
  readonly catalog: Catalog;
  readonly purpose: string | null;
  readonly matter: string | null;
  readonly requestId: string;
}

/** A file that may be downloaded. */
export interface ExportedFile {
  /** absolute */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

const KEY = /^[\x21-\x7e]{8,100}$/;
/** What `exports` shows: a year of one a week, and more. */
const MOST_LISTED = 100;

export class ExportService {
  readonly #store: ExportStore;
  readonly #folder: ExportFolder;
  readonly #profileOf: (client: ClientStanding) => AccessProfile;
  readonly #started: () => void;

  /**
   * @param profileOf by the catalog of this moment
   * @param started told that there is something to do
   */
  constructor(
    store: ExportStore,
    folder: ExportFolder,
    profileOf: (client: ClientStanding) => AccessProfile,
    started: () => void,
  ) {
    this.#store = store;
    this.#folder = folder;
    this.#profileOf = profileOf;
    this.#started = started;
  }

  /**
   * @param names catalog codes or type names
   * @param key idempotency key: the same one with the same items is the same export
   * @throws GatewayError PURPOSE_REQUIRED, BAD_USER_INPUT, FILTER_FORBIDDEN; RATE_LIMITED with `exportId` while one is running
   */
  async start(call: ExportCall, names: readonly string[], key: string | null): Promise<ExportJob> {
    const { clientId, purpose, matter, requestId, catalog, profile } = call;
    if (profile.statesPurpose) requirePurpose(call, 'An export holds fields beyond 社会公开');
    if (key !== null && !KEY.test(key)) {
      throw new GatewayError(
        'BAD_USER_INPUT',
        'idempotencyKey takes 8 to 100 printable ASCII characters without blanks, for instance a UUID.',
        { argument: 'idempotencyKey' },
      );
    }
    const items = exportableItems(catalog, profile, names).map(({ code }) => code);
    const wanted = { clientId, idempotencyKey: key, items, purpose, matter, requestId, catalogVersion: catalog.version };
    // Twice at most: what stood in the way may be over by the time it is looked for.
    for (let left = 2; left > 0; left -= 1) {
      const added = await this.#store.add(wanted);
      if (added !== null) {
        this.#started();
        return added;
      }
      const earlier = key === null ? null : await this.#store.byKey(clientId, key);
      if (earlier !== null) return sameOrRefused(earlier, wanted);
      const running = await this.#store.running(clientId);
      if (running !== null) throw busy(running.id);
    }
    throw busy(null);
  }

  /** null: unknown, or another client's: one answer. */
  async find(clientId: string, id: string): Promise<ExportJob | null> {
    return this.#store.find(clientId, id);
  }

  async list(clientId: string): Promise<ExportJob[]> {
    return this.#store.list(clientId, MOST_LISTED);
  }

  /**
   * null: no such export of this client, not ready, expired, or no such file: one answer.
   * @throws GatewayError FIELD_FORBIDDEN naming the items of which less is open to the client now than when the export was made
   */
  async file(client: ClientStanding, id: string, name: string): Promise<ExportedFile | null> {
    const job = await this.#store.find(client.id, id);
    if (job?.status !== 'READY' || job.result === null) return null;
    const file = [job.result.manifest, ...job.result.files].find((one) => one.name === name);
    if (file === undefined) return null;
    const profile = this.#profileOf(client);
    const { view } = job.result;
    const closed = view === undefined ? job.items.filter((code) => !profile.anyVisible(code)) : lessOpen(view, profile);
    if (closed.length > 0) {
      throw new GatewayError(
        'FIELD_FORBIDDEN',
        `This export holds more of ${closed.join(', ')} than is open to this client now. Start another one.`,
        { items: closed },
      );
    }
    return { path: path.join(this.#folder.pathOf(job), file.name), sha256: file.sha256, bytes: file.bytes };
  }
}

function sameOrRefused(
  earlier: ExportJob,
  wanted: { readonly items: readonly string[]; readonly purpose: string | null },
): ExportJob {
  if (earlier.purpose === wanted.purpose && JSON.stringify(earlier.items) === JSON.stringify(wanted.items)) return earlier;
  throw new GatewayError(
    'BAD_USER_INPUT',
    'This idempotencyKey came before with other items or another purpose. Take a new key for a new export.',
    { argument: 'idempotencyKey', exportId: earlier.id },
  );
}

function busy(exportId: string | null): GatewayError {
  return new GatewayError(
    'RATE_LIMITED',
    'This client has an export running already. Wait until it is ready; export(id:) says how far it is.',
    exportId === null ? {} : { exportId },
  );
}
