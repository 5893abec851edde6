import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CatalogFollower } from '../../src/catalog/catalog-follower.ts';
import type { CatalogNotices, CatalogSource } from '../../src/catalog/catalog-follower.ts';
import { CatalogService } from '../../src/catalog/catalog-service.ts';
import { catalogFromDocument } from '../../src/catalog/catalog.ts';
import type { Catalog, CatalogDocument } from '../../src/catalog/model.ts';
import { ChangeSignal } from '../../src/db/index.ts';
import type { Database } from '../../src/db/index.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';
import { EditableSheet } from './bundled-sheet.ts';

const NEVER_MS = 3_600_000;

let test: TestDatabase;
let database: Database;
let signal: ChangeSignal;
let catalogs: CatalogService;
let documents: readonly CatalogDocument[];
let followers: CatalogFollower[];
let errors: unknown[];
beforeAll(async () => {
  test = await createTestDatabase();
  database = await test.open();
  signal = await ChangeSignal.start(test.url);
  catalogs = new CatalogService(database.prisma);
  documents = await Promise.all([200, 201, 202].map(async (length) => (await EditableSheet.bundled()).set('Organization.subjectName', '长度', String(length)).document()));
});
afterAll(async () => {
  await signal.close();
  await database.close();
  await test.drop();
});
beforeEach(() => {
  followers = [];
  errors = [];
});
afterEach(async () => {
  await Promise.all(followers.map((follower) => follower.close()));
  await database.prisma.catalogVersion.deleteMany();
});

async function follow(options: { source?: CatalogSource; notices?: CatalogNotices | null; pollMs?: number } = {}): Promise<CatalogFollower> {
  const { source = catalogs, notices = null, pollMs } = options;
  const follower = new CatalogFollower({ source, notices, onError: (error) => errors.push(error), ...(pollMs === undefined ? {} : { pollMs }) });
  followers.push(follower);
  await follower.start();
  return follower;
}

/** Resolves with the milliseconds that passed until the follower had the version. */
async function reached(follower: CatalogFollower, version: number): Promise<number> {
  const start = performance.now();
  while (follower.current.version < version) {
    if (performance.now() - start > 10_000) throw new Error(`still at version ${follower.current.version}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - start;
}

const publish = (n: number): Promise<unknown> => catalogs.publish(documents[n] ?? { items: [] }, `${n}.csv`);

describe('a follower', () => {
  it('starts with the current catalog, or with version 0 when there is none', async () => {
    expect((await follow()).current).toMatchObject({ version: 0, items: [] });
    await publish(0);
    expect((await follow()).current).toMatchObject({ version: 1, items: documents[0]?.items });
  });

  it('hears of a publish within 2 seconds by notification, without polling', async () => {
    const follower = await follow({ notices: signal, pollMs: NEVER_MS });
    await publish(0);
    expect(await reached(follower, 1)).toBeLessThan(2_000);
    await publish(1);
    expect(await reached(follower, 2)).toBeLessThan(2_000);
    expect(errors).toEqual([]);
  });

  it('finds a publish within 2 seconds where no notification comes', async () => {
    const follower = await follow();
    await publish(0);
    expect(await reached(follower, 1)).toBeLessThan(2_000);
  });

  it('hears of a publish that was missed while the connection was lost', async () => {
    const follower = await follow({ notices: signal, pollMs: NEVER_MS });
    // The first statement ends every listening connection, so the notification of the second has nobody to go to.
    await database.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'public-credit-gateway changes'`,
    );
    await publish(0);
    expect(await reached(follower, 1)).toBeLessThan(5_000);
  });

  it('tells its listeners, with the new catalog already current, until they leave', async () => {
    const follower = await follow({ notices: signal });
    const seen: (readonly [number, number, boolean])[] = [];
    const leave = follower.onChange((next, previous) => void seen.push([previous.version, next.version, follower.current === next]));
    await publish(0);
    await follower.refresh();
    leave();
    await publish(1);
    await follower.refresh();
    expect(seen).toEqual([[0, 1, true]]);
    expect(follower.current.version).toBe(2);
  });

  it('goes on when a listener fails, and tells the others', async () => {
    const follower = await follow();
    const seen: number[] = [];
    follower.onChange(() => Promise.reject(new Error('no schema')));
    follower.onChange(({ version }) => void seen.push(version));
    await publish(0);
    await follower.refresh();
    expect(seen).toEqual([1]);
    expect(errors.map(String)).toEqual(['Error: no schema']);
  });

  it('keeps its catalog while the database fails, reports it, and catches up after', async () => {
    let down = false;
    const fail = (): void => {
      if (down) throw new Error('the database is down');
    };
    const source: CatalogSource = {
      currentVersion: async () => (fail(), catalogs.currentVersion()),
      current: async () => (fail(), catalogs.current()),
    };
    await publish(0);
    const follower = await follow({ source, pollMs: 20 });
    down = true;
    await publish(1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(follower.current.version).toBe(1);
    expect(errors.length).toBeGreaterThan(1);
    down = false;
    expect(await reached(follower, 2)).toBeLessThan(2_000);
  });

  it('fails to start when the first reading fails', async () => {
    const source: CatalogSource = { currentVersion: () => Promise.reject(new Error('down')), current: () => Promise.resolve(null) };
    await expect(follow({ source })).rejects.toThrow('down');
  });

  it('never goes back to an older version, whatever a lagging source says', async () => {
    const versions = [3, 2, 1].map((version) => catalogFromDocument(version, new Date(0), '', { items: [] }));
    const answers: Catalog[] = [];
    const source: CatalogSource = {
      currentVersion: () => Promise.resolve(9),
      current: () => {
        const next = versions.shift() ?? null;
        if (next !== null) answers.push(next);
        return Promise.resolve(next);
      },
    };
    const follower = await follow({ source, pollMs: NEVER_MS });
    await follower.refresh();
    await follower.refresh();
    expect(answers.map(({ version }) => version)).toEqual([3, 2, 1]);
    expect(follower.current.version).toBe(3);
  });

  it('stops following when closed, and may be closed twice', async () => {
    const follower = await follow({ notices: signal, pollMs: 10 });
    await follower.close();
    await follower.close();
    await publish(0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(follower.current.version).toBe(0);
  });
});
