/** `gateway entry …`: what happens to an entry after it came in. */
import { Argument, type Command } from 'commander';
import { ENTRY_STATUSES } from '../access/model.ts';
import type { EntryStatusService } from '../entries/index.ts';
import { note, withGateway } from './with-gateway.ts';

interface OpenedGateway {
  readonly entries: EntryStatusService;
  close(): Promise<void>;
}

export function registerEntryCommands(program: Command, open: () => Promise<OpenedGateway>): void {
  const entry = program.command('entry').description('repair, withdrawal and objection of single entries (信用修复、撤销、异议)');

  entry
    .command('status')
    .argument('<id>', "the entry's id in the API")
    .addArgument(
      new Argument('<status>', 'ACTIVE, REPAIRED (信用修复) or WITHDRAWN (撤销)').argParser((word) => word.toUpperCase()),
    )
    .requiredOption('--reason <text>', 'why, for instance the number of the repair decision; kept with the change')
    .description('changes the status of an entry; the past stays on record')
    .addHelpText('after', '\nExample:\n  $ gateway entry status UhFx…Q REPAIRED --reason "信用修复决定书 内信修〔2026〕12号"')
    .action((id: string, status: string, { reason }: { reason: string }) =>
      withGateway(open, async ({ entries }) => {
        const { changed, before } = await entries.changeStatus(id, status, reason);
        note(
          changed
            ? `The entry was ${before.status} and is ${status} now.`
            : `The entry is ${before.status} already; nothing was changed.`,
        );
        if (changed && status !== ENTRY_STATUSES[0])
          note('From now on only its provider sees it. To undo: entry status ID ACTIVE --reason TEXT');
      }),
    );

  entry
    .command('dispute')
    .argument('<id>', "the entry's id in the API")
    .addArgument(
      new Argument('<on|off>', 'on: an objection is being verified (异议处理中); off: it is settled').choices(['on', 'off']),
    )
    .requiredOption('--reason <text>', 'why, for instance the number of the objection; kept with the change')
    .description('marks an entry as disputed, or ends the mark')
    .addHelpText('after', '\nExample:\n  $ gateway entry dispute UhFx…Q on --reason "异议申请 2026-0031"')
    .action((id: string, state: string, { reason }: { reason: string }) =>
      withGateway(open, async ({ entries }) => {
        const { changed } = await entries.setDispute(id, state === 'on', reason);
        const is = state === 'on' ? 'marked as disputed' : 'not disputed';
        note(changed ? `The entry is ${is} now.` : `The entry is ${is} already; nothing was changed.`);
      }),
    );
}
