import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '../../src/db/index.ts';
import { OperatorError } from '../../src/errors.ts';
import { openKeyRing } from '../../src/keys/index.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';

const MINE = { masterKey: Buffer.alloc(32, 1) };
const OTHER = { masterKey: Buffer.alloc(32, 2) };
const NONE = { masterKey: null };

let test: TestDatabase;
let database: Database;

beforeEach(async () => {
  test = await createTestDatabase();
  database = await test.open();
});

afterEach(async () => {
  await database.close();
  await test.drop();
});

describe('opening the key ring', () => {
  it('generates a key once and uses it ever after', async () => {
    const first = await openKeyRing(database, NONE);
    const second = await openKeyRing(database, NONE);
    expect(second.subjectId('x')).toBe(first.subjectId('x'));
  });

  it('gives processes that open an empty database at once the same key', async () => {
    const databases = await Promise.all([test.open(), test.open(), test.open()]);
    const rings = await Promise.all(databases.flatMap((each) => [openKeyRing(each, NONE), openKeyRing(each, NONE)]));
    expect(new Set(rings.map((ring) => ring.subjectId('x'))).size).toBe(1);
    await Promise.all(databases.map((each) => each.close()));
  });

  it('lets one of two different keys that come at once have the database, and refuses the other', async () => {
    const databases = await Promise.all([test.open(), test.open()]);
    const results = await Promise.allSettled(databases.map((each, index) => openKeyRing(each, index === 0 ? MINE : OTHER)));
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await Promise.all(databases.map((each) => each.close()));
  });

  it('keeps nothing of a given MASTER_KEY but its fingerprint', async () => {
    await openKeyRing(database, MINE);
    const settings = await database.prisma.setting.findMany();
    expect(settings.map(({ name }) => name)).toEqual(['master_key_fingerprint']);
    expect(JSON.stringify(settings)).not.toContain(MINE.masterKey.toString('base64'));
  });

  it.each([
    ['another MASTER_KEY', MINE, OTHER, /not the key this database was made with/],
    ['none where one was given', MINE, NONE, /none is set/],
    ['one where none was given', NONE, MINE, /keeps its own key/],
  ])('refuses %s, and says what to set', async (_, before, after, message) => {
    await openKeyRing(database, before);
    await expect(openKeyRing(database, after)).rejects.toThrow(OperatorError);
    await expect(openKeyRing(database, after)).rejects.toThrow(message);
  });
});
