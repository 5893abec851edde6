/** `gateway import`: a department's file into the database. */
import { resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import type { ImportProgress, ImportSummary, IntakeService } from '../intake/index.ts';
import { note, withGateway } from './with-gateway.ts';

interface OpenedGateway {
  readonly intake: IntakeService;
  close(): Promise<void>;
}

interface ImportOptions {
  readonly rejects?: string;
  readonly dryRun?: true;
}

/** Between two lines of progress where there is no terminal to draw a bar on. */
const LINE_EVERY_MS = 5_000;

export function registerImportCommand(program: Command, open: () => Promise<OpenedGateway>): void {
  program
    .command('import')
    .argument('<item>', 'catalog code or type name of the item, for instance OrganizationPenalty')
    .argument(
      '<file>',
      'CSV in UTF-8 or GB18030, with comma, semicolon or tab; columns by Chinese name, official code or field key',
    )
    .option('--rejects <file>', 'where rows that cannot be taken go, with what is wrong (default: <input name>.rejects.csv here)')
    .option('--dry-run', 'check the file and write nothing but the rejects file')
    .description("loads a department's file (数据归集)")
    .addHelpText(
      'after',
      '\nThe last line on standard output counts the rows: N accepted (new), N updated, N unchanged, N rejected.\n' +
        'Rows that are wrong stop nothing: mend them in the rejects file and import that file. Importing a file twice changes nothing.\n' +
        '\nExample:\n  $ gateway import OrganizationPenalty penalties.csv --rejects mend.csv',
    )
    .action((item: string, file: string, { rejects, dryRun }: ImportOptions) =>
      withGateway(open, async ({ intake }) => {
        const progress = new Progress();
        let summary: ImportSummary;
        try {
          summary = await intake.importFile({
            item,
            path: file,
            rejectsPath: rejects ?? null,
            dryRun: dryRun === true,
            onProgress: (now) => {
              progress.show(now);
            },
          });
        } finally {
          progress.stop();
        }
        report(summary);
      }),
    );
}

function report({ accepted, updated, unchanged, rejected, rejectsPath, dryRun }: ImportSummary): void {
  if (dryRun) note('Dry run: nothing was written to the database; the counts say what an import would do (试运行，未写入).');
  if (rejectsPath !== null) {
    note(
      `The rejected rows are in ${resolve(rejectsPath)}, each with what is wrong. Mend them there and import that file the same way (修改后可直接重新导入).`,
    );
  }
  if (accepted + updated + unchanged + rejected === 0) note('The file has a header and no rows.');
  process.stdout.write(
    `${String(accepted)} accepted, ${String(updated)} updated, ${String(unchanged)} unchanged, ${String(rejected)} rejected\n`,
  );
}

/** A bar on a terminal, a line now and then elsewhere; on standard error either way. */
class Progress {
  private bar: SingleBar | null = null;
  private lastLine = Date.now();

  show({ bytesRead, bytes, rows }: ImportProgress): void {
    if (process.stderr.isTTY) {
      this.bar ??= startBar(bytes);
      this.bar.update(bytesRead, { rows });
    } else if (Date.now() - this.lastLine >= LINE_EVERY_MS) {
      this.lastLine = Date.now();
      note(`${String(Math.floor((100 * bytesRead) / bytes))} %, ${String(rows)} rows`);
    }
  }

  stop(): void {
    this.bar?.stop();
  }
}

function startBar(bytes: number): SingleBar {
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {rows} rows  {eta_formatted} left',
    stream: process.stderr,
    hideCursor: true,
  });
  bar.start(bytes, 0, { rows: 0 });
  return bar;
}
