/**
 * What of an operation's variables decides its plan. A plan is kept for operations that differ in nothing but the values by which
 * a root finds its rows: codes, ids, cursors, texts and dates of filters. Whatever else a variable may be (a page's size, the
 * items of a filter, the condition of a directive, an argument further down) belongs to the plan.
 */
import { Kind, visit } from 'graphql';
import type { ASTNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode, ValueNode } from 'graphql';
import { decodeGlobalId } from '../../entries/index.ts';

/** Names of arguments and input fields at reading roots whose value finds rows, and decides nothing else. */
const FINDS_ROWS: ReadonlySet<string> = new Set([
  ...['creditCode', 'idNumber', 'after', 'creditCodes', 'equals', 'startsWith', 'contains', 'divisionCode', 'from', 'to'],
  ...['documentNumber', 'authority', 'listName', 'kind', 'fulfilment', 'grade', 'statuses'],
]);

/** Variable -> the names of the root arguments or input fields that it fills; null: its whole value belongs to the plan. */
export type VariableUses = ReadonlyMap<string, ReadonlySet<string> | null>;

/** @param readingRoots names of the root fields that are planned; what others are given decides no plan */
export function variableUses(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  readingRoots: ReadonlySet<string>,
): VariableUses {
  const uses = new Map<string, Set<string> | null>();
  const spreadAtRoot = new Set<string>();
  const spreadBelow = new Set<string>();
  atRoot(operation.selectionSet);
  return uses;

  function atRoot({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      for (const directive of selection.directives ?? []) everythingIn(directive);
      if (selection.kind === Kind.INLINE_FRAGMENT) atRoot(selection.selectionSet);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(selection.name.value);
        if (fragment === undefined || spreadAtRoot.has(selection.name.value)) continue;
        spreadAtRoot.add(selection.name.value);
        atRoot(fragment.selectionSet);
      } else if (readingRoots.has(selection.name.value)) {
        for (const { name, value } of selection.arguments ?? []) argument(name.value, value);
        if (selection.selectionSet !== undefined) everythingIn(selection.selectionSet);
      }
    }
  }

  function argument(name: string, value: ValueNode): void {
    if (value.kind === Kind.VARIABLE) {
      const known = uses.get(value.name.value);
      if (known === undefined) uses.set(value.name.value, new Set([name]));
      else known?.add(name);
    } else if (value.kind === Kind.OBJECT) {
      for (const field of value.fields) argument(field.name.value, field.value);
    } else if (value.kind === Kind.LIST) {
      for (const one of value.values) argument(name, one);
    }
  }

  function everythingIn(node: ASTNode): void {
    visit(node, {
      Variable: ({ name }) => {
        uses.set(name.value, null);
      },
      FragmentSpread: ({ name }) => {
        const fragment = fragments.get(name.value);
        if (fragment === undefined || spreadBelow.has(name.value)) return;
        spreadBelow.add(name.value);
        everythingIn(fragment.selectionSet);
      },
    });
  }
}

/** Equal for two lists of coerced variables that are planned alike. */
export function variableShape(uses: VariableUses, variables: Readonly<Record<string, unknown>>): string {
  let shape = '';
  for (const [name, places] of uses) {
    const value = variables[name];
    if (places === null) shape += `${name}=${value === undefined ? '-' : JSON.stringify(value)};`;
    else for (const place of places) shape += `${name}:${place}=${shapeAt(place, value)};`;
  }
  return shape;
}

function shapeAt(place: string, value: unknown): string {
  if (value === undefined) return '-';
  if (value === null) return 'null';
  if (FINDS_ROWS.has(place)) return '*';
  // The id of a node names its family, and so what can be selected of it.
  if (place === 'id') return typeof value === 'string' ? (decodeGlobalId(value)?.family ?? '?') : '?';
  if (Array.isArray(value)) return `[${value.map((one) => shapeAt(place, one)).join()}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, one]) => `${key}:${shapeAt(key, one)}`)
    .join()}}`;
}
