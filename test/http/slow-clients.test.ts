import { afterEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { startServer } from './test-server.ts';
import type { TestServer } from './test-server.ts';

const sockets: Socket[] = [];
const servers: TestServer[] = [];
afterEach(async () => {
  sockets.splice(0).forEach((socket) => socket.destroy());
  await Promise.all(servers.splice(0).map(({ server }) => server.close(0)));
});

async function start(timeouts: { requestMs: number; answerMs: number; operationMs: number }): Promise<string> {
  const started = await startServer({
    timeouts,
    // More than the system buffers for one connection.
    graphql: (_request, response) => void response.end(Buffer.alloc(64_000_000, 32)),
  });
  servers.push(started);
  return started.address;
}

/** Sends a request and gives the connection, with how long until the server has closed it. */
function open(address: string, text: string): { socket: Socket; closed: Promise<number> } {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.write(text);
  const began = performance.now();
  const closed = new Promise<number>((resolve) => socket.once('close', () => resolve(performance.now() - began)));
  return { socket, closed };
}

const OPERATION = 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';

describe('a client that stops reading', () => {
  it('is cut off when its time is up', async () => {
    const address = await start({ requestMs: 5_000, answerMs: 300, operationMs: 1_000 });
    const { socket, closed } = open(address, OPERATION);
    socket.pause();
    // A paused socket hears of the end only when it reads on.
    setTimeout(() => socket.resume(), 1_500);
    let received = 0;
    socket.on('data', (part: Buffer) => (received += part.length));
    await closed;
    expect(received).toBeLessThan(64_000_000);
  });

  it('is not, as long as it reads fast enough', async () => {
    const address = await start({ requestMs: 5_000, answerMs: 20_000, operationMs: 1_000 });
    const response = await fetch(`${address}/graphql`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    });
    expect((await response.arrayBuffer()).byteLength).toBe(64_000_000);
  });
});

describe('a client that trickles its request', () => {
  it.each([
    ['in the head', 'POST /graphql HTTP/1.1\r\nHost: x\r\n'],
    [
      'in the body',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n{"query":',
    ],
  ])('%s is cut off when the time for a request is up', async (_where, text) => {
    const address = await start({ requestMs: 1_000, answerMs: 20_000, operationMs: 20_000 });
    const { socket, closed } = open(address, text);
    const trickle = setInterval(() => socket.write('x'), 100);
    try {
      expect(await closed).toBeLessThan(10_000);
    } finally {
      clearInterval(trickle);
    }
  });
});
