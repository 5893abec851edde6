/** A gateway that serves over HTTP on a seeded database of its own, and callers for it. */
import { openGateway, serveGateway } from '../../src/gateway.ts';
import type { Gateway } from '../../src/gateway.ts';
import type { Logger } from '../../src/http/logger.ts';
import { createTestDatabase } from './database.ts';

export interface GraphQLAnswer {
  readonly status: number;
  // A test reads any shape it asked for; a wrong path shows as undefined in its expectation.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly data: any;
  readonly errors: readonly {
    readonly message: string;
    readonly path?: readonly unknown[];
    readonly extensions: Record<string, unknown>;
  }[];
  readonly access: readonly AccessLine[];
  readonly extensions: Record<string, unknown>;
  readonly headers: Headers;
  readonly text: string;
}

export interface AccessLine {
  readonly coordinate: string;
  readonly item: string;
  readonly field: string;
  readonly outcome: string;
  readonly required: string;
  readonly reason: string;
  readonly count: number;
}

export type Ask = (
  query: string,
  variables?: Record<string, unknown>,
  headers?: Record<string, string>,
) => Promise<GraphQLAnswer>;

export interface Serving {
  readonly address: string;
  /** another opened gateway on the same database, as a command beside the server has it */
  readonly beside: Gateway;
  /** asks as a registered client; a department states a purpose and a matter unless the headers say otherwise */
  as(clientId: string): Promise<Ask>;
  /** asks without a token */
  readonly anonymous: Ask;
  /** one more instance of the gateway on the same database; close it first */
  another(): Promise<Pick<Serving, 'address' | 'as' | 'close'>>;
  close(): Promise<void>;
}

export const PURPOSE = { 'x-purpose': encodeURIComponent('行政审批'), 'x-matter-number': 'M-1' };

export interface ServingOptions {
  readonly seeded?: boolean;
  /** settings on top, as environment variables */
  readonly environment?: Readonly<Record<string, string>>;
  readonly logger?: Logger;
}

export async function startServing({ seeded = true, environment = {}, logger }: ServingOptions = {}): Promise<Serving> {
  const database = await createTestDatabase({ seeded, environment });
  const beside = await openGateway(database.config);
  const failures: Error[] = [];
  const serve = (): ReturnType<typeof serveGateway> =>
    serveGateway(database.config, {
      prepareData: () => Promise.resolve(),
      onFatal: (error) => failures.push(error),
      ...(logger === undefined ? {} : { logger }),
    });
  const serving = await serve();
  const askedAt =
    (address: string): Serving['as'] =>
    async (clientId) => {
      const { token } = await beside.tokens.issue(clientId, 600);
      return caller(address, { authorization: `Bearer ${token}`, ...(clientId === 'demo-department' ? PURPOSE : {}) });
    };
  return {
    address: serving.address,
    beside,
    as: askedAt(serving.address),
    another: async () => {
      const other = await serve();
      return { address: other.address, as: askedAt(other.address), close: () => other.close() };
    },
    anonymous: caller(serving.address, {}),
    close: async () => {
      await serving.close();
      await beside.close();
      await database.drop();
      if (failures[0] !== undefined) throw failures[0];
    },
  };
}

export function caller(address: string, fixed: Record<string, string>): Ask {
  return async (query, variables = {}, headers = {}) => {
    const response = await fetch(`${address}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...fixed, ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const text = await response.text();
    const body = JSON.parse(text) as { data?: unknown; errors?: GraphQLAnswer['errors']; extensions?: Record<string, unknown> };
    return {
      status: response.status,
      data: body.data ?? null,
      errors: body.errors ?? [],
      access: (body.extensions?.['access'] ?? []) as AccessLine[],
      extensions: body.extensions ?? {},
      headers: response.headers,
      text,
    };
  };
}
