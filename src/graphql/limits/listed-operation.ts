/**
 * Persisted operations. A client with a safelist sends an operation of its list, by digest or as text, and nothing else. For everybody
 * else there are none: the automatic kind (APQ) lets any caller write into a cache of the server, and saves nothing here.
 */
import { z } from 'zod';
import { sha256Of } from '../../clients/index.ts';
import type { ClientStanding, OperationSafelist } from '../../clients/index.ts';
import { GatewayError } from '../../errors.ts';

const Named = z.object({ sha256Hash: z.string().regex(/^[0-9a-f]{64}$/i) });

/** The parts of a request's body that say which operation it is. */
export interface OperationBody {
  query?: unknown;
  extensions?: unknown;
}

/**
 * Leaves in `body` the text to be run, and takes the digest out of it.
 * @throws GatewayError BAD_USER_INPUT for an operation that is not on the client's list
 */
export async function resolveListed(
  safelists: Pick<OperationSafelist, 'document'>,
  caller: Pick<ClientStanding, 'id' | 'safelist'> | null,
  body: OperationBody,
): Promise<void> {
  const safelist = caller?.safelist ?? null;
  const named = digestOf(body);
  const { query } = body;
  const given = typeof query === 'string' && query !== '' ? query : null;
  if (named === null && safelist === null) return;
  if (given !== null) {
    const digest = sha256Of(given);
    if (named !== null && named !== digest) {
      throw new GatewayError('BAD_USER_INPUT', 'extensions.persistedQuery.sha256Hash is not the SHA-256 of query (UTF-8, hex).');
    }
    if (safelist !== null && !safelist.has(digest)) throw notListed(digest);
    return;
  }
  if (named === null) throw notListed(null);
  // In these words clients with automatic persisted queries understand that they must send the text.
  if (safelist === null || caller === null) throw new GatewayError('BAD_USER_INPUT', 'PersistedQueryNotSupported');
  const text = safelist.has(named) ? await safelists.document(caller.id, named) : null;
  if (text === null) throw notListed(named);
  body.query = text;
}

/** Takes `persistedQuery` out of the extensions. null: there is none */
function digestOf(body: OperationBody): string | null {
  const { extensions } = body;
  if (typeof extensions !== 'object' || extensions === null || !('persistedQuery' in extensions)) return null;
  const { persistedQuery, ...others } = extensions;
  const parsed = Named.safeParse(persistedQuery);
  if (!parsed.success) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      'extensions.persistedQuery takes {"version": 1, "sha256Hash": 64 hexadecimal digits}.',
    );
  }
  body.extensions = others;
  return parsed.data.sha256Hash.toLowerCase();
}

function notListed(digest: string | null): GatewayError {
  return new GatewayError(
    'BAD_USER_INPUT',
    'This client is held to a list of operations, and this is not one of them. Send an operation of the list, exactly as it was entered or by ' +
      'extensions.persistedQuery.sha256Hash; to change the list, ask the operator of this gateway (gateway client safelist).',
    digest === null ? {} : { sha256Hash: digest },
  );
}
