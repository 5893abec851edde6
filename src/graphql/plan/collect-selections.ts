/**
 * Which fields an operation selects on one concrete type: fragments by type condition, @skip and @include by the variables,
 * aliases by response key: the same rules as the execution algorithm of the GraphQL specification (§6.3.2).
 */
import { GraphQLIncludeDirective, GraphQLSkipDirective, Kind, getDirectiveValues } from 'graphql';
import type { FieldNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql';

/** One place where a field is selected. */
export interface Occurrence {
  readonly node: FieldNode;
  /** the type of the selection set it stands in: an interface or an object type */
  readonly parentType: string;
}

/** A selection set with the type it was written for. */
export interface TypedSelection {
  readonly selectionSet: SelectionSetNode;
  readonly parentType: string;
}

export interface SelectionContext {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * @param typeNames the concrete type and every interface it implements
 * @returns response key -> the places that contribute to it, in the order of the document
 */
export function collectSelections(
  context: SelectionContext,
  typeNames: ReadonlySet<string>,
  selections: readonly TypedSelection[],
): Map<string, Occurrence[]> {
  const collected = new Map<string, Occurrence[]>();
  // A fragment spread twice in one selection adds nothing the second time (and a cycle never gets here: validation refuses it).
  const spread = new Set<string>();
  for (const selection of selections) collectInto(selection.selectionSet, selection.parentType);
  return collected;

  function collectInto(selectionSet: SelectionSetNode, parentType: string): void {
    for (const selection of selectionSet.selections) {
      if (getDirectiveValues(GraphQLSkipDirective, selection, context.variables)?.['if'] === true) continue;
      if (getDirectiveValues(GraphQLIncludeDirective, selection, context.variables)?.['if'] === false) continue;
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value;
        const places = collected.get(key);
        if (places === undefined) collected.set(key, [{ node: selection, parentType }]);
        else places.push({ node: selection, parentType });
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value;
        if (condition === undefined || typeNames.has(condition)) collectInto(selection.selectionSet, condition ?? parentType);
      } else {
        const name = selection.name.value;
        const fragment = context.fragments.get(name);
        if (fragment === undefined || spread.has(name)) continue;
        const condition = fragment.typeCondition.name.value;
        if (!typeNames.has(condition)) continue;
        spread.add(name);
        collectInto(fragment.selectionSet, condition);
      }
    }
  }
}

/** The selection sets below one field, merged over all its occurrences. */
export function selectionsBelow(occurrences: readonly Occurrence[], typeName: string): TypedSelection[] {
  return occurrences.flatMap(({ node }) =>
    node.selectionSet === undefined ? [] : [{ selectionSet: node.selectionSet, parentType: typeName }],
  );
}
