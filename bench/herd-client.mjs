/**
 * A herd as cheap as it can be, because it shares the machine with what it asks: sockets, requests made beforehand, and of an answer
 * no more than its status and its end. One order per message, one answer each: `closed` connections that each wait for their answer, until
 * `seconds` or `requests` are over; or `rate` requests a second whatever becomes of them, on `connections`. No pause after a refusal.
 */
import { connect } from 'node:net';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
/** Read into by every socket: what it holds is done with before the next one reads. */
const READ = Buffer.allocUnsafe(65_536);

class Connection {
  #socket;
  #head = null;
  #left = 0;
  #ok = false;
  #refused = false;
  #sentAt = 0;
  #done;

  constructor({ hostname, port }, done) {
    this.#done = done;
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: { buffer: READ, callback: (length, buffer) => this.#read(buffer.subarray(0, length)) },
    });
    this.#socket.on('error', () => this.#end());
    this.#socket.on('close', () => this.#end());
  }

  get lost() {
    return this.#socket.destroyed;
  }

  ask(bytes) {
    this.#sentAt = performance.now();
    this.#socket.write(bytes);
  }

  destroy() {
    this.#sentAt = 0;
    this.#socket.destroy();
  }

  #read(part) {
    if (this.#left > 0) this.#left -= part.length;
    else {
      // The head comes whole but for once in a thousand times.
      const bytes = this.#head === null ? part : Buffer.concat([this.#head, part]);
      const end = bytes.indexOf(END_OF_HEAD);
      if (end < 0) {
        this.#head = Buffer.from(bytes);
        return true;
      }
      this.#head = null;
      const head = bytes.latin1Slice(0, end);
      this.#ok = head.startsWith('HTTP/1.1 200');
      this.#refused = head.startsWith('HTTP/1.1 503') && /^retry-after: \d/im.test(head);
      this.#left = Number(/^content-length: (\d+)/im.exec(head)[1]) - (bytes.length - end - 4);
    }
    if (this.#left === 0) this.#answered(this.#ok ? 'given' : this.#refused ? 'refused' : 'failed');
    return true;
  }

  #end() {
    if (this.#sentAt > 0) this.#answered('failed');
  }

  #answered(kind) {
    const ms = performance.now() - this.#sentAt;
    this.#sentAt = 0;
    this.#done(this, kind, ms);
  }
}

async function herd({ origin, headers, bodies, closed, requests = Infinity, rate, connections = closed, seconds = Infinity }) {
  const head = Object.entries({ host: 'gateway', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const texts = bodies.map((body) =>
    Buffer.from(`POST /graphql HTTP/1.1\r\n${head.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
  );
  const took = { given: [], refused: [], failed: [] };
  let sent = 0;
  const began = performance.now();
  const cpu = process.cpuUsage();
  const end = began + seconds * 1_000;
  const over = () => sent >= requests || performance.now() >= end;
  const idle = [];
  const all = new Set();
  const open = () => {
    const connection = new Connection(new URL(origin), (mine, kind, ms) => {
      took[kind].push(ms);
      if (mine.lost) all.delete(mine);
      if (rate === undefined && !over()) (mine.lost ? open() : mine).ask(next());
      else if (!mine.lost) idle.push(mine);
    });
    all.add(connection);
    return connection;
  };
  const next = () => texts[sent++ % texts.length];
  if (rate === undefined) for (let at = 0; at < closed; at += 1) open().ask(next());
  else {
    await new Promise((resolve) => {
      const tick = () => {
        if (over()) return resolve();
        // Whatever finds no free connection is not sent; what is sent is counted.
        let due = Math.floor(((performance.now() - began) / 1_000) * rate) - sent;
        for (; due > 0; due -= 1) {
          const free = idle.pop() ?? (all.size < connections ? open() : null);
          if (free === null) break;
          if (!free.lost) free.ask(next());
        }
        setTimeout(tick, 1);
      };
      tick();
    });
  }
  while (took.given.length + took.refused.length + took.failed.length < sent)
    await new Promise((resolve) => setTimeout(resolve, 2));
  const elapsed = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  for (const connection of all) connection.destroy();
  const quantile = (list, q) => (list.sort((a, b) => a - b), list[Math.min(list.length - 1, Math.floor(q * list.length))] ?? 0);
  return {
    seconds: elapsed,
    cpuSeconds: (user + system) / 1e6,
    sent,
    answered: took.given.length,
    p50: quantile(took.given, 0.5),
    p99: quantile(took.given, 0.99),
    refused: took.refused.length,
    refusedP50: quantile(took.refused, 0.5),
    refusedP99: quantile(took.refused, 0.99),
    failed: took.failed.length,
  };
}

process.on('message', (order) => {
  void herd(order).then((result) => process.send(result));
});
