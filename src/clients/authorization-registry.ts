/** Consents of subjects (授权, 征信业管理条例 art. 18): for one client, some items, one purpose, until a day. */
import { z } from 'zod';
import { dateOf, dayOf, parseDay, today } from '../calendar.ts';
import type { Prisma, PrismaClient } from '../db/index.ts';
import { OperatorError } from '../errors.ts';
import { normalizeIdentifier, subjectIdentifier } from '../identifiers/index.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { catalogCodes } from './catalog-codes.ts';
import type { CurrentItems } from './catalog-codes.ts';
import { notADay, unknownClient } from './client-registry.ts';
import { stateOf } from './grant-registry.ts';
import type { PermitState } from './grant-registry.ts';
import { isPurpose, normalizePurpose } from './purpose.ts';

export interface NewAuthorization {
  readonly clientId: string;
  /** unified social credit code or ID number of the subject, which need not be in the database yet */
  readonly subjectIdentifier: string;
  /** catalog codes or type names, at least one */
  readonly items: readonly string[];
  readonly purpose: string;
  /** the last day, YYYY-MM-DD */
  readonly until: string;
}

export interface AuthorizationSummary {
  readonly id: string;
  readonly clientId: string;
  readonly subjectId: string;
  /** an organization's code, where the database knows it; for a natural person the ID number is kept nowhere here, so never shown */
  readonly creditCode: string | null;
  readonly items: readonly string[];
  readonly purpose: string;
  readonly until: string;
  readonly state: PermitState;
  readonly createdAt: Date;
}

export interface LiveQuestion {
  readonly clientId: string;
  /** the request's purpose, in any writing of it that `normalizePurpose` makes equal */
  readonly purpose: string;
  readonly subjectIds: readonly string[];
  readonly today: string;
}

const LiveRows = z.array(z.object({ subject_id: z.string(), items: z.array(z.string()) }));

type PageRow = Prisma.AuthorizationGetPayload<object>;

interface AuthorizationKey {
  readonly subjectId: string;
  readonly id: string;
}

/** Rows read at a time by `list`. */
const PAGE = 1_000;

export class AuthorizationRegistry {
  readonly #prisma: PrismaClient;
  readonly #keys: Pick<KeyRing, 'subjectId'>;
  readonly #currentCatalog: CurrentItems;

  constructor({
    prisma,
    keys,
    currentCatalog,
  }: {
    prisma: PrismaClient;
    keys: Pick<KeyRing, 'subjectId'>;
    currentCatalog: CurrentItems;
  }) {
    this.#prisma = prisma;
    this.#keys = keys;
    this.#currentCatalog = currentCatalog;
  }

