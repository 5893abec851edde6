import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Command } from 'commander';
import { registerAuthorizationCommands } from '../../src/cli/authorization-commands.ts';
import { registerClientCommands } from '../../src/cli/client-commands.ts';
import { registerGrantCommands } from '../../src/cli/grant-commands.ts';
import { OperationSafelist } from '../../src/clients/index.ts';
import { table } from '../../src/cli/table.ts';
import { registerTokenCommands } from '../../src/cli/token-command.ts';
import { type ClientsTestbed, type Instance, LICENSE, openClientsTestbed, PENALTY } from './clients-testbed.ts';

let testbed: ClientsTestbed;
let instance: Instance;
let open = 0;
let closed = 0;

beforeAll(async () => {
  testbed = await openClientsTestbed();
  instance = await testbed.instance();
});
afterAll(() => testbed.close());
beforeEach(() => {
  open = 0;
  closed = 0;
});

interface Outcome {
  readonly out: string;
  readonly err: string;
  readonly error: unknown;
}

/** Runs one command line in this process, as the program would, and tells what it wrote where. */
async function gateway(...args: string[]): Promise<Outcome> {
  const program = new Command('gateway').exitOverride();
  const { clients, grants, authorizations } = instance;
  const opening = () => {
    open += 1;
    return Promise.resolve({
      clients,
      grants,
      authorizations,
      safelists: new OperationSafelist(instance.prisma),
      tokens: instance.tokens(),
      close: () => Promise.resolve(void (closed += 1)),
    });
  };
  for (const register of [registerClientCommands, registerGrantCommands, registerAuthorizationCommands, registerTokenCommands])
    register(program, opening);
  const written = { out: '', err: '' };
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((written.out += String(text)), true)),
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((written.err += String(text)), true)),
  ];
  let error: unknown = null;
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    error = thrown;
  } finally {
    spies.forEach((spy) => spy.mockRestore());
  }
  return { ...written, error };
}

async function succeed(...args: string[]): Promise<Outcome> {
  const outcome = await gateway(...args);
  expect(outcome.error).toBeNull();
  expect([open, closed]).toEqual([1, 1]);
  return outcome;
}

describe('client', () => {
  it('add prints the secret alone on standard output, and the rest elsewhere', async () => {
    const { out, err } = await succeed(
      'client',
      'add',
      '--id',
      'dept',
      '--kind',
      'DEPARTMENT',
      '--name',
      '市场监督管理局',
      '--items',
      `OrganizationPenalty，${LICENSE}`,
    );
    expect(out).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
    expect(err).toMatch(/dept is registered/);
    expect(err).not.toContain(out.trim());
    expect((await instance.clients.authenticate('dept', out.trim()))?.items).toEqual([PENALTY, LICENSE]);
  });

  it('add closes the gateway and prints no secret when the client is refused', async () => {
    const { out, error } = await gateway('client', 'add', '--id', 'agency', '--kind', 'CREDIT_AGENCY', '--name', 'x');
    expect(error).toMatchObject({ name: 'OperatorError', message: expect.stringMatching(/--license/) });
    expect([out, open, closed]).toEqual(['', 1, 1]);
  });

  it('add says when a licence has passed already', async () => {
    const { err } = await succeed(
      'client',
      'add',
      '--id',
      'old-agency',
      '--kind',
      'CREDIT_AGENCY',
      '--name',
      'x',
      '--license',
      '1',
      '--license-until',
      '2020-01-01',
    );
    expect(err).toMatch(/2020-01-01[^]*LICENSE_EXPIRED/);
  });

  it.each([
    [
      'a kind that does not exist',
      ['client', 'add', '--id', 'x', '--kind', 'BANK', '--name', 'x'],
      /Allowed choices are DEPARTMENT/,
    ],
    ['a missing option', ['client', 'add', '--id', 'x', '--kind', 'DASHBOARD'], /--name/],
    ['a missing argument', ['client', 'suspend'], /missing required argument/],
  ])('names %s without opening the gateway', async (_, args, message) => {
    const { err, error } = await gateway(...args);
    expect(error).toMatchObject({ exitCode: 1 });
    expect([err, open]).toEqual([expect.stringMatching(message), 0]);
  });

  it('list shows the clients, for people and for programs', async () => {
    expect((await succeed('client', 'list')).out).toMatch(/^ID +KIND[^\n]*\n(.*\n)*dept +DEPARTMENT +active/);
    open = closed = 0;
    expect(JSON.parse((await succeed('client', 'list', '--json')).out)).toContainEqual(
      expect.objectContaining({ id: 'dept', suspended: false }),
    );
  });

  it('suspend, resume, rotate-secret and renew do what they say', async () => {
    expect(await succeed('client', 'suspend', 'dept')).toMatchObject({ out: '', err: expect.stringMatching(/is suspended/) });
    expect((await instance.clients.get('dept')).suspended).toBe(true);
    await gateway('client', 'resume', 'dept');
    expect((await instance.clients.get('dept')).suspended).toBe(false);
    const { out } = await gateway('client', 'rotate-secret', 'dept');
    expect((await instance.clients.authenticate('dept', out.trim()))?.id).toBe('dept');
    await gateway('client', 'renew', 'old-agency', '--license-until', '2031-12-31');
    expect((await instance.clients.get('old-agency')).licenseUntil).toBe('2031-12-31');
  });
});

