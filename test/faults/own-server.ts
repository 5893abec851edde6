/** A PostgreSQL of a test's own, which may be killed, stopped and started again: the run's server belongs to all tests. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { loadDemo } from '../../src/cli/demo.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { type EmbeddedServer, openEmbeddedServer } from '../../src/db/embedded-server.ts';
import { pidExists } from '../../src/db/process-identity.ts';
import { type Gateway, openGateway } from '../../src/gateway.ts';
import { eventually } from '../testkit/eventually.ts';

/** What a transaction has committed must outlive a killed server (not a power cut: `fsync`), so `synchronous_commit` stays on. */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', max_connections: '120', shared_buffers: '32MB' };

export interface OwnServer {
  /** as DATA_DIR: a gateway may join and revive the server */
  readonly folder: string;
  /** as DATABASE_URL: the gateway knows nothing of how the server is started */
  readonly url: string;
  /** settings of a gateway on it */
  readonly config: Config;
  /** the postmaster's */
  pid(): Promise<number>;
  /** kill -9 of the postmaster */
  kill(): Promise<void>;
  /** starts it again where it died; does nothing while it runs */
  start(): Promise<void>;
  /** on a connection of its own; the server must run */
  ask(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** runs the work on an open gateway beside the others, and closes it */
  beside<T>(work: (gateway: Gateway) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** @param demo whether the bundled catalog, the sample files and the three demo clients are loaded */
export async function openOwnServer({ demo }: { readonly demo: boolean }): Promise<OwnServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'public-credit-gateway-faults-'));
  let server: EmbeddedServer;
  try {
    server = await openEmbeddedServer(folder, { settings: SETTINGS });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const { url } = server;
  const config = readConfig({ NODE_ENV: 'test', DATABASE_URL: url, LOG_LEVEL: 'silent', PORT: '0', DATABASE_POOL_SIZE: '4' });
  const pid = async (): Promise<number> =>
    Number.parseInt(await readFile(path.join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10);
  const own: OwnServer = {
    folder,
    url,
    config,
    pid,
    kill: async () => {
      const number = await pid();
      process.kill(number, 'SIGKILL');
      await eventually(() => (pidExists(number) ? Promise.reject(new Error('it lives')) : Promise.resolve()), 20_000);
    },
    start: () => server.revive(),
    ask: async (text, values = []) => {
      const client = new pg.Client({ connectionString: url, application_name: 'fault test' });
      client.on('error', () => undefined);
      await client.connect();
      try {
        return (await client.query<Record<string, unknown>>(text, [...values])).rows;
      } finally {
        await client.end().catch(() => undefined);
      }
    },
    beside: async (work) => {
      const gateway = await openGateway(config);
      try {
        return await work(gateway);
      } finally {
        await gateway.close();
      }
    },
    close: async () => {
      await server.release();
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    if (demo) await own.beside((gateway) => loadDemo(gateway));
  } catch (error) {
    await own.close();
    throw error;
  }
  return own;
}
