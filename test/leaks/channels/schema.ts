/** Channels introspection, suggestion and error text. */
import type { Family } from '../../../src/catalog/model.ts';
import type { Findings } from '../findings.ts';
import { ALL_FAMILIES, INTERFACES, ROOTS } from '../documents.ts';
import { INTERFACE_ROLES } from '../interface-roles.ts';
import type { Scene } from '../stage.ts';
import { isObject } from '../walk.ts';

/** The caller's own view: exactly the types and fields that some channel could ever open to it. */
export async function introspect(scene: Scene, findings: Findings): Promise<void> {
  const { world, oracle } = scene;
  const { items } = world.document;
  const byName = items.map(({ typeName }, at) => `t${at}: __type(name: "${typeName}") { name fields { name } }`);
  const answer = await scene.ask(
    findings,
    `{ __schema { types { name fields { name } possibleTypes { name } } } ${byName.join(' ')} }`,
  );
  const types = new Map<string, ReadonlySet<string>>();
  const schema = answer.data?.['__schema'];
  const listed = isObject(schema) && Array.isArray(schema['types']) ? (schema['types'] as readonly unknown[]) : [];
  for (const type of listed) if (isObject(type)) types.set(String(type['name']), namesIn(type['fields']));
  if (listed.length === 0) findings.add({ expected: 'a schema', got: answer.errors });
  const possible = new Set(listed.flatMap((type) => (isObject(type) ? [...namesIn(type['possibleTypes'])] : [])));
  for (const [at, item] of items.entries()) {
    const seen = item.fields.filter((field) => oracle.couldSee(item, field)).map(({ key }) => key);
    const expected = new Set(seen.filter((key) => !(key in INTERFACE_ROLES[item.family])));
    const single = answer.data?.[`t${at}`];
    const shown = seen.length > 0;
    if ((single !== null) !== shown || types.has(item.typeName) !== shown || possible.has(item.typeName) !== shown) {
      findings.add({ item: item.typeName, field: '(type)', expected: shown ? 'shown' : 'hidden', got: single });
    }
    if (!shown) continue;
    for (const names of [types.get(item.typeName) ?? new Set<string>(), namesIn(isObject(single) ? single['fields'] : null)]) {
      for (const { key } of item.fields) {
        if (key in INTERFACE_ROLES[item.family] || names.has(key) === expected.has(key)) continue;
        findings.add({
          item: item.typeName,
          field: key,
          expected: expected.has(key) ? 'shown' : 'hidden',
          got: names.has(key) ? 'shown' : 'hidden',
        });
      }
    }
  }
}

/** Slips of the pen one letter away from every name of the catalog: no answer may complete them. */
export async function misspell(scene: Scene, findings: Findings, families: readonly Family[] = ALL_FAMILIES): Promise<void> {
  const { items } = scene.world.document;
  for (const family of families) {
    const own = items.filter((item) => item.family === family);
    const slips = own.flatMap((item) => [
      `... on ${item.typeName}x { id }`,
      ...item.fields.slice(0, 40 / own.length + 2).map(({ key }) => `... on ${item.typeName} { ${key}x }`),
    ]);
    const query = `{ l: ${ROOTS[family]}(first: 1, filtr: {}, orderBy: { by: UPDATED_ATT }) { edges { node { ${slips.join(' ')} ... on ${INTERFACES[family]} { idd } } } } __typ(name: "x") { name } }`;
    const answer = await scene.ask(findings, query);
    const said = JSON.stringify(answer.errors);
    if (answer.errors.length === 0 || answer.data !== null)
      findings.add({ item: ROOTS[family], expected: 'refused', got: answer.data });
    if (/did you mean/i.test(said)) findings.add({ item: ROOTS[family], field: 'suggestion', expected: 'none', got: said });
    for (const item of own) {
      for (const { key } of item.fields) {
        if (new RegExp(`\\b${key}\\b`).test(said))
          findings.add({ item: item.typeName, field: key, expected: 'not named', got: said });
      }
    }
  }
}

/** Mistakes of every sort, with a row's id or a value's type at hand: what the answer says of them is no more than what was asked. */
export async function provokeErrors(scene: Scene, findings: Findings): Promise<void> {
  const { world } = scene;
  const entry = world.rows.find((row) => row.item.family !== 'SUBJECT');
  const provocations = [
    `{ node(id: "${entry?.id.slice(0, -1) ?? ''}") { id ... on CreditEntry { documentNumber } } }`,
    `{ node(id: "'; SELECT 1 --") { id } }`,
    '{ records(first: 1001) { totalCount } }',
    '{ records(first: -1) { totalCount } }',
    '{ records(filter: { decidedOn: { from: "2026-02-30" } }) { totalCount } }',
    '{ records(filter: { amount: { from: "1e9" } }) { totalCount } }',
    '{ records(filter: { items: ["NoSuchItem"] }) { totalCount } }',
    '{ records(filter: { documentNumber: "\\u0000" }) { totalCount } }',
    '{ subjects(filter: { name: { contains: "Z" } }) { totalCount } }',
    '{ subjects(filter: { divisionCode: "Z" }) { totalCount } }',
    '{ subject(by: {}) { id } }',
    `query($x: Int!) { records(first: $x) { edges { node { documentNumber } } } }`,
    '{ subjects(first: 1000) { edges { node { records(first: 1000) { edges { node { subject { records(first: 1000) { edges { node { documentNumber } } } } } } } } } } }',
  ];
  for (const query of provocations) {
    const answer = await scene.ask(findings, query);
    const said = JSON.stringify(answer.errors);
    if (/select |insert |prisma|postgres|column "|relation "|\bat .*:\d+:\d+/i.test(said))
      findings.add({ field: 'error text', expected: 'nothing of the inside', got: said, where: query });
    if (answer.errors.some(({ extensions }) => extensions['code'] === 'INTERNAL_SERVER_ERROR')) {
      findings.add({ field: 'error text', expected: 'a code that the caller can act on', got: said, where: query });
    }
  }
}

function namesIn(list: unknown): Set<string> {
  return new Set(Array.isArray(list) ? list.map((entry: unknown) => (isObject(entry) ? String(entry['name']) : '')) : []);
}
