/**
 * The roles under which the gateway serves (docs/decisions/0009). They belong to the PostgreSQL server, so a dump does not hold
 * them: the gateway makes them, their rights and the policies that name them at every start, as the owner of the database.
 */
import { createHash } from 'node:crypto';
import pg from 'pg';
import { OperatorError } from '../errors.ts';
import { type Database, describeServer } from './database.ts';
import { errorCode } from './process-identity.ts';
import { FUNCTIONS, GRANTS, LOCKED_TABLES, POLICIES, RUNTIME_ROLES, type RuntimeRole } from './row-policies.ts';
import { sealPads } from './caller-seal.ts';
import { checkAttributes, proveRole, RolesUnavailable } from './role-checks.ts';
import { scramVerifier } from './scram-verifier.ts';

/** The part of the key ring that this module needs; every instance with the same master key agrees on it. */
export interface RoleKeys {
  databasePassword(role: string): string;
  callerSealKey(): Buffer;
}

/** Connection strings, passwords included: never to be shown. */
export type RuntimeUrls = Readonly<Record<RuntimeRole, string>>;

/** An arbitrary number of this project's own: instances that start at once take turns. */
const LOCK = [0x63_72_65_64, 3] as const;
/** A policy needs its table for itself for a moment. Behind a statement that runs for long, everybody would queue behind us. */
const LOCK_TIMEOUT = '10s';

/** Session settings of the roles that read. They can be unset by whoever holds the role: they bound accidents, not attacks. */
function sessionOf(role: RuntimeRole, statementTimeoutMs: number): Readonly<Record<string, string>> {
  const bounds = { statement_timeout: `${String(Math.ceil(statementTimeoutMs))}ms`, idle_in_transaction_session_timeout: '60s' };
  if (role === 'control') return bounds;
  const reads = { ...bounds, default_transaction_read_only: 'on' };
  // Statistics group some hundred thousand cells: in memory twice as fast as on disk.
  return role === 'reader' ? { ...reads, work_mem: '64MB' } : reads;
}

/** What a statement may take where nobody says otherwise. */
const STATEMENT_TIMEOUT_MS = 30_000;

/**
 * Makes the roles what they must be and returns how to connect as each. Idempotent; several instances may do it at once.
 * @param given connection strings of roles that the operator made; null: the gateway makes its own
 * @param statementTimeoutMs what one statement of these roles may take at most (roles that the operator made keep their own)
 * @throws RolesUnavailable where DATABASE_URL may not make roles; OperatorError where a given role does not fit
 */
export async function ensureRoles(
  owner: Pick<Database, 'pool' | 'url'>,
  keys: RoleKeys,
  given: RuntimeUrls | null,
  statementTimeoutMs: number = STATEMENT_TIMEOUT_MS,
): Promise<RuntimeUrls> {
  const client = await owner.pool.connect();
  let urls: RuntimeUrls;
  try {
    await client.query('BEGIN');
    await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query('SELECT pg_advisory_xact_lock($1, $2)', [...LOCK]);
    const names = given === null ? await generatedNames(client) : namesOf(given);
    urls = given ?? (await makeRoles(client, owner.url, names, keys, statementTimeoutMs));
    await checkAttributes(client, names);
    await narrowPublic(client);
    await grantRights(client, names);
    await writePolicies(client, names);
    await client.query(
      `INSERT INTO settings (name, value) VALUES ('agency_seal', $1) ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value WHERE settings.value <> EXCLUDED.value`,
      [sealPads(keys.callerSealKey()).toString('hex')],
    );
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    client.release(true);
    throw explain(error, owner.url);
  }
  await Promise.all(RUNTIME_ROLES.map((role) => proveRole(role, urls[role])));
  return urls;
}

type Names = Readonly<Record<RuntimeRole, string>>;

/** Roles are the server's, so a database's roles carry its number in their names: two databases never share one. */
async function generatedNames(client: pg.ClientBase): Promise<Names> {
  const { rows } = await client.query<{ oid: string }>(
    `SELECT oid::bigint::text AS oid FROM pg_database WHERE datname = current_database()`,
  );
  const suffix = Number(rows[0]?.oid).toString(16).padStart(8, '0');
  return { agency: `gateway_agency_${suffix}`, reader: `gateway_reader_${suffix}`, control: `gateway_control_${suffix}` };
}

