/**
 * `node bench/export.mjs [entries]`: how fast an export is, beside `COPY … TO` of the same columns by the same statement. For the bench's
 * agency and a department, item by item: rows a second, the ratio, CPU of this process, and how long its event loop was held up.
 * Build the gateway before.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { openDataset } from './dataset/open.mjs';
import { built } from './gateway-build.mjs';

const entries = Number(process.argv[2] ?? 100_000);
const ITEMS = ['OrganizationPenalty', 'OrganizationLicense', 'PersonLicense'];
/** COPY and export in turn; the medians count. */
const ROUNDS = 5;
/** As src/exports has them. */
const BATCH = 500;
const PART_BYTES = 256 * 1024 * 1024;

const { openSnapshot } = await built('db/snapshot.js');
const { PartWriter } = await built('exports/part-writer.js');
const { SnapshotRead } = await built('reading/index.js');
const { ProfileCache } = await built('access/index.js');
const { today } = await built('calendar.js');

const { gateway, agency, purpose } = await openDataset(entries);
const folder = await mkdtemp(path.join(tmpdir(), 'gateway-export-bench-'));
try {
  const { url, pool } = gateway.database;
  const catalog = await gateway.catalogs.current();
  const callers = [
    { kind: 'CREDIT_AGENCY', clientId: agency, orgCode: null },
    { kind: 'DEPARTMENT', clientId: 'department', orgCode: '11159900MAY0A0003Q' },
  ];
  for (const { kind, clientId, orgCode } of callers) {
    const profile = new ProfileCache().profileFor(catalog, { kind, items: null, grants: [], providesData: orgCode !== null });
    const reader = { profile, clientId, orgCode, purpose, today: today() };
    const { keys } = gateway;
    const unseal = (stored, subjectId) => keys.openStored(stored, subjectId);
    for (const name of ITEMS) {
      const read = SnapshotRead.of(catalog.item(name), catalog.items, reader, unseal, false);
      if (read === null) continue;
      const rounds = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const copied = await copy(pool, read.statement);
        rounds.push({ ...(await exportOnce(url, read)), copied });
      }
      const median = (what) => rounds.map(what).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
      const [{ rows }] = rounds;
      // Nothing without consents, which the data set has none of.
      if (rows === 0) continue;
      const rate = median((round) => round.rate);
      const copied = median((round) => round.copied);
      process.stdout.write(
        `${kind} ${name}: ${rows} rows, export ${Math.round(rate)}/s, COPY ${Math.round(copied)}/s, ratio ${(rate / copied).toFixed(2)}, ` +
          `${median((round) => round.cpu).toFixed(1)} µs CPU a row, event loop held up for ${Math.max(...rounds.map(({ held }) => held)).toFixed(0)} ms at most\n`,
      );
    }
  }
} finally {
  await gateway.close();
  await rm(folder, { recursive: true, force: true });
}

/** Rows a second that the database writes out by itself, to nowhere: no client could take them faster. As the owner, like the export. */
async function copy(pool, { text, values }) {
  const spliced = values.reduce(
    (sql, value, at) => sql.replaceAll(`$${at + 1}::`, `'${String(value).replaceAll("'", "''")}'::`),
    text,
  );
  const started = performance.now();
  const { rowCount } = await pool.query(`COPY (${spliced}) TO '/dev/null'`);
  return rowCount / ((performance.now() - started) / 1_000);
}

async function exportOnce(url, read) {
  const snapshot = await openSnapshot(url, null);
  const writer = new PartWriter(folder, 'item', PART_BYTES);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const before = process.cpuUsage();
  const started = performance.now();
  delay.enable();
  let rows = 0;
  for await (const batch of snapshot.batches(read.statement, BATCH)) {
    rows += read.write(batch, (lines, count) => {
      writer.add(lines, count);
    });
    await writer.room();
    await setImmediate();
  }
  await writer.end();
  delay.disable();
  const seconds = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(before);
  await snapshot.close();
  return { rows, rate: rows / seconds, cpu: (user + system) / rows, held: delay.max / 1e6 };
}
