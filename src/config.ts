/** The settings of the gateway: the only reader of `process.env`. Each is described in `.env.example`. */
import path from 'node:path';
import { z } from 'zod';

const flag = z.enum(['0', '1', 'true', 'false']).transform((word) => word === '1' || word === 'true');

/** Words separated by commas. */
const words = z.string().transform((text) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== ''),
);

/** A whole number, or `none`: null. */
const limit = z.union([z.literal('none').transform(() => null), z.coerce.number().int().min(1).max(1_000_000_000)]);

const KINDS = ['DEPARTMENT', 'CREDIT_AGENCY', 'DASHBOARD', 'ADMIN'] as const;
type PerKind = Readonly<Record<(typeof KINDS)[number], number | null>>;

/** One limit for all kinds of clients (`600`, `none`), or some by name (`DEPARTMENT:6000,CREDIT_AGENCY:600`) and none for the others. */
const perKind = z.string().transform((text, context): PerKind => {
  const found: Record<(typeof KINDS)[number], number | null> = {
    DEPARTMENT: null,
    CREDIT_AGENCY: null,
    DASHBOARD: null,
    ADMIN: null,
  };
  for (const part of text.split(',')) {
    const [name = '', ...rest] = part.trim().split(':');
    const number = limit.safeParse(rest.length === 0 ? name : rest.join(':'));
    const kinds = rest.length === 0 ? KINDS : KINDS.filter((kind) => kind === name);
    if (!number.success || kinds.length === 0) {
      context.addIssue(`“${part}” is neither a number, nor none, nor KIND:number with one of ${KINDS.join(', ')}`);
      return z.NEVER;
    }
    for (const kind of kinds) found[kind] = number.data;
  }
  return found;
});

