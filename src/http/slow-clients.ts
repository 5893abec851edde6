/** Clients that open a connection and then do not read: each would hold an answer in memory for as long as it likes. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** To be told of each request that is not refused at once. */
export type WatchForSlowness = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Cuts a connection whose finished answer has not been taken within the time, however slowly it is read, and one on which nothing
 * moves for twice as long while an answer is being written. Answers are complete before they are sent, so none holds a connection of
 * the database meanwhile.
 */
export function cutSlowClients(server: Server, answerTimeoutMs: number, operationTimeoutMs: number): WatchForSlowness {
  // Without a listener for `timeout` the server destroys the socket. An operation that is worked on moves nothing either.
  server.setTimeout(operationTimeoutMs + 2 * answerTimeoutMs);
  return ({ socket }, response) => {
    response.once('prefinish', () => {
      // Most answers fit into what the system buffers for a connection, and have left already.
      if (socket.writableLength === 0) return;
      const cut = setTimeout(() => socket.destroy(), answerTimeoutMs);
      response.once('close', () => {
        clearTimeout(cut);
      });
    });
  };
}
