/**
 * All checks but the tests: `npm run check`. Every check runs, whatever the others say; the exit code is that of the worst.
 * CHECK_SUMMARY names a file for the counts, as JSON, for programs.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const CHECKS = [
  { name: 'format', command: 'prettier --check --log-level warn .' },
  { name: 'lint', command: 'eslint . --max-warnings 0' },
  { name: 'types', command: 'tsc --noEmit -p tsconfig.json' },
  { name: 'arrows', command: 'depcruise src --config .dependency-cruiser.js --output-type err' },
  { name: 'dead code', command: 'knip --no-progress' },
  { name: 'schema drift', command: 'npm run --silent schema:check' },
  { name: 'example drift', command: 'node scripts/generate-examples.mjs --check' },
  { name: 'migrations', command: 'node scripts/check-migrations.mjs' },
];

const environment = { ...process.env, PATH: [path.join(root, 'node_modules', '.bin'), process.env.PATH].join(path.delimiter) };
const run = (command) => spawnSync(command, { cwd: root, shell: true, stdio: 'inherit', env: environment }).status === 0;

// Lint, types and dead code read the generated Prisma client.
if (!existsSync(path.join(root, 'src/db/generated/client.ts')) && !run('node scripts/generate.mjs')) process.exit(1);

const results = CHECKS.map(({ name, command }) => {
  console.log(`\n== ${name}: ${command}`);
  const started = Date.now();
  const passed = run(command);
  console.log(`== ${name}: ${passed ? 'passed' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  return { name, passed };
});

const failed = results.filter(({ passed }) => !passed).map(({ name }) => name);
console.log(
  `\n${results.length - failed.length} of ${results.length} checks passed${failed.length === 0 ? '' : `; failed: ${failed.join(', ')}`}`,
);
if (process.env.CHECK_SUMMARY)
  writeFileSync(process.env.CHECK_SUMMARY, JSON.stringify({ passed: results.length - failed.length, failed: failed.length }));
process.exitCode = failed.length === 0 ? 0 : 1;
