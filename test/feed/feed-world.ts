/**
 * A seeded database with its three roles, the change feed on it, and followers that keep copies of what they may see. A follower's
 * rows come through its client's own role and the access module, by statements of this file, so that the day can be any day.
 */
import pg from 'pg';
import { ENTRY_STATUSES, ProfileCache } from '../../src/access/index.ts';
import type { AccessProfile } from '../../src/access/index.ts';
import { today } from '../../src/calendar.ts';
import type { CatalogItem, Family } from '../../src/catalog/model.ts';
import { FAMILIES } from '../../src/catalog/model.ts';
import { sealCaller } from '../../src/db/caller-seal.ts';
import { ensureRoles } from '../../src/db/index.ts';
import { ENTRY_TABLES } from '../../src/entries/index.ts';
import { ChangeFeed, keyText } from '../../src/feed/index.ts';
import type { FeedCaller, FeedPage, RowKey, RowSource, VisibleRow } from '../../src/feed/index.ts';
import { openGateway } from '../../src/gateway.ts';
import type { Gateway } from '../../src/gateway.ts';
import { createTestDatabase } from '../testkit/database.ts';

/** What a follower keeps of a row: everything that could be told of it. */
export type Copy = string;

export interface World {
  readonly gateway: Gateway;
  readonly feed: ChangeFeed;
  sql<R extends pg.QueryResultRow = Record<string, unknown>>(text: string, values?: unknown[]): Promise<R[]>;
  /** another connection of the owner's, for a transaction that stays open; the world closes it */
  connection(): Promise<pg.Client>;
  follower(clientId: string, purpose?: string | null): Follower;
  close(): Promise<void>;
}

interface RowOfView extends VisibleRow<Copy> {
  readonly key: RowKey;
}

export async function startWorld(): Promise<World> {
  const database = await createTestDatabase({ seeded: true });
  const gateway = await openGateway(database.config);
  const urls = await ensureRoles(gateway.database, gateway.keys, null);
  const pools = {
    agency: new pg.Pool({ connectionString: urls.agency, max: 3 }),
    reader: new pg.Pool({ connectionString: urls.reader, max: 3 }),
    control: new pg.Pool({ connectionString: urls.control, max: 3 }),
  };
  for (const pool of Object.values(pools)) pool.on('error', () => undefined);
  const profiles = new ProfileCache();
  const feed = new ChangeFeed({
    run: async (text, values) => (await pools.control.query<Record<string, unknown>>(text, [...values])).rows,
    keys: gateway.keys,
    profiles,
    catalogVersion: (version) => gateway.catalogs.version(version).catch(() => null),
  });
  const connections: pg.Client[] = [];
  return {
    gateway,
    feed,
    sql: async (text, values = []) => (await gateway.database.pool.query(text, values)).rows,
    connection: async () => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      connections.push(client);
      return client;
    },
    follower: (clientId, purpose = '信贷审批') => new Follower({ gateway, feed, pools, profiles }, clientId, purpose),
    close: async () => {
      for (const client of connections) await client.end();
      for (const pool of Object.values(pools)) await pool.end();
      await gateway.close();
      await database.drop();
    },
  };
}

interface Parts {
  readonly gateway: Gateway;
  readonly feed: ChangeFeed;
  readonly pools: Readonly<Record<'agency' | 'reader' | 'control', pg.Pool>>;
  readonly profiles: ProfileCache;
}

export interface Told {
  readonly operation: 'UPSERT' | 'REMOVE';
  readonly item: string;
  readonly key: string;
  readonly entryId: string | null;
  readonly changedAt: Date;
}

export class Follower {
  /** as `view` gives it, kept by what the feed tells and nothing else */
  copy = new Map<string, Copy>();
  cursor: string | null = null;
  /** the day on which it calls */
  day = today();
  items: string[] | null = null;

  constructor(
    readonly parts: Parts,
    readonly clientId: string,
    readonly purpose: string | null,
  ) {}

  async caller(): Promise<FeedCaller> {
    const { gateway } = this.parts;
    const catalog = await gateway.catalogs.current();
    const client = await gateway.database.prisma.client.findUniqueOrThrow({
      where: { id: this.clientId },
      include: { grants: true },
    });
    if (catalog === null) throw new Error('No catalog');
    const grants = client.grants.filter((grant) => grant.revokedAt === null).map((grant) => grant.itemCode);
    const basis = {
      kind: client.kind,
      items: client.items.length === 0 ? null : client.items,
      grants,
      providesData: client.orgCode !== null,
    };
    return { clientId: this.clientId, purpose: this.purpose, catalog, basis, orgCode: client.orgCode, today: this.day };
  }

  /** Begins with the whole view, as from a snapshot. */
  async begin(): Promise<this> {
    const caller = await this.caller();
    const [moment] = await query(this.parts.pools.control, `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin`);
    this.copy = await this.view();
    const [clock] = await query(
      this.parts.pools.control,
      `SELECT ceil(extract(epoch FROM clock_timestamp()) * 1000)::text AS at`,
    );
    this.cursor = await this.parts.feed.cursorAt(
      { xmin: String(moment?.['xmin']), at: Number(clock?.['at']) },
      caller,
      this.items,
    );
    return this;
  }

  async page(first: number, after = this.cursor): Promise<FeedPage<Copy>> {
    const caller = await this.caller();
    return this.parts.feed.page({ caller, items: this.items, after, first, rows: this.source(caller) });
  }

  /** Pulls until it is in step for now, and keeps the copy accordingly. */
  async pull(first = 1_000): Promise<Told[]> {
    await this.horizon();
    const told: Told[] = [];
    for (;;) {
      const page = await this.page(first);
      told.push(...this.apply(page));
      this.cursor = page.endCursor;
      if (!page.hasNextPage) return told;
    }
  }