function namesOf(given: RuntimeUrls): Names {
  const nameOf = (role: RuntimeRole): string => {
    const { username, searchParams } = new URL(given[role]);
    const name = searchParams.get('user') ?? decodeURIComponent(username);
    if (name === '')
      throw new OperatorError(
        `DATABASE_URL_${role.toUpperCase()} names no account. Write it as postgresql://account:password@host/database.`,
      );
    return name;
  };
  const names = { agency: nameOf('agency'), reader: nameOf('reader'), control: nameOf('control') };
  if (new Set(Object.values(names)).size < RUNTIME_ROLES.length) {
    throw new OperatorError(
      'DATABASE_URL_AGENCY, DATABASE_URL_READER and DATABASE_URL_CONTROL must name three different accounts: each may do something else.',
    );
  }
  return names;
}

async function makeRoles(
  client: pg.ClientBase,
  url: string,
  names: Names,
  keys: RoleKeys,
  statementTimeoutMs: number,
): Promise<RuntimeUrls> {
  const { rows } = await client.query<{ may: boolean; connections: number; schema: string }>(
    `SELECT rolsuper OR rolcreaterole AS may, current_setting('max_connections')::int AS connections, current_schema() AS schema
     FROM pg_roles WHERE rolname = current_user`,
  );
  if (rows[0]?.may !== true) throw new RolesUnavailable(await whatToRun(client, url, names));
  const known = await client.query<{ rolname: string }>('SELECT rolname FROM pg_roles WHERE rolname = ANY($1)', [
    Object.values(names),
  ]);
  const { schema } = rows[0];
  // No role takes all connections of the server.
  const limit = Math.max(20, Math.floor(rows[0].connections / 2));
  const make = async (role: RuntimeRole): Promise<string> => {
    const password = keys.databasePassword(role);
    const name = pg.escapeIdentifier(names[role]);
    if (!known.rows.some(({ rolname }) => rolname === names[role])) {
      await client.query(`CREATE ROLE ${name} NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE`);
    }
    // A verifier instead of the password: servers like to log statements of this kind.
    const verifier = pg.escapeLiteral(scramVerifier(password));
    const settings = Object.entries({ ...sessionOf(role, statementTimeoutMs), timezone: 'UTC' }).map(
      ([setting, value]) => `ALTER ROLE ${name} SET ${setting} = '${value}'`,
    );
    const path = `ALTER ROLE ${name} SET search_path = ${pg.escapeIdentifier(schema)}`;
    const login = `ALTER ROLE ${name} LOGIN NOINHERIT CONNECTION LIMIT ${String(limit)} PASSWORD ${verifier}`;
    await client.query([login, path, ...settings].join(';\n'));
    return withAccount(url, names[role], password);
  };
  return { agency: await make('agency'), reader: await make('reader'), control: await make('control') };
}

/** The same server and database under another account. Query parameters go before what stands before the host, and need no host. */
function withAccount(url: string, user: string, password: string): string {
  const changed = new URL(url);
  if (changed.hostname === '') {
    changed.searchParams.set('user', user);
    changed.searchParams.set('password', password);
  } else {
    changed.searchParams.delete('user');
    changed.searchParams.delete('password');
    changed.username = user;
    changed.password = password;
  }
  return changed.href;
}

async function whatToRun(client: pg.ClientBase, url: string, names: Names): Promise<string> {
  const { rows } = await client.query<{ owner: string }>('SELECT current_user AS owner');
  const owner = rows[0]?.owner ?? '';
  const roles = RUNTIME_ROLES.map((role) => `  CREATE ROLE ${names[role]} LOGIN NOINHERIT PASSWORD '…';`);
  const variables = RUNTIME_ROLES.map((role) => `DATABASE_URL_${role.toUpperCase()}`).join(', ');
  return (
    `The gateway serves under three database roles of its own, and the account ${owner} of ${describeServer(url)} may not make them. As an administrator of that server, run either\n` +
    `  ALTER ROLE ${pg.escapeIdentifier(owner)} CREATEROLE;\nor, with three passwords,\n${roles.join('\n')}\n` +
    `and set ${variables} to DATABASE_URL with these accounts and passwords. The gateway gives the roles their rights itself.`
  );
}

/** What PostgreSQL gives to everybody, and no role of the gateway needs. Done where the owner may; `proveRole` looks at the result. */
async function narrowPublic(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ schema: string; database: string; owner: string }>(
    'SELECT current_schema() AS schema, current_database() AS database, current_user AS owner',
  );
  const { schema = 'public', database = '', owner = '' } = rows[0] ?? {};
  await attempt(client, `REVOKE CREATE ON SCHEMA ${pg.escapeIdentifier(schema)} FROM PUBLIC`);
  await attempt(
    client,
    `GRANT TEMPORARY ON DATABASE ${pg.escapeIdentifier(database)} TO ${pg.escapeIdentifier(owner)}; REVOKE TEMPORARY ON DATABASE ${pg.escapeIdentifier(database)} FROM PUBLIC`,
  );
  // Large objects are data that anybody may write; nothing here uses them.
  await attempt(
    client,
    `DO $$ DECLARE f regprocedure; BEGIN
       FOR f IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
         AND p.proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lo_unlink', 'lo_open', 'lowrite', 'lo_truncate', 'lo_truncate64')
         AND has_function_privilege('public', p.oid, 'EXECUTE')
       LOOP EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f); END LOOP;
     END $$`,
  );
}

