import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EditableSheet } from '../catalog/bundled-sheet.ts';
import { eventually } from '../testkit/eventually.ts';
import { startServing } from '../testkit/serving.ts';
import type { Serving } from '../testkit/serving.ts';

describe('a gateway before its first catalog', () => {
  let serving: Serving;

  beforeAll(async () => {
    serving = await startServing({ seeded: false });
    await serving.beside.clients.add({ id: 'first', kind: 'DASHBOARD', name: '大屏' });
  });
  afterAll(() => serving.close());

  it('is ready, and opens nothing', async () => {
    expect((await fetch(`${serving.address}/health/ready`)).status).toBe(200);
    const ask = await serving.as('first');
    const answer = await ask(
      '{ catalog { version items { code } } viewer { id items { item { code } } } records { totalCount } subjects { totalCount } }',
    );
    expect(answer.errors).toEqual([]);
    expect(answer.data).toEqual({
      catalog: { version: 0, items: [] },
      viewer: { id: 'first', items: [] },
      records: { totalCount: 0 },
      subjects: { totalCount: 0 },
    });
  });

  it('has its types within two seconds of the first publish', async () => {
    await serving.beside.catalogs.publish(await (await EditableSheet.bundled()).document(), 'first.csv');
    const ask = await serving.as('first');
    await eventually(async () => {
      const answer = await ask('{ __type(name: "OrganizationPenalty") { name } }');
      expect(answer.data.__type).toEqual({ name: 'OrganizationPenalty' });
    });
  });
});
