/** The connections of a gateway that serves: one pool for each role (row-policies.ts), none for the owner. */
import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { sealCaller } from './caller-seal.ts';
import { runForCaller } from './caller-statement.ts';
import { createPool, type Database, endPool } from './database.ts';
import { PrismaClient } from './generated/client.ts';
import type { RoleKeys, RuntimeUrls } from './roles.ts';
import { openSnapshot, type Snapshot } from './snapshot.ts';
import type { TextStatement } from './text-query.ts';
import type { WireRow } from '../wire-text.ts';

/** @param signal aborted: the statement is cancelled, for nobody waits for its rows */
type Run = (statement: TextStatement, signal?: AbortSignal) => Promise<WireRow[]>;

export interface RuntimePools {
  /** false: everything runs as the owner, and the second lock is open */
  readonly locked: boolean;
  /** clients, grants, authorizations, signing keys and catalogs; no credit data */
  readonly control: { readonly prisma: PrismaClient; readonly pool: pg.Pool; readonly url: string };
  /** for departments and dashboards: every row, nothing to be written */
  readonly forReader: Run;
  /** for one credit agency: what is published, and what subjects have authorized for it and that purpose */
  forAgency(caller: { readonly clientId: string; readonly purpose: string | null; readonly today: string }): Run;
  /** one consistent view, under the same rights: as an agency's, or as `forReader`; the caller closes it */
  openSnapshot(
    agency: { readonly clientId: string; readonly purpose: string | null; readonly today: string } | null,
  ): Promise<Snapshot>;
  close(): Promise<void>;
}

/** For the server's own refusal to arrive. */
const BEYOND_MS = 2_000;

/**
 * @param poolSize connections for agencies at most, and for all others; control needs few and gets a quarter, at least 2
 * @param keep how many statements stay prepared on each connection that reads
 * @param timeoutMs what the roles' statement_timeout is: who hears nothing for longer has lost the server
 */
export function openRuntimePools(
  urls: RuntimeUrls,
  keys: Pick<RoleKeys, 'callerSealKey'>,
  { poolSize, keep, timeoutMs }: { readonly poolSize: number; readonly keep: number; readonly timeoutMs: number },
): RuntimePools {
  const agency = createPool(urls.agency, poolSize);
  const reader = createPool(urls.reader, poolSize);
  const control = createPool(urls.control, Math.max(2, Math.ceil(poolSize / 4)), timeoutMs + BEYOND_MS);
  const prisma = new PrismaClient({ adapter: new PrismaPg(control) });
  const sealKey = keys.callerSealKey();
  let closed: Promise<void> | null = null;
  return {
    locked: true,
    control: { prisma, pool: control, url: urls.control },
    forReader: (statement, signal) => runForCaller(reader, null, statement, keep, signal),
    forAgency: ({ clientId, purpose, today }) => {
      const caller = sealCaller(sealKey, clientId, purpose, today);
      return (statement, signal) => runForCaller(agency, caller, statement, keep, signal);
    },
    openSnapshot: (caller) =>
      caller === null
        ? openSnapshot(urls.reader, null)
        : openSnapshot(urls.agency, sealCaller(sealKey, caller.clientId, caller.purpose, caller.today)),
    close: () =>
      (closed ??= (async () => {
        await prisma.$disconnect();
        await Promise.all([agency, reader, control].map(endPool));
      })()),
  };
}

/** Everything on the owner's connection: without the second lock. Closing it is the database's business. */
export function ownerPools({ prisma, pool, url }: Database, keep: number): RuntimePools {
  const runAsOwner: Run = (statement, signal) => runForCaller(pool, null, statement, keep, signal);
  return {
    locked: false,
    control: { prisma, pool, url },
    forReader: runAsOwner,
    forAgency: () => runAsOwner,
    openSnapshot: () => openSnapshot(url, null),
    close: () => Promise.resolve(),
  };
}
