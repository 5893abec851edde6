/** The keys that sign access tokens: kept in the database, the private halves encrypted with the master key, shared by all instances. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Prisma, PrismaClient } from '../db/index.ts';
import { OperatorError } from '../errors.ts';
import type { KeyRing } from '../keys/key-ring.ts';

/**
 * ECDSA on P-256 with SHA-256: 64-byte signatures, and the one curve that every JOSE library and every department's
 * middleware verifies; Ed25519 would be faster, but older Java and Go stacks and national gateways do not know it.
 */
export const SIGNING_ALGORITHM = 'ES256';

/** No token lives longer, so a retired key need not verify for longer. */
export const LONGEST_TOKEN_SECONDS = 86_400;

/** How far the clocks of instances, and of the database, may differ. */
export const CLOCK_SKEW_SECONDS = 60;

/** How long an instance may go on with what it knows of the keys: the time in which a key that was withdrawn is out everywhere. */
const REFRESH_MS = 30_000;

/** A kid of ours that was not in the database is not looked for again for so long. */
const MISSING_MS = 1_000;

/** Serializes the making of keys between instances; any constant number does. */
const KEY_LOCK = 7_245_001;

/** `withdrawn`: the moment from which a key verifies nothing at all, not even what it signed before. */
const WITHDRAWN = new Date(0);

const PublicJwk = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() });
const PrivateJwk = PublicJwk.extend({ d: z.string() });

export interface VerifyingKey {
  readonly kid: string;
  readonly key: CryptoKey;
  readonly jwk: JWK;
  /** null: it signs */
  readonly retiredAt: Date | null;
}

export interface SigningKeysOptions {
  readonly prisma: PrismaClient;
  readonly keys: Pick<KeyRing, 'encrypt' | 'decrypt' | 'digest'>;
  readonly now?: () => Date;
}

type KeyRow = Prisma.SigningKeyGetPayload<object>;

export class SigningKeys {
  readonly #prisma: PrismaClient;
  readonly #keys: Pick<KeyRing, 'encrypt' | 'decrypt' | 'digest'>;
  readonly #now: () => Date;
  readonly #missing = new LRUCache<string, true>({ max: 100, ttl: MISSING_MS });
  #verifying: ReadonlyMap<string, VerifyingKey> = new Map();
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | null = null;
  #opened: { readonly kid: string; readonly key: CryptoKey } | null = null;

  constructor({ prisma, keys, now = () => new Date() }: SigningKeysOptions) {
    this.#prisma = prisma;
    this.#keys = keys;
    this.#now = now;
  }

