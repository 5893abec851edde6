/**
 * P7: the gateway's import of a department's file, in a process of its own, against COPY of the very same rows (entries and the
 * subjects they name) into empty tables with the same indexes. In a database of its own on the same server.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { publishCatalog, sizes } from './dataset/load.mjs';
import { rowSource } from './dataset/rows.mjs';
import { built } from './gateway-build.mjs';
import { residentMegabytes } from './peers/start.mjs';

const ITEM = 'OrganizationLicense';
const DATABASE = 'bench_import';

/**
 * @param {object} gateway an open gateway on the server
 * @param {number} rows
 * @param {Record<string, string>} environment of the gateway's processes
 */
export async function measureImport(gateway, rows, environment) {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-import-'));
  const url = new URL(gateway.database.url);
  url.pathname = `/${DATABASE}`;
  const admin = gateway.database.pool;
  await admin.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${DATABASE} TEMPLATE template0 ENCODING 'UTF8'`);
  try {
    const settings = { ...environment, DATABASE_URL: url.href };
    const { readConfig } = await built('config.js');
    const { openGateway } = await built('gateway.js');
    const target = await openGateway(readConfig(settings));
    const item = (await publishCatalog(target)).item(ITEM);
    await target.close();
    const file = path.join(folder, 'licences.csv');
    await writeFile(file, item, rows);
    const imported = await importFile(settings, file);
    const copied = await copySameRows(url.href, folder);
    return { rows, megabytes: statSync(file).size / 1e6, imported, copied };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await admin.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
  }
}

async function writeFile(file, item, rows) {
  const source = rowSource(item, { seed: 'import', ...sizes(rows) });
  const quoted = (cell) => (cell === null ? '' : /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  await pipeline(function* lines() {
    yield `\ufeff${item.fields.map(({ nameZh }) => quoted(nameZh)).join(',')}\n`;
    for (let made = 0; made < rows; made += 1) yield `${source.next().values.map(quoted).join(',')}\n`;
  }, createWriteStream(file));
}

/** @returns seconds, and resident MB at a quarter of the file, at its end, and at most */
async function importFile(settings, file) {
  const worker = fork(path.join(import.meta.dirname, 'import-worker.mjs'), { env: { ...process.env, ...settings } });
  const resident = [];
  const watch = setInterval(() => resident.push(residentMegabytes(worker.pid)), 50);
  worker.send({ file, item: ITEM });
  const [result] = await once(worker, 'message');
  clearInterval(watch);
  worker.disconnect();
  if (result.error) throw new Error(result.error);
  const at = (share) => resident[Math.floor(share * (resident.length - 1))];
  return { ...result, quarter: at(0.25), end: at(1), most: Math.max(...resident) };
}

async function copySameRows(connectionString, folder) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  let seconds = 0;
  for (const table of ['subjects', 'credit_records']) {
    const file = path.join(folder, `${table}.copy`);
    await pipeline(client.query(copyStreams.to(`COPY ${table} TO STDOUT`)), createWriteStream(file));
    await client.query(`CREATE TABLE ${table}_copy (LIKE ${table} INCLUDING ALL)`);
    const started = performance.now();
    await pipeline(
      createReadStream(file, { highWaterMark: 1 << 18 }),
      client.query(copyStreams.from(`COPY ${table}_copy FROM STDIN`)),
    );
    seconds += (performance.now() - started) / 1000;
  }
  await client.end();
  return { seconds };
}