const Environment = z.object({
  NODE_ENV: z.string().default('development'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_URL_AGENCY: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_URL_READER: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_URL_CONTROL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATA_DIR: z.string().min(1).default('data'),
  EXPORT_DIR: z.string().min(1).optional(),
  CHANGE_FEED_RETENTION_DAYS: z.coerce.number().int().min(1).max(3_650).default(90),
  EXPORT_TTL_HOURS: z.coerce.number().int().min(1).max(8_760).default(48),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(4000),
  MASTER_KEY: z
    .base64()
    .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64')
    .optional(),
  TOKEN_TTL_SECONDS: z.coerce.number().int().min(60).max(86_400).default(3_600),
  TOKEN_ISSUER: z.string().min(1).default('public-credit-gateway'),
  OIDC_ISSUER: z.url().optional(),
  OIDC_AUDIENCE: z.string().min(1).optional(),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(200).default(10),
  DATABASE_PREPARED_STATEMENTS: z.coerce.number().int().min(0).max(1_000).default(20),
  LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug']).default('info'),
  EXPLORER: flag.default(true),
  MAX_DEPTH: z.coerce.number().int().min(3).max(50).default(14),
  MAX_COST: z.coerce.number().int().min(1_000).default(2_000_000),
  AUDIT_QUEUE: z.coerce.number().int().min(1).max(1_000_000).default(5_000),
  AUDIT_TIMEOUT_SECONDS: z.coerce.number().min(0.1).max(60).default(5),
  AUDIT_RETENTION_YEARS: z.coerce.number().int().min(1).max(100).default(10),
  WATCH_INTERVAL_SECONDS: z.coerce.number().min(1).max(3_600).default(60),
  WATCH_PERSONS_PER_HOUR: z.coerce.number().int().min(1).default(200),
  WATCH_SEQUENTIAL_NUMBERS: z.coerce.number().int().min(2).max(1_000).default(20),
  WATCH_FIELD_DAYS: z.coerce.number().int().min(1).max(3_650).default(90),
  WATCH_DENIED_SHARE: z.coerce.number().min(0).max(1).default(0.2),
  WATCH_DENIED_LEAST: z.coerce.number().int().min(1).default(20),
  WATCH_OFF_HOURS_ROWS: z.coerce.number().int().min(1).default(1_000),
  MAX_TOKENS: z.coerce.number().int().min(100).max(1_000_000).default(10_000),
  MAX_ALIASES: z.coerce.number().int().min(0).default(200),
  MAX_DIRECTIVES: z.coerce.number().int().min(0).default(50),
  MAX_ROOT_FIELDS: z.coerce.number().int().min(1).default(30),
  MAX_LOOKUPS: z.coerce.number().int().min(1).default(20),
  MAX_BODY_BYTES: z.coerce.number().int().min(1_000).max(100_000_000).default(1_000_000),
  MAX_IN_FLIGHT: z.coerce.number().int().min(1).max(10_000).optional(),
  OPERATION_TIMEOUT_SECONDS: z.coerce.number().min(0.1).max(3_600).default(20),
  REQUEST_TIMEOUT_SECONDS: z.coerce.number().min(1).max(3_600).default(30),
  ANSWER_TIMEOUT_SECONDS: z.coerce.number().min(1).max(3_600).default(30),
  DRAIN_SECONDS: z.coerce.number().min(0).max(600).default(1),
  CLIENT_RATE_PER_MINUTE: perKind.default(perKind.parse('60000')),
  CLIENT_MAX_CONCURRENT: perKind.default(perKind.parse('256')),
  CLIENT_DAILY_SUBJECTS: perKind.default(perKind.parse('none')),
  STRANGER_RATE_PER_MINUTE: limit.default(600),
  TOKEN_RATE_PER_MINUTE: limit.default(300),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_SERVICE_NAME: z.string().min(1).default('public-credit-gateway'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  TRUSTED_PROXIES: words.default([]),
  CORS_ORIGINS: words.pipe(z.array(z.url({ protocol: /^https?$/ }))).default([]),
});

export interface Config {
  readonly production: boolean;
  /** null: the embedded PostgreSQL under `dataDir` */
  readonly databaseUrl: string | null;
  /** the roles under which the gateway serves, where the operator made them; null: the gateway makes its own */
  readonly runtimeUrls: { readonly agency: string; readonly reader: string; readonly control: string } | null;
  readonly dataDir: string;
  /** where exports lie; several instances share it */
  readonly exportDir: string;
  /** how long an export can be downloaded */
  /** how long changes are kept for clients to come back to */
  readonly changeFeedRetentionDays: number;
  readonly exportTtlHours: number;
  readonly host: string;
  readonly port: number;
  /** 32 bytes; null: generated once and kept in the database (refused in production) */
  readonly masterKey: Buffer | null;
  readonly tokenTtlSeconds: number;
  readonly tokenIssuer: string;
  readonly oidcIssuer: string | null;
  readonly oidcAudience: string | null;
  readonly poolSize: number;
  /** that stay prepared on each connection that reads; 0: none */
  readonly preparedStatements: number;
  readonly logLevel: string;
  readonly explorer: boolean;
  readonly maxDepth: number;
  readonly maxCost: number;
  readonly audit: {
    /** events that may wait to be written */
    readonly queue: number;
    readonly timeoutMs: number;
    readonly retentionYears: number;
  };
  readonly watch: {
    readonly intervalMs: number;
    readonly personsPerHour: number;
    readonly sequentialNumbers: number;
    readonly fieldDays: number;
    /** 0 to 1 */
    readonly deniedShare: number;
    readonly deniedLeast: number;
    readonly offHoursRows: number;
  };
  readonly maxTokens: number;
  readonly maxAliases: number;
  readonly maxDirectives: number;
  readonly maxRootFields: number;
  readonly maxLookups: number;
  readonly maxBodyBytes: number;
  /** operations worked on at the same time */
  readonly maxInFlight: number;
  readonly operationTimeoutMs: number;
  /** for a request's head and body to arrive */
  readonly requestTimeoutMs: number;
  /** for a finished answer to be read */
  readonly answerTimeoutMs: number;
  /** between the signal to stop and the last connection that is accepted */
  readonly drainMs: number;
  /** null: no limit */
  readonly clientRatePerMinute: PerKind;
  readonly clientMaxConcurrent: PerKind;
  readonly clientDailySubjects: PerKind;
  readonly strangerRatePerMinute: number | null;
  readonly tokenRatePerMinute: number | null;
  /** addresses and networks whose X-Forwarded-… headers are believed */
  readonly trustedProxies: readonly string[];
  readonly corsOrigins: readonly string[];
  /** where traces go; null: there are none */
  readonly traces: { readonly endpoint: string; readonly serviceName: string; readonly ratio: number } | null;
}

/** Settings that cannot be used, all at once; the message names each and the mend. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError naming every setting that is wrong, or unsafe in production. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  // An empty variable is a variable that is not set: shells and compose files write `NAME=`.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(`These settings cannot be used:\n${lines.join('\n')}\nSee .env.example for what each one takes.`);
  }
  const env = parsed.data;
  const config: Config = {
    production: env.NODE_ENV === 'production',
    databaseUrl: env.DATABASE_URL ?? null,
    runtimeUrls: runtimeUrls(env),
    dataDir: env.DATA_DIR,
    exportDir: env.EXPORT_DIR ?? path.join(env.DATA_DIR, 'exports'),
    changeFeedRetentionDays: env.CHANGE_FEED_RETENTION_DAYS,
    exportTtlHours: env.EXPORT_TTL_HOURS,
    host: env.HOST,
    port: env.PORT,
    masterKey: env.MASTER_KEY === undefined ? null : Buffer.from(env.MASTER_KEY, 'base64'),
    tokenTtlSeconds: env.TOKEN_TTL_SECONDS,
    tokenIssuer: env.TOKEN_ISSUER,
    oidcIssuer: env.OIDC_ISSUER ?? null,
    oidcAudience: env.OIDC_AUDIENCE ?? null,
    poolSize: env.DATABASE_POOL_SIZE,
    preparedStatements: env.DATABASE_PREPARED_STATEMENTS,
    logLevel: env.LOG_LEVEL,
    explorer: given.EXPLORER === undefined ? env.NODE_ENV !== 'production' : env.EXPLORER,
    maxDepth: env.MAX_DEPTH,
    maxCost: env.MAX_COST,
    audit: { queue: env.AUDIT_QUEUE, timeoutMs: env.AUDIT_TIMEOUT_SECONDS * 1_000, retentionYears: env.AUDIT_RETENTION_YEARS },
    watch: {
      intervalMs: env.WATCH_INTERVAL_SECONDS * 1_000,
      personsPerHour: env.WATCH_PERSONS_PER_HOUR,
      sequentialNumbers: env.WATCH_SEQUENTIAL_NUMBERS,
      fieldDays: env.WATCH_FIELD_DAYS,
      deniedShare: env.WATCH_DENIED_SHARE,
      deniedLeast: env.WATCH_DENIED_LEAST,
      offHoursRows: env.WATCH_OFF_HOURS_ROWS,
    },
    maxTokens: env.MAX_TOKENS,
    maxAliases: env.MAX_ALIASES,
    maxDirectives: env.MAX_DIRECTIVES,
    maxRootFields: env.MAX_ROOT_FIELDS,
    maxLookups: env.MAX_LOOKUPS,
    maxBodyBytes: env.MAX_BODY_BYTES,
    // Enough that both pools of connections are busy while as many operations are being written.
    maxInFlight: env.MAX_IN_FLIGHT ?? 4 * env.DATABASE_POOL_SIZE,
    operationTimeoutMs: env.OPERATION_TIMEOUT_SECONDS * 1_000,
    requestTimeoutMs: env.REQUEST_TIMEOUT_SECONDS * 1_000,
    answerTimeoutMs: env.ANSWER_TIMEOUT_SECONDS * 1_000,
    drainMs: env.DRAIN_SECONDS * 1_000,
    clientRatePerMinute: env.CLIENT_RATE_PER_MINUTE,
    clientMaxConcurrent: env.CLIENT_MAX_CONCURRENT,
    clientDailySubjects: env.CLIENT_DAILY_SUBJECTS,
    strangerRatePerMinute: env.STRANGER_RATE_PER_MINUTE,
    tokenRatePerMinute: env.TOKEN_RATE_PER_MINUTE,
    trustedProxies: env.TRUSTED_PROXIES,
    corsOrigins: env.CORS_ORIGINS,
    traces:
      env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? null
        : {
            endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
            serviceName: env.OTEL_SERVICE_NAME,
            ratio: env.OTEL_TRACES_SAMPLER_ARG,
          },
  };
  if (config.production) refuseUnsafeDefaults(config);
  return config;
}

function runtimeUrls(env: z.infer<typeof Environment>): Config['runtimeUrls'] {
  const { DATABASE_URL_AGENCY: agency, DATABASE_URL_READER: reader, DATABASE_URL_CONTROL: control } = env;
  if (agency === undefined && reader === undefined && control === undefined) return null;
  if (agency === undefined || reader === undefined || control === undefined || env.DATABASE_URL === undefined) {
    throw new ConfigError(
      'These settings cannot be used:\n  DATABASE_URL_AGENCY, DATABASE_URL_READER, DATABASE_URL_CONTROL: give all three together with DATABASE_URL, or none of them.',
    );
  }
  return { agency, reader, control };
}

function refuseUnsafeDefaults(config: Config): void {
  const unsafe: string[] = [];
  if (config.databaseUrl === null) unsafe.push('  DATABASE_URL: the embedded PostgreSQL is for trying out; name your server');
  if (config.masterKey === null)
    unsafe.push(
      '  MASTER_KEY: without it the key lies in the database it protects; set 32 random bytes in base64 (openssl rand -base64 32)',
    );
  if (unsafe.length > 0) throw new ConfigError(`NODE_ENV=production refuses these defaults:\n${unsafe.join('\n')}`);
}
