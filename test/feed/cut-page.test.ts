/** A page that ends between two changes of one row. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { decodeGlobalId } from '../../src/entries/index.ts';
import { changesShown } from '../testkit/changes-shown.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';

let serving: Serving;
let agency: Ask;
beforeAll(async () => {
  serving = await startServing();
  agency = await serving.as('demo-agency');
});
afterAll(() => serving.close());

const CHANGES =
  'query ($after: String, $first: Int) { changes(after: $after, first: $first) { edges { node { operation id } } pageInfo { hasNextPage endCursor } } }';

it('a row that ended before the end of a page and changed again after it is removed all the same', async () => {
  const { data } = await agency('{ records(first: 3, filter: { items: ["OrganizationPenalty"] }) { edges { node { id } } } }');
  const [a, b, x]: string[] = data.records.edges.map((edge: { node: { id: string } }) => edge.node.id);
  let after: string = (await agency(CHANGES, {})).data.changes.pageInfo.endCursor;
  const change = async (id: string | undefined, set: string): Promise<void> => {
    const key = decodeGlobalId(id ?? '');
    if (key?.family !== 'RECORD') throw new Error('No record');
    await serving.beside.database.prisma.$executeRawUnsafe(
      `UPDATE credit_records SET ${set}, updated_at = clock_timestamp() WHERE subject_id = '${key.subjectId}' AND id = '${key.entryId}'`,
    );
  };
  await change(a, 'disputed = NOT disputed');
  await change(x, "public_until = '2020-01-01'");
  await change(b, 'disputed = NOT disputed');
  await change(x, 'disputed = NOT disputed');
  await changesShown(serving.beside.database.pool);
  const told: unknown[] = [];
  for (let more = true; more;) {
    const page = (await agency(CHANGES, { after, first: 2 })).data.changes;
    told.push(...page.edges.map(({ node }: { node: { operation: string; id: string } }) => [node.operation, node.id]));
    after = page.pageInfo.endCursor;
    more = page.pageInfo.hasNextPage;
  }
  expect(told).toContainEqual(['REMOVE', x]);
  expect(told).toEqual(
    expect.arrayContaining([
      ['UPSERT', a],
      ['UPSERT', b],
    ]),
  );
});
