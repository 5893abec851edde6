/** The register of clients (接入方): who may call, as what, until when. */
import { randomBytes } from 'node:crypto';
import { dateOf, dayOf, parseDay, today } from '../calendar.ts';
import { CLIENT_KINDS } from '../access/model.ts';
import type { ClientKind } from '../access/model.ts';
import { notifyChange, Prisma } from '../db/index.ts';
import type { PrismaClient } from '../db/index.ts';
import { OperatorError } from '../errors.ts';
import { isUnifiedSocialCreditCode, normalizeIdentifier } from '../identifiers/index.ts';
import { catalogCodes } from './catalog-codes.ts';
import type { CurrentItems } from './catalog-codes.ts';
import { isClientId, standingOn } from './client-standing.ts';
import type { ClientFacts, ClientStanding, OwnLimits } from './client-standing.ts';
import { SecretHasher } from './secret-hasher.ts';
import { StandingCache } from './standing-cache.ts';
import type { StandingSignal } from './standing-cache.ts';

/** What an operator says of a new client, as typed. */
export interface NewClient {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly orgCode?: string | undefined;
  readonly license?: string | undefined;
  /** YYYY-MM-DD */
  readonly licenseUntil?: string | undefined;
  /** catalog codes or type names the client is to be limited to; none: no limit */
  readonly items?: readonly string[] | undefined;
}

/** A client as `client list` shows it; never with anything of its secret. */
export interface ClientSummary extends Omit<ClientStanding, 'grants' | 'safelist'> {
  readonly createdAt: Date;
  /** how many operations it is held to; 0: it may send any */
  readonly operations: number;
}

export interface ClientRegistryOptions {
  readonly prisma: PrismaClient;
  /** null where nothing outlives one answer (a command): then nothing is cached */
  readonly signal: StandingSignal | null;
  readonly currentCatalog: CurrentItems;
  readonly hasher?: SecretHasher;
}

/** 256 bits: beyond guessing, whatever the hash behind it. */
const SECRET_BYTES = 32;

const SUMMARY = {
  id: true,
  kind: true,
  name: true,
  orgCode: true,
  license: true,
  licenseUntil: true,
  items: true,
  suspendedAt: true,
  createdAt: true,
  ratePerMinute: true,
  maxConcurrent: true,
  dailySubjects: true,
  _count: { select: { operations: true } },
} as const satisfies Prisma.ClientSelect;

type SummaryRow = Prisma.ClientGetPayload<{ select: typeof SUMMARY }>;

export class ClientRegistry {
  readonly #prisma: PrismaClient;
  readonly #currentCatalog: CurrentItems;
  readonly #hasher: SecretHasher;
  readonly #cache: StandingCache;

  constructor({ prisma, signal, currentCatalog, hasher = new SecretHasher() }: ClientRegistryOptions) {
    this.#prisma = prisma;
    this.#currentCatalog = currentCatalog;
    this.#hasher = hasher;
    this.#cache = new StandingCache((id) => this.#readFacts(id), signal);
  }

