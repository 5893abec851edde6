/** `gateway catalog …`: checks, publishes, compares, shows and rolls back the catalog (目录). */
import { basename } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { catalogFromDocument, checkSheet, isSame, itemsConcerned, NO_CATALOG, readSheet } from '../catalog/index.ts';
import type { CatalogService, Published } from '../catalog/index.ts';
import type { Catalog, CatalogDocument } from '../catalog/model.ts';
import type { PrismaClient } from '../db/index.ts';
import { OperatorError } from '../errors.ts';
import { catalogImpact } from './catalog-impact.ts';
import { itemsTable, itemTables, versionsTable } from './catalog-tables.ts';
import { describeDifference } from './difference-words.ts';
import { findingsTable } from './findings-table.ts';
import { note, withGateway } from './with-gateway.ts';

interface OpenedGateway {
  readonly catalogs: CatalogService;
  readonly database: { readonly prisma: PrismaClient };
  close(): Promise<void>;
}

interface ShowOptions {
  readonly version?: number;
  readonly item?: string;
  readonly json?: true;
}

const SHEETS = 'CSV (UTF-8 or GB18030) or XLSX';

export function registerCatalogCommands(program: Command, open: () => Promise<OpenedGateway>): void {
  const catalog = program.command('catalog').description('the catalog that decides, field by field, who may see what (目录)');

  catalog
    .command('check')
    .argument('<file>', `catalog sheet, ${SHEETS}`)
    .description('checks a sheet whole and lists every finding; needs no database')
    .addHelpText('after', '\nExample:\n  $ gateway catalog check catalog-2027.xlsx')
    .action(async (file: string) => {
      const { items } = await documentOfFile(file);
      const fields = items.reduce((sum, item) => sum + item.fields.length, 0);
      process.stdout.write(`${basename(file)}: no findings in ${items.length} items with ${fields} fields (没有问题).\n`);
    });

  catalog
    .command('publish')
    .argument('<file>', `catalog sheet, ${SHEETS}`)
    .description('checks a sheet and makes it the current catalog; running gateways follow at once')
    .option('--dry-run', 'only say what would change, and for how many entries and clients')
    .addHelpText(
      'after',
      '\nExample:\n  $ gateway catalog publish catalog-2027.xlsx --dry-run\n  $ gateway catalog publish catalog-2027.xlsx',
    )
    .action(async (file: string, { dryRun }: { readonly dryRun?: true }) => {
      const document = await documentOfFile(file);
      await withGateway(open, async (gateway) => {
        if (dryRun === true) await rehearse(gateway, document, basename(file));
        else report(await gateway.catalogs.publish(document, basename(file)), `${basename(file)} says`);
      });
    });

  catalog
    .command('diff')
    .argument('<a>', 'a catalog sheet, or the number of a published version')
    .argument('[b]', 'likewise')
    .description('says in words what changes from A to B: what opens, what closes, for which kind of client')
    .addHelpText(
      'after',
      `
With A and B: from A to B.
With A alone, the older one comes first all the same: a file is compared as what would follow the
current version, a number as what came before it. The first line of the answer says which is which.
Two files need no database. A file whose name is a number is written as ./7

Examples:
  $ gateway catalog diff catalog-2027.csv          what publishing the sheet would change
  $ gateway catalog diff 3                         what has changed since version 3
  $ gateway catalog diff 3 5
  $ gateway catalog diff catalog-2026.csv catalog-2027.csv`,
    )
    .action(async (a: string, b: string | undefined) => {
      const compare = async (source: CatalogService | null): Promise<void> => {
        const [from, to] = await sides(a, b, source);
        process.stdout.write(describeDifference(from.catalog, from.name, to.catalog, to.name).text);
      };
      if (b !== undefined && !isVersion(a) && !isVersion(b)) await compare(null);
      else await withGateway(open, ({ catalogs }) => compare(catalogs));
    });

  catalog
    .command('show')
    .description('shows the current catalog, or an earlier version, or one item of it')
    .option('--version <n>', 'an earlier version', versionNumber)
    .option('--item <item>', 'one item with all its fields: a code or type name')
    .option('--json', 'as one JSON value')
    .addHelpText(
      'after',
      '\nExample:\n  $ gateway catalog show --item OrganizationPenalty\n  $ gateway catalog show --version 1 --json',
    )
    .action((options: ShowOptions) => withGateway(open, ({ catalogs }) => show(catalogs, options)));

  catalog
    .command('rollback')
    .argument('<n>', 'the version to return to', versionNumber)
    .description('publishes what version N says as a new version; no version is ever removed')
    .addHelpText('after', '\nExample:\n  $ gateway catalog rollback 3')
    .action((n: number) => withGateway(open, async ({ catalogs }) => report(await catalogs.rollback(n), `Version ${n} says`)));
}

