import { beforeAll, describe, expect, it } from '@jest/globals';
import { execute, isInterfaceType, parse, validate } from 'graphql';
import { compileProfile } from '../../src/access/index.ts';
import type { AccessProfile, ProfileBasis } from '../../src/access/index.ts';
import { catalogFromDocument, checkSheet, readSheet } from '../../src/catalog/index.ts';
import type { Catalog } from '../../src/catalog/model.ts';
import { encodeEntryId, encodeSubjectId } from '../../src/entries/index.ts';
import { answerBody } from '../../src/graphql/answer-body.ts';
import { executionSchema } from '../../src/graphql/execution-schema.ts';
import { PlanCache } from '../../src/graphql/plan/plan-cache.ts';
import { prepareOperation } from '../../src/graphql/prepare-operation.ts';
import { SchemaSource } from '../../src/graphql/schema-source.ts';
import { AccessReport } from '../../src/reading/access-report.ts';
import { PreparedJson } from '../../src/json-text.ts';
import { WritingPass } from '../../src/reading/writing-pass.ts';
import { BUNDLED_SHEET } from '../catalog/bundled-sheet.ts';
import { TreeMaker } from './fetched-trees.ts';
import { ReferenceAnswer, referenceResolver, typeNameOf } from './reference-answer.ts';

const CALLERS: readonly ProfileBasis[] = [
  { kind: 'DEPARTMENT', items: null, grants: ['150000-03-003'], providesData: true },
  { kind: 'CREDIT_AGENCY', items: null, grants: [], providesData: false },
  { kind: 'DASHBOARD', items: null, grants: [], providesData: false },
];
const SUBJECT = encodeSubjectId('00000000-0000-8000-8000-000000000001');
const RECORD = encodeEntryId('RECORD', '00000000-0000-8000-8000-000000000001', '00000000-0000-8000-8000-000000000009');
const by = `by: { id: "${SUBJECT}" }`;

const DOCUMENTS: Readonly<Record<string, string>> = {
  'every field of the interfaces': `{ subject(${by}) { id kind registered name creditCode idNumber divisionCode status __typename
    records(first: 5) { totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id status disputed
    publicityEnded receivedAt updatedAt sourceUnit documentNumber authority validUntil publicUntil title decidedOn amount } } }
    listEntries { edges { node { nature listName listedOn removedOn } } } commitments { edges { node { kind committedOn fulfilment } } }
    evaluations { edges { node { grade score evaluatedOn } } } } }`,
  'own fields of items, in fragments': `{ records(first: 9) { edges { node { ...Penalty ... on OrganizationPenalty { violationFacts caseHandler }
    ... on PersonPenalty { p_fine: fineAmount } } } } } fragment Penalty on OrganizationPenalty { penaltyDocNo fineAmount penaltyDecisionDate }`,
  'aliases everywhere': `{ a: subject(${by}) { b: name c: name d: id e: __typename } f: subject(${by}) { name } g: __typename }`,
  'a key merged from many places': `{ subject(${by}) { name ...S ... on Subject { records(first: 3) { edges { node { title } } } } } ...Q }
    fragment S on Subject { records(first: 3) { edges { node { id ...R } cursor } } kind name }
    fragment R on CreditEntry { status ... on CreditRecord { title amount } }
    fragment Q on Query { subject(${by}) { creditCode records(first: 3) { totalCount edges { node { decidedOn } } } } }`,
  'subjects within records within a subject': `{ subject(${by}) { name records(first: 4) { edges { node { subject { name idNumber
    listEntries(first: 2) { edges { node { subject { id } listName } } } } } } } } }`,
  'one connection under two keys': `{ subject(${by}) { a: records(first: 2) { edges { node { title } } }
    b: records(first: 3, filter: { items: ["OrganizationPenalty"] }) { edges { node { title } } } } }`,
  'edges and nodes under two keys': `{ records(first: 6) { a: edges { x: node { title subject { name } } y: node { id } cursor } b: edges { node { amount
    subject { creditCode } } } p: pageInfo { endCursor } __typename } }`,
  'interfaces above interfaces': `{ node(id: "${RECORD}") { id ... on CreditEntry { status documentNumber ... on CreditRecord { amount title } }
    ... on Subject { name } ... on OrganizationPenalty { penaltyDocNo } } }`,
  'a node that is a subject': `{ node(id: "${SUBJECT}") { __typename id ... on Subject { name records(first: 1) { totalCount } } ... on CreditEntry { sourceUnit } } }`,
  'a node that cannot be': '{ node(id: "nothing") { id } }',
  'type names at every level': `{ __typename subjects(first: 3) { __typename pageInfo { __typename } edges { __typename node { __typename
    catalogItem { __typename fields { __typename } } evaluations { __typename edges { __typename node { __typename } } } } } } }`,
  'items of the catalog': `{ listEntries { edges { node { catalogItem { code n: nameZh typeName listNature subjectScope collectionDeadlineDays personPublic
    ...F } catalogItem { family } } } } } fragment F on CatalogItem { fields { key values permission mask maskedAt role inKey length } }`,
  'counts and pages without rows': `{ records { totalCount } evaluations(first: 0) { edges { node { id } } pageInfo { hasNextPage endCursor } } }`,
  'an empty selection of an item': `{ records(first: 5) { edges { node { ... on PersonPenalty { status } } } } }`,
  directives: `query ($yes: Boolean!, $no: Boolean!) { subject(${by}) @include(if: $yes) { name @skip(if: $yes) kind @include(if: $yes)
    records(first: 2) @skip(if: $no) { edges @include(if: $yes) { node { title ... @include(if: $no) { amount } ...X @skip(if: $no) } } totalCount @include(if: $no) } }
    gone: subject(${by}) @skip(if: $yes) { name } } fragment X on CreditRecord { decidedOn }`,
  'everything skipped': 'query ($yes: Boolean!) { subjects @skip(if: $yes) { totalCount } }',
  'names that objects have': `{ __proto__: subject(${by}) { __proto__: name constructor: kind toString: id } }`,
  'the catalog beside it': `{ catalog { version } subject(${by}) { name } viewer { id } }`,
};
const VARIABLES = { yes: true, no: false };

