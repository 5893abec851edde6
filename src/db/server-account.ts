/** Under which account the embedded PostgreSQL runs, and how its programs are started as that account. */
import { spawnSync } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { OperatorError } from '../errors.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Turns a program and its arguments into what must be spawned, and the account to hand to `spawn`. */
export interface Launcher {
  /** owner of the server's files; null: this process's own account */
  readonly account: Account | null;
  command(program: string, args: readonly string[]): { file: string; args: string[]; uid?: number; gid?: number };
}

const CAPABILITIES = ['dac_read_search', 'dac_override'] as const;

/**
 * PostgreSQL refuses to run as root, as containers and build machines do. Then it runs as the owner of the data that is
 * there, or as `postgres`, or as `nobody`; no account is created. Where that account may not enter a folder on the way to
 * the programs or the data (a home directory, a `mktemp -d`), it keeps one capability, to pass through folders, and no other.
 * @param dataDirectory PostgreSQL's data, which need not exist yet
 * @param programs a program that must be runnable, and the folder all of them lie in
 * @throws OperatorError naming the folder that is in the way, and the mend
 */
export async function findLauncher(dataDirectory: string, programs: { postgres: string; home: string }): Promise<Launcher> {
  if (process.getuid?.() !== 0) return { account: null, command: (file, args) => ({ file, args: [...args] }) };
  const account = (await ownerOf(dataDirectory)) ?? accountNamed('postgres') ?? accountNamed('nobody');
  if (account === null) {
    throw new OperatorError(
      'PostgreSQL does not run as root, and this machine has neither an account `postgres` nor `nobody` to run it as. Start the gateway as an ordinary user, or set DATABASE_URL.',
    );
  }
  const closed = (await firstClosed(programs.home, account)) ?? (await firstClosed(path.dirname(dataDirectory), account));
  if (closed === null) {
    return { account, command: (file, args) => ({ file, args: [...args], uid: account.uid, gid: account.gid }) };
  }
  for (const capability of CAPABILITIES) {
    const prefix = setpriv(account, capability);
    const trial = spawnSync('setpriv', [...prefix, programs.postgres, '--version'], { encoding: 'utf8' });
    // It prints its version even where it could not look itself up, and would then fail to start.
    if (trial.status === 0 && !trial.stderr.includes('invalid binary'))
      return { account, command: (file, args) => ({ file: 'setpriv', args: [...prefix, file, ...args] }) };
  }
  throw new OperatorError(
    `PostgreSQL does not run as root, and the account it would run as (uid ${account.uid}) may not enter ${closed}. ` +
      'Set DATA_DIR to a folder that every account may enter (and install the gateway in one), start the gateway as an ordinary user, or set DATABASE_URL.',
  );
}

function setpriv({ uid, gid }: Account, capability: string): string[] {
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  // A capability survives the change of account and the start of the program only when it is inheritable and ambient.
  const caps = [`--inh-caps=-all,+${capability}`, `--ambient-caps=-all,+${capability}`, `--bounding-set=-all,+${capability}`];
  // PostgreSQL looks its own programs up with access(2), which leaves capabilities out unless this bit says otherwise.
  return [...ids, ...caps, '--securebits=+no_setuid_fixup', '--no-new-privs'];
}

async function ownerOf(directory: string): Promise<Account | null> {
  const found = await stat(directory).catch(() => null);
  return found === null || found.uid === 0 ? null : { uid: found.uid, gid: found.gid };
}

function accountNamed(name: string): Account | null {
  const number = (flag: '-u' | '-g'): number => {
    const run = spawnSync('id', [flag, name], { encoding: 'utf8' });
    return run.status === 0 ? Number(run.stdout.trim()) : Number.NaN;
  };
  const uid = number('-u');
  const gid = number('-g');
  // macOS has nobody as -2, which setuid takes as an unsigned number.
  return Number.isInteger(uid) && Number.isInteger(gid) ? { uid: uid >>> 0, gid: gid >>> 0 } : null;
}

/** The outermost folder on the way to `target`, itself included, that the account may not enter; null: none. */
async function firstClosed(target: string, account: Account): Promise<string | null> {
  const way: string[] = [];
  for (let folder = path.resolve(target); ; folder = path.dirname(folder)) {
    way.unshift(folder);
    if (folder === path.dirname(folder)) break;
  }
  for (const folder of way) {
    const found = await stat(folder).catch(() => null);
    if (found === null) return null;
    const shift = found.uid === account.uid ? 6 : found.gid === account.gid ? 3 : 0;
    if (((found.mode >> shift) & 0o1) === 0) return folder;
  }
  return null;
}
