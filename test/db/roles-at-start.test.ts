/** How a gateway comes by its database roles: made by itself, made by the operator, or not to be had. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { pino } from 'pino';
import { readConfig, type Config } from '../../src/config.ts';
import { openGateway, serveGateway, type ServingGateway } from '../../src/gateway.ts';
import { SERVER_VARIABLE, withAdmin, withDatabase } from '../testkit/test-server.ts';

const run = randomBytes(4).toString('hex');
const database = `gateway_test_roles_${run}`;
const account = (name: string): string => `roles_test_${run}_${name}`;
const server = process.env[SERVER_VARIABLE] ?? '';
const open: ServingGateway[] = [];
const log: string[] = [];

function urlAs(name: string): string {
  const url = new URL(withDatabase(server, database));
  url.username = account(name);
  url.password = 'secret';
  return url.href;
}

function config(more: Record<string, string> = {}): Config {
  return readConfig({
    NODE_ENV: 'test',
    DATABASE_URL: urlAs('owner'),
    PORT: '0',
    MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    DATABASE_POOL_SIZE: '2',
    ...more,
  });
}

async function serve(settings: Config): Promise<ServingGateway> {
  const logger = pino({ level: 'warn' }, { write: (line: string) => void log.push(line) });
  const serving = await serveGateway(settings, {
    prepareData: () => Promise.resolve(),
    onFatal: (error) => log.push(error.message),
    logger,
  });
  open.push(serving);
  return serving;
}

const admin = (sql: string): Promise<pg.QueryResult> => withAdmin(server, (client) => client.query(sql));
const connectedAs = async (): Promise<unknown[]> =>
  (await admin(`SELECT DISTINCT usename AS name FROM pg_stat_activity WHERE datname = '${database}'`)).rows.map(
    ({ name }) => name,
  );

beforeAll(async () => {
  await admin(`CREATE ROLE ${account('owner')} LOGIN PASSWORD 'secret'`);
  await admin(`CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8' OWNER ${account('owner')}`);
  // The migrations, which production leaves to a command.
  await (await openGateway(config())).close();
});

afterEach(async () => {
  for (const serving of open.splice(0)) await serving.close();
  log.length = 0;
});

afterAll(async () => {
  const { rows } = await admin(
    `SELECT rolname FROM pg_roles, pg_database d WHERE d.datname = '${database}'
       AND (rolname LIKE 'roles\\_test\\_${run}\\_%' OR rolname ~ ('^gateway_(agency|reader|control)_' || lpad(to_hex(d.oid::bigint), 8, '0') || '$'))`,
  );
  await admin(`DROP DATABASE ${database} WITH (FORCE)`);
  for (const { rolname } of rows) await admin(`DROP ROLE ${rolname}`);
});

describe('an owner who may not make roles', () => {
  it('is refused in production, with what to run', async () => {
    await expect(serve(config({ NODE_ENV: 'production' }))).rejects.toThrow(
      new RegExp(
        `ALTER ROLE "${account('owner')}" CREATEROLE;[^]*CREATE ROLE gateway_agency_[0-9a-f]{8} LOGIN[^]*DATABASE_URL_AGENCY, DATABASE_URL_READER, DATABASE_URL_CONTROL`,
      ),
    );
  });

  it('serves itself elsewhere, and says so', async () => {
    const { address } = await serve(config());
    expect((await fetch(`${address}/health/live`)).status).toBe(200);
    expect(log.join('')).toContain('without row-level security');
    expect(log.join('')).not.toContain('secret');
    expect(await connectedAs()).toEqual([account('owner')]);
  });
});

describe('roles that the operator made', () => {
  const given = (): Record<string, string> => ({
    NODE_ENV: 'production',
    DATABASE_URL_AGENCY: urlAs('agency'),
    DATABASE_URL_READER: urlAs('reader'),
    DATABASE_URL_CONTROL: urlAs('control'),
  });

  it('are asked for by name when they are missing', async () => {
    await expect(serve(config(given()))).rejects.toThrow(`There is no database role ${account('agency')}`);
  });

  it('serve, without any connection of the owner', async () => {
    for (const role of ['agency', 'reader', 'control'])
      await admin(`CREATE ROLE ${account(role)} LOGIN NOINHERIT PASSWORD 'secret'`);
    const { address } = await serve(config(given()));
    expect((await fetch(`${address}/.well-known/jwks.json`)).status).toBe(200);
    expect(log).toEqual([]);
    const names = await connectedAs();
    expect(names).toContain(account('control'));
    expect(names).not.toContain(account('owner'));
  });

  it.each([
    ['BYPASSRLS', 'NOBYPASSRLS', 'BYPASSRLS'],
    ['SUPERUSER', 'NOSUPERUSER', 'SUPERUSER'],
  ])('are refused with %s', async (give, take, named) => {
    await admin(`ALTER ROLE ${account('agency')} ${give}`);
    await expect(serve(config(given()))).rejects.toThrow(named);
    await admin(`ALTER ROLE ${account('agency')} ${take}`);
  });

  it('are refused as members of another role', async () => {
    await admin(`GRANT ${account('owner')} TO ${account('reader')}`);
    await expect(serve(config(given()))).rejects.toThrow('membership in another role');
    await admin(`REVOKE ${account('owner')} FROM ${account('reader')}`);
  });

  it('are refused when everybody may write', async () => {
    await withAdmin(withDatabase(server, database), (client) => client.query('GRANT UPDATE ON subjects TO PUBLIC'));
    await expect(serve(config(given()))).rejects.toThrow('UPDATE on subjects');
    await withAdmin(withDatabase(server, database), (client) => client.query('REVOKE UPDATE ON subjects FROM PUBLIC'));
  });

  it('are refused when one does the work of two, or one is missing', async () => {
    await expect(serve(config({ ...given(), DATABASE_URL_READER: urlAs('agency') }))).rejects.toThrow('three different accounts');
    expect(() => config({ DATABASE_URL_AGENCY: urlAs('agency') })).toThrow('all three');
  });
});

describe('an owner with CREATEROLE', () => {
  it('makes the roles, in production too, and lets go of its own connections', async () => {
    await admin(`ALTER ROLE ${account('owner')} CREATEROLE`);
    const { address } = await serve(config({ NODE_ENV: 'production' }));
    expect((await fetch(`${address}/.well-known/jwks.json`)).status).toBe(200);
    const names = await connectedAs();
    expect(names).toEqual(expect.arrayContaining([expect.stringMatching(/^gateway_control_[0-9a-f]{8}$/)]));
    expect(names).not.toContain(account('owner'));
    const { rows } = await admin(
      `SELECT rolsuper OR rolinherit OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication AS more, rolconnlimit > 0 AS limited FROM pg_roles, pg_database d
       WHERE d.datname = '${database}' AND rolname ~ ('^gateway_(agency|reader|control)_' || lpad(to_hex(d.oid::bigint), 8, '0') || '$')`,
    );
    expect(rows).toEqual([
      { more: false, limited: true },
      { more: false, limited: true },
      { more: false, limited: true },
    ]);
  });
});
