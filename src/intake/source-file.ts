/**
 * A department's file as bytes: which encoding it is in, and its text piece by piece. The whole file is looked at before
 * the first row is taken, so that a file that turns unreadable in its last megabyte imports nothing.
 */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { OperatorError } from '../errors.ts';

export interface SourceFile {
  readonly path: string;
  /** the file's name without its folder */
  readonly name: string;
  readonly encoding: 'UTF-8' | 'GB18030';
  readonly bytes: number;
  /** where the file stops being UTF-8; null when it is UTF-8 throughout */
  readonly notUtf8At: number | null;
}

const CHUNK_BYTES = 256 * 1024;
const AS_CSV = 'in Excel or WPS choose "Save as" and "CSV UTF-8" (另存为 CSV UTF-8), then import that file';

/**
 * Reads the file once, whole, in constant memory.
 * @throws OperatorError when it is missing, empty, unreadable, a spreadsheet workbook, or neither UTF-8 nor GB18030
 */
export async function inspectFile(path: string): Promise<SourceFile> {
  const name = basename(path);
  const bytes = await sizeOf(path);
  await refuseOtherFormats(path, name);

  // GB18030 is decoded only from the piece on where UTF-8 ended: what is valid UTF-8 so far need not be valid GB18030, so the
  // second reading starts over, but most files never need it.
  const notUtf8At = await firstByteNotUtf8(path, name);
  if (notUtf8At === null) {
    return { path, name, encoding: 'UTF-8', bytes, notUtf8At };
  }
  const notGb18030At = (await startsWithBom(path)) ? 0 : await firstPieceNotGb18030(path);
  if (notGb18030At === null) return { path, name, encoding: 'GB18030', bytes, notUtf8At };
  throw new OperatorError(
    `${path} is neither UTF-8 (not from byte ${notUtf8At} on) nor GB18030 (文件编码无法识别); ` +
      `the file may be damaged there, or was cut off while it was copied. Export it again: ${AS_CSV}.`,
  );
}

/**
 * The file's text without its byte order mark, in pieces of a fixed size, with the number of bytes read so far.
 * @throws OperatorError when the file is no longer what `inspectFile` saw
 */
export async function* readText(source: SourceFile): AsyncGenerator<{ readonly text: string; readonly bytesRead: number }> {
  const decoder = new TextDecoder(source.encoding === 'UTF-8' ? 'utf-8' : 'gb18030', { fatal: true });
  let bytesRead = 0;
  try {
    for await (const chunk of chunks(source.path)) {
      bytesRead += chunk.length;
      yield { text: decoder.decode(chunk, { stream: true }), bytesRead };
    }
    yield { text: decoder.decode(), bytesRead };
  } catch (error) {
    if (isUndecodable(error))
      throw new OperatorError(`${source.path} changed while it was read; import it again once it is complete.`);
    throw error;
  }
}

/** The code of a system or decoder error (ENOENT, ERR_…); null when it has none. */
export function errorCode(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** What a fatal TextDecoder throws. */
function isUndecodable(error: unknown): boolean {
  return errorCode(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA';
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new OperatorError(`${path} is a folder (文件夹); name one CSV file in it.`);
    if (!found.isFile())
      throw new OperatorError(`${path} is not a regular file; save the data to a file first, it is read twice.`);
    if (found.size === 0) throw new OperatorError(`${path} is empty (文件为空); export it again.`);
    await (await open(path)).close();
    return found.size;
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new OperatorError(`${path} does not exist (文件不存在); check the path.`, { cause: error });
    if (code === 'EACCES' || code === 'EPERM') {
      throw new OperatorError(`${path} may not be read (没有读取权限); give this user the permission to read it.`, {
        cause: error,
      });
    }
    throw new OperatorError(`${path} cannot be read (${code ?? 'unknown reason'}).`, { cause: error });
  }
}

const SIGNATURES: readonly (readonly [number[], string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], `is an Excel workbook (XLSX) or another ZIP file, not CSV; ${AS_CSV}`],
  [[0xd0, 0xcf, 0x11, 0xe0], `is an old Excel workbook (XLS), not CSV; ${AS_CSV}`],
  [[0xff, 0xfe], `is in UTF-16; ${AS_CSV}`],
  [[0xfe, 0xff], `is in UTF-16; ${AS_CSV}`],
  [[0x25, 0x50, 0x44, 0x46], 'is a PDF, not CSV; ask the department for the table itself'],
];

async function refuseOtherFormats(path: string, name: string): Promise<void> {
  const head = await firstBytes(path, 4);
  for (const [signature, complaint] of SIGNATURES) {
    if (signature.every((byte, at) => head[at] === byte)) throw new OperatorError(`${name} ${complaint}.`);
  }
}

async function startsWithBom(path: string): Promise<boolean> {
  return (await firstBytes(path, 3)).equals(Buffer.from([0xef, 0xbb, 0xbf]));
}

async function firstBytes(path: string, count: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The offset of the first byte that no UTF-8 text could have there; null when there is none. Refuses NUL bytes. */
async function firstByteNotUtf8(path: string, name: string): Promise<number | null> {
  let offset = 0;
  let held: Buffer = Buffer.alloc(0);
  let broken: number | null = null;
  for await (const chunk of chunks(path)) {
    const nul = chunk.indexOf(0);
    if (nul >= 0) {
      throw new OperatorError(
        `${name} has a NUL byte at byte ${offset + nul}: it is not a text file, or it is damaged or in UTF-16 (不是文本文件); ${AS_CSV}.`,
      );
    }
    if (broken === null) {
      const piece: Buffer = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const whole = piece.length - unfinished(piece);
      if (!isUtf8(piece.subarray(0, whole))) broken = offset - held.length + firstInvalid(piece);
      held = piece.subarray(whole);
    }
    offset += chunk.length;
  }
  if (broken === null && held.length > 0) broken = offset - held.length;
  return broken;
}

/** How many bytes at the end belong to a character that the next piece continues. */
function unfinished(piece: Buffer): number {
  for (let back = 1; back <= Math.min(3, piece.length); back += 1) {
    const byte = piece[piece.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

/** By halving: the end of the longest beginning that is UTF-8, up to a character cut by the halving itself. */
function firstInvalid(piece: Buffer): number {
  let valid = 0;
  let invalid = piece.length;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    const beginning = piece.subarray(0, middle);
    if (isUtf8(beginning.subarray(0, middle - unfinished(beginning)))) valid = middle;
    else invalid = middle;
  }
  return invalid - 1;
}

async function firstPieceNotGb18030(path: string): Promise<number | null> {
  const decoder = new TextDecoder('gb18030', { fatal: true });
  let offset = 0;
  try {
    for await (const chunk of chunks(path)) {
      decoder.decode(chunk, { stream: true });
      offset += chunk.length;
    }
    decoder.decode();
    return null;
  } catch (error) {
    if (isUndecodable(error)) return offset;
    throw error;
  }
}

async function* chunks(path: string): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    if (Buffer.isBuffer(chunk)) yield chunk;
  }
}
