/** What `new-migration` and `check-migrations` share: the difference between prisma/migrations and prisma/schema.prisma. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfChanged } from './build.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/**
 * The SQL that leads from what the migrations make to what the schema says; null when they agree. What Prisma's schema
 * cannot say (indexes on expressions, partial ones, collations, functions) is not compared.
 * The migrations run in a database of their own, on the server of DATABASE_URL or on an embedded one in a temporary folder.
 */
export async function differenceFromMigrations() {
  await buildIfChanged();
  const { migrationList } = await import('../dist/db/migrate.js');
  const { withSchemaEngine } = await import('../dist/db/schema-engine.js');
  const file = path.join(root, 'prisma', 'schema.prisma');
  const schema = { path: file, content: await readFile(file, 'utf8') };
  const migrations = await migrationList();
  const result = await withServer((url) =>
    withSchemaEngine(url, (engine) =>
      engine.diff({
        from: { tag: 'migrations', ...migrations },
        to: { tag: 'schemaDatamodel', files: [schema] },
        script: true,
        exitCode: true,
        filters: { externalTables: [], externalEnums: [] },
      }),
    ),
  );
  // 0: empty, 2: not empty, as in Prisma's `migrate diff --exit-code`
  return result.exitCode === 0 ? null : result.stdout.trim();
}

async function withServer(work) {
  const given = process.env.DATABASE_URL;
  if (given) return work(given);
  const { openEmbeddedServer } = await import('../dist/db/embedded-server.js');
  const folder = await mkdtemp(path.join(tmpdir(), 'public-credit-gateway-migrations-'));
  try {
    const server = await openEmbeddedServer(folder, { settings: { fsync: 'off' } });
    try {
      return await work(server.url);
    } finally {
      await server.release();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
