/** Structured logs (one JSON object a line, to standard error). What a log line may say of a failure is decided here. */
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { z } from 'zod';
import { ConfigError } from '../config.ts';
import { GatewayError, OperatorError } from '../errors.ts';

export type { Logger } from 'pino';

/** Names under which a credential could be handed to the logger by mistake, at the top and one level down. */
const CREDENTIALS = [
  'authorization',
  'token',
  'accessToken',
  'access_token',
  'secret',
  'clientSecret',
  'client_secret',
  'password',
  'cookie',
];
/** What callers ask for and with which values: it belongs to the audit, never to the operating logs. */
const CONTENT = ['variables', 'query', 'body'];

/** How many causes of a failure are followed. */
const CAUSES = 3;

interface LoggedError {
  readonly type: string;
  readonly code?: string;
  /** PostgreSQL's, where a statement failed under Prisma */
  readonly sqlState?: string;
  readonly message?: string;
  readonly frames: readonly string[];
  readonly cause?: LoggedError;
}

/**
 * A failure without the values it happened on. Messages of foreign errors quote what they failed on (a database's
 * "Key (credit_code)=(…) already exists", a driver's arguments), so only the gateway's own messages and those of
 * system calls are written; of the rest the type, the code and the stack's frames.
 */
export function describeError(error: unknown, causes = CAUSES): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, frames: [] };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const own = error instanceof GatewayError || error instanceof OperatorError || error instanceof ConfigError;
  const system = code !== undefined && /^E[A-Z]+$/.test(code) && 'syscall' in error;
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    ...sqlStateOf(error),
    ...(own || system ? { message: error.message } : {}),
    frames: stackFrames(error),
    ...(causes > 0 && error.cause !== undefined ? { cause: describeError(error.cause, causes - 1) } : {}),
  };
}

const FailedStatement = z.object({
  meta: z.object({ driverAdapterError: z.object({ cause: z.object({ originalCode: z.string() }) }) }),
});

/** Prisma wraps the database's own code several layers deep; of these layers it is the one text without values. */
function sqlStateOf(error: Error): { readonly sqlState?: string } {
  const found = FailedStatement.safeParse(error);
  return found.success ? { sqlState: found.data.meta.driverAdapterError.cause.originalCode } : {};
}

/** The stack's "at …" lines alone: what precedes them repeats the message, which may take several lines. */
function stackFrames(error: Error): string[] {
  return (error.stack ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^at .+(:\d+:\d+\)?|<anonymous>\)?|native\)?)$/.test(line));
}

/**
 * @param level a pino level, or `silent`
 * @param destination where lines go; standard error unless told, because standard output belongs to the commands' results
 */
export function createLogger(level: string, destination: DestinationStream = pino.destination({ dest: 2, sync: true })): Logger {
  const names = [...CREDENTIALS, ...CONTENT];
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...names, ...names.map((name) => `*.${name}`)], censor: '[redacted]' },
      // Without a message, pino takes the error's: exactly the text that must not be written.
      hooks: {
        logMethod(args, method) {
          const [first, message, ...more] = args;
          if (first instanceof Error) method.apply(this, [{ err: first }, message ?? 'failure', ...more]);
          else if (typeof first === 'object' && message === undefined) method.apply(this, [first, 'failure']);
          else method.apply(this, args);
        },
      },
      serializers: { err: (error: unknown) => describeError(error) },
    },
    destination,
  );
}
