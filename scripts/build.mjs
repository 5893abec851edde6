/**
 * Builds src/ to dist/ when it has changed since the last successful build: the Prisma client, then the compiler.
 * Everything it says goes to standard error, because standard output belongs to the command that waits for the build.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const dist = path.join(root, 'dist');
const stamp = path.join(dist, '.build-stamp');
const lock = path.join(dist, '.build-lock');
/** written by the build itself */
const generated = path.join('src', 'db', 'generated');
const LOCK_FILE = 'package-lock.json';
const INPUTS = ['src', 'prisma/schema.prisma', 'tsconfig.json', 'tsconfig.build.json', LOCK_FILE];
const LOCK_POLL_MS = 100;

/**
 * Makes dist/ what src/ says; does nothing when it is. A package that came without src/ is taken as it is.
 * @throws Error when the build fails; what the tools said is on standard error already
 */
export async function buildIfChanged() {
  if (!existsSync(path.join(root, 'src')) || isCurrent()) return;
  mkdirSync(dist, { recursive: true });
  await takeLock();
  try {
    // Another process may have built while this one waited.
    if (isCurrent()) return;
    const digest = inputDigest();
    process.stderr.write('Building …\n');
    run([path.join(root, 'scripts', 'generate.mjs')]);
    run([createRequire(import.meta.url).resolve('typescript/bin/tsc'), '-p', path.join(root, 'tsconfig.build.json')]);
    writeFileSync(stamp, digest);
  } finally {
    rmSync(lock, { force: true });
  }
}

function isCurrent() {
  return existsSync(stamp) && existsSync(path.join(root, generated)) && readFileSync(stamp, 'utf8') === inputDigest();
}

/** Of names, sizes and times rather than contents: it is computed before every command. `npm prune` writes the lock file as it was. */
function inputDigest() {
  const hash = createHash('sha256');
  const visit = (name) => {
    if (name === generated) return;
    const file = path.join(root, name);
    const found = statSync(file);
    if (found.isDirectory()) for (const child of readdirSync(file).sort()) visit(path.join(name, child));
    else hash.update(`${name}\0${found.size}\0${name === LOCK_FILE ? readFileSync(file, 'utf8') : found.mtimeMs}\0`);
  };
  for (const name of INPUTS) if (existsSync(path.join(root, name))) visit(name);
  return hash.digest('hex');
}

function run(args) {
  const result = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) throw new Error('The build failed; see above.');
}

/** A builder that was killed holds nothing. Two that take over at the same moment write the same files, which does no harm. */
async function takeLock() {
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!isAlive(lockHolder())) rmSync(lock, { force: true });
    else await sleep(LOCK_POLL_MS);
  }
}

/** The number written just now may not be there yet: then the file's age decides. */
function lockHolder() {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    if (pid > 0) return pid;
    return Date.now() - statSync(lock).mtimeMs < 1_000 ? process.pid : 0;
  } catch {
    return 0;
  }
}

function isAlive(pid) {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await buildIfChanged();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