/** @throws OperatorError after printing all findings, when there are any */
async function documentOfFile(file: string): Promise<CatalogDocument> {
  const { document, findings } = checkSheet(await readSheet(file));
  if (document !== null) return document;
  process.stdout.write(findingsTable(findings));
  throw new OperatorError(
    `${basename(file)}: ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'} (${findings.length} 处问题). Mend the sheet and try again.`,
  );
}

async function rehearse({ catalogs, database }: OpenedGateway, document: CatalogDocument, file: string): Promise<void> {
  const current = (await catalogs.current()) ?? NO_CATALOG;
  const next = catalogFromDocument(current.version + 1, new Date(), file, document);
  const { difference, access, text } = describeDifference(current, nameOf(current), next, file);
  process.stdout.write(text);
  if (!isSame(difference)) {
    const { rows, clients } = await catalogImpact(database.prisma, itemsConcerned(difference), access);
    const who = clients.length === 0 ? '' : `: ${clients.join(', ')}`;
    process.stdout.write(
      `\nConcerns / 涉及\n  ${rows} stored entries and subjects of the items above / 已入库信息 ${rows} 条\n  ${clients.length} clients / 接入方 ${clients.length} 个${who}\n`,
    );
  }
  note(`Nothing was published: this was a rehearsal. Publish with: catalog publish ${file}`);
}

function report({ catalog, changed, previous }: Published, whose: string): void {
  if (!changed) {
    process.stdout.write(`Nothing changed (没有变化): ${whose} what version ${catalog.version} says.\n`);
    return;
  }
  const fields = catalog.items.reduce((sum, item) => sum + item.fields.length, 0);
  process.stdout.write(
    `Published catalog version ${catalog.version} (已发布版本 ${catalog.version}): ${catalog.items.length} items with ${fields} fields.\n`,
  );
  if (previous !== null)
    note(
      `Running gateways follow at once. What changed: catalog diff ${previous.version} ${catalog.version}. To undo: catalog rollback ${previous.version}.`,
    );
  else note('Next: import the departments’ files (import --help) and register clients (client add --help).');
}

interface Side {
  readonly catalog: Catalog;
  readonly name: string;
}

/** The two catalogs, the earlier one first. */
async function sides(a: string, b: string | undefined, source: CatalogService | null): Promise<readonly [from: Side, to: Side]> {
  const first = await sideOf(a, source);
  if (b !== undefined) return [first, await sideOf(b, source)];
  const current = (await source?.current()) ?? NO_CATALOG;
  const now = { catalog: current, name: nameOf(current) };
  return isVersion(a) ? [first, now] : [now, first];
}

async function sideOf(argument: string, source: CatalogService | null): Promise<Side> {
  if (source !== null && isVersion(argument)) {
    const catalog = await source.version(Number(argument));
    return { catalog, name: nameOf(catalog) };
  }
  const file = basename(argument);
  return { catalog: catalogFromDocument(0, new Date(), file, await documentOfFile(argument)), name: file };
}

async function show(catalogs: CatalogService, { version, item, json }: ShowOptions): Promise<void> {
  const catalog = version === undefined ? await catalogs.current() : await catalogs.version(version);
  if (catalog === null)
    throw new OperatorError('No catalog has been published yet (尚未发布目录). Publish one: catalog publish FILE.');
  const found = item === undefined ? undefined : catalog.item(item);
  if (item !== undefined && found === undefined) {
    throw new OperatorError(
      `Catalog version ${catalog.version} has no item ${item} (没有该目录项目). \`catalog show\` lists codes and type names.`,
    );
  }
  if (json === true) {
    const { publishedAt, source, items } = catalog;
    const whole = { version: catalog.version, publishedAt: publishedAt.toISOString(), source, items };
    process.stdout.write(`${JSON.stringify(found ?? whole, null, 2)}\n`);
    return;
  }
  note(`Catalog ${nameOf(catalog)}, published ${catalog.publishedAt.toISOString()}`);
  process.stdout.write(
    found === undefined ? `${itemsTable(catalog)}\n${versionsTable(await catalogs.versions())}` : itemTables(found),
  );
}

function nameOf(catalog: Catalog): string {
  return catalog.version === 0 ? 'nothing published' : `version ${catalog.version} (${catalog.source})`;
}

function isVersion(argument: string): boolean {
  return /^\d+$/.test(argument);
}

function versionNumber(text: string): number {
  if (!isVersion(text)) throw new InvalidArgumentError('A version is a number; `catalog show` lists them.');
  return Number(text);
}
