/** `gateway client limits` and `gateway client safelist`: how much one client may ask, and which operations. */
import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { GraphQLError, Kind, parse } from 'graphql';
import type { ClientRegistry, ClientSummary } from '../clients/client-registry.ts';
import { sha256Of } from '../clients/operation-safelist.ts';
import type { OperationSafelist } from '../clients/operation-safelist.ts';
import { OperatorError } from '../errors.ts';
import { note, withGateway } from './with-gateway.ts';

interface OpenedGateway {
  readonly clients: ClientRegistry;
  readonly safelists: OperationSafelist;
  close(): Promise<void>;
}

/** `default`: what the client's kind has. Commander does not let a parser give null. */
type Limit = number | 'default';

interface LimitOptions {
  readonly rate?: Limit;
  readonly concurrent?: Limit;
  readonly dailySubjects?: Limit;
}

export function registerClientLimitCommands(client: Command, open: () => Promise<OpenedGateway>): void {
  client
    .command('limits')
    .argument('<id>', 'a client, as `client list` shows it')
    .description('gives a client limits of its own, and shows them; without options it only shows them')
    .option('--rate <number>', 'requests a minute, over all instances', limitNumber)
    .option('--concurrent <number>', 'requests at the same time, on one instance', limitNumber)
    .option('--daily-subjects <number>', 'distinct subjects it may be given on one day, over all instances', limitNumber)
    .addHelpText(
      'after',
      `
Each option takes a number, or "default": what the settings give the client's kind (CLIENT_RATE_PER_MINUTE,
CLIENT_MAX_CONCURRENT, CLIENT_DAILY_SUBJECTS). Running gateways follow at once.

Example:
  $ gateway client limits agency-1 --rate 600 --daily-subjects 5000
  $ gateway client limits agency-1 --daily-subjects default`,
    )
    .action((id: string, { rate, concurrent, dailySubjects }: LimitOptions) =>
      withGateway(open, async ({ clients }) => {
        const given = {
          ...(rate === undefined ? {} : { ratePerMinute: ownLimit(rate) }),
          ...(concurrent === undefined ? {} : { maxConcurrent: ownLimit(concurrent) }),
          ...(dailySubjects === undefined ? {} : { dailySubjects: ownLimit(dailySubjects) }),
        };
        const shown = Object.keys(given).length === 0 ? await clients.get(id) : await clients.setLimits(id, given);
        process.stdout.write(`${limitsText(shown)}\n`);
      }),
    );

  client
    .command('safelist')
    .argument('<id>', 'a client, as `client list` shows it')
    .argument('[files...]', 'GraphQL documents: the text of each file is one operation, byte for byte')
    .option('--clear', 'lets the client send any operation again')
    .description('holds a client to these operations alone, in place of those before')
    .addHelpText(
      'after',
      `
Standard output gets a line for each operation: its SHA-256 and the file. The client sends the same text, or only
  {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "…"}}, "variables": …}
Running gateways follow at once.

Example:
  $ gateway client safelist market-bureau operations/*.graphql
  $ gateway client safelist market-bureau --clear`,
    )
    .action((id: string, files: string[], { clear }: { clear?: true }) =>
      withGateway(open, async ({ safelists }) => {
        if ((clear === true) === files.length > 0) {
          throw new OperatorError('Name the files of the operations, or --clear to let the client send any; not both.');
        }
        const documents = await Promise.all(files.map(readOperation));
        await safelists.set(id, documents);
        documents.forEach((document, index) => process.stdout.write(`${sha256Of(document)}  ${files[index] ?? ''}\n`));
        note(
          clear === true
            ? `Client ${id} may send any operation.`
            : `Client ${id} may send ${documents.length === 1 ? 'this operation' : `these ${String(documents.length)} operations`} and no other.`,
        );
      }),
    );
}

/** A client's own limits in a few words; `-`: what its kind has. */
export function limitsText({ ownLimits, operations }: Pick<ClientSummary, 'ownLimits' | 'operations'>): string {
  const parts = [
    ownLimits.ratePerMinute === null ? '' : `rate=${String(ownLimits.ratePerMinute)}`,
    ownLimits.maxConcurrent === null ? '' : `concurrent=${String(ownLimits.maxConcurrent)}`,
    ownLimits.dailySubjects === null ? '' : `daily-subjects=${String(ownLimits.dailySubjects)}`,
    operations === 0 ? '' : `operations=${String(operations)}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? '-' : parts.join(',');
}

function ownLimit(limit: Limit): number | null {
  return limit === 'default' ? null : limit;
}

function limitNumber(text: string): Limit {
  if (text === 'default') return text;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > 1_000_000_000) {
    throw new InvalidArgumentError('a limit is a whole number from 1, or "default"');
  }
  return number;
}

/** @throws OperatorError for a file that cannot be read, or holds no GraphQL operation: nobody could send it */
async function readOperation(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new OperatorError(`${file} cannot be read. Check its name.`, { cause: error });
  });
  try {
    if (parse(text).definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION)) return text;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new OperatorError(`${file} is no GraphQL document: ${error.message}`, { cause: error });
  }
  throw new OperatorError(`${file} holds no operation.`);
}
