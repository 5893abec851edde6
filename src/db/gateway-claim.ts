/** One gateway per embedded database: the second one is told so. */
import pg from 'pg';
import { OperatorError } from '../errors.ts';
import type { Database } from './database.ts';

/** Arbitrary numbers of this project's own. */
const CLAIM = [0x63_72_65_64, 1] as const;
const NAME = 'public-credit-gateway serving, process ';
/** A gateway that was killed a moment ago may still hold the claim until its connection is seen to be closed. */
const PATIENCE_MS = 2_000;
const RETRY_MS = 200;

export interface GatewayClaim {
  release(): Promise<void>;
}

/**
 * Claims the embedded database for this gateway, for as long as the process lives: the claim is a lock of a database
 * session, so that any death releases it. If the server dies it is started again, and the claim is taken anew.
 * With DATABASE_URL any number of gateways may serve, and nothing is claimed.
 * @param database its `url` may be of any account: a lock needs no rights
 * @param onLost called once if another gateway has taken the claim meanwhile; this one must stop
 * @throws OperatorError naming the directory and the process that holds it
 */
export async function claimGateway(
  database: Pick<Database, 'embedded' | 'url'>,
  onLost: (error: OperatorError) => void,
): Promise<GatewayClaim> {
  const { embedded } = database;
  if (embedded === null) return { release: () => Promise.resolve() };

  let session: pg.Client | null = null;
  let retry: NodeJS.Timeout | null = null;
  let released = false;

  const hold = async (): Promise<void> => {
    const client = new pg.Client({
      connectionString: database.url,
      application_name: `${NAME}${process.pid}`,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    client.on('error', () => lost(client));
    client.on('end', () => lost(client));
    try {
      await client.connect();
      await claim(client, embedded.directory);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    session = client;
    if (released) await client.end();
  };

  const lost = (client: pg.Client): void => {
    if (session !== client || released) return;
    session = null;
    again();
  };

  const again = (): void => {
    retry = setTimeout(() => {
      embedded
        .revive()
        .then(hold)
        .catch((error: unknown) => {
          if (error instanceof ClaimTaken) onLost(error);
          else if (!released) again();
        });
    }, RETRY_MS);
  };

  await hold();
  return {
    release: async () => {
      released = true;
      if (retry !== null) clearTimeout(retry);
      await session?.end().catch(() => undefined);
    },
  };
}

class ClaimTaken extends OperatorError {}

async function claim(client: pg.Client, directory: string): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; ; await new Promise((resolve) => setTimeout(resolve, RETRY_MS))) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS taken', [...CLAIM]);
    if (rows[0]?.taken === true) return;
    if (Date.now() > end) break;
  }
  const holder = await client.query<{ name: string }>(
    `SELECT a.application_name AS name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'advisory' AND l.classid::bigint = $1 AND l.objid::bigint = $2 AND l.granted
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [...CLAIM],
  );
  const pid = holder.rows[0]?.name.replace(NAME, '') ?? '(unknown)';
  throw new ClaimTaken(
    `Another gateway (process ${pid}) already serves the data in ${directory}. Stop it, or set DATA_DIR to another folder. ` +
      'Several gateways on one database need a PostgreSQL server: set DATABASE_URL.',
  );
}
