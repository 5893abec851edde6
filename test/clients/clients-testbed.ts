import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { AuthorizationRegistry, ClientRegistry, GrantRegistry, TokenService } from '../../src/clients/index.ts';
import type { TokenServiceOptions } from '../../src/clients/token-service.ts';
import { catalogFromDocument } from '../../src/catalog/index.ts';
import type { CatalogItem } from '../../src/catalog/model.ts';
import { ChangeSignal, type Prisma, PrismaClient } from '../../src/db/index.ts';
import type { Database } from '../../src/db/index.ts';
import { openKeyRing } from '../../src/keys/index.ts';
import type { KeyRing } from '../../src/keys/index.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';

/** One gateway instance's share of this folder, on connections of its own. */
export interface Instance {
  readonly prisma: PrismaClient;
  /** texts of the statements that went to the database since the last call */
  statements(): string[];
  readonly keys: KeyRing;
  readonly signal: ChangeSignal;
  readonly clients: ClientRegistry;
  readonly grants: GrantRegistry;
  readonly authorizations: AuthorizationRegistry;
  tokens(options?: Partial<TokenServiceOptions>): TokenService;
  close(): Promise<void>;
}

export interface ClientsTestbed {
  readonly test: TestDatabase;
  readonly database: Database;
  instance(): Promise<Instance>;
  close(): Promise<void>;
}

export const PENALTY = '150000-03-003';
export const LICENSE = '150000-03-001';

/** Only codes and type names matter here. */
export const CATALOG = catalogFromDocument(1, new Date(0), 'test.csv', {
  items: [item(PENALTY, 'OrganizationPenalty'), item(LICENSE, 'OrganizationLicense')],
});

export const ISSUER = 'test-gateway';

export async function openClientsTestbed(): Promise<ClientsTestbed> {
  const test = await createTestDatabase();
  const database = await test.open();
  const instances: Instance[] = [];
  return {
    test,
    database,
    async instance() {
      const opened = await openInstance(test, database);
      instances.push(opened);
      return opened;
    },
    async close() {
      for (const opened of instances) await opened.close();
      await database.close();
      await test.drop();
    },
  };
}

async function openInstance(test: TestDatabase, database: Database): Promise<Instance> {
  const pool = new pg.Pool({ connectionString: test.url, max: 3 });
  // The pool ends before its connections have; dropping the database may cut one of them, which then reports an error.
  pool.on('error', () => undefined);
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool), log: [{ emit: 'event', level: 'query' }] });
  let seen: string[] = [];
  prisma.$on('query', ({ query }) => seen.push(query));
  const signal = await ChangeSignal.start(test.url);
  const keys = await openKeyRing(database, test.config);
  const currentCatalog = () => Promise.resolve(CATALOG);
  return {
    prisma,
    statements() {
      const texts = seen;
      seen = [];
      return texts;
    },
    keys,
    signal,
    clients: new ClientRegistry({ prisma, signal, currentCatalog }),
    grants: new GrantRegistry({ prisma, currentCatalog }),
    authorizations: new AuthorizationRegistry({ prisma, keys, currentCatalog }),
    tokens: (options = {}) =>
      new TokenService({
        prisma,
        keys,
        issuer: ISSUER,
        ttlSeconds: 3_600,
        outsideIssuer: null,
        outsideAudience: null,
        ...options,
      }),
    async close() {
      await signal.close();
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

/** A client row without the cost of hashing a secret, for tests that are not about secrets. */
export async function insertClient(
  prisma: PrismaClient,
  id: string,
  more: Partial<Prisma.ClientUncheckedCreateInput> = {},
): Promise<void> {
  await prisma.client.create({ data: { id, kind: 'DEPARTMENT', name: id, secretHash: 'none', items: [], ...more } });
}

/** Waits until what a notification brings about is there; fails after two seconds. */
export async function eventually(holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 2_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('It did not come about within two seconds.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function item(code: string, typeName: string): CatalogItem {
  return {
    code,
    typeName,
    nameZh: typeName,
    nameEn: typeName,
    category: '',
    family: 'RECORD',
    subjectScope: 'ORGANIZATION',
    listNature: null,
    personPublic: false,
    provider: '',
    collectionScope: '',
    collectionProcedure: '',
    collectionPath: '',
    collectionDeadlineDays: 7,
    publicationMethod: '',
    updateCycle: '',
    fields: [],
  };
}
