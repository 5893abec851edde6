/** Statutory bases (依法查询事项) on which departments read an item's 授权查询 fields without the subject's consent. */
import { z } from 'zod';
import { dateOf, dayOf, parseDay, today } from '../calendar.ts';
import { notifyChange } from '../db/index.ts';
import type { Prisma, PrismaClient } from '../db/index.ts';
import { OperatorError } from '../errors.ts';
import { catalogCodes } from './catalog-codes.ts';
import type { CurrentItems } from './catalog-codes.ts';
import { notADay, unknownClient } from './client-registry.ts';

export interface NewGrant {
  readonly clientId: string;
  /** catalog code or type name */
  readonly item: string;
  /** the law and article, or the published list of matters, that gives the right */
  readonly basis: string;
  /** the last day, YYYY-MM-DD; undefined: until revoked */
  readonly until?: string | undefined;
}

/** LIVE opens fields; the others are kept as history. */
export type PermitState = 'LIVE' | 'EXPIRED' | 'REVOKED';

export interface GrantSummary {
  readonly id: string;
  readonly clientId: string;
  readonly itemCode: string;
  readonly basis: string;
  readonly until: string | null;
  readonly state: PermitState;
  readonly createdAt: Date;
}

const Uuid = z.guid();

export class GrantRegistry {
  readonly #prisma: PrismaClient;
  readonly #currentCatalog: CurrentItems;

  constructor({ prisma, currentCatalog }: { prisma: PrismaClient; currentCatalog: CurrentItems }) {
    this.#prisma = prisma;
    this.#currentCatalog = currentCatalog;
  }

  /**
   * Enters a grant, live from the client's next request on, and returns its id.
   * @throws OperatorError naming everything that is wrong with it; nothing is stored then
   */
  async add({ clientId, item, basis, until }: NewGrant): Promise<string> {
    const client = await this.#prisma.client.findUnique({ where: { id: clientId }, select: { kind: true } });
    if (client === null) return unknownClient(clientId);
    const faults: string[] = [];
    if (client.kind !== 'DEPARTMENT')
      faults.push(
        `--client must be a DEPARTMENT; ${clientId} is a ${client.kind}, which needs the subject's authorization instead.`,
      );
    const [itemCode] = catalogCodes([item], await this.#currentCatalog(), faults);
    const law = basis.trim();
    if (law === '' || Array.from(law).length > 500)
      faults.push(
        '--basis must name the statutory basis in 1 to 500 characters, for instance "中华人民共和国政府采购法 第二十二条".',
      );
    if (until !== undefined && parseDay(until) === null) faults.push(notADay('--until', until));
    if (itemCode === undefined || faults.length > 0)
      throw new OperatorError(`This grant cannot be entered:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    const data = { clientId, itemCode, basis: law, until: until === undefined ? null : dateOf(until) };
    return this.#change(clientId, async (tx) => (await tx.grant.create({ data, select: { id: true } })).id);
  }

  /**
   * Ends a grant from the next request on. False: it was revoked before.
   * @throws OperatorError when there is no such grant
   */
  async revoke(id: string): Promise<boolean> {
    const known = Uuid.safeParse(id).success
      ? await this.#prisma.grant.findUnique({ where: { id }, select: { clientId: true } })
      : null;
    if (known === null) throw new OperatorError(`There is no grant “${id}”. \`grant list\` shows the grants with their ids.`);
    return this.#change(known.clientId, async (tx) => {
      const { count } = await tx.grant.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: new Date() } });
      return count > 0;
    });
  }

  /**
   * Ends every grant of the client for the item that is not revoked yet, and returns their ids.
   * @throws OperatorError when there is no such client or item, or no grant to end
   */
  async revokeAll({ clientId, item }: { clientId: string; item: string }): Promise<string[]> {
    const faults: string[] = [];
    const [itemCode] = catalogCodes([item], await this.#currentCatalog(), faults);
    if (itemCode === undefined) throw new OperatorError(faults.join('\n'));
    const ended = (await this.list({ clientId })).filter((grant) => grant.itemCode === itemCode && grant.state !== 'REVOKED');
    if (ended.length === 0)
      throw new OperatorError(`${clientId} has no grant for ${item} that could be revoked. \`grant list\` shows the grants.`);
    for (const { id } of ended) await this.revoke(id);
    return ended.map(({ id }) => id);
  }

  /**
   * All grants ever entered, oldest first: one line of law each, entered by hand, so they are not paged.
   * @throws OperatorError when `clientId` names no client
   */
  async list({ clientId, day = today() }: { clientId?: string | undefined; day?: string } = {}): Promise<GrantSummary[]> {
    if (clientId !== undefined && (await this.#prisma.client.count({ where: { id: clientId } })) === 0)
      return unknownClient(clientId);
    const rows = await this.#prisma.grant.findMany({
      where: clientId === undefined ? {} : { clientId },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    });
    return rows.map(({ id, clientId: owner, itemCode, basis, until, revokedAt, createdAt }) => {
      const last = until === null ? null : dayOf(until);
      return { id, clientId: owner, itemCode, basis, until: last, state: stateOf(revokedAt, last, day), createdAt };
    });
  }

  #change<T>(clientId: string, work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    return this.#prisma.$transaction(async (tx) => {
      const result = await work(tx);
      await notifyChange(tx, 'client', clientId);
      return result;
    });
  }
}

export function stateOf(revokedAt: Date | null, until: string | null, day: string): PermitState {
  if (revokedAt !== null) return 'REVOKED';
  return until === null || until >= day ? 'LIVE' : 'EXPIRED';
}