  /**
   * Enters a consent, live from the client's next request on, and returns its id.
   * @throws OperatorError naming everything that is wrong with it; the text never repeats an ID number
   */
  async add({ clientId, subjectIdentifier: code, items, purpose, until }: NewAuthorization): Promise<string> {
    const client = await this.#prisma.client.findUnique({ where: { id: clientId }, select: { kind: true } });
    if (client === null) return unknownClient(clientId);
    const faults: string[] = [];
    if (client.kind !== 'DEPARTMENT' && client.kind !== 'CREDIT_AGENCY') {
      faults.push(
        `--client must be a DEPARTMENT or a CREDIT_AGENCY; an authorization opens nothing to ${clientId}, a ${client.kind}.`,
      );
    }
    const subjectId = this.#subjectId(code, faults);
    const codes = catalogCodes(items, await this.#currentCatalog(), faults);
    if (items.length === 0) faults.push('--items must name at least one item.');
    if (!isPurpose(purpose)) faults.push('--purpose must be 1 to 200 characters on one line.');
    if (parseDay(until) === null) faults.push(notADay('--until', until));
    if (faults.length > 0)
      throw new OperatorError(`This authorization cannot be entered:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    const data = { subjectId, clientId, items: codes, purpose: normalizePurpose(purpose), until: dateOf(until) };
    // No notification: authorizations are read anew by every request (`liveFor`), so there is nothing stale to drop.
    const { id } = await this.#prisma.authorization.create({ data, select: { id: true } });
    return encodeId(subjectId, id);
  }

  /**
   * Ends a consent from the next request on (个人信息保护法 art. 15: it may be withdrawn). False: it was revoked before.
   * @throws OperatorError when there is no such authorization
   */
  async revoke(id: string): Promise<boolean> {
    const key = decodeId(id);
    const known = key === null ? 0 : await this.#prisma.authorization.count({ where: key });
    if (key === null || known === 0) {
      throw new OperatorError(
        `There is no authorization “${id}”. \`authorization list\` shows the authorizations with their ids.`,
      );
    }
    const { count } = await this.#prisma.authorization.updateMany({
      where: { ...key, revokedAt: null },
      data: { revokedAt: new Date() },
    });
    return count > 0;
  }

  /**
   * All authorizations ever entered, a page at a time: there may be one for each of millions of subjects.
   * @throws OperatorError when `clientId` names no client or `subjectIdentifier` is no identifier
   */
  async *list(
    filter: { clientId?: string | undefined; subjectIdentifier?: string | undefined; day?: string } = {},
  ): AsyncGenerator<AuthorizationSummary> {
    const { clientId, subjectIdentifier: code, day = today() } = filter;
    if (clientId !== undefined && (await this.#prisma.client.count({ where: { id: clientId } })) === 0) unknownClient(clientId);
    const faults: string[] = [];
    const subjectId = code === undefined ? undefined : this.#subjectId(code, faults);
    if (faults.length > 0) throw new OperatorError(faults.join('\n'));
    const where = { ...(clientId === undefined ? {} : { clientId }), ...(subjectId === undefined ? {} : { subjectId }) };
    let after: AuthorizationKey | null = null;
    for (;;) {
      const rows: PageRow[] = await this.#page(where, after);
      const codes = await this.#creditCodes(rows.map((row) => row.subjectId));
      for (const { revokedAt, until, id, ...row } of rows) {
        const last = dayOf(until);
        yield {
          ...row,
          id: encodeId(row.subjectId, id),
          creditCode: codes.get(row.subjectId) ?? null,
          until: last,
          state: stateOf(revokedAt, last, day),
        };
      }
      const end = rows.at(-1);
      if (end === undefined || rows.length < PAGE) return;
      after = { subjectId: end.subjectId, id: end.id };
    }
  }

  /**
   * For each of the subjects that has one: the catalog codes for which the client holds a live authorization with exactly
   * this purpose. Subjects without one are not in the map. One statement, however many subjects; none for none.
   */
  async liveFor({ clientId, purpose, subjectIds, today: day }: LiveQuestion): Promise<Map<string, ReadonlySet<string>>> {
    const live = new Map<string, Set<string>>();
    // A purpose that could not have been agreed was not.
    if (subjectIds.length === 0 || !isPurpose(purpose)) return live;
    // One array parameter: a list of parameters would be another statement text for every length, and is limited to 32,767.
    const rows = LiveRows.parse(
      await this.#prisma.$queryRaw`
        select subject_id, items from authorizations
        where client_id = ${clientId} and subject_id = any(${[...subjectIds]}::uuid[])
          and revoked_at is null and valid_until >= ${day}::date and purpose = ${normalizePurpose(purpose)}`,
    );
    for (const { subject_id: subjectId, items } of rows) {
      const known = live.get(subjectId);
      if (known === undefined) live.set(subjectId, new Set(items));
      else for (const item of items) known.add(item);
    }
    return live;
  }

  #subjectId(code: string, faults: string[]): string {
    const subject = subjectIdentifier(normalizeIdentifier(code));
    if (subject !== null) return this.#keys.subjectId(subject.identifier);
    faults.push(
      '--subject must be a unified social credit code (GB 32100) or an ID number (GB 11643) with a right check character; compare it with the signed consent.',
    );
    return '';
  }

  #page(where: Prisma.AuthorizationWhereInput, after: AuthorizationKey | null): Promise<PageRow[]> {
    // The condition in this form, not as Prisma's cursor: that one adds an offset.
    const further: Prisma.AuthorizationWhereInput =
      after === null
        ? {}
        : { OR: [{ subjectId: { gt: after.subjectId } }, { subjectId: after.subjectId, id: { gt: after.id } }] };
    return this.#prisma.authorization.findMany({
      where: { AND: [where, further] },
      orderBy: [{ subjectId: 'asc' }, { id: 'asc' }],
      take: PAGE,
    });
  }

  async #creditCodes(subjectIds: readonly string[]): Promise<Map<string, string | null>> {
    const rows = await this.#prisma.subject.findMany({
      where: { id: { in: [...new Set(subjectIds)] }, person: false },
      select: { id: true, creditCode: true },
    });
    return new Map(rows.map((row) => [row.id, row.creditCode]));
  }
}

/**
 * The id that operators see names the row's whole key, subject first, so that finding it needs no index over all subjects.
 * A letter goes before it, because a text that begins with a hyphen would be read as an option on a command line.
 */
function encodeId(subjectId: string, id: string): string {
  return `A${Buffer.from((subjectId + id).replaceAll('-', ''), 'hex').toString('base64url')}`;
}

/** null for every text that `encodeId` does not write. */
function decodeId(text: string): AuthorizationKey | null {
  if (!/^A[A-Za-z0-9_-]{43}$/.test(text)) return null;
  const hex = Buffer.from(text.slice(1), 'base64url').toString('hex');
  const key = { subjectId: uuid(hex.slice(0, 32)), id: uuid(hex.slice(32)) };
  return encodeId(key.subjectId, key.id) === text ? key : null;
}

function uuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
