/** `npm start` and `npm run gateway -- …`: the command line, built first when its sources have changed. */
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildIfChanged } from './build.mjs';

try {
  await buildIfChanged();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
process.setSourceMapsEnabled(true);
const main = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'main.js');
process.argv[1] = main;
await import(pathToFileURL(main).href);
