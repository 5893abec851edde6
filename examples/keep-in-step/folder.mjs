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
    mend,
    pagesOf,
    rows,
  };

  /** A line that a kill cut short was never there. For the process that writes, before it begins. */
  function mend(id) {
    const text = readFileSync(at(id, 'journal'));
    truncateSync(at(id, 'journal'), text.lastIndexOf('\n') + 1);
  }

  function pagesOf(id) {
    const lines = readFileSync(at(id, 'journal'), 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line));
  }

  /** The copy: the snapshot's lines as `kept` cuts them down, with all changes applied. */
  async function rows(id, kept) {
    const found = new Map();
    const [{ files }, ...pages] = pagesOf(id);
    for (const name of files) {
      const lines = createInterface({ input: createReadStream(at(id, name)).pipe(createGunzip()), crlfDelay: Infinity });
      for await (const line of lines) {
        const row = JSON.parse(line);
        found.set(row.id, kept(row));
      }
    }
    for (const change of pages.flatMap(({ changes }) => changes)) {
      if (change.row === null) found.delete(change.id);
      else found.set(change.id, change.row);
    }
    return found.values();
  }
}
