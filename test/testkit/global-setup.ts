/** Runs once before all tests: one PostgreSQL for the run, with a migrated database that every test clones. */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export default async function globalSetup(): Promise<void> {
  generateClient();
  // Only now: what it imports needs the generated client.
  const { startTestServer } = await import('./test-server.ts');
  await startTestServer();
}

function generateClient(): void {
  const schema = fileURLToPath(new URL('../../prisma/schema.prisma', import.meta.url));
  const client = fileURLToPath(new URL('../../src/db/generated/client.ts', import.meta.url));
  if (existsSync(client) && statSync(client).mtimeMs > statSync(schema).mtimeMs) return;
  const run = spawnSync(process.execPath, [fileURLToPath(new URL('../../scripts/generate.mjs', import.meta.url))], {
    stdio: 'inherit',
  });
  if (run.status !== 0) throw new Error('The Prisma client could not be generated; see above.');
}
