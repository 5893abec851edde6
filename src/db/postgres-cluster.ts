/** The embedded server's data on disk: made once, whole or not at all. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { OperatorError } from '../errors.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { errorCode } from './process-identity.ts';
import type { Launcher } from './server-account.ts';

/** PostgreSQL's superuser, and the name of the gateway's database. */
export const SUPERUSER = 'gateway';
export const DATABASE = 'gateway';

/** Lies among PostgreSQL's own files, which only its account can read, so that data and password move together. */
export const PASSWORD_FILE = 'gateway.password';

const DRAFT = 'postgres-init-';

/**
 * Makes the data directory `cluster` if it is not there. It is made beside, and renamed when it is complete: what an
 * interrupted attempt left is removed by the next one. To be called by one process at a time.
 * @param durable false: the data need not survive a power cut
 * @throws OperatorError when PostgreSQL cannot make it, with what it says
 */
export async function initializeCluster(
  cluster: string,
  binaries: PostgresBinaries,
  launcher: Launcher,
  durable: boolean,
): Promise<void> {
  const parent = path.dirname(cluster);
  for (const name of await readdir(parent)) {
    if (name.startsWith(DRAFT)) await rm(path.join(parent, name), { recursive: true, force: true });
  }
  const version = programVersion(binaries);
  if (await exists(cluster)) {
    await checkVersion(cluster, version);
    return;
  }
  const draft = path.join(parent, `${DRAFT}${randomBytes(6).toString('hex')}`);
  const password = randomBytes(24).toString('base64url');
  await mkdir(draft, { mode: 0o700 });
  const passwordFile = path.join(draft, PASSWORD_FILE);
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (launcher.account !== null) {
    const { uid, gid } = launcher.account;
    await chown(passwordFile, uid, gid);
    await chown(draft, uid, gid);
  }
  const data = path.join(draft, 'data');
  run(
    launcher.command(binaries.initdb, [
      ...['-D', data, '-U', SUPERUSER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8'],
      // PostgreSQL's own C.UTF-8 needs no locale of the operating system and sorts alike on every machine.
      ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions'],
      ...(durable ? [] : ['--no-sync']),
    ]),
    draft,
    binaries,
  );
  const kept = path.join(data, PASSWORD_FILE);
  await rename(passwordFile, kept);
  await chmod(kept, 0o600);
  await rename(data, cluster);
  await rm(draft, { recursive: true, force: true });
}

/** @throws OperatorError when this process may not read it */
export async function readPassword(cluster: string): Promise<string> {
  const file = path.join(cluster, PASSWORD_FILE);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new OperatorError(
      `${file} cannot be read (${errorCode(error) ?? 'unknown'}). If the data belongs to another account, work as that account, or set DATA_DIR to a folder of your own.`,
      { cause: error },
    );
  }
}

function run(
  command: { file: string; args: string[]; uid?: number; gid?: number },
  cwd: string,
  binaries: PostgresBinaries,
): void {
  const { file, args, ...account } = command;
  const result = spawnSync(file, args, { ...account, cwd, encoding: 'utf8', env: serverEnvironment(binaries) });
  if (result.status === 0) return;
  const said = result.error?.message ?? `${result.stdout}${result.stderr}`.trim();
  throw new OperatorError(
    `The embedded PostgreSQL could not make its data in ${path.dirname(cwd)}:\n${said}\n` +
      'Free some space or mend the rights of that folder, set DATA_DIR to another one, or set DATABASE_URL to a PostgreSQL server.',
  );
}

/**
 * Nothing of the caller's own settings (PGDATA, PGOPTIONS, a locale that is not installed) reaches the server.
 * undefined: Windows programs do not run without the caller's environment.
 */
export function serverEnvironment(binaries: PostgresBinaries): Record<string, string> | undefined {
  if (process.platform === 'win32') return undefined;
  return { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC', ...binaries.env };
}

/** The major version of the programs. @throws OperatorError where they do not run at all */
function programVersion(binaries: PostgresBinaries): string {
  const result = spawnSync(binaries.postgres, ['--version'], { encoding: 'utf8', env: serverEnvironment(binaries) });
  // A program that could not be started has written nothing, whatever the types say.
  const version = result.error === undefined ? /\(PostgreSQL\) (\d+)/.exec(result.stdout)?.[1] : undefined;
  if (version !== undefined) return version;
  const said = (result.error?.message ?? result.stderr).trim();
  // ENOENT although the file is there: its loader is missing, as on systems with another C library than glibc.
  throw new OperatorError(
    `The embedded PostgreSQL does not run on this machine (${said}). Set DATABASE_URL to a PostgreSQL server.`,
  );
}

async function checkVersion(cluster: string, brought: string): Promise<void> {
  let made: string;
  try {
    made = (await readFile(path.join(cluster, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if (errorCode(error) === 'EACCES') {
      throw new OperatorError(
        `${cluster} belongs to another account. Work as that account, or set DATA_DIR to a folder of your own.`,
        {
          cause: error,
        },
      );
    }
    throw new OperatorError(`${cluster} is not a PostgreSQL data directory. Move it away, or set DATA_DIR to another folder.`, {
      cause: error,
    });
  }
  if (made !== brought) {
    throw new OperatorError(
      `${cluster} was made by PostgreSQL ${made}, and this gateway brings PostgreSQL ${brought}. ` +
        'Dump it with the gateway that made it and load it here, or set DATA_DIR to another folder.',
    );
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
