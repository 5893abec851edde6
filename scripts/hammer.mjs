/**
 * `npm run hammer [-- --rounds N]`: hammers a gateway with mixed clients, an import and mutations while it and its database are killed N
 * times (10 unless told), on a PostgreSQL and data of its own, and compares with a run without faults. Prints a table; ends with 1 when
 * an answer that left has no event, the read log does not verify, or the data differ. Linux or macOS.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

let rounds;
try {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '10' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    process.stdout.write(
      'Kills a gateway and its database under load, and looks whether anything was lost.\n\nExample:\n  $ npm run hammer -- --rounds 10\n',
    );
    process.exit(0);
  }
  rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1 on.');
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
const test = fileURLToPath(new URL('test.mjs', import.meta.url));
const child = spawn(process.execPath, [test, '--runInBand', '--testPathPatterns', 'test/faults/hammer'], {
  stdio: 'inherit',
  env: { ...process.env, HAMMER_ROUNDS: String(rounds) },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
