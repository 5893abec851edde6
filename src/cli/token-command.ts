/** `gateway token` prints an access token; `gateway keys rotate` makes a new key that signs them. */
import type { Command } from 'commander';
import { today } from '../calendar.ts';
import { LONGEST_TOKEN_SECONDS, refusalOf } from '../clients/index.ts';
import type { ClientRegistry, TokenService } from '../clients/index.ts';
import { unknownClient } from '../clients/client-registry.ts';
import { OperatorError } from '../errors.ts';
import { note, withGateway } from './with-gateway.ts';

interface OpenedGateway {
  readonly clients: ClientRegistry;
  readonly tokens: TokenService;
  close(): Promise<void>;
}

export function registerTokenCommands(program: Command, open: () => Promise<OpenedGateway>): void {
  program
    .command('token')
    .argument('<id>', 'a client, as `client list` shows it')
    .description('prints an access token for a client, and nothing else, on standard output')
    .option('--ttl <duration>', 'how long it lives: 30s, 15m, 1h; at most 24h', '1h')
    .addHelpText('after', '\nExample:\n  $ curl -H "Authorization: Bearer $(npm run -s gateway -- token agency-1)" …')
    .action((id: string, { ttl }: { ttl: string }) => {
      const seconds = parseTtl(ttl);
      return withGateway(open, async ({ clients, tokens }) => {
        const standing = (await clients.standing(id)) ?? unknownClient(id);
        const { token } = await tokens.issue(id, seconds);
        process.stdout.write(`${token}\n`);
        const refusal = refusalOf(standing, today());
        if (refusal !== null) note(`Requests with this token are refused for now with ${refusal.code}. ${refusal.message}`);
      });
    });

  program
    .command('keys')
    .description('the keys that sign access tokens')
    .command('rotate')
    .description('makes a new key that signs from now on, and prints its id')
    .option(
      '--compromised',
      'the old keys are known to others: nothing they signed is taken any more, within half a minute on every instance',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ gateway keys rotate\n  $ gateway keys rotate --compromised\n\nTokens of the old keys stay good until they expire, unless these are compromised.',
    )
    .action(({ compromised = false }: { compromised?: boolean }) =>
      withGateway(open, async ({ tokens }) => {
        process.stdout.write(`${await tokens.rotate({ compromised })}\n`);
        note(
          compromised
            ? 'A new key signs now; clients need new tokens.'
            : 'A new key signs now; tokens that are out stay good until they expire.',
        );
      }),
    );
}

const SECONDS_BY_UNIT = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3_600],
  ['d', 86_400],
]);

/** @throws OperatorError when the text is no duration, or one that no token may have */
export function parseTtl(text: string): number {
  const [, number, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text.trim()) ?? [];
  const seconds = Number(number) * (SECONDS_BY_UNIT.get(unit) ?? Number.NaN);
  if (Number.isNaN(seconds) || seconds === 0)
    throw new OperatorError(`--ttl takes a duration such as 30s, 15m or 1h; “${text}” is none.`);
  if (seconds > LONGEST_TOKEN_SECONDS)
    throw new OperatorError(
      `--ttl ${text} is too long: an access token lives 24h at most. Ask for a new one when the old one ends.`,
    );
  return seconds;
}
