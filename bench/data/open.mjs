/** Opens the bench's own database: an embedded PostgreSQL under bench/.data/<entries>, filled at the first use. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { built } from '../gateway-build.mjs';
import { AGENCY, loadDataset, PURPOSE, SEED, sizes } from './load.mjs';
import { creditCode, organizationName } from './subjects.mjs';

/** Settings of every process of one run, so that ids and tokens agree. */
export function environmentOf(entries) {
  return {
    NODE_ENV: 'development',
    DATA_DIR: process.env.BENCH_DATA_DIR ?? path.join(import.meta.dirname, '..', '.data', String(entries)),
    MASTER_KEY: createHash('sha256').update(SEED).digest('base64'),
    LOG_LEVEL: 'warn',
    PORT: '0',
    TOKEN_TTL_SECONDS: '86400',
  };
}

/** @param {number} entries */
export async function openDataset(entries) {
  const { readConfig } = await built('config.js');
  const { openGateway } = await built('gateway.js');
  const gateway = await openGateway(readConfig(environmentOf(entries)));
  const { rows } = await gateway.database.pool.query(`SELECT to_regclass('bench_dataset') IS NOT NULL AS filled`);
  if (!rows[0].filled) {
    process.stderr.write(`Making ${entries} entries …\n`);
    await loadDataset(gateway, entries);
  }
  return { gateway, ...sizes(entries), agency: AGENCY, purpose: PURPOSE, creditCode, organizationName };
}
