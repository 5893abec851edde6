/** Runs the built command line as a process of its own, as an operator would. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BUILD = fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface CommandResult {
  /** null: ended by a signal */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let built: Promise<void> | undefined;

/** Builds dist/ if the sources have changed; all workers may ask at once. */
export function buildGateway(): Promise<void> {
  return (built ??= ended(spawn(process.execPath, [BUILD], { stdio: ['ignore', 'pipe', 'pipe'] })).then(({ code, stderr }) => {
    if (code !== 0) throw new Error(stderr);
  }));
}

/** Starts `gateway <args>`; the caller ends it. */
export async function startGateway(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ChildProcess> {
  await buildGateway();
  return spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...commandEnvironment(), ...environment },
  });
}

/** Runs `gateway <args>` to its end. */
export async function runGateway(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return ended(await startGateway(args, environment));
}

/** Everything a child writes until it ends. */
export function ended(child: ChildProcess): Promise<CommandResult> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The test run's own settings, and jest's flags for Node, are none of the command's. */
function commandEnvironment(): Record<string, string | undefined> {
  const own = new Set(['DATABASE_URL', 'DATA_DIR', 'MASTER_KEY', 'NODE_ENV', 'NODE_OPTIONS', 'PORT']);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.has(name)));
}
