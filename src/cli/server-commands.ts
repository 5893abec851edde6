/** `start` and `migrate`. */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { migrate, openDatabase } from '../db/index.ts';
import { loadDemo } from './demo.ts';
import type { DemoAccess } from './demo.ts';
import { printDemo } from './demo-hints.ts';
import { note } from './with-gateway.ts';

export function registerServerCommands(program: Command): void {
  program
    .command('start')
    .description('启动网关服务 / serve the gateway over HTTP')
    .option('--port <number>', 'port to listen on (default: PORT, or 4000)', portNumber)
    .option('--demo', 'load the bundled catalog and samples into an empty database, and print three clients’ tokens')
    .addHelpText('after', '\nExample:\n  npm run gateway -- start --port 8080\n  npm run gateway -- start --demo\n')
    .action(start);
  program
    .command('migrate')
    .description('应用数据库迁移 / apply the migrations to the database')
    .addHelpText('after', '\nExample:\n  DATABASE_URL=postgresql://… npm run gateway -- migrate\n')
    .action(applyMigrations);
}

async function start(options: { port?: number; demo?: true }): Promise<void> {
  const config = readConfig();
  const ending = new AbortController();
  let settle: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (settle = resolve));
  // Said at once: a demo that is loading must first come to its end.
  const stop = (reason: string): void => {
    if (!ending.signal.aborted) note(`Stopping (${reason}) …`);
    ending.abort();
    settle();
  };
  const demo: { access?: DemoAccess } = {};
  // From the first moment: a signal while the demo loads must end in order, too.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      stop(signal);
    });
  const { serveGateway } = await import('../gateway.ts');
  const serving = await serveGateway(
    { ...config, port: options.port ?? config.port },
    {
      prepareData: async (gateway) => {
        if (options.demo === true) demo.access = await loadDemo(gateway);
      },
      onFatal: (error) => {
        note(error.message);
        process.exitCode = 1;
        stop('another gateway has taken this database');
      },
    },
  );
  if (!ending.signal.aborted && demo.access !== undefined) printDemo(serving.address, demo.access);
  else if (!ending.signal.aborted) note(`Listening on ${serving.address} (POST ${serving.address}/graphql). Stop with Ctrl-C.`);
  await stopped;
  await serving.close();
}

async function applyMigrations(): Promise<void> {
  const database = await openDatabase(readConfig());
  try {
    const applied = await migrate(database);
    process.stdout.write(applied.length === 0 ? 'The database is up to date.\n' : `Applied: ${applied.join(', ')}\n`);
  } finally {
    await database.close();
  }
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('a port is a number from 0 (any free one) to 65535');
  return port;
}
