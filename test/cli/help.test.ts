import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { gatewayProgram } from '../../src/cli/program.ts';
import { runGateway } from '../testkit/command-line.ts';

const program = gatewayProgram(() => Promise.reject(new Error('help needs no gateway')));
const commands = leaves(program, []);

/** The commands that do something, by the words that an operator types. */
function leaves(command: Command, words: readonly string[]): [string, Command][] {
  if (command.commands.length === 0) return [[words.join(' '), command]];
  return command.commands.flatMap((child) => leaves(child, [...words, child.name()]));
}

/** All that `--help` writes, with what stands before and after the lists. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (more) => (text += more) }).outputHelp();
  return text;
}

describe('the command line', () => {
  it('has every command that the design promises', () => {
    expect(commands.map(([words]) => words).sort()).toEqual([
      ...['audit alerts', 'audit export', 'audit prune', 'audit subject', 'audit verify'],
      ...['authorization add', 'authorization list', 'authorization revoke'],
      ...['calendar import', 'calendar show'],
      ...['catalog check', 'catalog diff', 'catalog publish', 'catalog rollback', 'catalog show'],
      ...['client add', 'client limits', 'client list', 'client renew', 'client resume', 'client rotate-secret'],
      ...['client safelist', 'client suspend'],
      ...['entry dispute', 'entry status', 'grant add', 'grant list', 'grant revoke', 'import', 'keys rotate', 'migrate'],
      ...['start', 'statistics check', 'statistics rebuild', 'token'],
    ]);
  });

  it.each(commands)('%s --help says what it does, explains each argument and option, and gives an example', (words, command) => {
    const help = helpOf(command);
    expect(help).toContain(`Usage: gateway ${words}`);
    expect(help).toMatch(/\nExamples?:\n(.*\n)*? {2}.*\S/);
    const example = help.slice(help.search(/\nExamples?:/));
    expect(example).toContain(words);
    expect(command.description()).not.toBe('');
    expect([...command.options, ...command.registeredArguments].filter(({ description }) => description === '')).toEqual([]);
  });

  it('prints help on standard output and succeeds', async () => {
    const { code, stdout, stderr } = await runGateway(['catalog', 'publish', '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Usage: gateway catalog publish');
  });

  it.each([
    ['an unknown command', ['frobnicate'], "unknown command 'frobnicate'"],
    ['a missing argument', ['catalog', 'check'], "missing required argument 'file'"],
    ['an unknown option', ['token', 'a', '--for-ever'], "unknown option '--for-ever'"],
  ])('answers %s with its name and the help, on standard error, and fails', async (_what, args, message) => {
    const { code, stdout, stderr } = await runGateway(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain('Usage: gateway');
  });
});
