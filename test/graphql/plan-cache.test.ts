import { beforeAll, describe, expect, it } from '@jest/globals';
import { getVariableValues, parse, validate } from 'graphql';
import type { DocumentNode } from 'graphql';
import { compileProfile } from '../../src/access/index.ts';
import type { AccessProfile, ClientKind } from '../../src/access/index.ts';
import { catalogFromDocument, checkSheet, readSheet } from '../../src/catalog/index.ts';
import type { Catalog } from '../../src/catalog/model.ts';
import { encodeEntryId, encodeSubjectId } from '../../src/entries/index.ts';
import { PlanCache } from '../../src/graphql/plan/plan-cache.ts';
import type { BoundPlan } from '../../src/graphql/plan/plan-cache.ts';
import { planOperation } from '../../src/graphql/plan/plan-operation.ts';
import type { PlanInput } from '../../src/graphql/plan/plan-operation.ts';
import { prepareOperation } from '../../src/graphql/prepare-operation.ts';
import { SchemaSource } from '../../src/graphql/schema-source.ts';
import { BUNDLED_SHEET } from '../catalog/bundled-sheet.ts';

const ID = '00000000-0000-8000-8000-000000000001';

/** An operation with the values of its variables, one set after the other, and how many plans they need. */
interface Case {
  readonly query: string;
  readonly values: readonly Readonly<Record<string, unknown>>[];
  readonly plans: number;
}

const CASES: Readonly<Record<string, Case>> = {
  'codes of subjects': {
    query: 'query ($code: String) { subject(by: { creditCode: $code }) { name } }',
    values: [{ code: '91150100MA0N000000' }, { code: '91150100MA0N000001' }, { code: 'not a code' }],
    plans: 1,
  },
  'a whole look-up': {
    query: 'query ($by: SubjectLookup!) { subject(by: $by) { name } }',
    values: [{ by: { id: 'x' } }, { by: { id: encodeSubjectId(ID) } }, { by: { creditCode: 'A' } }, { by: { creditCode: 'B' } }],
    plans: 3,
  },
  'a filter, value by value': {
    query: `query ($from: Date, $code: String, $after: String) { subjects(after: $after, filter: { divisionCode: $code }) { totalCount }
      records(filter: { decidedOn: { from: $from }, items: ["OrganizationPenalty"] }) { totalCount } }`,
    values: [
      { from: '2026-01-01', code: '150100', after: 'one' },
      { from: '2026-02-01', code: '1502', after: 'two' },
    ],
    plans: 1,
  },
  'a value that is there or not': {
    query: 'query ($after: String) { subjects(after: $after) { totalCount } }',
    values: [{}, { after: null }, { after: 'one' }, { after: 'two' }],
    plans: 3,
  },
  'a whole filter': {
    query: 'query ($filter: CreditRecordFilter) { records(filter: $filter) { edges { node { title } } } }',
    values: [
      { filter: { items: ['OrganizationPenalty'], documentNumber: 'A' } },
      { filter: { items: ['OrganizationPenalty'], documentNumber: 'B' } },
      { filter: { items: ['OrganizationLicense'], documentNumber: 'B' } },
      { filter: { status: 'ACTIVE' } },
    ],
    plans: 3,
  },
  'sizes of pages': {
    query: 'query ($first: Int) { records(first: $first) { edges { node { title } } } }',
    values: [{ first: 1 }, { first: 2 }, { first: 1 }, {}],
    plans: 3,
  },
  'kinds of subjects, which decide the items': {
    query: 'query ($kinds: [SubjectKind!]) { subjects(filter: { kinds: $kinds }) { edges { node { name } } } }',
    values: [{ kinds: ['ENTERPRISE'] }, { kinds: ['NATURAL_PERSON'] }, { kinds: null }],
    plans: 3,
  },
  'arguments below the root': {
    query: `query ($number: String) { subject(by: { id: "${encodeSubjectId(ID)}" }) { records(filter: { documentNumber: $number, items: ["OrganizationPenalty"] }) { totalCount } } }`,
    values: [{ number: 'A' }, { number: 'B' }],
    plans: 2,
  },
  'conditions of directives': {
    query: `query ($name: Boolean!) { subject(by: { id: "${encodeSubjectId(ID)}" }) { kind name @include(if: $name) } }`,
    values: [{ name: true }, { name: false }],
    plans: 2,
  },
  'ids of nodes, which name their family': {
    query: 'query ($id: ID!) { node(id: $id) { id ... on CreditRecord { title } ... on Subject { name } } }',
    values: [
      { id: encodeSubjectId(ID) },
      { id: encodeSubjectId('00000000-0000-8000-8000-000000000002') },
      { id: encodeEntryId('RECORD', ID, ID) },
      { id: 'nobody' },
    ],
    plans: 3,
  },
  'one variable at two places': {
    query:
      'query ($text: String) { records(filter: { documentNumber: $text, items: ["OrganizationPenalty"] }, after: $text) { totalCount } }',
    values: [{ text: 'A' }, { text: 'B' }],
    plans: 1,
  },
};

