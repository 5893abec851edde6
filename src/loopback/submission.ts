/** One submission of a department: its key, and what makes two of them the same one. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GatewayError } from '../errors.ts';

/** Chosen by the client, unique among its own: a UUID is a good one. */
const KEY = /^[\x21-\x7e]{8,100}$/;

export interface Submission {
  readonly clientId: string;
  readonly key: string;
  /** SHA-256 of the operation and its input */
  readonly digest: Buffer;
}

/**
 * @param input what was submitted, already normalized: two submissions are the same when it is equal
 * @throws GatewayError BAD_USER_INPUT for a key that is none
 */
export function submissionOf(
  clientId: string,
  key: string,
  operation: string,
  input: readonly (string | boolean | null)[],
): Submission {
  if (!KEY.test(key)) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      'idempotencyKey takes 8 to 100 printable ASCII characters without blanks, for instance a UUID; a new one for each submission, the same one for a second try.',
      { argument: 'idempotencyKey' },
    );
  }
  const digest = createHash('sha256')
    .update(JSON.stringify([operation, ...input]))
    .digest();
  return { clientId, key, digest };
}

/** What the functions of the database answer (see the migration that makes them). */
export const Outcome = z.object({
  outcome: z.enum(['DONE', 'REPEATED', 'KEY_REUSED', 'REFUSED', 'NOT_DISPUTED']),
  result: z.unknown().optional(),
});
export type Outcome = z.infer<typeof Outcome>;

export function keyReused(): GatewayError {
  return new GatewayError(
    'BAD_USER_INPUT',
    'This idempotencyKey came before with another input. Take a new key for a new submission; send the same input for a second try.',
    { argument: 'idempotencyKey' },
  );
}
