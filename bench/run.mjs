/**
 * `npm run bench`: all peers on one database, same load, alternating rounds; then the import; then the table and the plot.
 * `-- --entries 1000000 --seconds 1 --rounds 5 --import 100000 --only P1,P3 --peers gateway,limit --dry` (dry: results are printed, not kept)
 */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { environmentOf, openDataset } from './dataset/open.mjs';
import { gatewayRoot } from './gateway-build.mjs';
import { measureImport } from './import.mjs';
import { cpuSeconds, databaseCpuSeconds, postmasterOf, residentMegabytes, startPeer } from './peers/start.mjs';
import { VISIBLE } from './peers/visible.mjs';
import { writeReport } from './report.mjs';
import { CONNECTIONS, DEEP, deepPage, requestsOf, subjectsToAsk } from './workloads.mjs';

const { values: options } = parseArgs({
  options: {
    entries: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    import: { type: 'string', default: '100000' },
    only: { type: 'string', default: 'P1,P2,P3,P4,P5,P6,P7' },
    peers: { type: 'string', default: 'gateway,gateway-open,postgraphile,hand-built,limit' },
    dry: { type: 'boolean', default: false },
  },
});

/** Servers run for months: none is measured in the first thousand requests, while its code is still being compiled. */
const WARM_UP_SECONDS = 3;

const note = (text) => process.stderr.write(`${text}\n`);
const started = performance.now();
const entries = Number(options.entries);
const workloads = options.only.split(',').filter((name) => name !== 'P7');
if (process.env.GATEWAY_ROOT === undefined)
  spawnSync(process.execPath, [path.join(gatewayRoot, 'scripts', 'build.mjs')], { cwd: gatewayRoot, stdio: ['ignore', 2, 2] });

const dataset = await openDataset(entries);
const { gateway } = dataset;
const pool = gateway.database.pool;
const environment = environmentOf(entries);
await pool.query(readFileSync(path.join(import.meta.dirname, 'peers', 'indexes.sql'), 'utf8'));
const postmaster = postmasterOf(environment.DATA_DIR);
const { token } = await gateway.tokens.issue(dataset.agency, 86_400);
const measuringFrom = performance.now();
const peers = [];
const client = fork(path.join(import.meta.dirname, 'load-client.mjs'));
try {
  for (const name of options.peers.split(',')) {
    peers.push(
      await startPeer(name, {
        environment,
        url: gateway.database.url,
        clientId: dataset.agency,
        gatewayToken: token,
        purpose: dataset.purpose,
      }),
    );
  }
  await sleep(1000);
  const idle = Object.fromEntries(peers.map(({ name, pid }) => [name, residentMegabytes(pid)]));
  const requests = requestsOf({ ...subjectsToAsk(dataset), position: await deepPosition() });
  const bytes = {};
  for (const workload of workloads) bytes[workload] = await checkAlike(workload, requests[workload]);

  const results = {};
  for (let round = 0; round <= Number(options.rounds); round += 1) {
    // Round 0 warms up; the order turns, so that nobody always follows the same neighbour.
    for (const workload of workloads) {
      const asked = peers.filter(({ name }) => asks(name, workload));
      for (let at = 0; at < asked.length; at += 1) {
        const peer = asked[(at + round) % asked.length];
        const result = await measure(
          peer,
          bodiesFor(peer, requests[workload]),
          CONNECTIONS[workload],
          round === 0 ? WARM_UP_SECONDS : Number(options.seconds),
        );
        if (round > 0) ((results[workload] ??= {})[peer.name] ??= []).push(result);
        note(
          `${String(round)} ${workload} ${peer.name.padEnd(12)} ${result.rate.toFixed(0).padStart(6)}/s  p50 ${result.p50.toFixed(1)} p99 ${result.p99.toFixed(1)} ms  cpu ${result.cpu.toFixed(0)} + db ${result.databaseCpu.toFixed(0)} µs`,
        );
      }
    }
  }
  const memory = { idle, loaded: await loadedMemory() };
  const imported = options.only.includes('P7') ? await measureImport(gateway, Number(options.import), environment) : null;
  const seconds = (performance.now() - measuringFrom) / 1000;
  writeReport({ results, bytes, memory, imported, dataset, seconds, options, keep: !options.dry });
} finally {
  client.kill();
  for (const peer of peers) await peer.stop();
  await gateway.close();
}
note(`Done after ${((performance.now() - started) / 1000).toFixed(0)} s.`);

/** What access control costs is measured on the check and on the pages. */
function asks(name, workload) {
  return name !== 'gateway-open' || ['P1', 'P2', 'P3'].includes(workload);
}

