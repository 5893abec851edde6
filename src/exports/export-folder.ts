/** Where exports lie: `<folder>/<export's id>/<attempt>/<file>`, readable by the gateway's account alone. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { ExportJob } from './export-job.ts';
import type { ExportStore } from './export-store.ts';

export class ExportFolder {
  readonly root: string;

  constructor(root: string) {
    this.root = path.resolve(root);
  }

  pathOf({ id, attempt }: Pick<ExportJob, 'id' | 'attempt'>): string {
    return path.join(this.root, id, String(attempt));
  }

  /** @throws NodeJS.ErrnoException */
  async make(job: ExportJob): Promise<string> {
    const folder = this.pathOf(job);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** Whatever is left of this attempt; nothing left is fine. */
  async remove(job: ExportJob): Promise<void> {
    await rm(this.pathOf(job), { recursive: true, force: true });
  }

  /** Removes what no export needs any more: expired, failed, or begun by a server that died. */
  async sweep(store: Pick<ExportStore, 'kept'>): Promise<void> {
    const ids = (await this.#list(this.root)).filter((name) => z.uuid().safeParse(name).success);
    if (ids.length === 0) return;
    const kept = await store.kept(ids);
    for (const id of ids) {
      const attempt = kept.get(id);
      const folder = path.join(this.root, id);
      if (attempt === undefined) {
        await rm(folder, { recursive: true, force: true });
        continue;
      }
      for (const name of await this.#list(folder)) {
        if (Number(name) < attempt) await rm(path.join(folder, name), { recursive: true, force: true });
      }
    }
  }

  async #list(folder: string): Promise<string[]> {
    return readdir(folder).catch((error: unknown) => {
      if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    });
  }
}
