/**
 * The copy as files. A database would do it in one transaction per page; here a page and its cursor are one line of a journal, and
 * everything else is written aside and renamed, so that a kill leaves the state before a step or the one after it.
 *
 *   key           the idempotency key of the export that is being fetched
 *   current       the id of the export that the copy began with
 *   <export>/     its files (`*.part` while they come), and journal: line 1 its first cursor, then a line per page of changes
 */
import { createReadStream, readFileSync, truncateSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

export function openFolder(folder) {
  const at = (...names) => [folder, ...names].join('/');
  return {
    at,
    make: (name = '') => mkdir(at(name), { recursive: true }),
    /** null: not there */
    get: (name) => readFile(at(name), 'utf8').catch(() => null),
    async put(name, text) {
      await writeFile(at(`${name}.new`), text, { flush: true });
      await rename(at(`${name}.new`), at(name));
    },
    remove: (name) => rm(at(name), { force: true, recursive: true }),
    /** Copies that are not used any more are deleted: nobody would look after what they hold. */
    async keepOnly(id) {
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        if (entry.isDirectory() && entry.name !== id) await rm(at(entry.name), { recursive: true });
      }
    },
    append: (id, page) => appendFile(at(id, 'journal'), `${JSON.stringify(page)}\n`, { flush: true }),
    pages,
    rows,
  };

  /** A line that a kill cut short was never there. */
  function pages(id) {
    const text = readFileSync(at(id, 'journal'));
    const end = text.lastIndexOf('\n') + 1;
    if (end < text.length) truncateSync(at(id, 'journal'), end);
    return text
      .subarray(0, end)
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  /** The copy: the snapshot's lines as `kept` cuts them down, with all changes applied. */
  async function rows(id, kept) {
    const found = new Map();
    const [{ files }, ...changes] = pages(id);
    for (const name of files) {
      const lines = createInterface({ input: createReadStream(at(id, name)).pipe(createGunzip()), crlfDelay: Infinity });
      for await (const line of lines) {
        const row = JSON.parse(line);
        found.set(row.id, kept(row));
      }
    }
    for (const { upserts, removes } of changes) {
      for (const row of upserts) found.set(row.id, row);
      for (const gone of removes) found.delete(gone);
    }
    return found.values();
  }
}
