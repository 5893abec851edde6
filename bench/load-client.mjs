/** The load: its own process, so that no peer pays for it. One order per message from the runner, one answer each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';

/**
 * Keeps every connection busy for a while, or until so many requests were answered.
 * @param {{ origin: string; path: string; headers: Record<string, string>; bodies: string[]; connections: number; seconds: number; check: boolean }} order
 */
async function load({ origin, path, headers, bodies, connections, seconds, check }) {
  const pool = new Pool(origin, { connections, pipelining: 1, bodyTimeout: 60_000, headersTimeout: 60_000 });
  const request = (body) => pool.request({ method: 'POST', path, headers, body });
  const latencies = [];
  let bytes = 0;
  let failed = 0;
  let refused = 0;
  let turn = 0;
  if (check) {
    const answer = await (await request(bodies[0])).body.text();
    await pool.close();
    return { answer };
  }
  const started = performance.now();
  const end = started + seconds * 1000;
  const worker = async () => {
    while (performance.now() < end) {
      const body = bodies[turn++ % bodies.length];
      const at = performance.now();
      const response = await request(body);
      // Read whole, as a caller would; not parsed, which would be the caller's cost.
      const read = await response.body.bytes();
      if (response.statusCode === 503 && response.headers['retry-after'] !== undefined) {
        // More than the server can do at once: it says when to come again, and a caller does.
        refused += 1;
        await sleep(Math.min(Number(response.headers['retry-after']) * 1000, Math.max(0, end - performance.now())));
        continue;
      }
      latencies.push(performance.now() - at);
      bytes += read.length;
      if (response.statusCode !== 200) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const elapsed = (performance.now() - started) / 1000;
  await pool.close();
  latencies.sort((a, b) => a - b);
  const quantile = (q) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))];
  return {
    rate: latencies.length / elapsed,
    requests: latencies.length,
    p50: quantile(0.5),
    p99: quantile(0.99),
    bytes: bytes / latencies.length,
    failed,
    refused,
  };
}

process.on('message', (order) => {
  load(order).then(
    (result) => process.send(result),
    (error) => process.send({ error: String(error) }),
  );
});
