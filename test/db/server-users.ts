/** Processes of their own that share one embedded server: see `server-user.mjs`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { buildGateway } from '../testkit/command-line.ts';

const PROGRAM = fileURLToPath(new URL('./server-user.mjs', import.meta.url));

const Line = z.union([
  z.object({ pid: z.number(), url: z.string(), started: z.string() }),
  z.object({ error: z.string(), kind: z.string() }),
  z.object({ lost: z.string() }),
]);
type Line = z.infer<typeof Line>;

export type ServerUserRole = 'command' | 'gateway' | 'crash';

export interface ServerUser {
  readonly child: ChildProcess;
  /** what it said first */
  readonly opened: Promise<Line>;
  /** what it says next */
  nextLine(): Promise<Line>;
  /** lets it close, and resolves with its exit code */
  leave(): Promise<number | null>;
  /** ends it as a crash would */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export async function startServerUser(dataDir: string, role: ServerUserRole = 'command'): Promise<ServerUser> {
  await buildGateway();
  const child = spawn(process.execPath, [PROGRAM, role], {
    stdio: ['pipe', 'pipe', role === 'crash' ? 'ignore' : 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '', DATA_DIR: dataDir },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<Line> => Line.parse(JSON.parse((await lines.next()).value ?? '{"error":"ended","kind":""}'));
  const exited = once(child, 'exit');
  return {
    child,
    opened: nextLine(),
    nextLine,
    leave: async () => {
      child.stdin.end();
      await exited;
      return child.exitCode;
    },
    kill: async (signal = 'SIGKILL') => {
      child.kill(signal);
      await exited;
    },
  };
}
