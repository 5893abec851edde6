#!/usr/bin/env node
/** The command line: nothing but dispatch. */
import { CommanderError } from 'commander';
import { gatewayProgram } from './cli/program.ts';
import { ConfigError, readConfig } from './config.ts';
import { OperatorError } from './errors.ts';
import type { OpenGateway } from './gateway.ts';

try {
  // Loaded by the commands that need it: help and mistakes of usage are answered at once.
  const open: OpenGateway = async () => (await import('./gateway.ts')).openGateway(readConfig());
  await gatewayProgram(open).parseAsync(process.argv);
} catch (error) {
  process.exitCode = 1;
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else if (error instanceof OperatorError || error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
  else
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\nThis is a fault of the gateway itself.\n`,
    );
}
