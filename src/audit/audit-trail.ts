/** What an operator does with the read log as a whole: verify it, here or from a file, and export it. */
import { createHmac, type KeyObject } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type pg from 'pg';
import { z } from 'zod';
import { OperatorError } from '../errors.ts';
import { type TrailPart, TrailReader } from './trail-reader.ts';
import type { Finding, Verified } from './finding.ts';
import { ChainVerifier } from './verify-chains.ts';

/** The form of an export; a reader refuses another. */
const FORMAT = 'public-credit-gateway read log 1';

export type OnFinding = (finding: Finding) => void;

/** Follows every chain in the database, at one moment. Memory does not grow with the log. */
export function verifyDatabase(pool: pg.Pool, key: KeyObject, onFinding: OnFinding): Promise<Verified> {
  return TrailReader.read(pool, async (reader) => {
    const verifier = new ChainVerifier({ key, onFinding, whole: true });
    for await (const row of reader.checkpoints()) verifier.checkpoint(row);
    for await (const row of reader.events()) verifier.event(row);
    return verifier.end();
  });
}

/**
 * The log as lines of JSON, without line breaks: a head, all checkpoints, the events in the order of their chains, and an end with a
 * code over all of it, so that a file that lost lines on its way says so.
 */
export async function exportTrail(
  pool: pg.Pool,
  key: KeyObject,
  part: TrailPart,
  write: (line: string) => Promise<void>,
): Promise<number> {
  const seal = createHmac('sm3', key).update('export\n');
  let events = 0;
  const line = async (content: Record<string, unknown>): Promise<void> => {
    const text = JSON.stringify(content);
    seal.update(text).update('\n');
    await write(text);
  };
  await TrailReader.read(pool, async (reader) => {
    await line({ type: 'head', format: FORMAT, ...part });
    for await (const row of reader.checkpoints()) await line({ type: 'checkpoint', ...row });
    if (part.from === null && part.to === null) {
      for await (const row of reader.events()) {
        events += 1;
        await line({ type: 'event', ...row });
      }
      return;
    }
    for await (const entry of reader.part(part)) {
      if ('anchor' in entry) {
        await line({ type: 'anchor', ...entry.anchor, code: entry.anchor.code.toString('hex') });
        continue;
      }
      events += 1;
      await line({ type: 'event', ...entry.row });
    }
  });
  await write(JSON.stringify({ type: 'end', events, code: seal.digest('hex') }));
  return events;
}

const Head = z.object({
  type: z.literal('head'),
  format: z.literal(FORMAT),
  from: z.string().nullable(),
  to: z.string().nullable(),
});
const Line = z.looseObject({ type: z.enum(['checkpoint', 'anchor', 'event', 'end']) });
const Anchor = z.object({
  month: z.string(),
  instance: z.string(),
  seq: z.number().int(),
  code: z.hex().transform((hex) => Buffer.from(hex, 'hex')),
});
const End = z.object({ code: z.string() });

/**
 * Follows the chains in an export, without any database.
 * @throws OperatorError when the file is no export of this gateway
 */
export async function verifyFile(
  path: string,
  key: KeyObject,
  onFinding: OnFinding,
): Promise<Verified & { readonly whole: boolean }> {
  const stream = createReadStream(path, 'utf8');
  // Thrown where the lines are read; without a listener here as well, a missing file would end the process.
  stream.on('error', () => undefined);
  const opened = new Promise<void>((resolve, reject) => {
    stream.once('open', () => {
      resolve();
    });
    stream.once('error', () => {
      reject(new OperatorError(`${path} cannot be read.`));
    });
  });
  await opened;
  const altered = (text: string): void => {
    onFinding({ kind: 'FILE_ALTERED', chain: '', seq: null, to: null, text });
  };
  const seal = createHmac('sm3', key).update('export\n');
  let verifier: ChainVerifier | null = null;
  let whole = false;
  let ended = false;
  let number = 0;
  for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
    number += 1;
    if (verifier === null) {
      const head = Head.safeParse(json(text));
      if (!head.success) throw new OperatorError(`${path} is no export of the read log: its first line is not the head of one.`);
      whole = head.data.from === null && head.data.to === null;
      verifier = new ChainVerifier({ key, onFinding, whole });
      seal.update(text).update('\n');
      continue;
    }
    const parsed = Line.safeParse(json(text));
    if (!parsed.success) {
      altered(`Line ${String(number)} is none of an export.`);
      continue;
    }
    const line = parsed.data;
    if (line.type === 'end') {
      ended = true;
      checkSeal(seal, line, altered);
      continue;
    }
    if (ended) altered(`Line ${String(number)} stands after the end.`);
    else seal.update(text).update('\n');
    feed(verifier, line, number, altered);
  }
  if (verifier === null) throw new OperatorError(`${path} is empty.`);
  if (!ended) altered('The end of the file is missing.');
  return { ...verifier.end(), whole };
}

function checkSeal(seal: ReturnType<typeof createHmac>, line: unknown, altered: (text: string) => void): void {
  const end = End.safeParse(line);
  if (!end.success || end.data.code !== seal.digest('hex'))
    altered('The file is not as it was exported: lines were changed, added or lost.');
}

function feed(verifier: ChainVerifier, line: z.infer<typeof Line>, number: number, altered: (text: string) => void): void {
  if (line.type === 'checkpoint') verifier.checkpoint(line);
  else if (line.type === 'event') verifier.event(line);
  else {
    const anchor = Anchor.safeParse(line);
    if (anchor.success) verifier.anchor(anchor.data);
    else altered(`Line ${String(number)} is no anchor of an export.`);
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
