/** Takes a port, or says in words why not. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperatorError } from '../errors.ts';

/** Connections that the system may hold for us: a herd that comes at once is refused by us, in words, and not by silence. */
const BACKLOG = 4_096;

/**
 * @param port 0: any free one
 * @returns the address to show, for instance `http://127.0.0.1:4000`
 * @throws OperatorError when the port is taken or may not be used
 */
export async function listen(server: Server, port: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      reject(listenFailure(error, port, host));
    };
    server.once('error', failed);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', failed);
      resolve();
    });
  });
  return addressOf(server.address());
}

function addressOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on no TCP port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

function listenFailure(error: NodeJS.ErrnoException, port: number, host: string): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new OperatorError(
        `Port ${port} on ${host} is already in use. Stop the program that uses it, or choose another port: --port N (or PORT=N).`,
        { cause: error },
      );
    case 'EACCES':
      return new OperatorError(
        `Port ${port} on ${host} may not be used by this account. Choose a port above 1023: --port N (or PORT=N).`,
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new OperatorError(`This machine has no address ${host}. Set HOST to one of its addresses, or to 0.0.0.0 for all.`, {
        cause: error,
      });
    default:
      return error;
  }
}
