/** `gateway client …`: registers clients (接入方), suspends and resumes them, renews secrets and licences. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { CLIENT_KINDS } from '../access/model.ts';
import { today } from '../calendar.ts';
import type { ClientRegistry } from '../clients/client-registry.ts';
import type { OperationSafelist } from '../clients/operation-safelist.ts';
import { limitsText, registerClientLimitCommands } from './client-limit-commands.ts';
import { itemList } from './item-list.ts';
import { table } from './table.ts';
import { note, withGateway } from './with-gateway.ts';

interface OpenedGateway {
  readonly clients: ClientRegistry;
  readonly safelists: OperationSafelist;
  close(): Promise<void>;
}

interface AddOptions {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly orgCode?: string;
  readonly license?: string;
  readonly licenseUntil?: string;
  readonly items?: string[];
}

export function registerClientCommands(program: Command, open: () => Promise<OpenedGateway>): void {
  const client = program.command('client').description('registers the systems that call the API (接入方)');

  client
    .command('add')
    .description('registers a client and prints its secret, this once, alone on standard output')
    .requiredOption('--id <id>', 'how the client is called from now on: letters, digits, dots, hyphens')
    .addOption(new Option('--kind <kind>', 'what it is').choices(CLIENT_KINDS).makeOptionMandatory())
    .requiredOption('--name <name>', 'its full name')
    .option('--org-code <code>', 'its unified social credit code; rows that carry it as source unit are its own')
    .option('--license <number>', 'number of its licence or filing (CREDIT_AGENCY)')
    .option('--license-until <date>', 'last day of that licence, YYYY-MM-DD (CREDIT_AGENCY)')
    .option('--items <items>', 'limits it to these items: codes or type names, separated by commas', itemList)
    .addHelpText(
      'after',
      `
Examples:
  $ gateway client add --id market-bureau --kind DEPARTMENT --name 市场监督管理局 --org-code 11150000MAY100026B
  $ gateway client add --id agency-1 --kind CREDIT_AGENCY --name 某征信有限公司 --license 15001 --license-until 2028-12-31
  $ gateway client add --id dashboard --kind DASHBOARD --name 信用大屏 --items OrganizationPenalty,150000-01-001 > secret.txt

Next: the client asks POST /oauth/token for access tokens with its id and secret.`,
    )
    .action((options: AddOptions) =>
      withGateway(open, async ({ clients }) => {
        const secret = await clients.add(options);
        process.stdout.write(`${secret}\n`);
        note(
          `Client ${options.id} is registered. Its secret stands alone on standard output and is not shown again: keep it safe.`,
        );
        if (options.licenseUntil !== undefined && options.licenseUntil < today()) {
          note(
            `Its licence ended on ${options.licenseUntil}: it is refused with LICENSE_EXPIRED until \`client renew ${options.id}\`.`,
          );
        }
      }),
    );

  client
    .command('list')
    .description('shows all clients')
    .option('--json', 'as one JSON array')
    .addHelpText('after', '\nExample:\n  $ gateway client list --json')
    .action(({ json }: { json?: true }) =>
      withGateway(open, async ({ clients }) => {
        const list = await clients.list();
        if (json === true) {
          process.stdout.write(`${JSON.stringify(list, null, 2)}\n`);
          return;
        }
        const rows = list.map((row) => [
          row.id,
          row.kind,
          row.suspended ? 'suspended' : 'active',
          row.orgCode ?? '-',
          row.license === null ? '-' : `${row.license} until ${row.licenseUntil ?? '?'}`,
          row.items === null ? 'all' : row.items.join(','),
          limitsText(row),
          row.name,
        ]);
        process.stdout.write(table(['ID', 'KIND', 'STATE', 'ORG CODE', 'LICENCE', 'ITEMS', 'LIMITS', 'NAME'], rows));
        if (list.length === 0) note('No client is registered yet: `client add --help`.');
      }),
    );

  client
    .command('suspend')
    .argument('<id>', 'a client, as `client list` shows it')
    .description('refuses all requests of a client from the next one on, on every instance')
    .addHelpText('after', '\nExample:\n  $ gateway client suspend agency-1')
    .action((id: string) =>
      withGateway(open, async ({ clients }) => {
        note(
          (await clients.suspend(id))
            ? `Client ${id} is suspended. \`client resume ${id}\` lets it in again.`
            : `Client ${id} was suspended already.`,
        );
      }),
    );

  client
    .command('resume')
    .argument('<id>', 'a client, as `client list` shows it')
    .description('lets a suspended client in again')
    .addHelpText('after', '\nExample:\n  $ gateway client resume agency-1')
    .action((id: string) =>
      withGateway(open, async ({ clients }) => {
        note((await clients.resume(id)) ? `Client ${id} is let in again.` : `Client ${id} was not suspended.`);
      }),
    );

  client
    .command('rotate-secret')
    .argument('<id>', 'a client, as `client list` shows it')
    .description('replaces a client’s secret and prints the new one, this once, alone on standard output')
    .addHelpText(
      'after',
      '\nExample:\n  $ gateway client rotate-secret agency-1 > secret.txt\n\nAccess tokens issued before stay good until they expire; `client suspend` stops them at once.',
    )
    .action((id: string) =>
      withGateway(open, async ({ clients }) => {
        process.stdout.write(`${await clients.rotateSecret(id)}\n`);
        note(`Client ${id} has a new secret; the old one is refused from now on.`);
      }),
    );

  client
    .command('renew')
    .argument('<id>', 'a credit agency, as `client list` shows it')
    .description('enters the renewed licence of a credit agency')
    .requiredOption('--license-until <date>', 'last day of the licence, YYYY-MM-DD')
    .option('--license <number>', 'its number, where that is another one')
    .addHelpText('after', '\nExample:\n  $ gateway client renew agency-1 --license-until 2031-12-31')
    .action((id: string, { license, licenseUntil }: { license?: string; licenseUntil: string }) =>
      withGateway(open, async ({ clients }) => {
        await clients.renewLicense(id, { license, until: licenseUntil });
        note(`The licence of client ${id} holds until ${licenseUntil}.`);
      }),
    );

  registerClientLimitCommands(client, open);
}
