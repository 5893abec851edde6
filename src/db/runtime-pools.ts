/** The connections of a gateway that serves: one pool for each role (row-policies.ts), none for the owner. */
import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { sealCaller } from './caller-seal.ts';
import { runForCaller } from './caller-statement.ts';
import { createPool, type Database, endPool } from './database.ts';
import { PrismaClient } from './generated/client.ts';
import type { RoleKeys, RuntimeUrls } from './roles.ts';

/** Runs a statement and gives its rows as objects by column name. */
type Run = (statement: { readonly text: string; readonly values: readonly unknown[] }) => Promise<Record<string, unknown>[]>;

export interface RuntimePools {
  /** false: everything runs as the owner, and the second lock is open */
  readonly locked: boolean;
  /** clients, grants, authorizations, signing keys and catalogs; no credit data */
  readonly control: { readonly prisma: PrismaClient; readonly pool: pg.Pool; readonly url: string };
  /** for departments and dashboards: every row, nothing to be written */
  readonly forReader: Run;
  /** for one credit agency: what is published, and what subjects have authorized for it and that purpose */
  forAgency(caller: { readonly clientId: string; readonly purpose: string | null; readonly today: string }): Run;
  close(): Promise<void>;
}

/** @param poolSize connections for agencies at most, and for all others; control needs few and gets a quarter, at least 2 */
export function openRuntimePools(urls: RuntimeUrls, keys: Pick<RoleKeys, 'callerSealKey'>, poolSize: number): RuntimePools {
  const agency = createPool(urls.agency, poolSize);
  const reader = createPool(urls.reader, poolSize);
  const control = createPool(urls.control, Math.max(2, Math.ceil(poolSize / 4)));
  const prisma = new PrismaClient({ adapter: new PrismaPg(control) });
  const sealKey = keys.callerSealKey();
  let closed: Promise<void> | null = null;
  return {
    locked: true,
    control: { prisma, pool: control, url: urls.control },
    forReader: runOn(reader),
    forAgency: ({ clientId, purpose, today }) => {
      const caller = sealCaller(sealKey, clientId, purpose, today);
      return (statement) => runForCaller(agency, caller, statement);
    },
    close: () =>
      (closed ??= (async () => {
        await prisma.$disconnect();
        await Promise.all([agency, reader, control].map(endPool));
      })()),
  };
}

/** Everything on the owner's connection: without the second lock. Closing it is the database's business. */
export function ownerPools({ prisma, pool, url }: Database): RuntimePools {
  return {
    locked: false,
    control: { prisma, pool, url },
    forReader: runOn(pool),
    forAgency: () => runOn(pool),
    close: () => Promise.resolve(),
  };
}

function runOn(pool: pg.Pool): Run {
  return async ({ text, values }) => (await pool.query<Record<string, unknown>>(text, [...values])).rows;
}
