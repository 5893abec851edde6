/** Whether roles are what they must be: nothing but plain logins, with no right beyond what they were granted here. */
import pg from 'pg';
import { OperatorError } from '../errors.ts';
import { describeServer, explainConnectionError } from './database.ts';
import { FUNCTIONS, INSERT_ONLY, LOCKED_TABLES, RUNTIME_ROLES, type RuntimeRole } from './row-policies.ts';

/** The roles cannot be made with the rights of DATABASE_URL; `message` says what to run instead. */
export class RolesUnavailable extends OperatorError {}

/**
 * @param names the role's name in the server, per role of the gateway
 * @throws OperatorError when one is missing, or more than a plain login
 */
export async function checkAttributes(client: pg.ClientBase, names: Readonly<Record<RuntimeRole, string>>): Promise<void> {
  const { rows } = await client.query<{ name: string; faults: string[] }>(
    `SELECT r.rolname AS name, array_remove(ARRAY[
       CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END,
       CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END, CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
       CASE WHEN r.rolreplication THEN 'REPLICATION' END, CASE WHEN NOT r.rolcanlogin THEN 'NOLOGIN' END,
       CASE WHEN EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) THEN 'membership in another role' END,
       CASE WHEN EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid) THEN 'tables of its own' END], NULL) AS faults
     FROM pg_roles r WHERE r.rolname = ANY($1)`,
    [Object.values(names)],
  );
  for (const role of RUNTIME_ROLES) {
    const found = rows.find(({ name }) => name === names[role]);
    if (found === undefined)
      throw new OperatorError(
        `There is no database role ${names[role]}, which DATABASE_URL_${role.toUpperCase()} names. Create it: CREATE ROLE ${names[role]} LOGIN NOINHERIT PASSWORD '…';`,
      );
    if (found.faults.length > 0) {
      throw new OperatorError(
        `The database role ${names[role]} has ${found.faults.join(', ')}, and must be a plain login (LOGIN NOINHERIT and nothing else): it serves requests. Take that from it.`,
      );
    }
  }
}

/**
 * Connects as the role and looks at what it may do, whoever made it and whatever it was granted elsewhere.
 * @throws OperatorError when it cannot connect, or may write, or escapes row-level security
 */
export async function proveRole(role: RuntimeRole, url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string; excess: string[] }>(
      `SELECT current_user AS name, array(
         SELECT format('%s on %s', p.action, c.relname) FROM pg_class c, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS p(action)
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace = current_schema()::regnamespace
           AND CASE WHEN p.action IN ('INSERT', 'UPDATE') THEN has_any_column_privilege(c.oid, p.action) ELSE has_table_privilege(c.oid, p.action) END
           AND NOT (c.relname = 'signing_keys' AND p.action = 'INSERT' AND $1 = 'control')
           AND NOT (c.relname = ANY ($4) AND p.action = 'INSERT' AND $1 = 'control')
           AND NOT (c.relname IN ('rate_limits', 'exports') AND p.action IN ('INSERT', 'UPDATE') AND $1 = 'control')
         UNION ALL SELECT format('EXECUTE on %s, which has its owner''s rights', p.proname) FROM pg_proc p
         WHERE p.pronamespace = current_schema()::regnamespace AND p.prosecdef AND p.prorettype <> 'trigger'::regtype
           AND has_function_privilege(p.oid, 'EXECUTE') AND p.proname <> ALL ($3)
         UNION ALL SELECT 'CREATE in schema ' || current_schema() WHERE has_schema_privilege(current_schema(), 'CREATE')
         UNION ALL SELECT 'no row-level security on ' || t FROM unnest($2::text[]) AS t WHERE NOT row_security_active(t)) AS excess`,
      [role, [...LOCKED_TABLES], [...FUNCTIONS[role]], [...INSERT_ONLY]],
    );
    const { name = '', excess = [] } = rows[0] ?? {};
    if (excess.length > 0) {
      throw new OperatorError(
        `The database role ${name}, under which the gateway would serve, may do more than it should: ${excess.join(', ')}. Take these rights from it (and from PUBLIC), and start again.`,
      );
    }
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    if (error instanceof pg.DatabaseError && !error.code?.startsWith('28')) throw explainConnectionError(error, url);
    throw new RolesUnavailable(
      `The gateway cannot connect to ${describeServer(url)} as its role “${role}” (${error instanceof Error ? error.message : 'unknown'}). ` +
        `Let that account in (pg_hba.conf, or the pooler's list of users), or make three roles yourself and set DATABASE_URL_AGENCY, DATABASE_URL_READER and DATABASE_URL_CONTROL.`,
      { cause: error },
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}
