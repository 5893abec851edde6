/** Runs once after all tests: nothing of the run is left on the server or on the disk. */
import { stopTestServer } from './test-server.ts';

export default async function globalTeardown(): Promise<void> {
  await stopTestServer();
}
