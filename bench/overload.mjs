/**
 * What becomes of answers when ten times more is asked than can be served: `node bench/overload.mjs [--seconds 10] [--in-flight N]`.
 * A gateway of its own on the demo's data; the load comes from a process of its own, at a fixed rate whether answers come or not.
 * Ends with 1 where an answer that was given took longer than three times the normal p99, memory grew, or health did not answer.
 */
import { fork, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};

const QUERY =
  'query ($code: String!) { records(first: 10, filter: {subject: {creditCode: $code}}) { edges { node { id title documentNumber decidedOn status } } } }';

if (process.argv[2] === 'load') await loadProcess();
else await measure();

async function measure() {
  const seconds = option('seconds', 10);
  const folder = await mkdtemp(path.join(tmpdir(), 'gateway-overload-'));
  const gateway = spawn(
    process.execPath,
    [path.join(import.meta.dirname, '..', 'scripts', 'gateway.mjs'), 'start', '--demo', '--port', '0'],
    {
      env: {
        ...process.env,
        DATA_DIR: folder,
        LOG_LEVEL: 'warn',
        CLIENT_RATE_PER_MINUTE: 'none',
        CLIENT_MAX_CONCURRENT: 'none',
        ...(option('in-flight', null) === null ? {} : { MAX_IN_FLIGHT: String(option('in-flight', null)) }),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const loader = fork(import.meta.filename, ['load']);
  try {
    const { origin, token, code } = await demo(gateway);
    const order = { origin, token, body: JSON.stringify({ query: QUERY, variables: { code } }) };
    const run = (more) =>
      new Promise((resolve) => {
        loader.once('message', resolve);
        loader.send({ ...order, ...more });
      });
    await run({ closed: 16, seconds: 5 });
    const capacity = (await run({ closed: 16, seconds: 5 })).answered / 5;
    await run({ rate: capacity * 10, seconds: 2 });
    const normal = await run({ rate: capacity / 2, seconds });
    const resting = rss(gateway.pid);
    const probing = probe(origin);
    let highest = 0;
    const watch = setInterval(() => (highest = Math.max(highest, rss(gateway.pid))), 200);
    const over = await run({ rate: capacity * 10, seconds });
    clearInterval(watch);
    const health = await probing.stop();
    await sleep(1_000);
    const after = await run({ rate: capacity / 2, seconds: 3 });
    const line = (name, given) =>
      `${name.padEnd(22)} offered ${String(Math.round(given.offered)).padStart(6)}/s  answered ${String(Math.round(given.answered / given.seconds)).padStart(6)}/s  p50 ${given.p50.toFixed(1)} ms  p99 ${given.p99.toFixed(1)} ms  refused ${given.refused} (p99 ${given.refusedP99.toFixed(1)} ms)  failed ${given.failed}`;
    process.stdout.write(
      `${[`served at most          ${Math.round(capacity)}/s`, line('half of that', normal), line('ten times that', over), line('half again', after)].join('\n')}\n` +
        `memory ${Math.round(resting)} MB before, ${Math.round(highest)} MB at most; health ${health.answered} answered, ${health.failed} not, slowest ${Math.round(health.slowest)} ms\n` +
        `p99 under overload is ${(over.p99 / normal.p99).toFixed(1)} times the normal one\n`,
    );
    if (over.p99 > 3 * normal.p99 || highest > resting + 200 || health.failed > 0 || over.failed > 0) process.exitCode = 1;
  } finally {
    loader.kill();
    gateway.kill('SIGTERM');
    await new Promise((resolve) => gateway.once('exit', resolve));
    await rm(folder, { recursive: true, force: true });
  }
}

/** The address, the dashboard's token and a credit code, from what `start --demo` prints. */
function demo(gateway) {
  return new Promise((resolve, reject) => {
    let said = '';
    gateway.stdout.on('data', (chunk) => {
      said += chunk;
      if (!said.includes('Ctrl-C')) return;
      const [, token] = /^# .*DASHBOARD\n(\S+)$/m.exec(said) ?? [];
      const [, code] = /"code":"([0-9A-Z]{18})"/.exec(said) ?? [];
      resolve({ origin: /http:\/\/127\.0\.0\.1:\d+/.exec(said)[0], token, code });
    });
    gateway.once('exit', () => reject(new Error('The gateway did not start')));
  });
}

/** Megabytes that a process holds. */
function rss(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}

/** Asks for health every 200 ms, as a load balancer would. */
function probe(origin) {
  const seen = { answered: 0, failed: 0, slowest: 0 };
  let on = true;
  const asking = (async () => {
    while (on) {
      for (const name of ['live', 'ready']) {
        const at = performance.now();
        const ok = await fetch(`${origin}/health/${name}`).then(
          (answer) => answer.arrayBuffer().then(() => answer.ok),
          () => false,
        );
        seen.slowest = Math.max(seen.slowest, performance.now() - at);
        seen[ok ? 'answered' : 'failed'] += 1;
      }
      await sleep(200);
    }
  })();
  return {
    stop: async () => {
      on = false;
      await asking;
      return seen;
    },
  };
}

/** The load: `closed` connections that each wait for their answer, or `rate` requests a second whatever becomes of them. */
async function loadProcess() {
  // Kept from run to run: what is measured is the gateway, not how fast a system opens connections.
  const agent = new Agent({ keepAlive: true, maxSockets: 512, scheduling: 'fifo' });
  process.on('message', async ({ origin, token, body, closed, rate, seconds }) => {
    const { hostname, port } = new URL(origin);
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      'content-length': Buffer.byteLength(body),
    };
    const given = [];
    const refusals = [];
    let failed = 0;
    let offered = 0;
    let open = 0;
    const ask = () =>
      new Promise((resolve) => {
        open += 1;
        offered += 1;
        // From when it leaves: what waits here for a connection waits in no server.
        let at = 0;
        const done = (list) => {
          open -= 1;
          if (list === null) failed += 1;
          else list.push(performance.now() - at);
          resolve();
        };
        const sent = request({ agent, hostname, port, method: 'POST', path: '/graphql', headers }, (response) => {
          response.resume();
          response.on('end', () => done(response.statusCode === 200 ? given : response.statusCode === 503 ? refusals : null));
        });
        sent.on('socket', () => (at = performance.now()));
        sent.on('error', () => done(null));
        sent.end(body);
      });
    const began = performance.now();
    const end = began + seconds * 1_000;
    if (closed !== undefined) {
      await Promise.all(
        Array.from({ length: closed }, async () => {
          while (performance.now() < end) await ask();
        }),
      );
    } else {
      let due = 0;
      while (performance.now() < end) {
        const wanted = Math.floor(((performance.now() - began) / 1_000) * rate);
        // As many connections as an attacker or a herd would open, and no more than this process can follow.
        for (; due < wanted; due += 1) if (open < 512) void ask();
        await sleep(1);
      }
      while (open > 0) await sleep(5);
    }
    const quantile = (list, q) => (list.sort((a, b) => a - b), list[Math.min(list.length - 1, Math.floor(q * list.length))] ?? 0);
    process.send({
      seconds,
      offered: offered / seconds,
      answered: given.length,
      p50: quantile(given, 0.5),
      p99: quantile(given, 0.99),
      refused: refusals.length,
      refusedP99: quantile(refusals, 0.99),
      failed,
    });
  });
}
