/** Channels select, alias, fragment, interface field and nested path, and what `extensions.access` says of each. */
import type { CatalogItem, Family } from '../../../src/catalog/model.ts';
import {
  ALL_FAMILIES,
  aliasedInline,
  ENTRY_FAMILIES,
  interfaceFields,
  INTERFACES,
  list,
  namedFragments,
  ownFields,
  ROOTS,
} from '../documents.ts';
import type { Findings } from '../findings.ts';
import { fieldOf, INTERFACE_ROLES } from '../interface-roles.ts';
import type { Oracle } from '../oracle.ts';
import type { Answer, Scene } from '../stage.ts';
import { Walk } from '../walk.ts';
import { itemsOf } from '../world.ts';

/** Everything of every item by its own name; then the same in strict mode. */
export async function selectPlainly(scene: Scene, findings: Findings, inStrictMode = true): Promise<void> {
  const { world, oracle } = scene;
  const items = world.document.items.filter((item) => item.family !== 'SUBJECT' && oracle.inLimits(item));
  const root = (item: CatalogItem, at: number): string =>
    `r${at}: ${ROOTS[item.family]}(filter: { items: ${list([item.code])} }, first: 40) { totalCount edges { cursor node { ${interfaceFields(item.family)} ${ownFields(item)} } } }`;
  const subjects = `s: subjects(first: 40) { totalCount edges { node { ${interfaceFields('SUBJECT')} ${aliasedInline(world.document.items, 'SUBJECT')} } } }`;
  const query = `{ ${subjects} ${items.map(root).join('\n')} }`;
  const answer = await scene.ask(findings, query);
  expectNoErrors(answer, findings);
  const walk = new Walk(oracle, findings);
  walk.connection(answer.data?.['s'], oracle.visible('SUBJECT'), 'subjects');
  for (const [at, item] of items.entries()) {
    walk.connection(
      answer.data?.[`r${at}`],
      oracle.visible(item.family).filter((row) => row.item === item),
      `${ROOTS[item.family]}(${item.code})`,
    );
  }
  const lines = expectedLines(oracle, [...itemsOf(world, 'SUBJECT'), ...items]);
  compareLines(lines, answer, findings);
  if (!inStrictMode) return;
  const strict = await scene.ask(findings, query, { 'x-access-mode': 'strict' });
  const refused = strict.errors[0]?.extensions['code'] === 'FIELD_FORBIDDEN' && strict.data === null;
  const withheld = [...lines.keys()].some((line) => line.includes('"WITHHELD"'));
  if (refused !== withheld)
    findings.add({ field: 'strict mode', expected: withheld ? 'FIELD_FORBIDDEN' : 'data', got: strict.errors });
}

/** Everything by named fragments, on the types and on the interfaces, under aliases. */
export async function selectByFragments(scene: Scene, findings: Findings): Promise<void> {
  const { world } = scene;
  const roots = ALL_FAMILIES.map(
    (family) => `l_${family}: ${ROOTS[family]}(first: 250) { totalCount edges { node { ...All_${family} } } }`,
  );
  const answer = await scene.ask(findings, `{ ${roots.join('\n')} }\n${namedFragments(world.document.items, ALL_FAMILIES)}`);
  compareListings(scene, answer, findings);
}

/** Everything by inline fragments within inline fragments on interfaces. */
export async function selectByInlineFragments(scene: Scene, findings: Findings): Promise<void> {
  const { world } = scene;
  const roots = ALL_FAMILIES.map(
    (family) =>
      `l_${family}: ${ROOTS[family]}(first: 250) { totalCount edges { node { ... on Node { id ... on ${INTERFACES[family]} { ${interfaceFields(family)} ${aliasedInline(world.document.items, family)} } } } } }`,
  );
  compareListings(scene, await scene.ask(findings, `{ ${roots.join('\n')} }`), findings);
}

