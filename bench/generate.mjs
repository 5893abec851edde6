/** Makes the data set of a size without running anything on it: `npm run generate -- 10000000`. */
import { openDataset } from './dataset/open.mjs';

const entries = Number(process.argv[2] ?? 100_000);
if (!Number.isInteger(entries) || entries < 10_000 || entries > 30_000_000) {
  process.stderr.write('Say how many entries, from 10000 to 30000000: npm run generate -- 1000000\n');
  process.exit(1);
}
const started = performance.now();
const { gateway } = await openDataset(entries);
await gateway.close();
process.stderr.write(`Ready after ${((performance.now() - started) / 1000).toFixed(0)} s.\n`);