  /**
   * Registers a client and returns its secret, which is told this once and kept only as a hash.
   * @throws OperatorError naming everything that is wrong with it, all at once; nothing is stored then
   */
  async add(client: NewClient): Promise<string> {
    const data = await this.#check(client);
    const secret = newSecret();
    const secretHash = await this.#hasher.hash(secret);
    try {
      await this.#change(data.id, (tx) => tx.client.create({ data: { ...data, secretHash } }));
    } catch (error) {
      if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') {
        throw new OperatorError(
          `There is a client ${data.id} already. Choose another id, or give it a new secret with \`client rotate-secret ${data.id}\`.`,
        );
      }
      throw error;
    }
    return secret;
  }

  /** All clients by id. There are as many as systems were connected by hand, so they are not paged. */
  async list(): Promise<ClientSummary[]> {
    const rows = await this.#prisma.client.findMany({ select: SUMMARY, orderBy: { id: 'asc' } });
    return rows.map(summaryOf);
  }

  /** @throws OperatorError when there is no such client */
  async get(id: string): Promise<ClientSummary> {
    const row = await this.#prisma.client.findUnique({ where: { id }, select: SUMMARY });
    return row === null ? unknownClient(id) : summaryOf(row);
  }

  /** From its next request on the client is refused with CLIENT_SUSPENDED, on every instance. False: it was so already. */
  suspend(id: string): Promise<boolean> {
    return this.#switch(id, { from: null, to: new Date() });
  }

  /** The opposite of `suspend`. False: it was not suspended. */
  resume(id: string): Promise<boolean> {
    return this.#switch(id, { from: { not: null }, to: null });
  }

  /**
   * A new secret in place of the old one, which is refused from then on. Access tokens that were issued before stay good
   * until they expire; to stop those too, suspend the client.
   * @throws OperatorError when there is no such client
   */
  async rotateSecret(id: string): Promise<string> {
    await this.get(id);
    const secret = newSecret();
    const secretHash = await this.#hasher.hash(secret);
    await this.#change(id, (tx) => tx.client.update({ where: { id }, data: { secretHash } }));
    return secret;
  }

  /**
   * Enters the renewed licence of a credit agency.
   * @throws OperatorError when there is no such agency or the date is none
   */
  async renewLicense(id: string, { license, until }: { license?: string | undefined; until: string }): Promise<void> {
    const { kind } = await this.get(id);
    if (kind !== 'CREDIT_AGENCY') throw new OperatorError(`Client ${id} is a ${kind}; only a CREDIT_AGENCY has a licence.`);
    const day = parseDay(until);
    if (day === null) throw new OperatorError(notADay('--license-until', until));
    if (license !== undefined && !isName(license)) throw new OperatorError('--license must be 1 to 200 characters.');
    const data = { licenseUntil: dateOf(day), ...(license === undefined ? {} : { license: license.trim() }) };
    await this.#change(id, (tx) => tx.client.update({ where: { id }, data }));
  }

  /**
   * The client behind an id and a secret; null when there is no such pair. An unknown id takes the same work as a wrong
   * secret. Whether the client may call (see `refusalOf`) is not asked here.
   * @throws GatewayError SERVICE_UNAVAILABLE when too many ask at once
   */
  async authenticate(id: string, secret: string, day: string = today()): Promise<ClientStanding | null> {
    // An id of another form cannot be registered, and need not be shown to the database (which refuses a NUL, for one).
    const row = isClientId(id) ? await this.#prisma.client.findUnique({ where: { id }, select: { secretHash: true } }) : null;
    const right = await this.#hasher.verify(secret, row?.secretHash ?? null);
    return right ? this.standing(id, day) : null;
  }

  /** The client as it stands on that day; null when there is none. Costs no statement while the client is in memory. */
  async standing(id: string, day: string = today()): Promise<ClientStanding | null> {
    if (!isClientId(id)) return null;
    const facts = await this.#cache.get(id);
    return facts === null ? null : standingOn(day, facts);
  }

  /**
   * Gives a client limits of its own; what is not named stays, null gives back what its kind has.
   * @throws OperatorError when there is no such client
   */
  async setLimits(id: string, limits: Partial<OwnLimits>): Promise<ClientSummary> {
    await this.get(id);
    await this.#change(id, (tx) => tx.client.update({ where: { id }, data: limits }));
    return this.get(id);
  }

  async #readFacts(id: string): Promise<ClientFacts | null> {
    const grants = { where: { revokedAt: null }, select: { itemCode: true, until: true } };
    const operations = { select: { sha256: true } };
    const row = await this.#prisma.client.findUnique({ where: { id }, select: { ...SUMMARY, grants, operations } });
    if (row === null) return null;
    const { createdAt: _, operations: count, ...summary } = summaryOf(row);
    return {
      ...summary,
      safelist: count === 0 ? null : new Set(row.operations.map(({ sha256 }) => sha256)),
      grants: row.grants.map(({ itemCode, until }) => ({ itemCode, until: until === null ? null : dayOf(until) })),
    };
  }

  async #switch(id: string, { from, to }: { from: Prisma.DateTimeNullableFilter | null; to: Date | null }): Promise<boolean> {
    const { count } = await this.#change(id, (tx) =>
      tx.client.updateMany({ where: { id, suspendedAt: from }, data: { suspendedAt: to } }),
    );
    if (count === 0) await this.get(id);
    return count > 0;
  }

  /** The change and its notification are committed together: nobody hears of a change that is not there yet. */
  async #change<T>(id: string, work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    const result = await this.#prisma.$transaction(async (tx) => {
      const done = await work(tx);
      await notifyChange(tx, 'client', id);
      return done;
    });
    this.#cache.drop(id);
    return result;
  }

  async #check(client: NewClient): Promise<Omit<Prisma.ClientUncheckedCreateInput, 'secretHash'>> {
    const faults: string[] = [];
    const id = client.id.trim();
    if (!isClientId(id))
      faults.push('--id must be 1 to 64 letters, digits, dots, underscores or hyphens, and begin with a letter or digit.');
    const kind = CLIENT_KINDS.find((word) => word === client.kind);
    if (kind === undefined) faults.push(`--kind must be one of ${CLIENT_KINDS.join(', ')}; it is “${client.kind}”.`);
    if (!isName(client.name)) faults.push('--name must be 1 to 200 characters on one line.');
    const orgCode = client.orgCode === undefined ? null : normalizeIdentifier(client.orgCode);
    if (orgCode !== null && !isUnifiedSocialCreditCode(orgCode)) {
      faults.push(
        `--org-code must be a unified social credit code (GB 32100: 18 characters with a check character); “${orgCode}” is not.`,
      );
    }
    const { license, licenseUntil } = licenseOf(client, kind, faults);
    const items = catalogCodes(client.items ?? [], await this.#catalogFor(client), faults);
    if (kind === undefined || faults.length > 0) {
      throw new OperatorError(`This client cannot be registered:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    }
    return {
      id,
      kind,
      name: client.name.trim(),
      orgCode,
      license,
      licenseUntil: licenseUntil === null ? null : dateOf(licenseUntil),
      items,
    };
  }

  async #catalogFor({ items }: NewClient): ReturnType<CurrentItems> {
    return items === undefined || items.length === 0 ? null : this.#currentCatalog();
  }
}

/** @throws OperatorError always: names the client and where to look */
export function unknownClient(id: string): never {
  throw new OperatorError(
    `There is no client “${id}”. \`client list\` shows the registered ones, \`client add --help\` how to add one.`,
  );
}

/** The text of a fault for a date that is none. */
export function notADay(option: string, text: string): string {
  return `${option} must be a day that exists, as YYYY-MM-DD (for instance 2027-12-31); “${text}” is not.`;
}

function licenseOf(
  client: NewClient,
  kind: ClientKind | undefined,
  faults: string[],
): { license: string | null; licenseUntil: string | null } {
  const license = client.license?.trim() ?? null;
  const licenseUntil = client.licenseUntil?.trim() ?? null;
  if (kind === 'CREDIT_AGENCY' && (license === null || licenseUntil === null)) {
    faults.push('A CREDIT_AGENCY needs --license (number of its licence or filing) and --license-until (its last day).');
  }
  if (kind !== undefined && kind !== 'CREDIT_AGENCY' && (license !== null || licenseUntil !== null)) {
    faults.push(`--license and --license-until are for a CREDIT_AGENCY; a ${kind} has none.`);
  }
  if (license !== null && !isName(license)) faults.push('--license must be 1 to 200 characters.');
  if (licenseUntil !== null && parseDay(licenseUntil) === null) faults.push(notADay('--license-until', licenseUntil));
  return { license, licenseUntil };
}

function isName(text: string): boolean {
  const trimmed = text.trim();
  return trimmed !== '' && Array.from(trimmed).length <= 200 && !/\p{Cc}/u.test(trimmed);
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

function summaryOf({ suspendedAt, licenseUntil, items, ...row }: SummaryRow): ClientSummary {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    orgCode: row.orgCode,
    license: row.license,
    createdAt: row.createdAt,
    ownLimits: { ratePerMinute: row.ratePerMinute, maxConcurrent: row.maxConcurrent, dailySubjects: row.dailySubjects },
    operations: row._count.operations,
    licenseUntil: licenseUntil === null ? null : dayOf(licenseUntil),
    items: items.length === 0 ? null : items,
    suspended: suspendedAt !== null,
  };
}