/** Everything by way of something else: subject → entries → subject, and entry → subject → entries. */
export async function selectNested(scene: Scene, findings: Findings): Promise<void> {
  const { world, oracle } = scene;
  const below = ENTRY_FAMILIES.map(
    (family) =>
      `${ROOTS[family]}(first: 12) { totalCount edges { node { ...All_${family} subject { ${interfaceFields('SUBJECT')} } } } }`,
  );
  const again = ENTRY_FAMILIES.map((family) => `${ROOTS[family]}(first: 12) { totalCount edges { node { id } } }`);
  const roots = ENTRY_FAMILIES.map(
    (family) =>
      `l_${family}: ${ROOTS[family]}(first: 100) { edges { node { id subject { ...All_SUBJECT ... on Subject { ${again.join(' ')} } } } } }`,
  );
  const query = `{ l_SUBJECT: subjects(first: 40) { totalCount edges { node { ...All_SUBJECT ${below.join('\n')} } } } ${roots.join('\n')} }`;
  const answer = await scene.ask(findings, `${query}\n${namedFragments(world.document.items, ALL_FAMILIES)}`);
  expectNoErrors(answer, findings);
  const walk = new Walk(oracle, findings);
  walk.connection(answer.data?.['l_SUBJECT'], oracle.visible('SUBJECT'), 'subjects');
  for (const family of ENTRY_FAMILIES) walk.connection(answer.data?.[`l_${family}`], oracle.visible(family), ROOTS[family]);
}

function compareListings({ oracle }: Scene, answer: Answer, findings: Findings): void {
  expectNoErrors(answer, findings);
  const walk = new Walk(oracle, findings);
  for (const family of ALL_FAMILIES) walk.connection(answer.data?.[`l_${family}`], oracle.visible(family), ROOTS[family]);
}

export function expectNoErrors({ errors }: Answer, findings: Findings): void {
  if (errors.length > 0) findings.add({ expected: 'no errors', got: errors });
}

/** "one line per coordinate and item, never per row": the line without its count → the count. */
function expectedLines(oracle: Oracle, items: readonly CatalogItem[]): Map<string, number> {
  const lines = new Map<string, number>();
  for (const item of items) {
    for (const row of oracle.visible(item.family).filter((candidate) => candidate.item === item)) {
      for (const { coordinate, field } of coordinates(item, item.family)) {
        const { outcome, required, reason } = oracle.decision(row, field);
        if (outcome === 'OPEN') continue;
        const line = JSON.stringify([coordinate, item.code, field.key, outcome, required, reason]);
        lines.set(line, (lines.get(line) ?? 0) + 1);
      }
    }
  }
  return lines;
}

function coordinates(item: CatalogItem, family: Family): { coordinate: string; field: CatalogItem['fields'][number] }[] {
  const ofInterface = Object.entries(INTERFACE_ROLES[family]).flatMap(([name, role]) => {
    const field = fieldOf(item, role);
    return field === undefined ? [] : [{ coordinate: `${INTERFACES[family]}.${name}`, field }];
  });
  return [...ofInterface, ...item.fields.map((field) => ({ coordinate: `${item.typeName}.${field.key}`, field }))];
}

function compareLines(expected: ReadonlyMap<string, number>, { extensions }: Answer, findings: Findings): void {
  const got = new Map<string, unknown>();
  for (const line of Array.isArray(extensions['access']) ? (extensions['access'] as readonly Record<string, unknown>[]) : []) {
    const { coordinate, item, field, outcome, required, reason, count } = line;
    const key = JSON.stringify([coordinate, item, field, outcome, required, reason]);
    if (got.has(key)) findings.add({ field: 'extensions.access', expected: 'one line per coordinate and item', got: line });
    got.set(key, count);
  }
  for (const line of new Set([...expected.keys(), ...got.keys()])) {
    if (expected.get(line) !== got.get(line))
      findings.add({
        field: `extensions.access ${line}`,
        expected: expected.get(line) ?? 'no line',
        got: got.get(line) ?? 'no line',
      });
  }
}
