/** The results as a table (Markdown) and as a plot (SVG), with what they were measured on. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gatewayRoot } from './gateway-build.mjs';
import { CONNECTIONS, TITLES } from './workloads.mjs';

/** What is aimed at, as ratios in one run: of PostGraphile's rate, of the limit's, of the hand-built stack's. */
const TARGETS = {
  P1: [1.3, 0.25, 3],
  P2: [1.2, 0.5, 3],
  P3: [1.5, 0.5, 3],
  P4: [1.2, null, 3],
  P5: [1.2, null, 3],
  P6: [null, null, 3],
};
const PEERS = ['gateway', 'postgraphile', 'hand-built', 'limit'];
const COLOURS = { gateway: '#0a6e5c', postgraphile: '#4a6fa5', 'hand-built': '#b0883b', limit: '#9a9a9a' };

export function writeReport({ results, bytes, memory, imported, dataset, seconds, options, keep }) {
  const summary = Object.fromEntries(
    Object.entries(results).map(([workload, byPeer]) => [
      workload,
      Object.fromEntries(Object.entries(byPeer).map(([peer, rounds]) => [peer, medians(rounds)])),
    ]),
  );
  const about = aboutRun(dataset, options, seconds);
  const text = markdown({ summary, bytes, memory, imported, about });
  process.stdout.write(text);
  if (!keep) return;
  const folder = path.join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'results.md'), text);
  writeFileSync(path.join(folder, 'results.svg'), plot(summary, about));
  writeFileSync(
    path.join(folder, 'results.json'),
    `${JSON.stringify({ about, summary, bytes, memory, imported, rounds: results }, null, 1)}\n`,
  );
  const root = path.join(import.meta.dirname, '..');
  // As everything in the repository is.
  execFileSync(process.execPath, [path.join(root, 'node_modules', 'prettier', 'bin', 'prettier.cjs'), '--write', folder], {
    cwd: root,
    stdio: 'ignore',
  });
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

function medians(rounds) {
  const of = (key) => median(rounds.map((round) => round[key]));
  const rates = rounds.map(({ rate }) => rate);
  return {
    rate: of('rate'),
    least: Math.min(...rates),
    most: Math.max(...rates),
    p50: of('p50'),
    p99: of('p99'),
    cpu: of('cpu'),
    databaseCpu: of('databaseCpu'),
    refused: of('refused'),
    answered: of('requests'),
  };
}

