/** Carries out one export: every row of its items that exists for the client, out of one consistent view, into files and a manifest. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Catalog, CatalogItem } from '../catalog/model.ts';
import type { Snapshot } from '../db/index.ts';
import { AccessReport, SnapshotRead } from '../reading/index.ts';
import type { ReaderIdentity, Unseal } from '../reading/index.ts';
import type { ExportFile, ExportJob, ExportResult } from './export-job.ts';
import { MANIFEST } from './export-job.ts';
import { PartWriter } from './part-writer.ts';

/** Rows decided and written without letting anybody else run: some milliseconds. */
const BATCH = 500;

export interface ExportTask {
  readonly job: ExportJob;
  readonly folder: string;
  readonly catalog: Catalog;
  /** of `catalog` */
  readonly items: readonly CatalogItem[];
  readonly reader: ReaderIdentity;
  readonly unseal: Unseal;
  readonly snapshot: Snapshot;
  readonly partBytes: number;
  /** the place in the change feed from which the view goes on; null: there is no feed */
  readonly feedCursor: string | null;
  readonly signal: AbortSignal;
  /** takes the ids of all subjects with a row; null: nobody counts them */
  readonly subjects: Set<string> | null;
  /** told after each batch how many rows there are now */
  readonly progress: (rows: number) => Promise<void>;
}

export interface WrittenExport {
  readonly rows: number;
  readonly result: ExportResult;
  /** which fields of which items are in it, and how; no subject is named: they may be millions */
  readonly report: AccessReport;
}

/** @throws whatever the database or the disk throws, and the signal's reason; files may be left then */
export async function writeExport(task: ExportTask): Promise<WrittenExport> {
  const { items, folder, snapshot } = task;
  const report = new AccessReport();
  const consents = await holdsConsents(snapshot, task.reader);
  const files: ExportFile[] = [];
  let rows = 0;
  for (const item of items) {
    const read = SnapshotRead.of(item, task.catalog.items, task.reader, task.unseal, consents);
    const writer = new PartWriter(folder, item.code, task.partBytes);
    try {
      if (read !== null) {
        for await (const batch of snapshot.batches(read.statement, BATCH)) {
          task.signal.throwIfAborted();
          const put = (lines: string, count: number): void => {
            writer.add(lines, count);
          };
          rows += read.write(batch, put, task.subjects);
          await writer.room();
          await task.progress(rows);
          await setImmediate();
        }
        read.report(report);
      }
      files.push(...(await writer.end()));
    } finally {
      await writer.abandon();
    }
  }
  const manifest = await writeManifest(task, files, rows);
  return { rows, result: { files, manifest }, report };
}

/** Whether it is worth looking for the authorizations of each row's subject. */
async function holdsConsents(snapshot: Snapshot, { clientId, purpose, today }: ReaderIdentity): Promise<boolean> {
  if (purpose === null) return false;
  const found = await snapshot.all({
    text: `SELECT 1 FROM authorizations WHERE client_id = $1 AND purpose = $2 AND revoked_at IS NULL AND valid_until >= $3::date LIMIT 1`,
    values: [clientId, purpose, today],
  });
  return found.length > 0;
}

async function writeManifest(
  { job, folder, catalog, items, reader, feedCursor }: ExportTask,
  files: readonly ExportFile[],
  rows: number,
): Promise<ExportResult['manifest']> {
  const rowsOf = (code: string): number => files.reduce((sum, file) => sum + (file.item === code ? file.rows : 0), 0);
  const text = `${JSON.stringify(
    {
      export: job.id,
      client: job.clientId,
      purpose: job.purpose,
      day: reader.today,
      catalogVersion: catalog.version,
      format: 'NDJSON, UTF-8, gzip',
      rows,
      feedCursor,
      items: items.map(({ code, typeName, nameZh }) => ({ code, typeName, name: nameZh, rows: rowsOf(code) })),
      files,
    },
    null,
    2,
  )}\n`;
  await writeFile(path.join(folder, MANIFEST), text, { mode: 0o600, flush: true });
  const digest = (algorithm: string): string => createHash(algorithm).update(text).digest('hex');
  return { name: MANIFEST, rows, bytes: Buffer.byteLength(text), sha256: digest('sha256'), sm3: digest('sm3') };
}
