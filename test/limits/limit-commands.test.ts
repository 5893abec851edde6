import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Command } from 'commander';
import { registerClientCommands } from '../../src/cli/client-commands.ts';
import { ConfigError, readConfig } from '../../src/config.ts';
import { openGateway } from '../../src/gateway.ts';
import type { Gateway } from '../../src/gateway.ts';
import { createTestDatabase } from '../testkit/database.ts';
import type { TestDatabase } from '../testkit/database.ts';

let database: TestDatabase;
let opened: Gateway;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  opened = await openGateway(database.config);
  folder = await mkdtemp(path.join(tmpdir(), 'safelist-'));
  for (const id of ['one', 'two']) await opened.clients.add({ id, kind: 'DASHBOARD', name: id });
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await opened.close();
  await database.drop();
});

async function gateway(...args: string[]): Promise<{ out: string; error: unknown }> {
  const program = new Command('gateway').exitOverride().configureOutput({ writeErr: () => undefined });
  const { clients, safelists } = opened;
  registerClientCommands(program, () => Promise.resolve({ clients, safelists, close: () => Promise.resolve() }));
  let out = '';
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += String(text);
      return true;
    }),
    jest.spyOn(process.stderr, 'write').mockImplementation(() => true),
  ];
  try {
    await program.parseAsync(args, { from: 'user' });
    return { out, error: null };
  } catch (error) {
    return { out, error };
  } finally {
    spies.forEach((spy) => spy.mockRestore());
  }
}

describe('client limits', () => {
  it('sets what is named, keeps the rest, gives back a default, and shows all of it', async () => {
    expect((await gateway('client', 'limits', 'one')).out).toBe('-\n');
    expect((await gateway('client', 'limits', 'one', '--rate', '600', '--daily-subjects', '50')).out).toBe(
      'rate=600,daily-subjects=50\n',
    );
    expect((await gateway('client', 'limits', 'one', '--concurrent', '4', '--rate', 'default')).out).toBe(
      'concurrent=4,daily-subjects=50\n',
    );
    const { out } = await gateway('client', 'list');
    expect(out).toMatch(/one +DASHBOARD .*concurrent=4,daily-subjects=50/);
    const list = JSON.parse((await gateway('client', 'list', '--json')).out) as { id: string; ownLimits: unknown }[];
    expect(list.find(({ id }) => id === 'one')?.ownLimits).toEqual({ ratePerMinute: null, maxConcurrent: 4, dailySubjects: 50 });
  });

  it.each(['0', '-1', '1.5', 'many', '1e3', ''])('refuses %s', async (text) => {
    expect((await gateway('client', 'limits', 'one', '--rate', text)).error).toBeInstanceOf(Error);
  });

  it('says so when there is no such client', async () => {
    expect(String((await gateway('client', 'limits', 'nobody', '--rate', '5')).error)).toContain('There is no client “nobody”');
  });
});

describe('client safelist', () => {
  it('enters the files’ operations, prints their digests, and clears them', async () => {
    const file = path.join(folder, 'a.graphql');
    await writeFile(file, '{ viewer { id } }\n');
    const { out } = await gateway('client', 'safelist', 'two', file);
    expect(out).toMatch(/^[0-9a-f]{64} {2}.*a\.graphql\n$/);
    expect((await opened.clients.standing('two'))?.safelist).toEqual(new Set([out.slice(0, 64)]));
    expect((await gateway('client', 'list')).out).toMatch(/two .*operations=1/);
    await gateway('client', 'safelist', 'two', '--clear');
    expect((await opened.clients.standing('two'))?.safelist).toBeNull();
  });

  it.each<[string, string, RegExp]>([
    ['no GraphQL', '{ viewer ', /is no GraphQL document/],
    ['no operation', 'fragment F on Viewer { id }', /holds no operation/],
  ])('refuses a file with %s', async (_name, text, message) => {
    const file = path.join(folder, 'wrong.graphql');
    await writeFile(file, text);
    expect(String((await gateway('client', 'safelist', 'two', file)).error)).toMatch(message);
  });

  it('refuses a file that is not there, nothing at all, and both', async () => {
    expect(String((await gateway('client', 'safelist', 'two', path.join(folder, 'none'))).error)).toContain('cannot be read');
    expect(String((await gateway('client', 'safelist', 'two')).error)).toContain('Name the files');
    expect(String((await gateway('client', 'safelist', 'two', 'x', '--clear')).error)).toContain('Name the files');
  });
});

describe('settings of limits', () => {
  const read = (environment: Record<string, string>): ReturnType<typeof readConfig> => readConfig(environment);

  it('take one number for all kinds, some kinds by name, or none', () => {
    expect(read({ CLIENT_RATE_PER_MINUTE: '600' }).clientRatePerMinute).toEqual({
      DEPARTMENT: 600,
      CREDIT_AGENCY: 600,
      DASHBOARD: 600,
      ADMIN: 600,
    });
    expect(read({ CLIENT_DAILY_SUBJECTS: 'CREDIT_AGENCY:5000, DASHBOARD:none' }).clientDailySubjects).toEqual({
      DEPARTMENT: null,
      CREDIT_AGENCY: 5000,
      DASHBOARD: null,
      ADMIN: null,
    });
    expect(read({ CLIENT_MAX_CONCURRENT: 'none', STRANGER_RATE_PER_MINUTE: 'none' })).toMatchObject({
      clientMaxConcurrent: { DEPARTMENT: null },
      strangerRatePerMinute: null,
    });
  });

  it.each([
    ['CLIENT_RATE_PER_MINUTE', 'AGENCY:5'],
    ['CLIENT_RATE_PER_MINUTE', 'DEPARTMENT:5:6'],
    ['CLIENT_RATE_PER_MINUTE', '0'],
    ['CLIENT_DAILY_SUBJECTS', 'DEPARTMENT'],
    ['CORS_ORIGINS', 'portal'],
    ['MAX_TOKENS', '5'],
    ['STRANGER_RATE_PER_MINUTE', 'some'],
  ])('%s=%s is refused by name', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(ConfigError);
    expect(() => read({ [name]: value })).toThrow(name);
  });
});
