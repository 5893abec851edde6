/**
 * Lines into gzip files of bounded size, with their digests. Text is compressed in the thread pool, a block at a time: each block is
 * a gzip member of its own (RFC 1952 §2.2: members one after another are one file), so that blocks need not wait for each other and
 * nothing is held but the blocks under way.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { ExportFile } from './export-job.ts';

const compress = promisify(gzip);

/** Text is repeated keys and similar values: the fastest level gets most of it, and keeps up with the database. */
const LEVEL = 1;
/** More memory for it (256 kB a block) makes it some tenth faster. */
const MEMORY_LEVEL = 9;
/** Bytes in a block: large enough that a member's own overhead is nothing. */
const BLOCK = 1 << 20;
/** Room for what a block becomes, taken as a whole: every piece more is another turn of the event loop. */
const COMPRESSED = BLOCK / 4;
/** Blocks compressed or waiting to be written at a time; more would only be more memory. */
const MOST_UNDER_WAY = 3;

interface OpenPart {
  readonly name: string;
  readonly handle: FileHandle;
  readonly sha256: Hash;
  readonly sm3: Hash;
  bytes: number;
  rows: number;
}

interface Block {
  readonly whole: Buffer;
  readonly compressed: Promise<Buffer>;
  readonly rows: number;
}

export class PartWriter {
  readonly #folder: string;
  readonly #item: string;
  readonly #partBytes: number;
  readonly #parts: ExportFile[] = [];
  readonly #underWay: Block[] = [];
  /** of blocks that are written: used again, for a collector that has only small things to do counts them late */
  readonly #free: Buffer[] = [];
  #block: Buffer = Buffer.allocUnsafeSlow(BLOCK);
  #filled = 0;
  #rows = 0;
  #part: OpenPart | null = null;

  /** @param partBytes a file that has reached this size is the last of its kind to grow; the next block goes into another */
  constructor(folder: string, item: string, partBytes: number) {
    this.#folder = folder;
    this.#item = item;
    this.#partBytes = partBytes;
  }

  /** @param lines whole ones, in UTF-8, one character for each byte */
  add(lines: string, rows: number): void {
    if (this.#filled + lines.length > BLOCK) {
      this.#cut();
      // One line may be longer than any block.
      if (lines.length > BLOCK) this.#block = Buffer.allocUnsafeSlow(lines.length);
    }
    this.#filled += this.#block.write(lines, this.#filled, 'latin1');
    this.#rows += rows;
  }

  /** Waits while too many blocks are under way. Call it after some lines. */
  async room(): Promise<void> {
    while (this.#underWay.length > MOST_UNDER_WAY) await this.#writeOldest();
  }

  /** @returns the files, each synced to disk; at least one, if only an empty one, so that "no rows" is a statement */
  async end(): Promise<ExportFile[]> {
    if (this.#filled === 0 && this.#parts.length === 0 && this.#part === null && this.#underWay.length === 0) this.#compress();
    this.#cut();
    while (this.#underWay.length > 0) await this.#writeOldest();
    await this.#closePart();
    return this.#parts;
  }

  /** Lets go of what is open; what is on disk stays there. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#underWay.splice(0).map(({ compressed }) => compressed));
    await this.#part?.handle.close().catch(() => undefined);
    this.#part = null;
  }

  #cut(): void {
    if (this.#filled === 0) return;
    this.#compress();
    this.#block = this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK);
    this.#filled = 0;
    this.#rows = 0;
  }

  #compress(): void {
    const whole = this.#block;
    const compressed = compress(whole.subarray(0, this.#filled), { level: LEVEL, memLevel: MEMORY_LEVEL, chunkSize: COMPRESSED });
    // It is awaited in its turn; until then a failure must not look unheard.
    compressed.catch(() => undefined);
    this.#underWay.push({ whole, compressed, rows: this.#rows });
  }

  async #writeOldest(): Promise<void> {
    const block = this.#underWay[0];
    if (block === undefined) return;
    const bytes = await block.compressed;
    this.#underWay.shift();
    if (block.whole.length === BLOCK) this.#free.push(block.whole);
    const part = (this.#part ??= await this.#openPart());
    part.sha256.update(bytes);
    part.sm3.update(bytes);
    part.bytes += bytes.length;
    part.rows += block.rows;
    await part.handle.writeFile(bytes);
    if (part.bytes >= this.#partBytes) await this.#closePart();
  }

  async #openPart(): Promise<OpenPart> {
    const number = String(this.#parts.length + 1).padStart(4, '0');
    const name = `${this.#item}-${number}.ndjson.gz`;
    const handle = await open(path.join(this.#folder, name), 'w', 0o600);
    return { name, handle, sha256: createHash('sha256'), sm3: createHash('sm3'), bytes: 0, rows: 0 };
  }

  async #closePart(): Promise<void> {
    const part = this.#part;
    if (part === null) return;
    await part.handle.sync();
    this.#part = null;
    await part.handle.close();
    const { name, rows, bytes } = part;
    this.#parts.push({ name, item: this.#item, rows, bytes, sha256: part.sha256.digest('hex'), sm3: part.sm3.digest('hex') });
  }
}
