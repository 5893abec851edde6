import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildBaseSchema } from '../../src/graphql/base-schema.ts';
import { ROOT_RULES } from '../../src/graphql/shield.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';

describe('the roots', () => {
  let serving: Serving;
  let admin: Ask;

  beforeAll(async () => {
    serving = await startServing();
    await serving.beside.clients.add({ id: 'centre', kind: 'ADMIN', name: '信用中心' });
    admin = await serving.as('centre');
  });
  afterAll(() => serving.close());

  it('each have a rule of their own', () => {
    const fields = Object.keys(buildBaseSchema().getQueryType()?.getFields() ?? {});
    expect(Object.keys(ROOT_RULES.Query).sort()).toEqual(fields.sort());
  });

  it('show the catalog to anybody, with all thirteen elements', async () => {
    const answer =
      await serving.anonymous(`{ catalog { version items { code nameZh provider collectionScope collectionProcedure collectionPath
      collectionDeadlineDays publicationMethod updateCycle fields { key nameZh permission format securityLevel } } } }`);
    expect(answer.errors).toEqual([]);
    expect(answer.data.catalog.version).toBe(1);
    expect(answer.data.catalog.items).toHaveLength(17);
    const penalties = answer.data.catalog.items.find((item: { code: string }) => item.code === '150000-03-003');
    expect(penalties).toMatchObject({ collectionDeadlineDays: 7, updateCycle: '实时', collectionPath: '双公示系统' });
    expect(penalties.fields.find((field: { key: string }) => field.key === 'legalRepCertNo')).toMatchObject({
      permission: 'GOV_SHARED',
      securityLevel: 'L4',
    });
  });

  it('name the known versions when another one is asked for', async () => {
    const answer = await serving.anonymous('{ catalog(version: 99) { version } }');
    expect(answer.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(answer.errors[0]?.message).toContain('99');
  });

  it.each([
    '{ viewer { id } }',
    '{ __schema { types { name } } }',
    '{ records { totalCount } }',
    '{ catalog { version } subjects { totalCount } }',
  ])('refuse an unknown caller: %s', async (query) => {
    const answer = await serving.anonymous(query);
    expect(answer.status).toBe(401);
    expect(answer.data).toBeNull();
    expect(answer.errors.map((error) => error.extensions['code'])).toEqual(['UNAUTHENTICATED']);
  });

  it.each([
    'subject(by: { creditCode: "X" }) { id }',
    'subjects { totalCount }',
    'records { totalCount }',
    'listEntries { totalCount }',
    'node(id: "x") { id }',
  ])('give ADMIN no credit data: %s', async (field) => {
    const answer = await admin(`{ ${field} }`);
    expect(answer.errors.map((error) => error.extensions['code'])).toEqual(['FIELD_FORBIDDEN']);
  });

  it('tell ADMIN who it is', async () => {
    const answer = await admin('{ viewer { id kind items { fields { organization { outcome } } } } }');
    expect(answer.data.viewer).toMatchObject({ id: 'centre', kind: 'ADMIN' });
    const outcomes = new Set(
      answer.data.viewer.items.flatMap((item: { fields: { organization: { outcome: string } | null }[] }) =>
        item.fields.map((field) => field.organization?.outcome),
      ),
    );
    expect([...outcomes].filter((outcome) => outcome === 'OPEN' || outcome === 'MASKED')).toEqual([]);
  });
});
