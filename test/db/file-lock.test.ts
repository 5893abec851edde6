import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { withFileLock } from '../../src/db/file-lock.ts';
import { OperatorError } from '../../src/errors.ts';

let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'public-credit-gateway-lock-'));
  lock = path.join(folder, 'lock');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** this process's number, as a process of an earlier boot had it */
const DEAD = { pid: process.pid, started: 'another boot:1', nonce: 'n' };

describe('the file lock', () => {
  it.each([
    ['that is free', () => Promise.resolve()],
    ['whose holder is dead', () => writeFile(lock, JSON.stringify(DEAD))],
  ])('lets one at a time through a lock %s', async (_, prepare) => {
    await prepare();
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(5);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 12 }, () => withFileLock(lock, work)));
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes over from a dead one even where the process that tidied up after it died too', async () => {
    await writeFile(lock, JSON.stringify(DEAD));
    const guards: string[] = [];
    await withFileLock(lock, async () => void guards.push(...(await readdir(folder))));
    expect(guards).toEqual(['lock']);

    await writeFile(lock, JSON.stringify(DEAD));
    // the name that the guard of this holder has
    await writeFile(path.join(folder, 'lock.evict-1b16b1df538b'), JSON.stringify({ ...DEAD, nonce: 'guard' }));
    await withFileLock(lock, () => Promise.resolve());
    expect(await readdir(folder)).toEqual([]);
  });

  it('is free after the work failed', async () => {
    await expect(withFileLock(lock, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await withFileLock(lock, () => Promise.resolve('again'))).toBe('again');
  });

  it('gives up in time, naming the process that holds it', async () => {
    await withFileLock(lock, async () => {
      const second = withFileLock(lock, () => Promise.resolve(), 50);
      await expect(second).rejects.toThrow(OperatorError);
      await expect(second).rejects.toThrow(`process ${process.pid}`);
    });
  });
});