describe('an answer, as text, is what graphql-js makes of the same rows', () => {
  let catalog: Catalog;
  let schemas: SchemaSource;

  beforeAll(async () => {
    const { document } = checkSheet(await readSheet(BUNDLED_SHEET));
    if (document === null) throw new Error('The bundled sheet has findings');
    catalog = catalogFromDocument(1, new Date(0), 'bundled', document);
    schemas = new SchemaSource(catalog);
    for (const type of Object.values(schemas.current.schema.getTypeMap())) {
      if (isInterfaceType(type)) type.resolveType = typeNameOf;
    }
  });

  describe.each(CALLERS)('for a $kind', (basis) => {
    it.each(Object.entries(DOCUMENTS))('%s', async (_name, query) => {
      const profile = compileProfile(catalog, basis);
      const plans = new PlanCache();
      for (let seed = 1; seed <= 25; seed += 1) await compare(query, profile, plans, seed);
      expect(plans.size).toBe(1);
    });
  });

  async function compare(query: string, profile: AccessProfile, plans: PlanCache, seed: number): Promise<void> {
    const { schema } = schemas.current;
    const document = documentOf(query);
    const prepared = prepareOperation(document, null);
    const { operation, fragments } = prepared;
    const common = { catalog, profile, today: '2026-11-20', subjectIdOf: () => '', maxDepth: 14, maxCost: 2_000_000 };
    const plan = plans.planFor(prepared, { schema, operation, fragments, variables: VARIABLES, ...common });
    const maker = new TreeMaker(profile, seed);
    const trees = new Map(plan.roots.map(({ path, read }) => [path, maker.make(read)]));

    const report = new AccessReport();
    const written = (key: string): PreparedJson | null => {
      const root = plan.roots.find(({ path }) => path === key);
      if (root === undefined) throw new Error(`${key} was not planned`);
      const pass = new WritingPass((stored) => stored, report);
      const text = root.write(trees.get(key) ?? null, pass);
      pass.finish();
      if (text === null) return null;
      pass.written.add(text);
      return new PreparedJson(pass.written.end());
    };
    const context = {
      caller: {
        id: 'somebody',
        kind: profile.basis.kind,
        name: '',
        orgCode: null,
        license: null,
        licenseUntil: null,
        grants: [],
        items: null,
      },
      profile,
      catalog,
    };
    const answered = await execute({
      schema: executionSchema(schema),
      document: prepared.execution,
      variableValues: VARIABLES,
      contextValue: { ...context, answer: (key: string) => Promise.resolve(written(key)) },
    });
    const reference = new ReferenceAnswer(profile);
    const expected = await execute({
      schema,
      document,
      variableValues: VARIABLES,
      fieldResolver: referenceResolver,
      contextValue: { ...context, answer: (key: string) => Promise.resolve(reference.node(trees.get(key) ?? null)) },
    });
    expect(expected.errors).toBeUndefined();
    expect(answered.errors).toBeUndefined();
    expect(Buffer.concat(answerBody({ data: answered.data ?? null })).toString()).toBe(
      `${JSON.stringify({ data: expected.data })}\n`,
    );
    expect(sorted(report.lines)).toEqual(sorted(reference.lines));
  }

  const documents = new Map<string, ReturnType<typeof parse>>();

  /** As the server keeps it: the same text is the same document. */
  function documentOf(query: string): ReturnType<typeof parse> {
    const known = documents.get(query);
    if (known !== undefined) return known;
    const document = parse(query);
    expect(validate(schemas.current.schema, document)).toEqual([]);
    documents.set(query, document);
    return document;
  }
});

function sorted(lines: readonly object[]): string[] {
  return lines.map((line) => JSON.stringify(line)).sort();
}