  apply(page: FeedPage<Copy>): Told[] {
    return page.edges.map(({ change }) => {
      const key = keyText(change.key);
      if (change.operation === 'UPSERT') this.copy.set(key, change.row);
      else this.copy.delete(key);
      return {
        operation: change.operation,
        item: change.item.typeName,
        key,
        entryId: change.key.entryId,
        changedAt: change.changedAt,
      };
    });
  }

  /** Waits until no transaction of the server, in whatever database, holds back what has been committed up to now. */
  async horizon(): Promise<void> {
    const [marker] = await query(this.parts.gateway.database.pool, 'SELECT pg_current_xact_id()::text AS id');
    for (;;) {
      const [now] = await query(this.parts.pools.control, 'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin');
      if (BigInt(String(now?.['xmin'])) > BigInt(String(marker?.['id']))) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** All rows that exist for the client now, by key. */
  async view(): Promise<Map<string, Copy>> {
    const caller = await this.caller();
    const rows = (await Promise.all(FAMILIES.map((family) => this.#rows(caller, family, null)))).flat();
    return new Map(rows.map(({ key, row }) => [keyText(key), row]));
  }

  source(caller: FeedCaller): RowSource<Copy> {
    return {
      visible: async (keys) => {
        const found: RowOfView[] = [];
        for (const family of FAMILIES) {
          const ids = keys.filter((key) => key.family === family).map(({ subjectId, entryId }) => entryId ?? subjectId);
          if (ids.length > 0) found.push(...(await this.#rows(caller, family, ids)));
        }
        return new Map(found.map((row) => [keyText(row.key), row]));
      },
    };
  }

  async #rows(caller: FeedCaller, family: Family, ids: readonly string[] | null): Promise<RowOfView[]> {
    const entry = family !== 'SUBJECT';
    const table = entry ? ENTRY_TABLES[family] : 'subjects';
    const columns = entry
      ? 'subject_id, status::text AS status, public_until::text AS public_until, disputed'
      : `id AS subject_id, 'ACTIVE' AS status, registered`;
    const text = `SELECT id, item_code, person, source_unit_code, content, updated_at, ${columns} FROM ${table} WHERE $1::uuid[] IS NULL OR id = ANY ($1)`;
    const rows = await this.#asClient(caller, text, [ids]);
    const subjects = [...new Set(rows.map((row) => String(row['subject_id'])))];
    const live =
      this.purpose === null
        ? new Map<string, ReadonlySet<string>>()
        : await this.parts.gateway.authorizations.liveFor({
            clientId: this.clientId,
            purpose: this.purpose,
            subjectIds: subjects,
            today: this.day,
          });
    const profile = this.parts.profiles.profileFor(caller.catalog, caller.basis);
    const scope = this.items?.map((name) => caller.catalog.item(name)?.code) ?? null;
    return rows.flatMap((row) => {
      const item = caller.catalog.item(String(row['item_code']));
      const copy =
        item?.family !== family
          ? null
          : this.#copyOf(row, item, profile, caller, live.get(String(row['subject_id'])) ?? new Set());
      if (item === undefined || copy === null || (scope !== null && !scope.includes(item.code))) return [];
      return [
        { key: { family, subjectId: String(row['subject_id']), entryId: entry ? String(row['id']) : null }, item, row: copy },
      ];
    });
  }

  /** Field by field what the client gets; null: the row does not exist for it. */
  #copyOf(
    row: Record<string, unknown>,
    item: CatalogItem,
    profile: AccessProfile,
    caller: FeedCaller,
    covered: ReadonlySet<string>,
  ): Copy | null {
    const { public_until: publicUntil = null, content, status, disputed, registered, updated_at: updatedAt } = row;
    const facts = {
      own: caller.orgCode !== null && row['source_unit_code'] === caller.orgCode,
      consent: covered.has(item.code),
      person: row['person'] === true,
      expired: typeof publicUntil === 'string' && publicUntil < caller.today,
      status: ENTRY_STATUSES.find((word) => word === status) ?? 'WITHDRAWN',
    };
    if (!profile.exists(item.code, facts, covered.size > 0)) return null;
    const decision = profile.decide(item.code, facts);
    const stored = new Map<string, unknown>(typeof content === 'object' && content !== null ? Object.entries(content) : []);
    const values = item.fields.map(({ key }) => {
      const { outcome } = decision.field(key);
      return [key, outcome, outcome === 'OPEN' ? (stored.get(key) ?? null) : null];
    });
    return JSON.stringify([item.typeName, status, disputed, registered, facts.expired, updatedAt, values]);
  }

  async #asClient(caller: FeedCaller, text: string, values: unknown[]): Promise<Record<string, unknown>[]> {
    if (caller.basis.kind !== 'CREDIT_AGENCY') return query(this.parts.pools.reader, text, values);
    const client = await this.parts.pools.agency.connect();
    try {
      const { clientId, purpose, day, seal } = sealCaller(
        this.parts.gateway.keys.callerSealKey(),
        this.clientId,
        this.purpose,
        today(),
      );
      await client.query('BEGIN');
      await client.query(
        `SELECT set_config('gateway.client', $1, true), set_config('gateway.purpose', $2, true), set_config('gateway.day', $3, true), set_config('gateway.seal', $4, true)`,
        [clientId, purpose, day, seal],
      );
      const { rows } = await client.query<Record<string, unknown>>(text, values);
      await client.query('COMMIT');
      return rows;
    } finally {
      client.release();
    }
  }
}

async function query(pool: pg.Pool, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  return (await pool.query<Record<string, unknown>>(text, values)).rows;
}
