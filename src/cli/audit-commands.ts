/** `gateway audit …`: the read log (查询日志), which only these commands and administrators read, and nobody edits. */
import { once } from 'node:events';
import type { KeyObject } from 'node:crypto';
import { InvalidArgumentError, type Command } from 'commander';
import type * as Audit from '../audit/index.ts';
import type { AccessHistoryEntry, Finding, Verified } from '../audit/index.ts';
import { parseDay } from '../calendar.ts';
import { readConfig, type Config } from '../config.ts';
import { OperatorError } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import { normalizeIdentifier, subjectIdentifier } from '../identifiers/index.ts';
import { table } from './table.ts';
import { note, withGateway } from './with-gateway.ts';

type OpenedGateway = Pick<Gateway, 'config' | 'database' | 'keys' | 'catalogs' | 'close'>;
type Open = () => Promise<OpenedGateway>;

// Loaded by the commands that need it: help is answered at once.
const load = (): Promise<typeof Audit> => import('../audit/index.ts');

export function registerAuditCommands(program: Command, open: Open): void {
  const audit = program.command('audit').description('the read log: who read whose data, when, what for (查询日志)');

  audit
    .command('verify')
    .description('follows the chains of the log and names every event that was edited, deleted, inserted or moved')
    .option('--file <file>', 'an export instead of the database; with MASTER_KEY set, no database is needed')
    .addHelpText('after', '\nExample:\n  $ gateway audit verify\n  $ MASTER_KEY=… gateway audit verify --file reads-2026.ndjson')
    .action(({ file }: { file?: string }) => (file === undefined ? verifyHere(open) : verifyExport(open, file)));

  audit
    .command('export')
    .description('writes the log to standard output, one JSON object a line: a head, checkpoints, events, an end')
    .option('--from <date>', 'first day, YYYY-MM-DD', day)
    .option('--to <date>', 'last day, YYYY-MM-DD', day)
    .addHelpText('after', '\nExample:\n  $ gateway audit export --from 2026-11-01 --to 2026-11-30 > reads-2026-11.ndjson')
    .action(({ from, to }: { from?: string; to?: string }) =>
      withGateway(open, async ({ database, keys }) => {
        const { exportTrail } = await load();
        const events = await exportTrail(database.pool, keys.readLogKey(), { from: from ?? null, to: to ?? null }, writeLine);
        note(`${String(events)} events are written. Check the file anywhere: gateway audit verify --file FILE`);
      }),
    );

  audit
    .command('subject')
    .argument('<code>', 'unified social credit code or ID number')
    .description("who read this subject's data, newest first; never what the data said")
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample:\n  $ gateway audit subject 91150102MAY0A0011F')
    .action((code: string, { json }: { json?: true }) =>
      withGateway(open, (gateway) => showSubject(gateway, code, json === true)),
    );

  audit
    .command('alerts')
    .description('what the watch over the log found, newest first')
    .option('--client <id>', 'of this client only')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample:\n  $ gateway audit alerts --client agency-1')
    .action(({ client, json }: { client?: string; json?: true }) =>
      withGateway(open, (gateway) => showAlerts(gateway, client ?? null, json === true)),
    );

  audit
    .command('prune')
    .description('drops whole months that are older than AUDIT_RETENTION_YEARS, and records that it did')
    .option('--dry-run', 'only shows what would be dropped')
    .addHelpText('after', '\nExample:\n  $ gateway audit prune --dry-run')
    .action(({ dryRun }: { dryRun?: true }) =>
      withGateway(open, async ({ config, database, keys }) => {
        const { pruneTrail } = await load();
        const years = config.audit.retentionYears;
        const months = await pruneTrail(database.pool, keys.readLogKey(), years, { dryRun: dryRun === true });
        for (const { month, events } of months) process.stdout.write(`${month.slice(0, 7)}\t${String(events)}\n`);
        const done = dryRun === true ? 'would be dropped' : 'were dropped';
        note(months.length === 0 ? `No month is older than ${String(years)} years.` : `${String(months.length)} months ${done}.`);
      }),
    );
}

function verifyHere(open: Open): Promise<void> {
  return withGateway(open, async ({ database, keys }) => {
    const { verifyDatabase } = await load();
    const { count, onFinding } = printed();
    conclude(await verifyDatabase(database.pool, keys.readLogKey(), onFinding), count(), true);
  });
}

