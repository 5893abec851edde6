/**
 * What graphql-armor's rules do not count. Measured on their releases: directives on the second spread of a fragment, on variables and
 * on fragments that nothing spreads are not seen by max-directives; neither knows what stands at the root, nor what a look-up is.
 */
import { Kind, visit } from 'graphql';
import type { ArgumentNode, DocumentNode, FieldNode, FragmentDefinitionNode, SelectionSetNode, ValueNode } from 'graphql';

export interface DocumentCounts {
  /** every directive that is written anywhere, used or not */
  readonly directives: number;
  /** the most root fields that an operation of the document has; fragments count each time they are spread, as do aliases */
  readonly rootFields: number;
  /** the most root fields of an operation that may look a subject up by a code or number that a caller can make up */
  readonly lookups: number;
}

/** Every count stops there: fragments that double each other at the root would take as long to count as their number is large. */
const ENOUGH = 1_000_000;

export function countDocument(document: DocumentNode): DocumentCounts {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const known = new Map<string, RootCounts>();
  let directives = 0;
  visit(document, { Directive: () => void (directives += 1) });
  let most: RootCounts = NONE;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const found = atRoot(definition.selectionSet);
    most = { rootFields: Math.max(most.rootFields, found.rootFields), lookups: Math.max(most.lookups, found.lookups) };
  }
  return { directives, ...most };

  function atRoot(set: SelectionSetNode): RootCounts {
    let total = NONE;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) total = sum(total, { rootFields: 1, lookups: mayEnumerate(selection) ? 1 : 0 });
      else if (selection.kind === Kind.INLINE_FRAGMENT) total = sum(total, atRoot(selection.selectionSet));
      else total = sum(total, inFragment(selection.name.value));
    }
    return total;
  }

  function inFragment(name: string): RootCounts {
    const counted = known.get(name);
    if (counted !== undefined) return counted;
    // A fragment that spreads itself is refused by validation; here it must only not go on for ever.
    known.set(name, NONE);
    const fragment = fragments.get(name);
    const counts = fragment === undefined ? NONE : atRoot(fragment.selectionSet);
    known.set(name, counts);
    return counts;
  }
}

type RootCounts = Omit<DocumentCounts, 'directives'>;
const NONE: RootCounts = { rootFields: 0, lookups: 0 };

function sum(one: RootCounts, other: RootCounts): RootCounts {
  return {
    rootFields: Math.min(one.rootFields + other.rootFields, ENOUGH),
    lookups: Math.min(one.lookups + other.lookups, ENOUGH),
  };
}

/** `subject(by: …)`, and a listing whose `filter.subject` is given. Ids are not guessable, so `{id: …}` as written is none. */
function mayEnumerate({ arguments: given = [] }: FieldNode): boolean {
  return given.some(({ name, value }: ArgumentNode) => {
    if (name.value === 'by') return !isById(value);
    if (name.value !== 'filter') return false;
    if (value.kind !== Kind.OBJECT) return value.kind === Kind.VARIABLE;
    const subject = value.fields.find((field) => field.name.value === 'subject')?.value;
    return subject !== undefined && !isById(subject);
  });
}

function isById(value: ValueNode): boolean {
  return value.kind === Kind.OBJECT && value.fields.length > 0 && value.fields.every((field) => field.name.value === 'id');
}
