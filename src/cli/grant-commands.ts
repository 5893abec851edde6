/** `gateway grant …`: statutory bases of departments to read 授权查询 fields without consent (依法查询事项). */
import type { Command } from 'commander';
import { today } from '../calendar.ts';
import type { GrantRegistry } from '../clients/grant-registry.ts';
import { OperatorError } from '../errors.ts';
import { note, withGateway } from './with-gateway.ts';
import { table } from './table.ts';

interface OpenedGateway {
  readonly grants: GrantRegistry;
  close(): Promise<void>;
}

interface AddOptions {
  readonly client: string;
  readonly item: string;
  readonly basis: string;
  readonly until?: string;
}

export function registerGrantCommands(program: Command, open: () => Promise<OpenedGateway>): void {
  const grant = program.command('grant').description('statutory bases on which departments read without consent (依法查询事项)');

  grant
    .command('add')
    .description('enters a grant and prints its id')
    .requiredOption('--client <id>', 'the department')
    .requiredOption('--item <item>', 'the item: its code or type name')
    .requiredOption('--basis <text>', 'law and article, or the published list of matters, that gives the right')
    .option('--until <date>', 'last day of the grant, YYYY-MM-DD; without it, until revoked')
    .addHelpText(
      'after',
      '\nExample:\n  $ gateway grant add --client market-bureau --item OrganizationPenalty --basis "行政处罚法 第四十八条" --until 2027-12-31',
    )
    .action(({ client: clientId, item, basis, until }: AddOptions) =>
      withGateway(open, async ({ grants }) => {
        process.stdout.write(`${await grants.add({ clientId, item, basis, until })}\n`);
        note(`The grant holds from ${clientId}'s next request on; its id stands on standard output.`);
        if (until !== undefined && until < today()) note(`It ended on ${until} and opens nothing.`);
      }),
    );

  grant
    .command('revoke')
    .argument('[grant]', 'the id that `grant add` printed and `grant list` shows')
    .description('ends a grant from the next request on: one by its id, or all of a client for an item')
    .option('--client <id>', 'the department, with --item')
    .option('--item <item>', 'the item: its code or type name, with --client')
    .addHelpText(
      'after',
      '\nExamples:\n  $ gateway grant revoke 0f5e0c7c-5d0b-4d5e-9a63-3a0d0c1b2a11\n  $ gateway grant revoke --client market-bureau --item OrganizationPenalty',
    )
    .action((id: string | undefined, { client: clientId, item }: { client?: string; item?: string }) =>
      withGateway(open, async ({ grants }) => {
        if (id !== undefined) note((await grants.revoke(id)) ? `Grant ${id} is revoked.` : `Grant ${id} was revoked already.`);
        else if (clientId !== undefined && item !== undefined) {
          for (const ended of await grants.revokeAll({ clientId, item })) note(`Grant ${ended} is revoked.`);
        } else throw new OperatorError('Name the grant: by its id, or with both --client and --item.');
      }),
    );

  grant
    .command('list')
    .description('shows all grants, live or not')
    .option('--client <id>', 'of this client only')
    .option('--json', 'as one JSON array')
    .addHelpText('after', '\nExample:\n  $ gateway grant list --client market-bureau')
    .action(({ client: clientId, json }: { client?: string; json?: true }) =>
      withGateway(open, async ({ grants }) => {
        const list = await grants.list({ clientId });
        if (json === true) {
          process.stdout.write(`${JSON.stringify(list, null, 2)}\n`);
          return;
        }
        const rows = list.map((row) => [row.id, row.clientId, row.itemCode, row.state, row.until ?? '-', row.basis]);
        process.stdout.write(table(['ID', 'CLIENT', 'ITEM', 'STATE', 'UNTIL', 'BASIS'], rows));
      }),
    );
}