async function verifyExport(open: Open, file: string): Promise<void> {
  const { verifyFile } = await load();
  const { count, onFinding } = printed();
  const verified = await verifyFile(file, await readLogKey(open, readConfig()), onFinding);
  conclude(verified, count(), verified.whole);
}

/** From MASTER_KEY alone where it is set. A database without one of its own keeps its key itself, and must be asked. */
async function readLogKey(open: Open, config: Config): Promise<KeyObject> {
  if (config.masterKey !== null) {
    const { createKeyRing } = await import('../keys/index.ts');
    return createKeyRing(config.masterKey).readLogKey();
  }
  const gateway = await open();
  const key = gateway.keys.readLogKey();
  await gateway.close();
  return key;
}

/** Findings as they come, to standard output: there may be millions. */
function printed(): { readonly count: () => number; readonly onFinding: (finding: Finding) => void } {
  let found = 0;
  return {
    count: () => found,
    onFinding: ({ kind, chain, text }) => {
      found += 1;
      process.stdout.write(`${kind}\t${chain}\t${text}\n`);
    },
  };
}

/** @throws OperatorError where anything was found, so that the command fails */
function conclude({ events, chains, checkpoints, open }: Verified, findings: number, whole: boolean): void {
  const looked = `${String(events)} events in ${String(chains)} chains, ${String(checkpoints)} checkpoints`;
  for (const chain of open) {
    note(
      `${chain} has no last checkpoint: its server is running, or was killed; its tail is vouched for by the next one to start.`,
    );
  }
  if (!whole) note('The file is a part of the log: what may be missing outside of it was not judged.');
  if (findings > 0) throw new OperatorError(`The log was tampered with: ${String(findings)} findings (${looked}).`);
  note(`Whole and unchanged: ${looked}.`);
}

async function showSubject({ database, keys, catalogs }: OpenedGateway, code: string, asJson: boolean): Promise<void> {
  const named = subjectIdentifier(normalizeIdentifier(code));
  if (named === null) throw new OperatorError('This is neither a unified social credit code nor an ID number.');
  const { AccessHistory } = await load();
  const history = new AccessHistory(
    async (text, values) => (await database.pool.query<Record<string, unknown>>(text, [...values])).rows,
  );
  const catalog = await catalogs.current();
  const names = new Map((catalog?.items ?? []).map((item) => [item.code, item.nameZh]));
  const rows: string[][] = [];
  for await (const entry of history.all(keys.subjectId(named.identifier))) {
    if (asJson) await writeLine(JSON.stringify(entry));
    else rows.push(cells(entry, names));
  }
  if (asJson) return;
  process.stdout.write(table(['TIME', 'CLIENT', 'KIND', 'OUTCOME', 'MATTER', 'PURPOSE', 'ITEMS'], rows));
  if (rows.length === 0) note('Nobody has read this subject’s data since the log began.');
}

function cells(
  { at, client, outcome, matter, purpose, items, bulk }: AccessHistoryEntry,
  names: ReadonlyMap<string, string>,
): string[] {
  const about = items.map(({ code, clear, masked }) => {
    const given = [`${String(clear.length)} clear`, ...(masked.length > 0 ? [`${String(masked.length)} masked`] : [])].join(', ');
    return `${names.get(code) ?? code} (${given})`;
  });
  const which = about.join('; ');
  return [shanghai(at), client.id, client.kind, outcome, matter ?? '', purpose ?? '', bulk ? `whole items: ${which}` : which];
}

async function showAlerts({ database }: OpenedGateway, client: string | null, asJson: boolean): Promise<void> {
  const { readAlerts } = await load();
  const rows: string[][] = [];
  for (const alert of await readAlerts(database.pool, client)) {
    if (asJson) await writeLine(JSON.stringify(alert));
    else
      rows.push([
        shanghai(alert.at),
        alert.rule,
        alert.clientId,
        String(alert.count),
        String(alert.threshold),
        alert.fields.join(', '),
      ]);
  }
  if (!asJson) process.stdout.write(table(['SINCE', 'RULE', 'CLIENT', 'COUNT', 'THRESHOLD', 'FIELDS'], rows));
  if (!asJson && rows.length === 0) note('The watch has found nothing.');
}

/** In the region's time, to the second. */
function shanghai(at: Date): string {
  return new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** Waits where the reader of standard output is slower than the database. */
async function writeLine(text: string): Promise<void> {
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
}

function day(text: string): string {
  const parsed = parseDay(text);
  if (parsed === null) throw new InvalidArgumentError('a day is written YYYY-MM-DD');
  return parsed;
}
