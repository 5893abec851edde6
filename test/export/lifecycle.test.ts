import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { buildGateway, startServing } from '../testkit/command-line.ts';
import { eventually } from '../testkit/eventually.ts';
import { exporter, openExportWorld } from './export-world.ts';
import type { Exporter, ExportWorld } from './export-world.ts';

/** The first is exported before the second, which lies in another table. */
const RECORDS = '150000-03-003';
const LISTS = 'AbnormalOperationEntry';

let world: ExportWorld;
let agency: Exporter;
let holding: pg.Client | null = null;

beforeAll(async () => {
  // Not within the time of the one test that needs it.
  await buildGateway();
  world = await openExportWorld();
  agency = await world.as('demo-agency', null);
  await world.serving.beside.database.pool.query(`UPDATE credit_records SET public_until = '2099-01-01' WHERE item_code = $1`, [
    RECORDS,
  ]);
}, 120_000);
afterEach(async () => {
  await letGo();
});
afterAll(() => world.close());

/** Nobody can read list entries until `letGo`: an export stands still in its middle. */
async function holdLists(): Promise<pg.Client> {
  holding = new pg.Client({ connectionString: world.serving.beside.database.url });
  await holding.connect();
  await holding.query('BEGIN; LOCK TABLE list_entries IN ACCESS EXCLUSIVE MODE');
  return holding;
}

async function letGo(end: 'COMMIT' | 'ROLLBACK' = 'ROLLBACK'): Promise<void> {
  await holding?.query(end);
  await holding?.end();
  holding = null;
}

/** Ordered, and written up to where it stands still. */
async function standing(client: Exporter): Promise<string> {
  const answer = await client.start([RECORDS, LISTS]);
  expect(answer.errors).toEqual([]);
  const { id } = answer.data.startExport;
  await eventually(async () => expect((await client.find(id))?.progress).toBeGreaterThan(0), 5_000);
  expect(await client.find(id)).toMatchObject({ status: 'RUNNING', rows: null, files: [], manifestUrl: null, readyAt: null });
  return id;
}

function isGone(folder: string): Promise<void> {
  expect(existsSync(folder)).toBe(false);
  return Promise.resolve();
}

const owner = (sql: string, values: unknown[] = []): Promise<pg.QueryResult> =>
  world.serving.beside.database.pool.query(sql, values);

describe('an export in its middle', () => {
  it('is one view: what is changed meanwhile is not in it, neither in the part that is written nor in the other', async () => {
    const lists = await holdLists();
    const { rows: before } = await owner(
      `SELECT count(*)::int AS n FROM credit_records WHERE item_code = $1 AND status = 'ACTIVE' AND NOT person`,
      [RECORDS],
    );
    const id = await standing(agency);
    await owner(`UPDATE credit_records SET status = 'WITHDRAWN' WHERE item_code = $1`, [RECORDS]);
    await lists.query(`UPDATE list_entries SET status = 'WITHDRAWN'`);
    await letGo('COMMIT');
    const shown = await agency.settled(id);
    expect(shown.files.map(({ item, rows }) => [item, rows])).toEqual([
      [RECORDS, before[0].n],
      [expect.any(String), expect.any(Number)],
    ]);
    expect(shown.files[1]?.rows).toBeGreaterThan(0);
    const after = await agency.exported([RECORDS, LISTS]);
    expect(after.rows).toEqual([]);
    await owner(`UPDATE credit_records SET status = 'ACTIVE' WHERE item_code = $1`, [RECORDS]);
    await owner(`UPDATE list_entries SET status = 'ACTIVE'`);
  });

  it('cannot be downloaded, not even the part that is written', async () => {
    await holdLists();
    const id = await standing(agency);
    for (const name of [`${RECORDS}-0001.ndjson.gz`, 'manifest.json'])
      expect((await agency.download(`/exports/${id}/${name}`)).status).toBe(404);
    await letGo();
    expect(await agency.settled(id)).toMatchObject({ status: 'READY' });
  });

  it('is given back by a server that ends, and begun anew by another at once', async () => {
    const other = await world.serving.another();
    await holdLists();
    const id = await standing(await world.as('demo-agency', null, other.address));
    await other.close();
    await letGo();
    expect(await agency.settled(id)).toMatchObject({ status: 'READY', failure: null });
    expect((await owner('SELECT attempt FROM exports WHERE id = $1', [id])).rows).toEqual([{ attempt: 2 }]);
    expect(await readdir(path.join(world.folder, id))).toEqual(['2']);
  });

  it('of a server that was killed is begun anew when that has been silent for long enough', async () => {
    const { database, tokens } = world.serving.beside;
    const killed = await startServing([], { DATABASE_URL: database.url, EXPORT_DIR: world.folder });
    await holdLists();
    const { token } = await tokens.issue('demo-agency', 600);
    const id = await standing(exporter(killed.address, token, {}));
    await killed.stop('SIGKILL');
    await letGo();
    // Not before: it could be slow only.
    const look = await owner(`SELECT lease_until > now() AS held, attempt FROM exports WHERE id = $1`, [id]);
    expect(look.rows).toEqual([{ held: true, attempt: 1 }]);
    await owner(`UPDATE exports SET lease_until = now() - interval '1 second' WHERE id = $1`, [id]);
    const shown = await agency.settled(id);
    expect(shown).toMatchObject({ status: 'READY', failure: null });
    for (const { url, bytes } of shown.files) expect((await (await agency.download(url)).arrayBuffer()).byteLength).toBe(bytes);
    // What the killed one left goes when the next server starts.
    const next = await world.serving.another();
    await eventually(async () => expect(await readdir(path.join(world.folder, id))).toEqual(['2']), 5_000);
    await next.close();
  }, 60_000);

  it('whose connection to the database was cut is begun anew', async () => {
    await holdLists();
    const id = await standing(agency);
    await owner(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%export' AND datname = current_database()`,
    );
    await eventually(async () => {
      expect((await owner('SELECT attempt FROM exports WHERE id = $1', [id])).rows).toEqual([{ attempt: 2 }]);
    }, 5_000);
    await letGo();
    expect(await agency.settled(id)).toMatchObject({ status: 'READY', failure: null });
  });

  it('that another server has taken over counts for nothing where it was begun', async () => {
    await holdLists();
    const id = await standing(agency);
    await owner(
      `UPDATE exports SET attempt = attempt + 1, lease_holder = $2, lease_until = now() + interval '1 minute' WHERE id = $1`,
      [id, randomUUID()],
    );
    await eventually(() => isGone(path.join(world.folder, id, '1')), 5_000);
    expect(await agency.find(id)).toMatchObject({ status: 'RUNNING' });
    await letGo();
    await owner(`UPDATE exports SET lease_until = now() - interval '1 second' WHERE id = $1`, [id]);
    expect(await agency.settled(id)).toMatchObject({ status: 'READY' });
  });
});

