/** Stops statements that nobody waits for any more, so that they do not go on costing the database and a connection. */
import { connect } from 'node:net';
import type pg from 'pg';
import { z } from 'zod';

/** PostgreSQL's protocol, "Canceling Requests in Progress": a CancelRequest is 16 bytes on a connection of its own. */
const CANCEL_REQUEST = 80_877_102;
/** Who cannot be reached in this time is not made faster by waiting; the server's own statement_timeout remains. */
const PATIENCE_MS = 2_000;
/** A statement that has not ended so long after its cancellation is on a connection whose other end is dead, or stands still. */
const GIVE_UP_MS = 5_000;

/** What pg keeps of an open connection; the key is the server's proof that the cancellation comes from its holder. */
const Backend = z.object({ processID: z.number(), secretKey: z.number(), host: z.string(), port: z.number() });

/**
 * Asks the server to stop what this connection runs: no other connection of the pool is needed, and no right but the connection's own.
 * @returns when the server has taken the request, or cannot be reached; whether it came in time, the statement tells
 */
export async function cancelStatement(client: pg.ClientBase): Promise<void> {
  const backend = Backend.safeParse(client);
  if (!backend.success) return;
  const { processID, secretKey, host, port } = backend.data;
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(CANCEL_REQUEST, 4);
  message.writeInt32BE(processID, 8);
  message.writeInt32BE(secretKey, 12);
  await new Promise<void>((resolve) => {
    const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${String(port)}`) : connect(port, host);
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve();
    });
    // The server closes the connection once it has taken the request; it has to be read for that to be seen.
    socket.resume();
    socket.end(message);
  });
}

/**
 * Runs `work` on a connection of the pool, and cancels its statement as soon as the signal is aborted. Where nothing comes of that, the
 * connection is given up, so that the pool can open another one.
 * @throws what the signal was aborted with, also while waiting for a connection; else what `work` throws
 */
export async function onConnection<T>(
  pool: pg.Pool,
  signal: AbortSignal | undefined,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  const abandoned = (): boolean => signal?.aborted === true;
  if (abandoned()) {
    client.release();
    throw signal?.reason;
  }
  const cancelling: Promise<void>[] = [];
  let givingUp: NodeJS.Timeout | undefined;
  const cancel = (): void => {
    cancelling.push(cancelStatement(client));
    givingUp = setTimeout(() => {
      // With a statement under way this cuts the connection at once, and the statement ends with an error.
      void client.end().catch(() => undefined);
    }, GIVE_UP_MS).unref();
  };
  signal?.addEventListener('abort', cancel, { once: true });
  let broken = true;
  try {
    const result = await work(client);
    broken = false;
    return result;
  } catch (error) {
    throw abandoned() ? signal?.reason : error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    clearTimeout(givingUp);
    // A cancellation under way could meet the connection's next statement, and one whose statement failed is not trusted with another
    // one, as pg's own pool has it.
    client.release(broken || cancelling.length > 0);
  }
}
