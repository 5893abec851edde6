/** `gateway statistics …`: the summaries that statistics are answered from. */
import type { Command } from 'commander';
import { OperatorError } from '../errors.ts';
import type { StatisticsUpkeep } from '../statistics/index.ts';
import { table } from './table.ts';
import { note, withGateway } from './with-gateway.ts';

interface OpenedGateway {
  readonly statistics: StatisticsUpkeep;
  close(): Promise<void>;
}

export function registerStatisticsCommands(program: Command, open: () => Promise<OpenedGateway>): void {
  const statistics = program.command('statistics').description('the summaries that statistics are answered from (统计汇总)');

  statistics
    .command('check')
    .description('compares the summaries with a full count; gateways and imports may go on')
    .addHelpText('after', '\nExample:\n  $ gateway statistics check')
    .action(() =>
      withGateway(open, async ({ statistics: upkeep }) => {
        const { cells, different, examples } = await upkeep.check();
        if (different === 0) {
          process.stdout.write(`${cells} cells, all as the tables say (汇总与明细一致).\n`);
          return;
        }
        process.stdout.write(
          table(
            ['grain', 'family', 'item', 'month', 'division', 'kept', 'counted'],
            examples.map((cell) => [
              String(cell.grain),
              cell.family,
              cell.item_code,
              cell.month,
              cell.division,
              String(cell.kept),
              String(cell.counted),
            ]),
          ),
        );
        throw new OperatorError(
          `${different} cells differ from the tables (汇总与明细不一致). Mend them with: gateway statistics rebuild`,
        );
      }),
    );

  statistics
    .command('rebuild')
    .description('counts everything afresh; gateways and imports may go on')
    .addHelpText('after', '\nExample:\n  $ gateway statistics rebuild')
    .action(() =>
      withGateway(open, async ({ statistics: upkeep }) => {
        const cells = await upkeep.rebuild();
        process.stdout.write(`${cells} cells (汇总已重建).\n`);
        note('Statistics are answered from them at once, on every instance.');
      }),
    );
}