describe('an export that is ready', () => {
  it('stays ready for another instance, and after a restart', async () => {
    const { shown } = await agency.exported([RECORDS]);
    const other = await world.serving.another();
    const there = await world.as('demo-agency', null, other.address);
    expect((await there.download(shown.files[0]?.url ?? '')).status).toBe(200);
    expect(await there.find(shown.id)).toEqual(shown);
    await other.close();
  });

  it('expires: no longer downloaded from that moment on, and its files go', async () => {
    const { shown } = await agency.exported([RECORDS]);
    const { rows } = await owner(`SELECT extract(epoch FROM expires_at - ready_at)::int AS seconds FROM exports WHERE id = $1`, [
      shown.id,
    ]);
    expect(rows).toEqual([{ seconds: 48 * 3_600 }]);
    await owner(`UPDATE exports SET expires_at = now() - interval '1 second' WHERE id = $1`, [shown.id]);
    expect(await agency.find(shown.id)).toMatchObject({ status: 'EXPIRED', files: [], manifestUrl: null, feedCursor: null });
    expect((await agency.download(shown.files[0]?.url ?? '')).status).toBe(404);
    const other = await world.serving.another();
    await eventually(() => isGone(path.join(world.folder, shown.id)), 5_000);
    await other.close();
  });
});

describe('an export that cannot be made', () => {
  /** As an order of which nobody has heard yet. */
  async function order(more: Record<string, unknown> = {}): Promise<string> {
    const id = randomUUID();
    const values = { client_id: 'demo-agency', attempt: 0, items: [RECORDS], ...more };
    await owner(
      `INSERT INTO exports (id, client_id, items, request_id, catalog_version, attempt, lease_until) VALUES ($1, $2, $3, 'r', 1, $4, now() + interval '1 minute')`,
      [id, values.client_id, values.items, values.attempt],
    );
    return id;
  }

  const begin = (id: string): Promise<pg.QueryResult> => owner('UPDATE exports SET lease_until = NULL WHERE id = $1', [id]);

  it('on a full disk fails with that reason, and leaves no half file', async () => {
    const id = await order();
    // Whichever attempt gets that far: on a busy machine the database may be too slow for the first one.
    for (const attempt of ['1', '2', '3']) {
      const folder = path.join(world.folder, id, attempt);
      await mkdir(folder, { recursive: true });
      await symlink('/dev/full', path.join(folder, `${RECORDS}-0001.ndjson.gz`));
    }
    await begin(id);
    expect(await agency.settled(id)).toMatchObject({
      status: 'FAILED',
      failure: expect.stringMatching(/disk .* is full/),
      rows: null,
      files: [],
    });
    const { rows } = await owner('SELECT attempt FROM exports WHERE id = $1', [id]);
    await eventually(() => isGone(path.join(world.folder, id, String(rows[0]?.attempt))));
    // The next one is not kept from anything.
    expect(await agency.settled((await agency.start([RECORDS])).data.startExport.id)).toMatchObject({ status: 'READY' });
  });

  it('for a client that may not call any more is not made', async () => {
    await world.serving.beside.clients.add({
      id: 'gone',
      kind: 'CREDIT_AGENCY',
      name: '停',
      license: '3',
      licenseUntil: '2099-12-31',
    });
    const gone = await world.as('gone', null);
    const id = await order({ client_id: 'gone' });
    await world.serving.beside.clients.suspend('gone');
    await begin(id);
    await eventually(
      async () =>
        expect((await owner('SELECT status::text, failure FROM exports WHERE id = $1', [id])).rows).toEqual([
          { status: 'FAILED', failure: expect.stringContaining('suspended') },
        ]),
      5_000,
    );
    expect((await gone.download(`/exports/${id}/manifest.json`)).status).toBe(403);
  });

  it('of an item that a new catalog closed is refused by name', async () => {
    const id = await order({ items: [RECORDS, '150000-99-999'] });
    await begin(id);
    expect(await agency.settled(id)).toMatchObject({ status: 'FAILED', failure: expect.stringContaining('150000-99-999') });
  });

  it('that ended its server time and again is not begun for ever', async () => {
    const id = await order({ attempt: 5 });
    await begin(id);
    expect(await agency.settled(id)).toMatchObject({ status: 'FAILED', failure: expect.stringContaining('too often') });
  });
});
