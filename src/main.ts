#!/usr/bin/env node
/** The command line: nothing but dispatch. */
import { Command, CommanderError } from 'commander';
import { registerAuthorizationCommands } from './cli/authorization-commands.ts';
import { registerCatalogCommands } from './cli/catalog-commands.ts';
import { registerClientCommands } from './cli/client-commands.ts';
import { registerEntryCommands } from './cli/entry-commands.ts';
import { registerGrantCommands } from './cli/grant-commands.ts';
import { registerImportCommand } from './cli/import-command.ts';
import { registerServerCommands } from './cli/server-commands.ts';
import { registerTokenCommands } from './cli/token-command.ts';
import { ConfigError, readConfig } from './config.ts';
import { OperatorError } from './errors.ts';
import { openGateway } from './gateway.ts';
import type { Gateway } from './gateway.ts';

const program = new Command('gateway')
  .description('公共信用信息共享网关 / public-credit data-sharing gateway')
  .showHelpAfterError()
  .configureOutput({ writeErr: (text) => process.stderr.write(text) })
  .exitOverride();
const open = (): Promise<Gateway> => openGateway(readConfig());

registerServerCommands(program);
registerCatalogCommands(program, open);
registerImportCommand(program, open);
registerEntryCommands(program, open);
registerClientCommands(program, open);
registerGrantCommands(program, open);
registerAuthorizationCommands(program, open);
registerTokenCommands(program, open);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = 1;
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else if (error instanceof OperatorError || error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
  else
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\nThis is a fault of the gateway itself.\n`,
    );
}