  /**
   * The key to sign with now, made if there is none. The database is asked each time, so that an instance never signs with
   * a key that another has retired: tokens are issued seldom, and hashing the secret costs a thousand times as much.
   * @throws OperatorError when the key was encrypted with another master key
   */
  async signing(): Promise<{ readonly kid: string; readonly key: CryptoKey }> {
    const row = (await this.#newest(this.#prisma)) ?? (await this.#make('IF_NONE'));
    if (this.#opened?.kid === row.kid) return this.#opened;
    const plain = this.#keys.decrypt('signing-key', Buffer.from(row.sealedPrivate, 'base64'), Buffer.from(row.kid));
    if (plain === null) {
      throw new OperatorError(
        'The key that signs access tokens was encrypted with another MASTER_KEY. Set that one again, or make a new key with `keys rotate` (clients then need new tokens).',
      );
    }
    const key = await importJWK(PrivateJwk.parse(JSON.parse(plain.toString('utf8'))), SIGNING_ALGORITHM);
    if (key instanceof Uint8Array) throw new Error('An EC key was imported as a secret.');
    this.#opened = { kid: row.kid, key };
    return this.#opened;
  }

  /**
   * The key with that id if it may verify anything today, else null. Ids that this gateway's master key did not make are
   * told without asking the database, so made-up ids cost nothing; a new one of another instance is found at once.
   */
  async find(kid: string): Promise<VerifyingKey | null> {
    if (!this.#verifying.has(kid) && !this.#isOurs(kid)) return null;
    if (this.#readAt + REFRESH_MS <= this.#now().getTime()) await this.#refresh();
    if (!this.#verifying.has(kid) && !this.#missing.has(kid)) {
      await this.#refresh();
      if (!this.#verifying.has(kid)) this.#missing.set(kid, true);
    }
    const found = this.#verifying.get(kid);
    return found !== undefined && this.#verifies(found.retiredAt) ? found : null;
  }

  /** All keys that verify today, newest first, in the form of a JWK set (RFC 7517). */
  async published(): Promise<JWK[]> {
    if (this.#readAt + REFRESH_MS <= this.#now().getTime()) await this.#refresh();
    return [...this.#verifying.values()].filter((key) => this.#verifies(key.retiredAt)).map((key) => key.jwk);
  }

  /**
   * A new key signs from now on, on every instance; returns its id. Tokens of the old ones stay good until they expire,
   * unless these keys are `compromised`: then they verify nothing any more, within half a minute on every instance.
   */
  async rotate({ compromised = false }: { compromised?: boolean } = {}): Promise<string> {
    const { kid } = await this.#make(compromised ? 'WITHDRAW_OLD' : 'RETIRE_OLD');
    return kid;
  }

  #newest(database: Prisma.TransactionClient): Promise<KeyRow | null> {
    return database.signingKey.findFirst({ where: { retiredAt: null }, orderBy: [{ createdAt: 'desc' }, { kid: 'asc' }] });
  }

  async #make(why: 'IF_NONE' | 'RETIRE_OLD' | 'WITHDRAW_OLD'): Promise<KeyRow> {
    const { privateKey, publicKey } = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true });
    const kid = this.#newKid();
    const plain = Buffer.from(JSON.stringify(PrivateJwk.parse(await exportJWK(privateKey))));
    const sealedPrivate = this.#keys.encrypt('signing-key', plain, Buffer.from(kid)).toString('base64');
    const publicJwk = PublicJwk.parse(await exportJWK(publicKey));
    const row = await this.#prisma.$transaction(async (tx) => {
      await tx.$executeRaw`select pg_advisory_xact_lock(${KEY_LOCK})`;
      const newest = await this.#newest(tx);
      if (why === 'IF_NONE' && newest !== null) return newest;
      const now = this.#now();
      if (why === 'WITHDRAW_OLD') await tx.signingKey.updateMany({ data: { retiredAt: WITHDRAWN } });
      // Where there is none, there is none to retire, and what serves has no right to.
      if (why === 'RETIRE_OLD') await tx.signingKey.updateMany({ where: { retiredAt: null }, data: { retiredAt: now } });
      return tx.signingKey.create({ data: { kid, publicJwk, sealedPrivate, createdAt: now } });
    });
    this.#readAt = Number.NEGATIVE_INFINITY;
    return row;
  }

  /** Reads all keys that may still verify; whoever asks while a read is under way shares the next one's result, never an older one. */
  async #refresh(): Promise<void> {
    if (this.#reading !== null) await this.#reading.catch(() => undefined);
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    await this.#reading;
  }

  async #read(): Promise<void> {
    const startedAt = this.#now().getTime();
    const since = new Date(startedAt - (LONGEST_TOKEN_SECONDS + CLOCK_SKEW_SECONDS) * 1_000);
    const rows = await this.#prisma.signingKey.findMany({
      where: { OR: [{ retiredAt: null }, { retiredAt: { gt: since } }] },
      orderBy: [{ createdAt: 'desc' }, { kid: 'asc' }],
    });
    const verifying = new Map<string, VerifyingKey>();
    for (const { kid, publicJwk, retiredAt } of rows) {
      // Told here once, and not with every token: who can write the table and has no master key can add nothing.
      if (!this.#isOurs(kid)) continue;
      const jwk = { ...PublicJwk.parse(publicJwk), kid, alg: SIGNING_ALGORITHM, use: 'sig' };
      const key = await importJWK(jwk, SIGNING_ALGORITHM);
      if (!(key instanceof Uint8Array)) verifying.set(kid, { kid, key, jwk, retiredAt });
    }
    this.#verifying = verifying;
    this.#readAt = startedAt;
  }

  #verifies(retiredAt: Date | null): boolean {
    return (
      retiredAt === null || this.#now().getTime() < retiredAt.getTime() + (LONGEST_TOKEN_SECONDS + CLOCK_SKEW_SECONDS) * 1_000
    );
  }

  /** 12 random bytes and a 9-byte mark that only the holder of the master key can make. */
  #newKid(): string {
    const nonce = randomBytes(12);
    return Buffer.concat([nonce, this.#mark(nonce)]).toString('base64url');
  }

  #isOurs(kid: string): boolean {
    if (!/^[A-Za-z0-9_-]{28}$/.test(kid)) return false;
    const bytes = Buffer.from(kid, 'base64url');
    return timingSafeEqual(bytes.subarray(12), this.#mark(bytes.subarray(0, 12)));
  }

  #mark(nonce: Buffer): Buffer {
    return this.#keys.digest(['signing-key', nonce.toString('hex')]).subarray(0, 9);
  }
}
