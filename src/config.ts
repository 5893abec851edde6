/** The settings of the gateway: the only reader of `process.env`. Each is described in `.env.example`. */
import { z } from 'zod';

const flag = z.enum(['0', '1', 'true', 'false']).transform((word) => word === '1' || word === 'true');

const Environment = z.object({
  NODE_ENV: z.string().default('development'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_URL_AGENCY: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_URL_READER: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_URL_CONTROL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATA_DIR: z.string().min(1).default('data'),
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
  LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug']).default('info'),
  EXPLORER: flag.default(true),
  MAX_DEPTH: z.coerce.number().int().min(3).max(50).default(14),
  MAX_COST: z.coerce.number().int().min(1_000).default(2_000_000),
});

export interface Config {
  readonly production: boolean;
  /** null: the embedded PostgreSQL under `dataDir` */
  readonly databaseUrl: string | null;
  /** the roles under which the gateway serves, where the operator made them; null: the gateway makes its own */
  readonly runtimeUrls: { readonly agency: string; readonly reader: string; readonly control: string } | null;
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  /** 32 bytes; null: generated once and kept in the database (refused in production) */
  readonly masterKey: Buffer | null;
  readonly tokenTtlSeconds: number;
  readonly tokenIssuer: string;
  readonly oidcIssuer: string | null;
  readonly oidcAudience: string | null;
  readonly poolSize: number;
  readonly logLevel: string;
  readonly explorer: boolean;
  readonly maxDepth: number;
  readonly maxCost: number;
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
    host: env.HOST,
    port: env.PORT,
    masterKey: env.MASTER_KEY === undefined ? null : Buffer.from(env.MASTER_KEY, 'base64'),
    tokenTtlSeconds: env.TOKEN_TTL_SECONDS,
    tokenIssuer: env.TOKEN_ISSUER,
    oidcIssuer: env.OIDC_ISSUER ?? null,
    oidcAudience: env.OIDC_AUDIENCE ?? null,
    poolSize: env.DATABASE_POOL_SIZE,
    logLevel: env.LOG_LEVEL,
    explorer: given.EXPLORER === undefined ? env.NODE_ENV !== 'production' : env.EXPLORER,
    maxDepth: env.MAX_DEPTH,
    maxCost: env.MAX_COST,
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
