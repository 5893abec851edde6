/** Opens the bench's own database: an embedded PostgreSQL under bench/data/<entries>, filled at the first use. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { built } from '../gateway-build.mjs';
import { AGENCY, loadDataset, PURPOSE, SEED, sizes } from './load.mjs';
import { creditCode } from './subjects.mjs';

/** A crash while the data set is made costs only the making. */
const LOADING = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '8GB',
};
/** Lies in a complete data set. */
const READY = 'bench-ready';

/** Settings of every gateway process of one run, so that ids and tokens agree. */
export function environmentOf(entries) {
  return {
    NODE_ENV: 'development',
    DATA_DIR: process.env.BENCH_DATA_DIR ?? path.join(import.meta.dirname, '..', 'data', String(entries)),
    MASTER_KEY: createHash('sha256').update(SEED).digest('base64'),
    LOG_LEVEL: 'warn',
    // One client makes the whole load here.
    CLIENT_RATE_PER_MINUTE: 'none',
    CLIENT_MAX_CONCURRENT: 'none',
    PORT: '0',
    TOKEN_TTL_SECONDS: '86400',
  };
}

/** @param {number} entries */
export async function openDataset(entries) {
  const { readConfig } = await built('config.js');
  const { openGateway } = await built('gateway.js');
  const { openEmbeddedServer } = await built('db/embedded-server.js');
  const config = readConfig(environmentOf(entries));
  const ready = path.join(config.dataDir, READY);
  if (!existsSync(ready)) {
    process.stderr.write(`Making ${entries} entries …\n`);
    rmSync(config.dataDir, { recursive: true, force: true });
    mkdirSync(config.dataDir, { recursive: true });
    const server = await openEmbeddedServer(config.dataDir, { settings: LOADING });
    const gateway = await openGateway(config);
    await loadDataset(gateway, entries);
    await gateway.close();
    await server.release();
    writeFileSync(ready, '');
  }
  return { gateway: await openGateway(config), ...sizes(entries), agency: AGENCY, purpose: PURPOSE, creditCode };
}
