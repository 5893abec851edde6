/**
 * What the read log costs: P1 from 8 and from 64 connections, asked of two servers of one build on one database, one with the log as it
 * is and one without it (peers/read-log-off.mjs), in turn. `node bench/read-log.mjs [--entries 100000] [--rounds 6] [--seconds 2.5]`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { environmentOf, openDataset } from './dataset/open.mjs';
import { cpuSeconds, databaseCpuSeconds, postmasterOf, startPeer } from './peers/start.mjs';
import { requestsOf, subjectsToAsk } from './workloads.mjs';

const { values: options } = parseArgs({
  options: {
    entries: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '2.5' },
  },
});

const WARM_UP_SECONDS = 3;
const CONNECTIONS = [8, 64];
/** What the log may take of P1's rate, per cent. */
const MOST_LOSS = 15;

const entries = Number(options.entries);
const dataset = await openDataset(entries);
const { gateway } = dataset;
const environment = environmentOf(entries);
const postmaster = postmasterOf(environment.DATA_DIR);
const { token } = await gateway.tokens.issue(dataset.agency, 86_400);
const client = fork(path.join(import.meta.dirname, 'load-client.mjs'));
const peers = [];
try {
  for (const name of ['gateway', 'gateway-unlogged']) {
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
  const bodies = requestsOf({ ...subjectsToAsk(dataset), position: {} }).P1.gateway.map((body) => JSON.stringify(body));
  await checkLogged();
  for (const connections of CONNECTIONS) for (const peer of peers) await measure(peer, connections, WARM_UP_SECONDS);
  const results = new Map();
  for (let round = 0; round < Number(options.rounds); round += 1) {
    for (const connections of CONNECTIONS) {
      // Each begins every other round: nobody always follows the same neighbour.
      for (const peer of round % 2 === 0 ? peers : peers.toReversed()) {
        const result = await measure(peer, connections, Number(options.seconds));
        const key = `${String(connections)} ${peer.name}`;
        results.set(key, [...(results.get(key) ?? []), result]);
      }
    }
  }
  for (const connections of CONNECTIONS) report(connections, results);

  /** One of the two must log each answer and the other none, or the difference says nothing. */
  async function checkLogged() {
    for (const peer of peers) {
      const before = await events();
      await order(peer, 1, 0.2, bodies);
      const { requests } = await order(peer, 1, 0.2, bodies);
      const logged = (await events()) - before;
      if (peer.name === 'gateway' ? logged < requests : logged > 0)
        throw new Error(`${peer.name} logged ${logged} events of ${requests} answers`);
    }
  }

  async function measure(peer, connections, seconds) {
    const before = [cpuSeconds(peer.pid), databaseCpuSeconds(postmaster)];
    const result = await order(peer, connections, seconds, bodies);
    if (result.failed > 0) throw new Error(`${peer.name}: ${result.failed} answers were not 200`);
    const perAnswer = (now, then) => ((now - then) / result.requests) * 1e6;
    return {
      ...result,
      cpu: perAnswer(cpuSeconds(peer.pid), before[0]),
      databaseCpu: perAnswer(databaseCpuSeconds(postmaster), before[1]),
    };
  }
} finally {
  client.kill();
  for (const peer of peers) await peer.stop();
  await gateway.close();
}

async function order({ origin, headers }, connections, seconds, bodies) {
  client.send({ origin, path: '/graphql', headers, bodies, connections, seconds, check: false });
  const [result] = await once(client, 'message');
  if (result.error) throw new Error(result.error);
  return result;
}

async function events() {
  const { rows } = await gateway.database.pool.query('SELECT count(*)::int AS events FROM access_events');
  return rows[0].events;
}

function report(connections, results) {
  const of = (name, key) => median(results.get(`${String(connections)} ${name}`).map((result) => result[key]));
  const line = (name) =>
    `  ${name.padEnd(17)} ${of(name, 'rate').toFixed(0).padStart(6)}/s  p50 ${of(name, 'p50').toFixed(1)}  p99 ${of(name, 'p99').toFixed(1)} ms  cpu ${of(name, 'cpu').toFixed(0)} + db ${of(name, 'databaseCpu').toFixed(0)} µs`;
  // Round by round, because the machine changes from one to the next.
  const [logged, unlogged] = ['gateway', 'gateway-unlogged'].map((name) => results.get(`${String(connections)} ${name}`));
  const losses = logged.map(({ rate }, round) => 100 * (1 - rate / unlogged[round].rate));
  const loss = median(losses);
  const cpu = (name) => of(name, 'cpu') + of(name, 'databaseCpu');
  process.stdout.write(
    [
      `P1 from ${String(connections)} connections, medians of ${String(logged.length)} rounds`,
      line('gateway'),
      line('gateway-unlogged'),
      `  the read log takes ${loss.toFixed(1)} % of the rate (rounds: ${losses.map((one) => one.toFixed(0)).join(', ')}; aim ${String(MOST_LOSS)}) and adds ${(100 * (cpu('gateway') / cpu('gateway-unlogged') - 1)).toFixed(1)} % of CPU`,
      '',
    ].join('\n'),
  );
  if (loss > MOST_LOSS) process.exitCode = 1;
}

function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
