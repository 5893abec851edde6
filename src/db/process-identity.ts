/** Which process wrote a file, told apart from a later process that happens to have the same number. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { z } from 'zod';

export const ProcessIdentity = z.object({
  pid: z.int().positive(),
  /** an opaque mark of the moment the process started; null where the platform does not tell */
  started: z.string().nullable(),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

let own: ProcessIdentity | undefined;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  own ??= { pid: process.pid, started: startedAt(process.pid) };
  return own;
}

/** True while that very process lives; false as well for a process that died and was not yet collected by its parent. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (!pidExists(identity.pid)) return false;
  return identity.started === null || identity.started === startedAt(identity.pid);
}

/** True when some living process has this number, whoever owns it. */
export function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') return false;
  }
  return procStat(pid)?.state !== 'Z';
}

/** The directory a process works in; null where the platform, or the process's owner, does not let us see it. */
export function workingDirectoryOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

/** The name of the program a process runs; null when it cannot be told. */
export function programOf(pid: number): string | null {
  if (process.platform === 'linux') return procStat(pid)?.program ?? null;
  return askPs(pid, 'comm');
}

/** The `code` of a system error, as in `ENOENT`. Asked of its shape: an error from another realm is no `instanceof Error` of ours. */
export function errorCode(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function startedAt(pid: number): string | null {
  if (process.platform === 'linux') return procStat(pid)?.started ?? null;
  return askPs(pid, 'lstart');
}

function procStat(pid: number): { program: string; state: string; started: string } | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The program's name stands in brackets and may hold spaces and brackets itself: the fields count from the last one.
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  const state = fields[0];
  const ticks = fields[19];
  if (state === undefined || ticks === undefined) return null;
  // Ticks count from the boot, so a number and a tick could meet again after a reboot without the boot's own name.
  return { program: text.slice(text.indexOf('(') + 1, end), state, started: `${bootId()}:${ticks}` };
}

let boot: string | undefined;

function bootId(): string {
  if (boot === undefined) {
    try {
      boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    } catch {
      boot = '';
    }
  }
  return boot;
}

function askPs(pid: number, column: 'comm' | 'lstart'): string | null {
  if (process.platform === 'win32') return null;
  const run = spawnSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' });
  const answer = run.status === 0 ? run.stdout.trim() : '';
  return answer === '' ? null : answer;
}
