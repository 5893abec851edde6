/** Loaded into the gateway by `npm run profile`: writes every statement that goes to PostgreSQL, with its values, to STATEMENT_TAP. */
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { gatewayRoot } from './gateway-build.mjs';

const pg = createRequire(path.join(gatewayRoot, 'package.json'))('pg');
const { query } = pg.Client.prototype;
pg.Client.prototype.query = function tapped(config, values, ...rest) {
  // What reads credit data comes as a query of the gateway's own (src/db/text-query.ts), which carries its statement.
  const asked = config.statement ?? config;
  const text = typeof asked === 'string' ? asked : asked.text;
  appendFileSync(
    process.env.STATEMENT_TAP,
    `${JSON.stringify({ text, values: asked.values ?? (Array.isArray(values) ? values : []) })}\n`,
  );
  return query.call(this, config, values, ...rest);
};