describe('grant and authorization', () => {
  it.each([
    ['grant', ['--item', 'OrganizationPenalty', '--basis', '法']],
    [
      'authorization',
      ['--subject', '150100199001010024', '--items', 'OrganizationPenalty', '--purpose', '贷前审查', '--until', '2099-12-31'],
    ],
  ])('%s add prints the id that revoke takes', async (command, options) => {
    const { out } = await succeed(command, 'add', '--client', 'dept', ...options);
    const id = out.trim();
    expect(out).toBe(`${id}\n`);
    const states = async () =>
      (JSON.parse((await gateway(command, 'list', '--client', 'dept', '--json')).out) as { id: string; state: string }[]).map(
        (row) => [row.id, row.state],
      );
    expect(await states()).toEqual([[id, 'LIVE']]);
    expect((await gateway(command, 'revoke', id)).err).toMatch(/is revoked/);
    expect(await states()).toEqual([[id, 'REVOKED']]);
    const people = await gateway(command, 'list');
    expect(people.out).toContain(id);
    expect(people.out).not.toContain('150100199001010024');
    expect((await gateway(command, 'revoke', 'nothing')).error).toMatchObject({
      name: 'OperatorError',
      message: expect.stringMatching(`${command} list`),
    });
  });

  it.each([
    ['grant', ['--item', 'OrganizationPenalty', '--basis', '法'], ['--item', 'OrganizationPenalty']],
    [
      'authorization',
      ['--subject', '150100199001010024', '--items', 'OrganizationPenalty', '--purpose', '贷前审查', '--until', '2099-12-31'],
      ['--subject', '150100199001010024'],
    ],
  ])('%s revoke also takes whom it concerns, and ends all of them', async (command, options, concerned) => {
    const ids = [];
    for (let round = 0; round < 2; round += 1) {
      ids.push((await gateway(command, 'add', '--client', 'dept', ...options)).out.trim());
    }
    const { err, error } = await gateway(command, 'revoke', '--client', 'dept', ...concerned);
    expect(error).toBeNull();
    for (const id of ids) expect(err).toContain(id);
    expect((await gateway(command, 'revoke', '--client', 'dept', ...concerned)).error).toMatchObject({ name: 'OperatorError' });
    expect((await gateway(command, 'revoke', '--client', 'dept')).error).toMatchObject({ name: 'OperatorError' });
  });

  it('list is an empty array for programs when there is nothing', async () => {
    for (const command of ['grant', 'authorization']) {
      expect(JSON.parse((await gateway(command, 'list', '--client', 'old-agency', '--json')).out)).toEqual([]);
    }
  });

  it('add says when the last day has passed', async () => {
    expect(
      (await gateway('grant', 'add', '--client', 'dept', '--item', PENALTY, '--basis', '法', '--until', '2020-01-01')).err,
    ).toMatch(/ended on 2020-01-01/);
  });
});

describe('token and keys', () => {
  it.each([
    [[], 3_600],
    [['--ttl', '30s'], 30],
    [['--ttl', '15m'], 900],
    [['--ttl', '1d'], 86_400],
  ])('token prints a token and nothing else %j', async (options, seconds) => {
    const { out, err } = await succeed('token', 'dept', ...options);
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(err).toBe('');
    const { exp, iat } = JSON.parse(Buffer.from(out.split('.')[1] ?? '', 'base64url').toString()) as { exp: number; iat: number };
    expect(exp - iat).toBe(seconds);
    expect(await instance.tokens().verify(out.trim())).toEqual({ clientId: 'dept' });
  });

  it.each(['25h', '2d', '0s', '1w', '-1h', '1.5h', 'soon', ''])('token refuses to live %j', async (ttl) => {
    expect((await gateway('token', 'dept', '--ttl', ttl)).error).toMatchObject({
      name: 'OperatorError',
      message: expect.stringMatching(/--ttl/),
    });
    expect(open).toBe(0);
  });

  it('token names a client that does not exist', async () => {
    const { out, error } = await gateway('token', 'ghost');
    expect([out, error]).toEqual([
      '',
      expect.objectContaining({ name: 'OperatorError', message: expect.stringMatching(/“ghost”/) }),
    ]);
  });

  it('token warns when the client is refused for now', async () => {
    await instance.clients.suspend('dept');
    expect((await succeed('token', 'dept')).err).toMatch(/CLIENT_SUSPENDED/);
    await instance.clients.resume('dept');
  });

  it('keys rotate prints the id of the key that signs from now on', async () => {
    const kid = (await succeed('keys', 'rotate')).out.trim();
    const { out } = await gateway('token', 'dept');
    expect(JSON.parse(Buffer.from(out.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({ kid });
  });
});

describe('help', () => {
  it.each<string[]>([
    ['client', 'add'],
    ['client', 'list'],
    ['client', 'suspend'],
    ['client', 'resume'],
    ['client', 'rotate-secret'],
    ['client', 'renew'],
    ['grant', 'add'],
    ['grant', 'revoke'],
    ['grant', 'list'],
    ['authorization', 'add'],
    ['authorization', 'revoke'],
    ['authorization', 'list'],
    ['token'],
    ['keys', 'rotate'],
  ])('of %j shows an example', async (...command) => {
    const { out } = await gateway(...command, '--help');
    expect(out).toMatch(/Examples?:\n +\$ /);
  });
});

describe('tables', () => {
  it('line up columns with Chinese text', () => {
    expect(
      table(
        ['A', 'B'],
        [
          ['中文', 'x'],
          ['abc', 'y'],
        ],
      ),
    ).toBe('A     B\n中文  x\nabc   y\n');
  });
});
