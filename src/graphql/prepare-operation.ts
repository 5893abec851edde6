/**
 * What of an operation depends on its document alone, found once per document: its definition, its root fields, and the two
 * documents by which it is executed. graphql-js executes the roots only: one that reads credit data is a leaf there, whose whole
 * answer comes as JSON text (reading/write-answer.ts).
 */
import { Kind, OperationTypeNode } from 'graphql';
import type { DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionNode, SelectionSetNode } from 'graphql';
import { GatewayError } from '../errors.ts';
import { variableUses } from './plan/variable-shape.ts';
import type { VariableUses } from './plan/variable-shape.ts';

/** Root fields of Query whose answers are written from a plan. */
export const READING_ROOTS: ReadonlySet<string> = new Set([
  'subject',
  'subjects',
  'records',
  'listEntries',
  'commitments',
  'evaluations',
  'node',
  'changes',
]);

const META_ROOTS: ReadonlySet<string> = new Set(['__schema', '__type']);

export interface PreparedOperation {
  /** names this document and operation within the process */
  readonly id: number;
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** names of all root fields, whatever @skip and @include say: who may ask does not depend on variables */
  readonly rootNames: ReadonlySet<string>;
  /** without introspection, and with reading roots as leaves */
  readonly execution: DocumentNode;
  /** what the operation asks of the schema itself; null: nothing */
  readonly introspection: DocumentNode | null;
  readonly variableUses: VariableUses;
  /** length of the document's source, in characters */
  readonly size: number;
}

// A document lives as long as Apollo's document cache keeps it, and what was prepared of it as long as the document.
const prepared = new WeakMap<DocumentNode, Map<string, PreparedOperation>>();
let lastId = 0;

/** @throws GatewayError BAD_USER_INPUT when the document has no such operation, or several and none is named */
export function prepareOperation(document: DocumentNode, operationName: string | null | undefined): PreparedOperation {
  if (operationName === '') throw noSuchOperation();
  const name = operationName ?? '';
  let operations = prepared.get(document);
  if (operations === undefined) {
    operations = new Map();
    prepared.set(document, operations);
  }
  let found = operations.get(name);
  if (found === undefined) {
    found = prepare(document, operationName);
    operations.set(name, found);
  }
  return found;
}

function noSuchOperation(): GatewayError {
  return new GatewayError('BAD_USER_INPUT', 'There is no operation with this operationName in the document.');
}

function prepare(document: DocumentNode, operationName: string | null | undefined): PreparedOperation {
  const fragments = new Map<string, FragmentDefinitionNode>();
  let operation: OperationDefinitionNode | undefined;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (operationName == null || definition.name?.value === operationName) operation = definition;
  }
  if (operation === undefined) throw noSuchOperation();
  if (operationName == null && document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION).length > 1) {
    throw new GatewayError('BAD_USER_INPUT', 'The document has several operations: say which one in operationName.');
  }
  const rootNames = rootFieldNames(operation.selectionSet, fragments);
  const introspects = [...rootNames].some((name) => META_ROOTS.has(name));
  lastId += 1;
  return {
    id: lastId,
    operation,
    fragments,
    rootNames,
    execution: rewritten(document, operation, fragments, (node) => (META_ROOTS.has(node.name.value) ? null : asLeaf(node))),
    introspection: introspects
      ? rewritten(document, operation, fragments, (node) => (META_ROOTS.has(node.name.value) ? node : null))
      : null,
    variableUses: variableUses(operation, fragments, READING_ROOTS),
    size: document.loc?.source.body.length ?? 0,
  };
}

type RootField = SelectionNode & { kind: Kind.FIELD };

function asLeaf(node: RootField): RootField {
  if (!READING_ROOTS.has(node.name.value)) return node;
  const { selectionSet: _, ...leaf } = node;
  return leaf;
}

/**
 * The document, with every root field of a query as `rewrite` gives it; null leaves it out. Other operations stay in it, so that
 * graphql-js misses a name where there should be one.
 */
function rewritten(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  rewrite: (node: RootField) => RootField | null,
): DocumentNode {
  if (operation.operation !== OperationTypeNode.QUERY) return document;
  const atRoot = rootFragments(operation.selectionSet, fragments);
  const definitions = document.definitions.map((definition) =>
    definition === operation || (definition.kind === Kind.FRAGMENT_DEFINITION && atRoot.has(definition.name.value))
      ? { ...definition, selectionSet: rewriteSet(definition.selectionSet) }
      : definition,
  );
  return { kind: Kind.DOCUMENT, definitions };

  function rewriteSet(set: SelectionSetNode): SelectionSetNode {
    const selections = set.selections.flatMap((selection): SelectionNode[] => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return [selection];
      if (selection.kind === Kind.INLINE_FRAGMENT) return [{ ...selection, selectionSet: rewriteSet(selection.selectionSet) }];
      const field = rewrite(selection);
      return field === null ? [] : [field];
    });
    return { ...set, selections };
  }
}

/** Fragments that are spread at the root; a fragment on a root type can stand nowhere else. */
function rootFragments(root: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): Set<string> {
  const names = new Set<string>();
  walkRoot(root, fragments, () => undefined, names);
  return names;
}

function rootFieldNames(root: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): Set<string> {
  const names = new Set<string>();
  walkRoot(root, fragments, (name) => names.add(name), new Set());
  return names;
}

function walkRoot(
  root: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  onField: (name: string) => unknown,
  spread: Set<string>,
): void {
  const pending: SelectionSetNode[] = [root];
  for (let set = pending.pop(); set !== undefined; set = pending.pop()) {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) onField(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) pending.push(selection.selectionSet);
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = fragments.get(selection.name.value);
        if (fragment !== undefined) pending.push(fragment.selectionSet);
      }
    }
  }
}
