/** Loaded into the gateway by `npm run profile`: writes every statement that goes to PostgreSQL, with its values, to STATEMENT_TAP. */
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { gatewayRoot } from './gateway-build.mjs';

const pg = createRequire(path.join(gatewayRoot, 'package.json'))('pg');
const { query } = pg.Client.prototype;
pg.Client.prototype.query = function tapped(config, values, ...rest) {
  const text = typeof config === 'string' ? config : config.text;
  appendFileSync(
    process.env.STATEMENT_TAP,
    `${JSON.stringify({ text, values: config.values ?? (Array.isArray(values) ? values : []) })}\n`,
  );
  return query.call(this, config, values, ...rest);
};
