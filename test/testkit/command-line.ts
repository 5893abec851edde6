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
    // Nobody stands between a test and its gateway who would have to hear of its end.
    env: { ...commandEnvironment(), DRAIN_SECONDS: '0', ...environment },
  });
}

/** Runs `gateway <args>` to its end. */
export async function runGateway(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return ended(await startGateway(args, environment));
}

export interface ServingCommand {
  /** for instance http://127.0.0.1:41234 */
  readonly address: string;
  /** what it has written up to now */
  readonly written: () => Pick<CommandResult, 'stdout' | 'stderr'>;
  /** Sends the signal unless it has ended already, and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<CommandResult>;
}

/**
 * Starts `gateway start <args>` on any free port and waits until it listens; the caller stops it.
 * @throws Error with everything it wrote, when it ends instead
 */
export async function startServing(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<ServingCommand> {
  const child = await startGateway(['start', '--port', '0', ...args], environment);
  const written = collected(child);
  const end = ended(child);
  const address = await new Promise<string>((resolve, reject) => {
    const look = (): void => {
      const [, found] = /(?:Listening on|is ready:) (http:\S+)/.exec(written().stderr + written().stdout) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    end.then(({ code, stderr }) => reject(new Error(`gateway start ended with ${String(code)}: ${stderr}`)), reject);
  });
  return {
    address,
    written,
    stop: (signal = 'SIGINT') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return end;
    },
  };
}

/** Everything a child writes until it ends. */
export function ended(child: ChildProcess): Promise<CommandResult> {
  const written = collected(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...written() }));
  });
}

function collected(child: ChildProcess): ServingCommand['written'] {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return () => ({ stdout, stderr });
}

/** The test run's own settings, and jest's flags for Node, are none of the command's. */
function commandEnvironment(): Record<string, string | undefined> {
  const own = new Set([
    ...['DATABASE_URL', 'DATABASE_URL_AGENCY', 'DATABASE_URL_READER', 'DATABASE_URL_CONTROL', 'DATA_DIR', 'MASTER_KEY'],
    ...['NODE_ENV', 'NODE_OPTIONS', 'HOST', 'PORT', 'LOG_LEVEL', 'EXPLORER'],
  ]);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.has(name)));
}
