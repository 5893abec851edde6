/**
 * `npm run profile -- P1 [entries]`: where the gateway's time goes in one workload. Prints the CPU per request by stage (from a V8
 * profile, whose file it names), the statements of one request, and their EXPLAIN (ANALYZE, BUFFERS).
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { environmentOf, openDataset } from './dataset/open.mjs';
import { gatewayRoot } from './gateway-build.mjs';
import { cpuSeconds, databaseCpuSeconds, startPeer } from './peers/start.mjs';
import { CONNECTIONS, requestsOf } from './workloads.mjs';

const workload = process.argv[2] ?? 'P1';
const entries = Number(process.argv[3] ?? 100_000);
const SECONDS = 8;

/** The first pattern that fits the script of a function names its stage: paths inside dist/, then packages. */
const STAGES = [
  ['SQL text built', /^dist\/reading\/(statement|compile-read|visible-rows|branches|row-scope|read-input)\.js/],
  ['rows decided, masked, written', /^dist\/(reading\/(access-report|judge-rows|write-|writing-|json-text)|access\/|entries\/)/],
  ['cursors, seals', /^dist\/(keys\/|reading\/cursor)/],
  ['reader', /^dist\/reading\/(reader|fetched-tree|stored-row)/],
  ['rows decided, masked, written', /^dist\/reading\//],
  ['operation plan', /^dist\/(graphql\/plan\/|catalog\/)/],
  ['token, client', /^dist\/clients\/|\/jose\//],
  ['gateway: HTTP, metrics', /^dist\/http\//],
  ['gateway: other', /^dist\//],
  ['graphql: parse, validate', /\/graphql\/(language|validation|utilities\/(TypeInfo|typeFromAST))/],
  ['graphql: execute', /\/(graphql|graphql-middleware|graphql-shield|graphql-scalars|type-graphql|@graphql-tools)\//],
  ['Apollo Server', /\/@apollo\/|\/@as-integrations\/|\/whatwg-mimetype\/|\/body-parser\/|\/negotiator\//],
  ['Prisma client', /\/@prisma\/|\/generated\//],
  ['pg driver', /\/(pg|pg-[a-z]+|postgres-[a-z]+)\/|^dist\/db\/(text-query|caller-)/],
  ['Express, logging, metrics', /^node_modules\//],
  ['Node: crypto', /^node:internal\/crypto/],
  ['Node: HTTP, sockets, streams', /^node:/],
];

function stageOf({ functionName, url }) {
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(idle)') return null;
  if (url === '')
    return functionName === 'writev' || functionName === 'writeBuffer'
      ? 'socket writes (system calls)'
      : 'native code and builtins';
  const place = url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, 'node_modules/')
    .replace(`${gatewayRoot}/`, '');
  return STAGES.find(([, pattern]) => pattern.test(place))?.[0] ?? place;
}

const dataset = await openDataset(entries);
const environment = environmentOf(entries);
const { token } = await dataset.gateway.tokens.issue(dataset.agency, 86_400);
const common = { url: dataset.gateway.database.url, clientId: dataset.agency, gatewayToken: token, purpose: dataset.purpose };
const step = Math.max(1, Math.floor(dataset.organizations / 500));
const creditCodes = Array.from({ length: 500 }, (_, at) => 1 + at * step)
  .filter((n) => n < dataset.organizations)
  .map(dataset.creditCode);
const bodies = requestsOf({
  creditCodes,
  divisions: ['150400', '150700', '152200'],
  giant: dataset.creditCode(0),
  position: { gatewayCursor: null },
})[workload].gateway.map((body) => JSON.stringify(body));

const client = fork(path.join(import.meta.dirname, 'load-client.mjs'));
const load = async (peer, more) => {
  client.send({
    origin: peer.origin,
    path: '/graphql',
    headers: peer.headers,
    bodies,
    connections: CONNECTIONS[workload],
    seconds: SECONDS,
    check: false,
    ...more,
  });
  const [result] = await once(client, 'message');
  return result;
};
const folder = mkdtempSync(path.join(tmpdir(), 'gateway-profile-'));
try {
  await showStatements();
  await showStages();
} finally {
  client.kill();
  await dataset.gateway.close();
}

async function showStages() {
  const peer = await startPeer('gateway', {
    environment,
    ...common,
    nodeOptions: ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500'],
  });
  await load(peer, { seconds: 3 });
  const postmaster = Number(readFileSync(path.join(environment.DATA_DIR, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
  const used = { node: cpuSeconds(peer.pid), database: databaseCpuSeconds(postmaster) };
  const result = await load(peer, {});
  const micros = (seconds) => ((seconds * 1e6) / result.requests).toFixed(0);
  process.stdout.write(
    `\nCPU per request, µs: ${micros(cpuSeconds(peer.pid) - used.node)} Node + ${micros(databaseCpuSeconds(postmaster) - used.database)} PostgreSQL\n`,
  );
  await peer.stop();
  const file = path.join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.cpuprofile')),
  );
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const end = timeDeltas.reduce((sum, delta) => sum + delta, 0);
  // The last seconds before the end, without start and warm-up.
  let at = 0;
  const stages = new Map();
  const functions = new Map();
  for (let index = 0; index < samples.length; index += 1) {
    at += timeDeltas[index];
    if (at < end - SECONDS * 1e6 - 200_000) continue;
    const { callFrame } = byId.get(samples[index]);
    const stage = stageOf(callFrame);
    if (stage === null) continue;
    stages.set(stage, (stages.get(stage) ?? 0) + timeDeltas[index]);
    const name = `${callFrame.functionName || '(anonymous)'} ${callFrame.url.split('/').slice(-3).join('/')}:${callFrame.lineNumber + 1}`;
    functions.set(name, (functions.get(name) ?? 0) + timeDeltas[index]);
  }
  print(
    `${workload}: ${result.requests} requests, ${result.rate.toFixed(0)}/s. CPU of Node per request, µs:`,
    stages,
    result.requests,
  );
  print('By function:', [...functions].sort((a, b) => b[1] - a[1]).slice(0, 40), result.requests);
  process.stdout.write(`\nProfile: ${file}\n`);
}

function print(title, sums, requests) {
  process.stdout.write(`\n${title}\n`);
  for (const [name, micros] of [...sums].sort((a, b) => b[1] - a[1]))
    process.stdout.write(`${(micros / requests).toFixed(0).padStart(8)}  ${name}\n`);
}

async function showStatements() {
  const tap = path.join(folder, 'statements.jsonl');
  const peer = await startPeer('gateway', {
    environment: { ...environment, STATEMENT_TAP: tap, GATEWAY_ROOT: gatewayRoot },
    ...common,
    nodeOptions: ['--import', path.join(import.meta.dirname, 'statement-tap.mjs')],
  });
  const readTap = () =>
    readFileSync(tap, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  await load(peer, { check: true });
  const before = readTap().length;
  const { answer } = await load(peer, { check: true });
  const statements = readTap().slice(before);
  await peer.stop();
  process.stdout.write(`The answer's report: ${JSON.stringify(JSON.parse(answer).extensions).slice(0, 1500)}\n`);
  for (const { text, values } of statements) {
    process.stdout.write(`\n${text.slice(0, 6000)}\n-- ${JSON.stringify(values).slice(0, 700)}\n`);
    if (!/^(SELECT|WITH)/.test(text) || /pg_notify|set_config|^SELECT 1$/.test(text)) continue;
    const { rows } = await dataset.gateway.database.pool.query(`EXPLAIN (ANALYZE, BUFFERS) ${text}`, values);
    process.stdout.write(`${rows.map((row) => row['QUERY PLAN']).join('\n')}\n`);
  }
}
