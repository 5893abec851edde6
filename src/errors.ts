/** Errors that may leave the gateway. Public text and internal detail are two fields; only the first is ever sent. */

/** `extensions.code` of a GraphQL error (DESIGN §4). */
export const ERROR_CODES = [
  'UNAUTHENTICATED',
  'CLIENT_SUSPENDED',
  'LICENSE_EXPIRED',
  'PURPOSE_REQUIRED',
  'FIELD_FORBIDDEN',
  'FILTER_FORBIDDEN',
  'CURSOR_INVALID',
  'BAD_USER_INPUT',
  'QUERY_TOO_COSTLY',
  'RATE_LIMITED',
  'SERVICE_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What a caller is told, with SERVICE_UNAVAILABLE, while there is no database; it is back without a restart. */
export const DATABASE_AWAY = 'The database cannot be reached at the moment. Try again shortly.';

/** Thrown for everything the caller may be told about. `message` says what is wrong and how to mend it, without any withheld value. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    /** more for the caller to act on (for instance the items concerned); never a withheld value */
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A failure that the operator at the command line can mend: the message says what and how. Never shown with a stack. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}
