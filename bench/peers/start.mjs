/** Starts the peers, one process each, all on the Node that runs this, and reads what they cost from /proc. */
import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { gatewayRoot } from '../gateway-build.mjs';

const TICK_SECONDS = 0.01;
const tokenKey = randomBytes(32).toString('hex');

/** The token of the peers other than the gateway: HS256, made here. */
function hmacToken(clientId) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ client_id: clientId, exp: Math.floor(Date.now() / 1000) + 86_400 })}`;
  return `${text}.${createHmac('sha256', tokenKey).update(text).digest('base64url')}`;
}

/**
 * @param {'gateway' | 'gateway-open' | 'gateway-unlogged' | 'postgraphile' | 'hand-built' | 'limit'} name `gateway-open`: the gateway without access control; `gateway-unlogged`: without the read log
 * @param {{ environment: Record<string, string>; url: string; clientId: string; gatewayToken: string; purpose: string; nodeOptions?: string[] }} options
 */
export async function startPeer(name, { environment, url, clientId, gatewayToken, purpose, nodeOptions = [] }) {
  const isGateway = name.startsWith('gateway');
  const script = isGateway
    ? [path.join(gatewayRoot, 'dist', 'main.js'), 'start']
    : [path.join(import.meta.dirname, `${name}.mjs`)];
  const own = isGateway
    ? { ...environment, DATABASE_URL: url }
    : { DATABASE_URL: url, BENCH_TOKEN_KEY: tokenKey, NODE_ENV: 'production', GRAPHILE_ENV: 'production' };
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    ...own,
    ...(process.env.GATEWAY_ROOT ? { GATEWAY_ROOT: process.env.GATEWAY_ROOT } : {}),
  };
  const without = { 'gateway-open': 'access-off.mjs', 'gateway-unlogged': 'read-log-off.mjs' }[name];
  const open = without === undefined ? [] : ['--import', path.join(import.meta.dirname, without)];
  const child = spawn(process.execPath, [...open, ...nodeOptions, ...script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const origin = await new Promise((resolve, reject) => {
    const listen = (chunk) => {
      said += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found) resolve(found[0]);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('exit', (code) => reject(new Error(`${name} ended with ${code}: ${said.slice(-2000)}`)));
  });
  const token = isGateway ? gatewayToken : hmacToken(clientId);
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${token}`,
    'x-purpose': encodeURIComponent(purpose),
  };
  return {
    name,
    origin,
    headers,
    pid: child.pid,
    said: () => said,
    stop: () =>
      new Promise((resolve) => {
        child.on('exit', resolve);
        child.kill('SIGTERM');
      }),
  };
}

/** Seconds of CPU that a process has used so far, all threads. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS;
}

/** The server process of the embedded PostgreSQL in a data folder. */
export function postmasterOf(dataDir) {
  return Number(readFileSync(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

/** Of PostgreSQL: all that its server process has started, whether it still runs or has ended. */
export function databaseCpuSeconds(postmaster) {
  const ended = readFileSync(`/proc/${postmaster}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  let sum = (Number(ended[13]) + Number(ended[14])) * TICK_SECONDS;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      if (Number(fields[1]) === postmaster) sum += (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS;
    } catch {
      // It has ended meanwhile.
    }
  }
  return sum;
}

/** Resident memory in MB. */
export function residentMegabytes(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}
