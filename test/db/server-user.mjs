/**
 * A process that uses the embedded server of DATA_DIR, for tests that need several of them. It writes one line of JSON when
 * it has opened (or could not), and closes cleanly when its standard input ends.
 * Argument: `gateway` claims the database as a gateway does; `crash` ends by an error that nobody catches.
 */
import { claimGateway, openDatabase } from '../../dist/db/index.js';

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
let database;
let claim;
try {
  database = await openDatabase({ databaseUrl: null, dataDir: process.env.DATA_DIR, poolSize: 2 });
  if (process.argv.includes('gateway')) claim = await claimGateway(database, (error) => say({ lost: error.message }));
  const { rows } = await database.pool.query('SELECT pg_postmaster_start_time()::text AS started');
  say({ pid: process.pid, url: database.url, started: rows[0].started });
  if (process.argv.includes('crash')) {
    setImmediate(() => {
      throw new Error('a crash, as the test wants it');
    });
  }
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.on('end', resolve));
} catch (error) {
  say({ error: error.message, kind: error.name });
  process.exitCode = 1;
} finally {
  await claim?.release();
  await database?.close();
}
