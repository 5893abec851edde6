import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeEntryId } from '../../src/entries/index.ts';
import { runGateway, type CommandResult } from '../testkit/command-line.ts';
import { csv, GivenIntake, PENALTY } from './given-intake.ts';

let given: GivenIntake;
beforeAll(async () => {
  given = await GivenIntake.open();
});
afterAll(() => given.close());

const run = (...args: string[]): Promise<CommandResult> => runGateway(args, { DATABASE_URL: given.test.url });

describe('the import command', () => {
  it('ends with one line on standard output, and says on standard error where the rejects are', async () => {
    const path = await given.file(csv([PENALTY, { ...PENALTY, fineAmount: '五万' }]));
    const rejects = `${path}.mend.csv`;
    const result = await run('import', 'OrganizationPenalty', path, '--rejects', rejects);
    expect(result).toMatchObject({ code: 0, stdout: '1 accepted, 0 updated, 0 unchanged, 1 rejected\n' });
    expect(result.stderr).toContain(rejects);
    expect(await readFile(rejects, 'utf8')).toContain('BAD_NUMBER');
  });

  it('says of a dry run that nothing was written', async () => {
    const path = await given.file(csv([{ ...PENALTY, penaltyDocNo: '新' }]));
    const result = await run('import', 'OrganizationPenalty', path, '--dry-run');
    expect(result).toMatchObject({ code: 0, stdout: '1 accepted, 0 updated, 0 unchanged, 0 rejected\n' });
    expect(result.stderr).toContain('Dry run');
    expect(await given.rows('credit_records')).toHaveLength(1);
  });

  it('fails on a file that cannot be taken, with a message and no stack', async () => {
    const result = await run('import', 'OrganizationPenalty', `${given.directory}/no-such.csv`);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(/no-such\.csv does not exist/);
    expect(result.stderr).not.toMatch(/ at .*\.js/);
  });
});

describe('the entry commands', () => {
  it('repair an entry, say what it was, and say when there is nothing to do', async () => {
    const [entry] = await given.rows('credit_records');
    const id = encodeEntryId('RECORD', String(entry?.['subject_id']), String(entry?.['id']));
    const repaired = await run('entry', 'status', id, 'repaired', '--reason', '信用修复决定书 12号');
    expect(repaired).toMatchObject({ code: 0, stdout: '' });
    expect(repaired.stderr).toMatch(/was ACTIVE and is REPAIRED now/);
    expect((await run('entry', 'status', id, 'REPAIRED', '--reason', '再次')).stderr).toMatch(
      /REPAIRED already; nothing was changed/,
    );
    expect((await run('entry', 'dispute', id, 'on', '--reason', '异议 3')).stderr).toMatch(/marked as disputed now/);
    expect((await given.rows('credit_records'))[0]).toMatchObject({ status: 'REPAIRED', disputed: true });
  });

  it('fail on an id of nothing, an unknown status, a missing reason', async () => {
    for (const args of [
      ['status', 'nothing', 'ACTIVE', '--reason', 'x'],
      ['status', 'nothing', 'GONE', '--reason', 'x'],
      ['dispute', 'nothing', 'on'],
    ]) {
      const result = await run('entry', ...args);
      expect(result.code).not.toBe(0);
      expect(result.stderr).not.toMatch(/ at .*\.js/);
    }
  });
});
