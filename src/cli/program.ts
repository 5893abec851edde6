/** All commands of `gateway`, put together. */
import { Command } from 'commander';
import type { OpenGateway } from '../gateway.ts';
import { registerAuditCommands } from './audit-commands.ts';
import { registerAuthorizationCommands } from './authorization-commands.ts';
import { registerCatalogCommands } from './catalog-commands.ts';
import { registerClientCommands } from './client-commands.ts';
import { registerEntryCommands } from './entry-commands.ts';
import { registerGrantCommands } from './grant-commands.ts';
import { registerImportCommand } from './import-command.ts';
import { registerServerCommands } from './server-commands.ts';
import { registerCalendarCommands } from './calendar-commands.ts';
import { registerStatisticsCommands } from './statistics-commands.ts';
import { registerTokenCommands } from './token-command.ts';

/**
 * A command line that reports mistakes of usage as a CommanderError after it has shown the help.
 * @param open how commands get at the gateway; called only by those that need it
 */
export function gatewayProgram(open: OpenGateway): Command {
  const program = new Command('gateway')
    .description('公共信用信息共享网关 / public-credit data-sharing gateway')
    .showHelpAfterError()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) })
    .exitOverride();
  registerServerCommands(program);
  registerCatalogCommands(program, open);
  registerImportCommand(program, open);
  registerEntryCommands(program, open);
  registerClientCommands(program, open);
  registerGrantCommands(program, open);
  registerAuthorizationCommands(program, open);
  registerStatisticsCommands(program, open);
  registerCalendarCommands(program, open);
  registerTokenCommands(program, open);
  registerAuditCommands(program, open);
  return program;
}
