/** Client secrets as they are stored: scrypt (RFC 7914) in PHC string format. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { WorkLane } from './work-lane.ts';

/** What one computation takes; the log2 of N, as PHC strings write it. */
interface Cost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

interface StoredHash {
  readonly cost: Cost;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/**
 * 64 MiB and about 0.3 s on one core: one of the equivalent settings of OWASP's password storage cheat sheet, taken
 * instead of N=2^17, p=1 because it needs half the memory at once for the same work.
 */
const COST: Cost = { ln: 16, r: 8, p: 2 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** No stored text makes a computation take more than this, whoever wrote it. */
const MOST_MEMORY = 256 * 1024 * 1024;

/** At most 128 MiB at once for all token requests together; libuv's pool of four threads keeps two for other work. */
const AT_ONCE = 2;
/** About five seconds of waiting for the last in line. */
const MOST_WAITING = 32;

export type DeriveKey = (
  secret: Buffer,
  salt: Buffer,
  length: number,
  cost: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer>;

const deriveWithNode: DeriveKey = (secret, salt, length, cost) =>
  new Promise((resolve, reject) => {
    scrypt(secret, salt, length, cost, (error, key) => (error === null ? resolve(key) : reject(error)));
  });

/** Hashes and checks secrets, two at a time. */
export class SecretHasher {
  readonly #lane = new WorkLane(AT_ONCE, MOST_WAITING);
  readonly #derive: DeriveKey;
  /** stands in for the hash of a client that does not exist: of the same form and cost, and the hash of nothing known */
  readonly #decoy: StoredHash = { cost: COST, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };

  constructor(derive: DeriveKey = deriveWithNode) {
    this.#derive = derive;
  }

  /**
   * The PHC string `$scrypt$ln=…,r=…,p=…$salt$hash`.
   * @throws GatewayError SERVICE_UNAVAILABLE when too many are waiting already
   */
  async hash(secret: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    return format(COST, salt, await this.#compute(secret, salt, HASH_BYTES, COST));
  }

  /**
   * Whether the secret is the one behind `stored`. Without a stored hash, or with one that cannot be read, the answer is
   * no, after the same work: how long it takes does not tell which clients exist. The comparison takes constant time.
   * @throws GatewayError SERVICE_UNAVAILABLE when too many are waiting already
   */
  async verify(secret: string, stored: string | null): Promise<boolean> {
    const known = stored === null ? null : parse(stored);
    const { cost, salt, hash } = known ?? this.#decoy;
    const computed = await this.#compute(secret, salt, hash.length, cost);
    return timingSafeEqual(computed, hash) && known !== null;
  }

  #compute(secret: string, salt: Buffer, length: number, { ln, r, p }: Cost): Promise<Buffer> {
    return this.#lane.run(() =>
      this.#derive(Buffer.from(secret, 'utf8'), salt, length, { N: 2 ** ln, r, p, maxmem: MOST_MEMORY }),
    );
  }
}

function format({ ln, r, p }: Cost, salt: Buffer, hash: Buffer): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** null for every text that is not a scrypt hash within the bounds above. */
function parse(text: string): StoredHash | null {
  const [, ln, r, p, salt, hash] = PHC.exec(text) ?? [];
  if (ln === undefined || r === undefined || p === undefined || salt === undefined || hash === undefined) return null;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  if (cost.ln < 14 || cost.r < 1 || cost.p < 1 || 128 * 2 ** cost.ln * cost.r + 128 * cost.r * cost.p > MOST_MEMORY / 2)
    return null;
  return { cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}