describe('a plan is kept for operations that differ in values only', () => {
  let catalog: Catalog;
  let schemas: SchemaSource;
  let department: AccessProfile;

  beforeAll(async () => {
    const { document } = checkSheet(await readSheet(BUNDLED_SHEET));
    if (document === null) throw new Error('The bundled sheet has findings');
    catalog = catalogFromDocument(1, new Date(0), 'bundled', document);
    schemas = new SchemaSource(catalog);
    department = profileOf('DEPARTMENT');
  });

  it.each(Object.entries(CASES))('%s', (_name, { query, values, plans }) => {
    const cache = new PlanCache();
    const document = valid(query);
    for (const given of [...values, ...values]) {
      const input = inputFor(document, given);
      // Bound to these values it reads what a plan of its own would read.
      expect(readsOf(cache.planFor(prepareOperation(document, null), input))).toEqual(readsOf(planOperation(input)));
    }
    expect(cache.size).toBe(plans);
  });

  it('is another one for another profile, and for another day', () => {
    const cache = new PlanCache();
    const document = valid('{ listEntries(filter: { listedNow: true, items: ["HonestyHonourEntry"] }) { totalCount } }');
    const prepared = prepareOperation(document, null);
    const input = inputFor(document, {});
    cache.planFor(prepared, input);
    cache.planFor(prepared, { ...input, profile: profileOf('CREDIT_AGENCY') });
    const tomorrow = cache.planFor(prepared, { ...input, today: '2026-11-21' });
    expect(cache.size).toBe(3);
    expect(readsOf(tomorrow)).toMatchObject([{ page: { conditions: [{ value: '2026-11-21' }] } }]);
  });

  it.each([
    [{ code: '15' }, { code: 'Hohhot' }, 'filter.divisionCode takes two to six digits'],
    [{ name: '内蒙' }, { name: '内' }, 'filter.name.contains needs at least 2 characters'],
    [{ code: '15' }, { code: '15\u0000' }, 'filter.divisionCode takes two to six digits'],
  ])('refuses a value as it would without a plan: %j, then %j', (good, bad, message) => {
    const cache = new PlanCache();
    const document = valid(
      'query ($code: String, $name: String) { subjects(filter: { kinds: [ENTERPRISE], divisionCode: $code, name: { contains: $name } }) { totalCount } }',
    );
    const prepared = prepareOperation(document, null);
    cache.planFor(prepared, inputFor(document, good));
    expect(() => cache.planFor(prepared, inputFor(document, bad))).toThrow(message);
    expect(() => planOperation(inputFor(document, bad))).toThrow(message);
  });

  it.each([
    ['a literal', '{ subject(by: { idNumber: "150100199001010024" }) { name } }', {}],
    ['a variable', 'query ($n: String) { subject(by: { idNumber: $n }) { name } }', { n: '150100199001010024' }],
    ['a filter', '{ records(filter: { subject: { idNumber: "150100199001010024" } }) { totalCount } }', {}],
  ])('tells of a look-up each time, whoever had the plan made: by %s', (_name, query, given) => {
    const cache = new PlanCache();
    const document = valid(query);
    const told: string[] = [];
    for (const client of ['first', 'second', 'second']) {
      const subjectIdOf = (identifier: string): string => {
        told.push(`${client} ${identifier}`);
        return `id of ${identifier}`;
      };
      cache.planFor(prepareOperation(document, null), { ...inputFor(document, given), subjectIdOf });
    }
    expect(told).toEqual(['first', 'second', 'second'].map((client) => `${client} 150100199001010024`));
  });

  it('does not keep what was refused', () => {
    const cache = new PlanCache();
    const document = valid('{ records(first: 1001) { totalCount } }');
    expect(() => cache.planFor(prepareOperation(document, null), inputFor(document, {}))).toThrow('first takes 0 to 1000');
    expect(cache.size).toBe(0);
  });

  it('keeps at most 500, however many are sent, and none that is huge', () => {
    const cache = new PlanCache();
    for (let number = 0; number < 520; number += 1) {
      const document = parse(`{ subjects(first: 1) { totalCount } k${String(number)}: __typename }`);
      cache.planFor(prepareOperation(document, null), inputFor(document, {}));
    }
    expect(cache.size).toBe(500);
    const huge = valid(
      `{ ${Array.from({ length: 60 }, (_, at) => `r${String(at)}: records(first: 1) { edges { node { id title amount status authority documentNumber sourceUnit decidedOn validUntil publicUntil receivedAt updatedAt disputed } } }`).join(' ')} }`,
    );
    const other = new PlanCache();
    other.planFor(prepareOperation(huge, null), inputFor(huge, {}));
    expect(other.size).toBe(0);
  });

  function profileOf(kind: ClientKind): AccessProfile {
    return compileProfile(catalog, { kind, items: null, grants: [], providesData: false });
  }

  function valid(query: string): DocumentNode {
    const document = parse(query);
    expect(validate(schemas.current.schema, document)).toEqual([]);
    return document;
  }

  function inputFor(document: DocumentNode, given: Readonly<Record<string, unknown>>): PlanInput {
    const { operation, fragments } = prepareOperation(document, null);
    const { schema } = schemas.current;
    const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], given);
    if (coerced === undefined) throw errors[0] ?? new Error('no variables');
    return {
      ...{ schema, operation, fragments, catalog, profile: department, variables: coerced, today: '2026-11-20' },
      ...{ subjectIdOf: (identifier: string) => `id of ${identifier}`, maxDepth: 14, maxCost: 2_000_000 },
    };
  }
});

function readsOf(plan: Pick<BoundPlan, 'roots'>): unknown[] {
  return plan.roots.map(({ read }) => read);
}
