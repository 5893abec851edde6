/** An export (全量快照) as it is kept: what was asked for, how far it is, and what came of it. */
import { z } from 'zod';

export const EXPORT_STATUSES = ['RUNNING', 'READY', 'FAILED', 'EXPIRED'] as const;
export type ExportStatus = (typeof EXPORT_STATUSES)[number];

/** One part of an item's rows: gzipped NDJSON. */
export const ExportFile = z.object({
  /** the last part of its address */
  name: z.string(),
  /** catalog code */
  item: z.string(),
  rows: z.number().int(),
  /** of the file as it is downloaded, like the digests */
  bytes: z.number().int(),
  /** hex */
  sha256: z.string(),
  sm3: z.string(),
});
export type ExportFile = z.infer<typeof ExportFile>;

/** What makes an export ready; in the database beside it. */
export const ExportResult = z.object({
  files: z.array(ExportFile),
  manifest: ExportFile.omit({ item: true }),
  /** `Openness` of the client's view when it was made; not there in exports of earlier versions */
  view: z.record(z.string(), z.record(z.string(), z.string())).optional(),
});
export type ExportResult = z.infer<typeof ExportResult>;

export interface ExportJob {
  readonly id: string;
  readonly clientId: string;
  readonly idempotencyKey: string | null;
  /** catalog codes */
  readonly items: readonly string[];
  readonly purpose: string | null;
  readonly matter: string | null;
  /** of the request that started it */
  readonly requestId: string;
  readonly status: ExportStatus;
  readonly catalogVersion: number;
  /** written up to now */
  readonly rows: number;
  /** null until it is ready */
  readonly result: ExportResult | null;
  readonly feedCursor: string | null;
  /** why it failed, in words for its client */
  readonly failure: string | null;
  readonly startedAt: Date;
  readonly readyAt: Date | null;
  readonly expiresAt: Date | null;
  /** counts up with every server that begins it anew; names the folder of its files */
  readonly attempt: number;
}

/** The file by which all others can be checked. */
export const MANIFEST = 'manifest.json';
