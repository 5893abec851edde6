import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { documentDigest, parseCatalogDocument } from '../../src/catalog/catalog-document.ts';
import { CatalogService } from '../../src/catalog/catalog-service.ts';
import { catalogFromDocument } from '../../src/catalog/catalog.ts';
import type { CatalogDocument } from '../../src/catalog/model.ts';
import type { Database } from '../../src/db/index.ts';
import { OperatorError } from '../../src/errors.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';
import { EditableSheet } from './bundled-sheet.ts';

let test: TestDatabase;
let database: Database;
let bundled: CatalogDocument;
let stricter: CatalogDocument;
beforeAll(async () => {
  test = await createTestDatabase();
  database = await test.open();
  bundled = await (await EditableSheet.bundled()).document();
  stricter = await (await EditableSheet.bundled()).set('OrganizationPenalty.fineAmount', '使用权限', '不予共享').document();
});
afterAll(async () => {
  await database.close();
  await test.drop();
});
afterEach(() => database.prisma.catalogVersion.deleteMany());

const service = (): CatalogService => new CatalogService(database.prisma);

describe('before anything is published', () => {
  it('there is no current catalog, no version, and nothing to roll back to', async () => {
    expect(await service().current()).toBeNull();
    expect(await service().currentVersion()).toBe(0);
    expect(await service().versions()).toEqual([]);
    await expect(service().version(1)).rejects.toThrow(/no catalog version 1.*none has been published yet/);
    await expect(service().rollback(1)).rejects.toThrow(OperatorError);
  });
});

describe('publishing', () => {
  it('numbers versions from 1, dates them and keeps what the sheet said', async () => {
    const start = Date.now();
    const first = await service().publish(bundled, 'catalog-2026.csv');
    const second = await service().publish(stricter, 'catalog-2027.csv');
    expect([first.catalog.version, first.previous, second.catalog.version, second.previous?.version]).toEqual([1, null, 2, 1]);
    const current = await service().current();
    expect(current).toMatchObject({ version: 2, source: 'catalog-2027.csv', items: stricter.items });
    expect(current?.publishedAt.getTime()).toBeGreaterThanOrEqual(start);
    expect((await service().version(1)).items).toEqual(bundled.items);
    expect((await service().versions()).map(({ version, source }) => [version, source])).toEqual([
      [2, 'catalog-2027.csv'],
      [1, 'catalog-2026.csv'],
    ]);
  });

  it('the same document again changes nothing and says so', async () => {
    await service().publish(bundled, 'catalog-2026.csv');
    const again = await service().publish(structuredClone(bundled), 'renamed.csv');
    expect(again).toMatchObject({ changed: false, catalog: { version: 1, source: 'catalog-2026.csv' } });
    expect(await database.prisma.catalogVersion.count()).toBe(1);
  });

  it('takes turns: 8 publishers at once make 8 versions without a gap', async () => {
    const documents = await Promise.all(
      Array.from({ length: 8 }, async (_, n) => (await EditableSheet.bundled()).set('Organization.subjectName', '长度', String(100 + n)).document()),
    );
    const published = await Promise.all(documents.map((document, n) => service().publish(document, `${n}.csv`)));
    expect(published.map(({ catalog }) => catalog.version).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const { catalog } of published) expect((await service().version(catalog.version)).items).toEqual(catalog.items);
  });

  it('takes turns: the same document from 8 publishers at once is one version', async () => {
    const published = await Promise.all(Array.from({ length: 8 }, () => service().publish(bundled, 'a.csv')));
    expect(published.filter(({ changed }) => changed)).toHaveLength(1);
    expect(await database.prisma.catalogVersion.count()).toBe(1);
  });

  it('runs what must happen before it in the same transaction, and is undone with it', async () => {
    const seen: (readonly [number | undefined, number])[] = [];
    const careful = new CatalogService(database.prisma, async (tx, previous, next) => {
      seen.push([previous?.version, next.version]);
      await tx.setting.create({ data: { name: `version ${next.version}`, value: 'derived' } });
      if (next.version === 2) throw new OperatorError('not this one');
    });
    await careful.publish(bundled, 'a.csv');
    await expect(careful.publish(stricter, 'b.csv')).rejects.toThrow('not this one');
    expect(seen).toEqual([[undefined, 1], [1, 2]]);
    expect(await service().currentVersion()).toBe(1);
    expect(await database.prisma.setting.count({ where: { name: { startsWith: 'version ' } } })).toBe(1);
  });
});

describe('rolling back', () => {
  it('publishes the old version’s document as a new version', async () => {
    await service().publish(bundled, 'catalog-2026.csv');
    await service().publish(stricter, 'catalog-2027.csv');
    const { catalog, changed } = await service().rollback(1);
    expect(changed).toBe(true);
    expect(catalog).toMatchObject({ version: 3, source: 'rollback to 1', items: bundled.items });
    expect((await service().versions()).map(({ version }) => version)).toEqual([3, 2, 1]);
  });

  it('to what already holds changes nothing', async () => {
    await service().publish(bundled, 'catalog-2026.csv');
    expect(await service().rollback(1)).toMatchObject({ changed: false, catalog: { version: 1 } });
  });

  it.each([2, 0, -1, 1.5, 99_999_999_999])('to version %s, which is not there, is refused and changes nothing', async (n) => {
    await service().publish(bundled, 'catalog-2026.csv');
    await expect(service().rollback(n)).rejects.toThrow(/no catalog version .*the versions are 1 to 1; see `catalog show`/);
    expect(await database.prisma.catalogVersion.count()).toBe(1);
  });
});

describe('a catalog', () => {
  it('finds items by code and by type name, and nothing else', () => {
    const catalog = catalogFromDocument(1, new Date(0), 'a.csv', bundled);
    expect(catalog.item('150000-03-003')?.typeName).toBe('OrganizationPenalty');
    expect(catalog.item('OrganizationPenalty')?.code).toBe('150000-03-003');
    for (const name of ['organizationpenalty', '150000-03', '', 'constructor', '__proto__']) expect(catalog.item(name)).toBeUndefined();
  });

  it('is frozen to the last value', () => {
    const catalog = catalogFromDocument(1, new Date(0), 'a.csv', bundled);
    const field = catalog.item('OrganizationPenalty')?.fields.find(({ key }) => key === 'severityTier');
    expect([catalog, catalog.items, catalog.items[0], catalog.items[0]?.fields, field, field?.values].every(Object.isFrozen)).toBe(true);
  });

  it('has the same digest whatever order its attributes came in', () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).reverse().map(([key, inner]) => [key, reversed(inner)]));
    };
    const shuffled = parseCatalogDocument(reversed(bundled));
    expect(documentDigest(shuffled)).toBe(documentDigest(bundled));
    expect(documentDigest(stricter)).not.toBe(documentDigest(bundled));
  });

  it.each([[null], [{}], [{ items: [{ code: '150000-01-001' }] }], [[]]])('is not read out of %j', (json) => {
    expect(() => parseCatalogDocument(json)).toThrow();
  });
});
