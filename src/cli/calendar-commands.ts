/** `gateway calendar …`: the holiday calendar by which working days are counted. */
import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { OperatorError } from '../errors.ts';
import { parseCalendar } from '../statistics/index.ts';
import type { HolidayCalendar } from '../statistics/index.ts';
import { table } from './table.ts';
import { note, withGateway } from './with-gateway.ts';

interface OpenedGateway {
  readonly calendar: HolidayCalendar;
  close(): Promise<void>;
}

export function registerCalendarCommands(program: Command, open: () => Promise<OpenedGateway>): void {
  const calendar = program
    .command('calendar')
    .description('the holiday calendar by which working days are counted (法定节假日及调休)');

  calendar
    .command('import')
    .argument('<file>', 'CSV with the header day,working,name: days off, and weekend days that are worked')
    .description('puts the file’s days in the place of what their years had, and counts afresh what that changes')
    .addHelpText(
      'after',
      `
Days that are not in the file are what their day of the week says: Monday to Friday are worked.

Example:
  $ cat 2027.csv
  day,working,name
  2027-01-01,false,元旦
  2027-02-20,true,春节调休
  $ gateway calendar import 2027.csv`,
    )
    .action(async (file: string) => {
      const days = parseCalendar(await textOf(file));
      await withGateway(open, async ({ calendar: holidays }) => {
        const { years, recounted } = await holidays.import(days);
        process.stdout.write(`${days.length} days of ${years.join(', ')} (已导入). ${recounted} entries counted afresh.\n`);
        note(`Look at them with: gateway calendar show ${years[0] ?? ''}`);
      });
    });

  calendar
    .command('show')
    .argument('<year>', 'for instance 2026', yearNumber)
    .description('lists the days of a year that are not what their day of the week says')
    .addHelpText('after', '\nExample:\n  $ gateway calendar show 2026')
    .action((year: number) =>
      withGateway(open, async ({ calendar: holidays }) => {
        const days = await holidays.show(year);
        if (days.length === 0) {
          note(
            `Nothing is arranged for ${year}: Monday to Friday are worked. Import the year’s arrangement: gateway calendar import FILE`,
          );
          return;
        }
        process.stdout.write(
          table(
            ['day', 'working', 'name'],
            days.map(({ day, working, name }) => [day, working ? 'true' : 'false', name]),
          ),
        );
      }),
    );
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new OperatorError(`${file} cannot be read (无法读取文件).`, { cause: error });
  }
}

function yearNumber(text: string): number {
  if (!/^2[01]\d\d$/.test(text)) throw new InvalidArgumentError('Give a year, for instance 2026.');
  return Number(text);
}