/** Runs what may be refused for lack of rights, without losing the transaction. */
async function attempt(client: pg.ClientBase, sql: string): Promise<void> {
  await client.query('SAVEPOINT attempt');
  try {
    await client.query(sql);
    await client.query('RELEASE SAVEPOINT attempt');
  } catch (error) {
    if (errorCode(error) !== '42501') throw error;
    await client.query('ROLLBACK TO SAVEPOINT attempt');
  }
}

async function grantRights(client: pg.ClientBase, names: Names): Promise<void> {
  const { rows } = await client.query<{ schema: string; database: string }>(
    'SELECT current_schema() AS schema, current_database() AS database',
  );
  const schema = pg.escapeIdentifier(rows[0]?.schema ?? 'public');
  const statements: string[] = [];
  for (const role of RUNTIME_ROLES) {
    const name = pg.escapeIdentifier(names[role]);
    statements.push(`REVOKE ALL ON ALL TABLES IN SCHEMA ${schema} FROM ${name}`, `GRANT USAGE ON SCHEMA ${schema} TO ${name}`);
    for (const { table, rights, columns } of GRANTS[role]) {
      statements.push(
        `GRANT ${rights}${columns.length === 0 ? '' : ` (${columns.join(', ')})`} ON ${schema}.${table} TO ${name}`,
      );
    }
    await attempt(client, `GRANT CONNECT ON DATABASE ${pg.escapeIdentifier(rows[0]?.database ?? '')} TO ${name}`);
  }
  for (const role of RUNTIME_ROLES) {
    for (const name of FUNCTIONS[role])
      statements.push(`GRANT EXECUTE ON FUNCTION ${schema}.${name} TO ${pg.escapeIdentifier(names[role])}`);
  }
  await client.query(statements.join(';\n'));
}

/** Written only where they differ, because writing a policy locks its table. Their comment tells by which text they were written. */
async function writePolicies(client: pg.ClientBase, names: Names): Promise<void> {
  const { rows: present } = await client.query<{ table: string; name: string; comment: string | null }>(
    `SELECT c.relname AS table, p.polname AS name, obj_description(p.oid, 'pg_policy') AS comment
     FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY($1)`,
    [[...LOCKED_TABLES]],
  );
  const wanted = POLICIES.map(({ table, role, using }) => ({
    table,
    name: `gateway_${role}`,
    create: `FOR SELECT TO ${pg.escapeIdentifier(names[role])} USING (${using})`,
  })).map((policy) => ({ ...policy, comment: createHash('sha256').update(policy.create).digest('hex') }));
  const same = (
    one: { table: string; name: string; comment: string | null },
    other: { table: string; name: string; comment: string | null },
  ): boolean => one.table === other.table && one.name === other.name && one.comment === other.comment;
  const statements = [
    // Any other policy on these tables could only open more.
    ...present
      .filter((policy) => !wanted.some((kept) => same(kept, policy)))
      .map(({ table, name }) => `DROP POLICY ${pg.escapeIdentifier(name)} ON ${table}`),
    ...wanted
      .filter((policy) => !present.some((kept) => same(kept, policy)))
      .flatMap(({ table, name, create, comment }) => [
        `CREATE POLICY ${name} ON ${table} ${create}`,
        `COMMENT ON POLICY ${name} ON ${table} IS '${comment}'`,
      ]),
  ];
  if (statements.length > 0) await client.query(statements.join(';\n'));
}

function explain(error: unknown, url: string): unknown {
  switch (errorCode(error)) {
    case '55P03':
      return new OperatorError(
        `The row-level security of ${describeServer(url)} could not be brought up to date: a statement keeps a table busy for longer than ${LOCK_TIMEOUT}. Start again when it has ended.`,
        { cause: error },
      );
    case '42501':
      return new OperatorError(
        `The account of DATABASE_URL may not prepare the roles under which the gateway serves: ${error instanceof Error ? error.message : ''}. It must own the gateway's tables.`,
        { cause: error },
      );
    default:
      return error;
  }
}
