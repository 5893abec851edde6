/** A way to a server on which bytes take their time, so that something is always under way when a client is killed. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

const SLICE = 1_024;

export interface SlowWay {
  readonly address: string;
  close(): Promise<void>;
}

/** @param bytesPerSecond from the server to the client */
export async function slowWay(address: string, bytesPerSecond: number): Promise<SlowWay> {
  const target = new URL(address);
  const sockets = new Set<Socket>();
  const relay = createServer((incoming) => {
    const outgoing = connect({ host: target.hostname, port: Number(target.port) });
    const slow = new Transform({
      highWaterMark: SLICE,
      transform(chunk: Buffer, _encoding, done) {
        void (async () => {
          for (let at = 0; at < chunk.length; at += SLICE) {
            await setTimeout((SLICE / bytesPerSecond) * 1_000);
            this.push(chunk.subarray(at, at + SLICE));
          }
          done();
        })();
      },
    });
    incoming.pipe(outgoing).pipe(slow).pipe(incoming);
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        incoming.destroy();
        outgoing.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${String((relay.address() as AddressInfo).port)}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => relay.close(resolve));
    },
  };
}