function aboutRun(dataset, options, seconds) {
  const lock = JSON.parse(readFileSync(path.join(import.meta.dirname, 'package-lock.json'), 'utf8'));
  const version = (name) => lock.packages[`node_modules/${name}`].version;
  const git = (...args) => {
    try {
      return execFileSync('git', ['-C', gatewayRoot, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      return '';
    }
  };
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${os.cpus()[0].model}, ${os.cpus().length} cores, ${(os.totalmem() / 2 ** 30).toFixed(0)} GB; load before the end ${os.loadavg()[0].toFixed(1)}`,
    node: process.version,
    commit: `${git('rev-parse', '--short', 'HEAD') || 'unknown'}${git('status', '--porcelain', '--', 'src', 'prisma') === '' ? '' : ' with changes'}`,
    versions: `PostgreSQL 18 (embedded), PostGraphile ${version('postgraphile')}, Apollo Server ${version('@apollo/server')}, type-graphql ${version('type-graphql')}, graphql-shield ${version('graphql-shield')}, Prisma ${version('@prisma/client')}, pg ${version('pg')}`,
    data: `${dataset.entries} entries and 50,000 of one subject, ${dataset.organizations} organizations, ${dataset.persons} natural persons`,
    run: `${options.rounds} alternating rounds of ${options.seconds} s, medians; ${seconds.toFixed(0)} s in all`,
  };
}

function markdown({ summary, bytes, memory, imported, about }) {
  const lines = ['# Results', '', ...Object.entries(about).map(([name, value]) => `- ${name}: ${value}`), ''];
  lines.push(
    'Requests per second (least to most of the rounds); p50 and p99 in ms; CPU of the server process + of PostgreSQL, µs a request.',
    '',
  );
  for (const [workload, byPeer] of Object.entries(summary)) {
    lines.push(
      `## ${workload}: ${TITLES[workload]} (${CONNECTIONS[workload]} connections)`,
      '',
      '| peer | requests/s | p50 | p99 | CPU µs | answer | gateway is |',
      '| --- | --- | --- | --- | --- | --- | --- |',
    );
    for (const peer of PEERS.filter((name) => byPeer[name])) {
      const { rate, least, most, p50, p99, cpu, databaseCpu } = byPeer[peer];
      lines.push(
        `| ${peer} | ${n(rate)} (${n(least)}–${n(most)}) | ${n(p50)} | ${n(p99)} | ${n(cpu)} + ${n(databaseCpu)} | ${n(bytes[workload][peer] / 1000)} k | ${ratio(workload, byPeer, peer)} |`,
      );
    }
    if (workload === 'P6' && byPeer.gateway)
      lines.push('', `Gateway: p99 is ${n(byPeer.gateway.p99 / byPeer.gateway.p50)} × p50 (aim: at most 3).`);
    if (byPeer.gateway?.refused > 0)
      lines.push(
        '',
        `Gateway: ${n(byPeer.gateway.refused)} requests a round refused with 503 and Retry-After, ${n(byPeer.gateway.answered)} answered; who is refused comes again when told to.`,
      );
    if (byPeer['gateway-open']) {
      const [on, off] = [byPeer.gateway, byPeer['gateway-open']].map(({ cpu, databaseCpu }) => cpu + databaseCpu);
      lines.push(
        '',
        `Access control costs ${n((on / off - 1) * 100)} % of CPU (aim: at most 10): ${n(on)} µs with it, ${n(off)} µs with every decision replaced by "open".`,
      );
    }
    lines.push('');
  }
  if (imported) {
    const { rows, megabytes, imported: one, copied } = imported;
    lines.push(
      `## P7: import of ${rows} rows (${n(megabytes)} MB)`,
      '',
      `Import ${n(one.seconds)} s (${n(rows / one.seconds)} rows/s), COPY of the same rows ${n(copied.seconds)} s: ${(copied.seconds / one.seconds).toFixed(2)} of COPY's speed (aim: at least 0.25).`,
      `Resident memory of the import: ${n(one.quarter)} MB at a quarter, ${n(one.end)} MB at the end, ${n(one.most)} MB at most.`,
      '',
    );
  }
  if (memory.loaded)
    lines.push(
      '## Memory',
      '',
      `Gateway: idle ${n(memory.idle.gateway)} MB (aim: at most 200); pages of 1,000 rows on 64 connections ${n(memory.loaded.megabytes)} MB (aim: at most 600; ${n(memory.loaded.requests)} answered, ${n(memory.loaded.refused)} refused with 503 and Retry-After).`,
      '',
    );
  return `${lines.join('\n')}\n`;
}

function ratio(workload, byPeer, peer) {
  if (peer === 'gateway' || !byPeer.gateway) return '';
  const of = byPeer.gateway.rate / byPeer[peer].rate;
  const aim = TARGETS[workload][['postgraphile', 'limit', 'hand-built'].indexOf(peer)];
  return `${of.toFixed(2)} ×${aim === null ? '' : ` (aim ${aim}: ${of >= aim ? 'met' : 'missed'})`}`;
}

const n = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(1));

/** Bars of the rates, each workload relative to the limit. */
function plot(summary, about) {
  const workloads = Object.keys(summary);
  const [width, row, left] = [760, 92, 60];
  const height = 60 + workloads.length * row;
  const text = (x, y, content, more = '') =>
    `<text x="${x}" y="${y}" ${more}>${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
  const parts = workloads.flatMap((workload, at) => {
    const top = 50 + at * row;
    const most = Math.max(...Object.values(summary[workload]).map(({ rate }) => rate));
    const bars = PEERS.filter((peer) => summary[workload][peer]).flatMap((peer, place) => {
      const { rate } = summary[workload][peer];
      const long = Math.max(1, (rate / most) * 480);
      return [
        `<rect x="${left}" y="${top + place * 16}" width="${long.toFixed(1)}" height="13" fill="${COLOURS[peer]}"/>`,
        text(left + long + 6, top + place * 16 + 11, `${peer} ${n(rate)}/s`),
      ];
    });
    return [text(8, top + 12, workload, 'font-weight="bold"'), ...bars, text(left, top - 4, TITLES[workload], 'fill="#666"')];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>
${text(8, 18, `Requests per second; ${about.data}`, 'font-size="13"')}
${parts.join('\n')}
</svg>
`;
}
