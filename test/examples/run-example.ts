/** Runs an example as its README says: a process of its own that knows the gateway by its address alone. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ended } from '../testkit/command-line.ts';
import type { CommandResult } from '../testkit/command-line.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let compiled: Promise<void> | undefined;

/** Compiles examples/approval-check as `npm run example:approval-check` does. */
function compileApprovalCheck(): Promise<void> {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  return (compiled ??= runNode([compiler, '-p', 'examples/approval-check'], {}).then(({ code, stdout }) => {
    if (code !== 0) throw new Error(stdout);
  }));
}

export async function runApprovalCheck(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  await compileApprovalCheck();
  return runNode(['dist/examples/approval-check/main.js', ...args], environment);
}

export function runNode(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<CommandResult> {
  return ended(
    spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, ...environment },
    }),
  );
}
