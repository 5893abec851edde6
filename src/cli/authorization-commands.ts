/** `gateway authorization …`: consents of subjects (授权) for one client, some items, one purpose, until a day. */
import type { Command } from 'commander';
import { today } from '../calendar.ts';
import type { AuthorizationRegistry, AuthorizationSummary } from '../clients/authorization-registry.ts';
import { OperatorError } from '../errors.ts';
import { itemList } from './item-list.ts';
import { table } from './table.ts';
import { note, withGateway } from './with-gateway.ts';

interface OpenedGateway {
  readonly authorizations: AuthorizationRegistry;
  close(): Promise<void>;
}

interface AddOptions {
  readonly client: string;
  readonly subject: string;
  readonly items: string[];
  readonly purpose: string;
  readonly until: string;
}

interface ListOptions {
  readonly client?: string;
  readonly subject?: string;
  readonly json?: true;
}

/** Lines that are lined up with each other; there may be millions in all, so they are written as they come. */
const LINES = 500;

export function registerAuthorizationCommands(program: Command, open: () => Promise<OpenedGateway>): void {
  const authorization = program
    .command('authorization')
    .description('consents of subjects: who, for whom, what, for which purpose, until when (授权)');

  authorization
    .command('add')
    .description('enters a consent and prints its id')
    .requiredOption('--client <id>', 'the department or agency that may read')
    .requiredOption(
      '--subject <code>',
      'unified social credit code or ID number of the subject, which need not be known here yet',
    )
    .requiredOption('--items <items>', 'what it may read: codes or type names, separated by commas', itemList)
    .requiredOption('--purpose <text>', 'the agreed purpose, as the client will state it in X-Purpose')
    .requiredOption('--until <date>', 'last day of the consent, YYYY-MM-DD')
    .addHelpText(
      'after',
      '\nExample:\n  $ gateway authorization add --client agency-1 --subject 91150102MAY0A0011F --items OrganizationPenalty --purpose 贷前审查 --until 2027-06-30',
    )
    .action(({ client: clientId, subject: subjectIdentifier, items, purpose, until }: AddOptions) =>
      withGateway(open, async ({ authorizations }) => {
        process.stdout.write(`${await authorizations.add({ clientId, subjectIdentifier, items, purpose, until })}\n`);
        note(
          `The authorization holds from ${clientId}'s next request on that states this purpose; its id stands on standard output.`,
        );
        if (until < today()) note(`It ended on ${until} and opens nothing.`);
      }),
    );

  authorization
    .command('revoke')
    .argument('[authorization]', 'the id that `authorization add` printed and `authorization list` shows')
    .description('ends a consent from the next request on: one by its id, or all of a subject for a client')
    .option('--client <id>', 'the client, with --subject')
    .option('--subject <code>', 'the subject: its unified social credit code or ID number, with --client')
    .addHelpText(
      'after',
      '\nExamples:\n  $ gateway authorization revoke AzmYc8tqgTAKhqmV0pV0cWmY0mQ7FSkCGl1kZ0s9aB-E\n  $ gateway authorization revoke --client agency-1 --subject 91150102MAY0A0011F',
    )
    .action((id: string | undefined, { client: clientId, subject: subjectIdentifier }: { client?: string; subject?: string }) =>
      withGateway(open, async ({ authorizations }) => {
        if (id !== undefined) {
          note(
            (await authorizations.revoke(id)) ? `Authorization ${id} is revoked.` : `Authorization ${id} was revoked already.`,
          );
        } else if (clientId !== undefined && subjectIdentifier !== undefined) {
          let ended = 0;
          for await (const row of authorizations.list({ clientId, subjectIdentifier })) {
            if (row.state === 'REVOKED') continue;
            await authorizations.revoke(row.id);
            note(`Authorization ${row.id} is revoked.`);
            ended += 1;
          }
          if (ended === 0)
            throw new OperatorError(
              'This subject has no authorization for this client that could be revoked. `authorization list` shows them.',
            );
        } else throw new OperatorError('Name the authorization: by its id, or with both --client and --subject.');
      }),
    );

  authorization
    .command('list')
    .description('shows all authorizations, live or not; never an ID number')
    .option('--client <id>', 'of this client only')
    .option('--subject <code>', 'of this subject only: its unified social credit code or ID number')
    .option('--json', 'as one JSON array')
    .addHelpText('after', '\nExample:\n  $ gateway authorization list --client agency-1')
    .action(({ client: clientId, subject: subjectIdentifier, json }: ListOptions) =>
      withGateway(open, async ({ authorizations }) => {
        const list = authorizations.list({ clientId, subjectIdentifier });
        if (json === true) await writeJson(list);
        else await writeTable(list);
      }),
    );
}

async function writeJson(list: AsyncIterable<AuthorizationSummary>): Promise<void> {
  let separator = '[\n';
  for await (const row of list) {
    process.stdout.write(`${separator}  ${JSON.stringify(row)}`);
    separator = ',\n';
  }
  process.stdout.write(separator === '[\n' ? '[]\n' : '\n]\n');
}

async function writeTable(list: AsyncIterable<AuthorizationSummary>): Promise<void> {
  const header = ['ID', 'CLIENT', 'SUBJECT', 'STATE', 'UNTIL', 'ITEMS', 'PURPOSE'];
  let rows: string[][] = [];
  let written = 0;
  const flush = (): void => {
    process.stdout.write(table(header, rows));
    written += rows.length;
    rows = [];
  };
  for await (const row of list) {
    rows.push([row.id, row.clientId, row.creditCode ?? row.subjectId, row.state, row.until, row.items.join(','), row.purpose]);
    if (rows.length === LINES) flush();
  }
  if (rows.length > 0 || written === 0) flush();
}
