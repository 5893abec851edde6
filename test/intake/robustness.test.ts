import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IntakeService } from '../../src/intake/index.ts';
import { EditableSheet } from '../catalog/bundled-sheet.ts';
import { ended, startGateway } from '../testkit/command-line.ts';
import { CODES, counts, csv, GivenIntake, PENALTY } from './given-intake.ts';

let given: GivenIntake;
beforeEach(async () => {
  given = await GivenIntake.open();
});
afterEach(() => given.close());

/** Rows about five subjects, each with its own key. */
function penalties(count: number, changes: Readonly<Record<string, string>> = {}): Record<string, string>[] {
  return Array.from({ length: count }, (_, at) => ({
    ...PENALTY,
    unifiedSocialCreditCode: CODES[at % CODES.length] ?? '',
    penaltyDocNo: `内罚〔2026〕${String(at).padStart(6, '0')}号`,
    ...changes,
  }));
}

const size = async (table: string): Promise<number> =>
  Number((await given.database.pool.query<{ count: string }>(`SELECT count(*) AS count FROM ${table}`)).rows[0]?.count);

describe('an import killed half way (kill -9)', () => {
  it('and run again ends exactly like one that was not', async () => {
    const rows = penalties(12_000);
    rows[11_500] = { ...PENALTY, fineAmount: '多' };
    const path = await given.file(csv(rows));
    const args = ['import', 'OrganizationPenalty', path, '--rejects', `${path}.rejects.csv`];

    const child = await startGateway(args, { DATABASE_URL: given.test.url });
    const exit = ended(child);
    while ((await size('credit_records')) === 0) await sleep(5);
    child.kill('SIGKILL');
    expect((await exit).code).toBeNull();
    const kept = await size('credit_records');
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(11_999);
    expect(kept % 1_000).toBe(0);

    const again = await ended(await startGateway(args, { DATABASE_URL: given.test.url }));
    expect(again).toMatchObject({
      code: 0,
      stdout: `${String(11_999 - kept)} accepted, 0 updated, ${String(kept)} unchanged, 1 rejected\n`,
    });
    const state = await given.state();

    await given.emptyTables();
    expect(counts(await given.import('OrganizationPenalty', path))).toBe('11999 accepted, 0 updated, 0 unchanged, 1 rejected');
    expect(await given.state()).toBe(state);
  });
});

describe('imports at the same time', () => {
  it('of files that share subjects and entries lose nothing and never wait in a circle', async () => {
    const rows = penalties(4_000);
    const orders = [
      rows,
      rows.toReversed(),
      rows.toSorted((a, b) => (a['unifiedSocialCreditCode'] ?? '').localeCompare(b['unifiedSocialCreditCode'] ?? '')),
    ];
    const paths = await Promise.all(
      orders.map((order, at) => given.file(csv(order.map((row) => ({ ...row, remarks: `第${String(at)}份` }))))),
    );
    const databases = await Promise.all(paths.map(() => given.test.open()));
    const summaries = await Promise.all(
      databases.map((database, at) =>
        new IntakeService({ database, keys: given.keys, currentCatalog: () => given.catalogs.current() }).importFile({
          item: 'OrganizationPenalty',
          path: paths[at] ?? '',
          rejectsPath: `${paths[at] ?? ''}.rejects.csv`,
          dryRun: false,
        }),
      ),
    );
    await Promise.all(databases.map((database) => database.close()));
    expect(summaries.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(4_000);
    expect(summaries.reduce((sum, { updated }) => sum + updated, 0)).toBe(8_000);
    expect([await size('credit_records'), await size('subjects')]).toEqual([4_000, 5]);
    // Retries would hide a circle; the server's own count does not. Sessions that have ended have reported theirs.
    const { rows: stats } = await given.database.pool.query(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(stats).toEqual([{ deadlocks: 0 }]);
  });
});

describe('a catalog published while a file is imported', () => {
  const publishOnce = async (address: string): Promise<() => ReturnType<typeof given.catalogs.current>> => {
    const next = await (await EditableSheet.bundled()).set(address, '使用权限', '不予共享').document();
    let published = false;
    return async () => {
      const current = await given.catalogs.current();
      if (!published) await given.catalogs.publish(next, 'while importing');
      published = true;
      return current;
    };
  };
  const importWith = async (currentCatalog: () => ReturnType<typeof given.catalogs.current>): Promise<unknown> => {
    const path = await given.file(csv(penalties(10)));
    const intake = new IntakeService({ database: given.database, keys: given.keys, currentCatalog });
    return intake.importFile({ item: 'OrganizationPenalty', path, rejectsPath: `${path}.rejects.csv`, dryRun: false });
  };

  it('stops the import when it changes the item: no row is stored by a catalog that is no longer in force', async () => {
    await expect(importWith(await publishOnce('OrganizationPenalty.remarks'))).rejects.toThrow(/Run the same command again/);
    expect(await size('credit_records')).toBe(0);
  });

  it('does not stop it when it changes other items', async () => {
    await expect(importWith(await publishOnce('TaxArrears.insuredHeadcount'))).resolves.toMatchObject({ accepted: 10 });
    expect((await given.rows('credit_records'))[0]).toMatchObject({ catalog_version: 2 });
  });
});

describe('a database that goes away', () => {
  it('is told as such, with what to do next', async () => {
    const database = await given.test.open();
    const intake = new IntakeService({ database, keys: given.keys, currentCatalog: () => given.catalogs.current() });
    const path = await given.file(csv(penalties(10_000)));
    const running = intake.importFile({ item: 'OrganizationPenalty', path, rejectsPath: `${path}.rejects.csv`, dryRun: false });
    const outcome = running.then(
      () => 'imported',
      (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
    );
    while ((await size('credit_records')) === 0) await sleep(5);
    await given.database.pool.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    expect(await outcome).toMatch(/^OperatorError: .*rows are in; run the same command again to finish/);
    expect(await given.leftovers()).toEqual([]);
    await database.close();
  });
});