function bodiesFor(peer, requestsByPeer) {
  return requestsByPeer[peer.name === 'gateway-open' ? 'gateway' : peer.name];
}

async function order(message) {
  client.send(message);
  const [result] = await once(client, 'message');
  if (result.error) throw new Error(result.error);
  return result;
}

function load(peer, bodies, connections, seconds, check) {
  return order({
    origin: peer.origin,
    path: '/graphql',
    headers: peer.headers,
    bodies: bodies.map((body) => JSON.stringify(body)),
    connections,
    seconds,
    check,
  });
}

async function measure(peer, bodies, connections, seconds) {
  const before = [cpuSeconds(peer.pid), databaseCpuSeconds(postmaster)];
  const result = await load(peer, bodies, connections, seconds, false);
  if (result.failed > 0) throw new Error(`${peer.name}: ${result.failed} answers were not 200`);
  const perRequest = (now, then) => ((now - then) / result.requests) * 1e6;
  return {
    ...result,
    cpu: perRequest(cpuSeconds(peer.pid), before[0]),
    databaseCpu: perRequest(databaseCpuSeconds(postmaster), before[1]),
  };
}

/** Every peer must give the same number of rows, and no error. */
async function checkAlike(workload, requestsByPeer) {
  const seen = [];
  for (const peer of peers.filter(({ name }) => asks(name, workload))) {
    const { answer } = await load(peer, bodiesFor(peer, requestsByPeer), 1, 0, true);
    if (/"errors":/.test(answer)) throw new Error(`${workload} of ${peer.name}: ${answer.slice(0, 1500)}`);
    seen.push({ peer: peer.name, rows: answer.match(/"id"\s*:/g)?.length ?? 0, bytes: answer.length });
  }
  const rows = new Set(seen.map((one) => one.rows));
  note(`${workload}: ${seen.map((one) => `${one.peer} ${one.rows} rows, ${one.bytes} characters`).join('; ')}`);
  if (rows.size !== 1 || rows.has(0)) throw new Error(`${workload}: the peers do not answer alike`);
  return Object.fromEntries(seen.map((one) => [one.peer, one.bytes]));
}

/** Where P4 goes on, for each peer in its own words. The pages before it are read by the peers themselves. */
async function deepPosition() {
  if (!workloads.includes('P4')) return {};
  const position = {};
  const { rows } = await pool.query(
    `SELECT e.decided_on::text AS date, e.id FROM credit_records e WHERE e.item_code = '150000-03-001' AND (CASE WHEN e.decided_on IS NULL THEN '-infinity'::date ELSE e.decided_on END) >= $1::date
     AND ${VISIBLE} ORDER BY CASE WHEN e.decided_on IS NULL THEN '-infinity'::date ELSE e.decided_on END DESC, e.id DESC OFFSET $2 LIMIT 1`,
    [DEEP.from, DEEP.rows - 1],
  );
  Object.assign(position, rows[0]);
  const ask = async (name, query, variables, find) => {
    const peer = peers.find((one) => one.name === name);
    if (peer === undefined) return null;
    let after = null;
    for (let page = 0; page < DEEP.rows / 1000; page += 1) {
      const { answer } = await load(peer, [{ query, variables: { after } }], 1, 0, true);
      const body = JSON.parse(answer);
      if (body.errors) throw new Error(answer.slice(0, 1000));
      after = find(body.data).pageInfo.endCursor;
    }
    return after;
  };
  position.gatewayCursor = await ask(
    'gateway',
    `query ($after: String) { ${deepPage('$after', '__typename', 1000)} }`,
    {},
    (data) => data.records,
  );
  position.postgraphileCursor = await ask(
    'postgraphile',
    `query ($after: Cursor) { allRecords(first: 1000, after: $after, condition: {itemCode: "150000-03-001"}, filter: {sortOn: {greaterThanOrEqualTo: "${DEEP.from}"}}, orderBy: [SORT_ON_DESC, ROW_ID_DESC]) { pageInfo { endCursor } } }`,
    {},
    (data) => data.allRecords,
  );
  return position;
}

/** The gateway alone: pages of 1,000 rows on 64 connections. @returns the most resident MB seen, and what was answered */
async function loadedMemory() {
  const peer = peers.find(({ name }) => name === 'gateway');
  if (peer === undefined || !workloads.includes('P3')) return null;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, residentMegabytes(peer.pid));
  }, 100);
  const bodies = requestsOf({ creditCodes: [], divisions: [], giant: '', position: {} }).P3.gateway;
  const { requests, refused, failed } = await load(peer, bodies, 64, 6, false);
  clearInterval(watch);
  if (failed > 0) throw new Error(`${failed} answers were not 200`);
  return { megabytes: most, requests, refused };
}
