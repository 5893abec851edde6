#!/usr/bin/env node
/** The command line: nothing but dispatch. */
import { CommanderError } from 'commander';
import { gatewayProgram } from './cli/program.ts';
import { ConfigError, readConfig } from './config.ts';
import { OperatorError } from './errors.ts';
import { openGateway } from './gateway.ts';

try {
  await gatewayProgram(() => openGateway(readConfig())).parseAsync(process.argv);
} catch (error) {
  process.exitCode = 1;
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else if (error instanceof OperatorError || error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
  else
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\nThis is a fault of the gateway itself.\n`,
    );
}
