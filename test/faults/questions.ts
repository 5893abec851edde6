/** What the clients under load ask: every kind of client, every way of reading, nothing that another one's turn changes. */
import type { Gateway } from '../../src/gateway.ts';
import { PURPOSE } from '../testkit/serving.ts';
import type { Asked } from './load.ts';

/** A subject of the sample files. */
const ORGANIZATION = '91159900002700000B';

const QUERIES = [
  `{ subject(by: {creditCode: "${ORGANIZATION}"}) { id name records(first: 3) { edges { node { id title } } } } }`,
  `{ subjects(first: 5) { edges { node { id name } } } }`,
  `{ records(first: 5) { edges { node { id title } } } }`,
] as const;

const CLIENTS = ['demo-department', 'demo-agency'] as const;

/** @param gateway an open one beside; tokens are valid for as long as any test runs */
export async function questions(gateway: Pick<Gateway, 'tokens'>): Promise<(who: number, turn: number) => Asked> {
  const headers = await Promise.all(
    CLIENTS.map(async (client) => ({
      authorization: `Bearer ${(await gateway.tokens.issue(client, 86_400)).token}`,
      ...(client === 'demo-department' ? PURPOSE : {}),
    })),
  );
  return (who, turn) => ({
    query: QUERIES[(who + turn) % QUERIES.length] ?? QUERIES[0],
    headers: headers[who % headers.length] ?? {},
  });
}
