/** Mutual exclusion between processes by files alone, for what happens before there is a database to ask. */
import { createHash, randomUUID } from 'node:crypto';
import { link, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { OperatorError } from '../errors.ts';
import { errorCode, isAlive, ownIdentity, ProcessIdentity } from './process-identity.ts';

const Holder = z.object({ ...ProcessIdentity.shape, nonce: z.string() });
type Holder = z.infer<typeof Holder>;

const RETRY_MS = 25;

/**
 * Runs `work` while no other process runs work under the same path, and returns its result.
 * A holder that was killed holds nothing: the next one in line notices and takes over.
 * @throws OperatorError when the lock is not free within `timeoutMs` (longer than a server may take to recover after a crash),
 *   naming the process that holds it
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>, timeoutMs = 20 * 60_000): Promise<T> {
  await acquire(path, Date.now() + timeoutMs);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string, deadline: number): Promise<void> {
  const mine: Holder = { ...ownIdentity(), nonce: randomUUID() };
  for (;;) {
    if (await claim(path, mine)) return;
    const holder = await holderOf(path);
    if (holder !== null && !isAlive(holder)) {
      await evict(path, holder, deadline);
      continue;
    }
    if (Date.now() > deadline) {
      throw new OperatorError(
        `${path} is held by process ${holder?.pid ?? '(unknown)'} for too long. If no such process works on this directory, delete the file.`,
      );
    }
    await sleep(RETRY_MS);
  }
}

/** A link appears whole or not at all, unlike a file that is created and then written. */
async function claim(path: string, mine: Holder): Promise<boolean> {
  const draft = `${path}.${mine.nonce}`;
  await writeFile(draft, JSON.stringify(mine), { flag: 'wx' });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

/**
 * Removes the lock of a dead holder. Between "it is dead" and "it is removed" another process could have done the same
 * and taken the lock; so the removal itself is done under a lock that belongs to this very holder, and looks again.
 */
async function evict(path: string, dead: Holder, deadline: number): Promise<void> {
  const mark = createHash('sha256').update(dead.nonce).digest('hex').slice(0, 12);
  const guard = `${path}.evict-${mark}`;
  await acquire(guard, deadline);
  try {
    const holder = await holderOf(path);
    if (holder?.nonce === dead.nonce) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

async function holderOf(path: string): Promise<Holder | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    // Only a damaged disk leaves a file here that this module did not write whole.
    throw new OperatorError(`${path} is not readable as a lock. If no gateway works on this directory, delete the file.`);
  }
}
