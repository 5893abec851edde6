import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { textRows } from '../../src/wire-text.ts';
import { openSnapshot } from '../../src/db/snapshot.ts';
import type { Snapshot } from '../../src/db/snapshot.ts';
import { PartWriter } from '../../src/exports/part-writer.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';

describe('rows of a snapshot', () => {
  const HUNDRED_THOUSAND = { text: 'SELECT n::text FROM generate_series(1, 100000) AS n', values: [] };
  let database: TestDatabase;
  let snapshot: Snapshot;
  let pool: pg.Pool;

  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 1 });
  });
  beforeEach(async () => {
    snapshot = await openSnapshot(database.url, null);
  });
  afterEach(() => snapshot.close());
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  it('come in batches, all of them, in order', async () => {
    let rows = 0;
    for await (const batch of snapshot.batches(HUNDRED_THOUSAND, 500)) {
      expect(batch.length).toBeLessThanOrEqual(500);
      for (const [n] of textRows(batch)) if (n !== String((rows += 1))) throw new Error(`Row ${String(rows)} is ${String(n)}`);
    }
    expect(rows).toBe(100_000);
  });

  it('wait with the database until they are used: of a million, some thousand have left it', async () => {
    const million = { text: `SELECT repeat('x', 1000) FROM generate_series(1, 1000000)`, values: [] };
    let used = 0;
    for await (const _ of snapshot.batches(million, 500)) {
      used += 1;
      if (used < 3) continue;
      await setTimeout(500);
      const { rows } = await pool.query<{ gone: number }>(
        `SELECT tuples_processed::int AS gone FROM pg_stat_progress_copy WHERE datname = current_database()`,
      );
      // Three batches are used, two wait here, and what fits into the buffers of the connection has left the database as well.
      expect(rows[0]?.gone).toBeLessThan(30_000);
      break;
    }
  });

  it('of which some are not wanted any more are cut off, and nothing more is read', async () => {
    for await (const _ of snapshot.batches(HUNDRED_THOUSAND, 10)) break;
    await expect(snapshot.all({ text: 'SELECT 1', values: [] })).rejects.toThrow();
  });

  it.each([
    ['a backslash', 'a\\b\\\\c\\N'],
    ['a tab and line breaks', 'a\tb\nc\r\nd'],
    ['controls', '\b\f\v\u0001\u001f'],
    ['what looks like a null', '\\N'],
    ['nothing', ''],
    ['characters of four bytes', '𠮷𠀀😀'],
  ])('bring %s as it is', async (_name, text) => {
    const found = [];
    for await (const batch of snapshot.batches({ text: 'SELECT $1::text, NULL, $2::text', values: [text, 'end'] }, 10))
      found.push(...textRows(batch));
    expect(found).toEqual([[text, null, 'end']]);
  });

  it('take values as parameters', async () => {
    const found = [];
    for await (const batch of snapshot.batches({ text: 'SELECT n FROM generate_series(1, $1::int) AS n', values: ['3'] }, 2))
      found.push(...textRows(batch));
    expect(found).toEqual([['1'], ['2'], ['3']]);
  });

  it('are of one moment, and nothing can be written', async () => {
    await expect(snapshot.all({ text: `INSERT INTO settings (name, value) VALUES ('x', 'y')`, values: [] })).rejects.toThrow(
      /read-only/,
    );
  });

  it('of a connection that was closed meanwhile end with an error', async () => {
    const reading = (async () => {
      for await (const _ of snapshot.batches(HUNDRED_THOUSAND, 10)) await snapshot.close();
    })();
    await expect(reading).rejects.toThrow();
  });
});

describe('the files of an item', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'gateway-parts-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are bounded: each is a gzip file of its own with its digests, and together they are all lines in order', async () => {
    const writer = new PartWriter(folder, 'item', 200_000);
    const lines: string[] = [];
    for (let n = 0; n < 40; n += 1) {
      // Random bytes, so that compressing them does not make everything fit into one part.
      const some = Array.from(
        { length: 500 },
        (_, i) =>
          `${createHash('sha512')
            .update(`${String(n)} ${String(i)}`)
            .digest('hex')}\n`,
      );
      lines.push(...some);
      writer.add(some.join(''), some.length);
      await writer.room();
    }
    // Longer than a block.
    const long = `${createHash('sha512').update('long').digest('hex').repeat(20_000)}\n`;
    lines.push(long);
    writer.add(long, 1);
    const files = await writer.end();
    expect(files.length).toBe(4);
    let text = '';
    for (const [index, file] of files.entries()) {
      expect(file.name).toBe(`item-000${String(index + 1)}.ndjson.gz`);
      const bytes = await readFile(path.join(folder, file.name));
      expect(bytes).toHaveLength(file.bytes);
      // A part ends with the block that fills it: a block is a million bytes before compression.
      expect(file.bytes).toBeLessThan(200_000 + 1_100_000);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
      expect(createHash('sm3').update(bytes).digest('hex')).toBe(file.sm3);
      const part = gunzipSync(bytes).toString();
      expect(part.split('\n').length - 1).toBe(file.rows);
      text += part;
    }
    expect(text).toBe(lines.join(''));
    expect(files.reduce((sum, { rows }) => sum + rows, 0)).toBe(lines.length);
  });
});
