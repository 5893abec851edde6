/** PostGraphile 5 over the views of postgraphile.sql, as the agency's role: the nearest it comes to the catalog's rules. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import pg from 'pg';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { PostGraphileConnectionFilterPreset } from 'postgraphile-plugin-connection-filter';

const { DATABASE_URL: connectionString, BENCH_TOKEN_KEY: tokenKey } = process.env;
const admin = new pg.Client({ connectionString });
await admin.connect();
await admin.query(await readFile(path.join(import.meta.dirname, 'postgraphile.sql'), 'utf8'));
await admin.end();

/** HS256, the cheapest signature there is to check. @returns the claims, or null */
function verified(authorization) {
  const [head, body, signature] = (authorization ?? '').replace(/^Bearer /, '').split('.');
  if (signature === undefined) return null;
  const given = Buffer.from(signature, 'base64url');
  const expected = createHmac('sha256', tokenKey).update(`${head}.${body}`).digest();
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  return claims.exp * 1000 > Date.now() ? claims : null;
}

const instance = postgraphile({
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  disablePlugins: ['NodePlugin', 'PgMutationCreatePlugin', 'PgMutationUpdateDeletePlugin'],
  schema: { retryOnInitFail: false, connectionFilterRelations: false },
  grafserv: { watch: false, graphiql: false, graphqlPath: '/graphql' },
  pgServices: [makePgService({ connectionString, schemas: ['bench_api'], pubsub: false, poolConfig: { max: 10 } })],
  grafast: {
    explain: false,
    context: ({ node }) => {
      const claims = verified(node.req.headers.authorization);
      if (claims === null) throw new Error('UNAUTHENTICATED');
      const purpose = decodeURIComponent(node.req.headers['x-purpose'] ?? '');
      return { pgSettings: { role: 'bench_agency', 'bench.client_id': claims.client_id, 'bench.purpose': purpose } };
    },
  },
});
const server = createServer();
const serv = instance.createServ(grafserv);
await serv.addTo(server);
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
process.on('SIGTERM', () => process.exit(0));
