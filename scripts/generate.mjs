/**
 * Generates the Prisma client into src/db/generated, without any network.
 *
 * Prisma's CLI looks for its native schema engine before any command and downloads it when it is missing, even for
 * `generate`, which never runs it; a closed network refuses that. A path in PRISMA_SCHEMA_ENGINE_BINARY is taken for
 * that engine as it stands, so any existing file ends the search: Node's own binary is one that surely exists.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const manifest = createRequire(import.meta.url).resolve('prisma/package.json');

const run = spawnSync(
  process.execPath,
  [
    path.join(path.dirname(manifest), 'build', 'index.js'),
    'generate',
    '--schema',
    path.join(root, 'prisma', 'schema.prisma'),
    '--no-hints',
  ],
  {
    cwd: root,
    // Standard output belongs to the command that needed the client (`token` prints a token and nothing else).
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  },
);
if (run.status !== 0) process.stderr.write(`${run.stdout ?? ''}${run.stderr ?? ''}${run.error?.message ?? ''}\n`);
process.exitCode = run.status ?? 1;
