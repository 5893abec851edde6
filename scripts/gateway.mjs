/** `npm start` and `npm run gateway -- …`: the command line, built first when its sources have changed. */
import path from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildIfChanged } from './build.mjs';

try {
  await buildIfChanged();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
stopWithNpm();
process.setSourceMapsEnabled(true);
const main = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'main.js');
process.argv[1] = main;
await import(pathToFileURL(main).href);

/**
 * npm passes a signal on to the shell it started this with, and many a shell ends without passing it on: what was told to
 * stop would go on without a parent. So, under npm, the loss of the parent is that signal.
 */
function stopWithNpm() {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
}
