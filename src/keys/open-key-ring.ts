/** Which master key this database belongs to: MASTER_KEY, or one that was generated and lies in the database itself. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config.ts';
import type { Database } from '../db/index.ts';
import { OperatorError } from '../errors.ts';
import { createKeyRing, fingerprintOf, type KeyRing, MASTER_KEY_BYTES } from './key-ring.ts';

const KEY = 'master_key';
const FINGERPRINT = 'master_key_fingerprint';

/** An arbitrary number of this project's own: processes that open an empty database at once agree on one key. */
const LOCK = [0x63_72_65_64, 2] as const;

/**
 * Opens the key ring of a migrated database. Without MASTER_KEY the first process generates a key and keeps it in the
 * table `settings`; all later ones use that.
 * @throws OperatorError when the database was made with another key than the one given: its ids and sealed values would not fit
 */
export async function openKeyRing(database: Pick<Database, 'prisma'>, config: Pick<Config, 'masterKey'>): Promise<KeyRing> {
  const key = await database.prisma.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${LOCK[0]}::int, ${LOCK[1]}::int)`;
    const rows = await tx.setting.findMany({ where: { name: { in: [KEY, FINGERPRINT] } } });
    const settings = new Map(rows.map(({ name, value }) => [name, value]));
    const stored = settings.get(KEY);
    const fingerprint = settings.get(FINGERPRINT);

    const masterKey = config.masterKey ?? (stored === undefined ? null : Buffer.from(stored, 'base64'));
    if (fingerprint !== undefined) {
      if (masterKey === null) {
        throw new OperatorError(
          'This database was made with a MASTER_KEY of your own, and none is set. Set MASTER_KEY to that key.',
        );
      }
      if (fingerprintOf(masterKey) !== fingerprint) {
        throw new OperatorError(
          stored === undefined
            ? 'MASTER_KEY is not the key this database was made with. Set MASTER_KEY to that key.'
            : 'This database was made without a MASTER_KEY and keeps its own key. Unset MASTER_KEY, or start with an empty database.',
        );
      }
      return masterKey;
    }
    const first = masterKey ?? randomBytes(MASTER_KEY_BYTES);
    if (config.masterKey === null) await tx.setting.create({ data: { name: KEY, value: first.toString('base64') } });
    await tx.setting.create({ data: { name: FINGERPRINT, value: fingerprintOf(first) } });
    return first;
  });
  return createKeyRing(key);
}
