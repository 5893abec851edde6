/** Sends what `fetch` would refuse to send: odd headers, bodies on any method, bytes that are no HTTP. */
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { HostileRequest } from './hostile-request.ts';

export interface HostileAnswer {
  /** 0: the connection ended without an answer */
  readonly status: number;
  readonly type: string;
  readonly headers: string;
  readonly text: string;
}

/** Longer than any answer may take here; a server that takes longer hangs. */
const PATIENCE_MS = 30_000;

export const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/** @throws Error when there is no answer within half a minute */
export function send(address: string, { method, path, headers, body }: HostileRequest): Promise<HostileAnswer> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        agent,
        hostname,
        port,
        method,
        path,
        headers: { ...headers, 'content-length': String(body.length) },
        timeout: PATIENCE_MS,
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            headers: JSON.stringify(response.headers),
            text: Buffer.concat(parts).toString('utf8'),
          });
        });
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer in half a minute')));
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // Refused before all of it was read, and closed: an answer too, as far as a server owes one.
      if (error.code === 'EPIPE' || error.code === 'ECONNRESET') resolve({ status: 0, type: '', headers: '', text: '' });
      else reject(error);
    });
    sent.end(body);
  });
}

/** Bytes as they are, on a connection of their own; what came back until the server closed it, or the patience was over. */
export function sendBytes(address: string, bytes: Buffer | string, patienceMs = 3_000): Promise<string> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let text = '';
    socket.setTimeout(patienceMs, () => socket.destroy());
    socket.on('data', (part: Buffer) => (text += part.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}
