/**
 * Whether the approval check costs more in a larger region: `npm run scale -- 100000 10000000 [--rounds 6] [--seconds 3]`.
 * A gateway and a PostgreSQL for each size, P1 asked of them in turn; medians, and the ratios of the larger to the smaller.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { environmentOf, openDataset } from './dataset/open.mjs';
import { built } from './gateway-build.mjs';
import { cpuSeconds, databaseCpuSeconds, postmasterOf, startPeer } from './peers/start.mjs';
import { CONNECTIONS, requestsOf, subjectsToAsk } from './workloads.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '6' }, seconds: { type: 'string', default: '3' } },
});
const sizes = positionals.length === 2 ? positionals.map(Number) : [100_000, 10_000_000];
/** Every subject is asked several times before anything counts: code is compiled then, and pages are in memory. */
const WARM_UP_SECONDS = 10;
/** A region's database has memory for what is asked often; the embedded server's default would hold a part of these subjects' rows. */
const SETTINGS = { shared_buffers: '2GB' };

const client = fork(path.join(import.meta.dirname, 'load-client.mjs'));
const sides = [];
try {
  for (const entries of sizes) sides.push(await open(entries));
  for (let round = 0; round <= Number(options.rounds); round += 1) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const result = await measure(side, round === 0 ? WARM_UP_SECONDS : Number(options.seconds));
      if (round > 0) side.results.push(result);
    }
  }
  const figures = sides.map(({ results }) =>
    Object.fromEntries(
      ['rate', 'p50', 'p99', 'cpu', 'databaseCpu'].map((name) => [name, median(results.map((one) => one[name]))]),
    ),
  );
  for (const [at, { rate, p50, p99, cpu, databaseCpu }] of figures.entries())
    process.stdout.write(
      `${String(sizes[at]).padStart(9)} entries: ${rate.toFixed(0)}/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, CPU ${cpu.toFixed(0)} + ${databaseCpu.toFixed(0)} µs\n`,
    );
  const [small, large] = figures;
  const ratio = (name) => (large[name] / small[name]).toFixed(2);
  process.stdout.write(
    `larger to smaller: p50 × ${ratio('p50')} (aim: at most 1.25), CPU of PostgreSQL × ${ratio('databaseCpu')}, of Node × ${ratio('cpu')}\n`,
  );
} finally {
  client.kill();
  for (const { server, peer, dataset } of sides) {
    await peer.stop();
    await dataset.gateway.close();
    await server.release();
  }
}

async function open(entries) {
  const { openEmbeddedServer } = await built('db/embedded-server.js');
  const environment = environmentOf(entries);
  await (await openDataset(entries)).gateway.close();
  const server = await openEmbeddedServer(environment.DATA_DIR, { settings: SETTINGS });
  const dataset = await openDataset(entries);
  const { gateway, agency: clientId, purpose } = dataset;
  const { token } = await gateway.tokens.issue(clientId, 86_400);
  const peer = await startPeer('gateway', { environment, url: gateway.database.url, clientId, gatewayToken: token, purpose });
  const bodies = requestsOf({ ...subjectsToAsk(dataset), position: {} }).P1.gateway.map((body) => JSON.stringify(body));
  return { server, dataset, peer, bodies, postmaster: postmasterOf(environment.DATA_DIR), results: [] };
}

async function measure({ peer, bodies, postmaster }, seconds) {
  const before = [cpuSeconds(peer.pid), databaseCpuSeconds(postmaster)];
  client.send({
    origin: peer.origin,
    path: '/graphql',
    headers: peer.headers,
    bodies,
    connections: CONNECTIONS.P1,
    seconds,
    check: false,
  });
  const [result] = await once(client, 'message');
  if (result.error !== undefined) throw new Error(result.error);
  if (result.failed > 0) throw new Error(`${result.failed} answers were not 200`);
  const each = (now, then) => ((now - then) / result.requests) * 1e6;
  return { ...result, cpu: each(cpuSeconds(peer.pid), before[0]), databaseCpu: each(databaseCpuSeconds(postmaster), before[1]) };
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
