/** The arguments of fields that read: what they name and which page they ask for, checked against the caller's view. */
import { getArgumentValues, isInterfaceType, isObjectType } from 'graphql';
import type { FieldNode, GraphQLSchema } from 'graphql';
import type { Party } from '../../access/index.ts';
import type { CatalogItem, EntryFamily } from '../../catalog/model.ts';
import { decodeGlobalId } from '../../entries/index.ts';
import { GatewayError } from '../../errors.ts';
import type { RootRead, SubjectKey } from '../../reading/read-plan.ts';
import { ChangesArguments, Lookup, MAX_PAGE, PageArguments } from './arguments.ts';
import type { Occurrence } from './collect-selections.ts';
import { pageRequest } from './page-request.ts';
import type { Listing as PlacedListing, PageInput } from './page-request.ts';
import { itemsInScope, namedItems, narrower, partyOfSubjects } from './scope.ts';
import { subjectKey } from './subject-key.ts';
import type { SubjectKeyInput } from './subject-key.ts';

export interface ListingInput extends PageInput, SubjectKeyInput {
  readonly schema: GraphQLSchema;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface Listing {
  /** entries by `filter.subject` only */
  readonly key: SubjectKey | null;
  readonly party: Party;
  readonly items: readonly CatalogItem[];
  readonly page: ReturnType<typeof pageRequest>;
}

type Note = (coordinate: string) => void;

/** `records(...)` and the other three: at the root (`parent` null), or of a subject, whose kind narrows the items. */
export function entriesListing(
  input: ListingInput,
  family: EntryFamily,
  occurrences: readonly Occurrence[],
  parent: Party | null,
  noteBeyondPublic: Note,
): Listing {
  const given = PageArguments.parse(argumentsOf(input, parent === null ? 'Query' : 'Subject', occurrences));
  const filter = given.filter ?? {};
  const key = filter.subject == null ? null : subjectKey(input, filter.subject, family);
  const party = narrower(parent ?? 'ANY', key?.party ?? 'ANY');
  const items = namedItems(input, family, party, filter);
  if (parent !== null && filter.subject != null) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      'filter.subject belongs to the listings of Query; inside a subject it is already given.',
    );
  }
  return { key, party, items, page: pageOf(input, given, occurrences, { items, party, family }, noteBeyondPublic) };
}

export function subjectsListing(input: ListingInput, occurrences: readonly Occurrence[], noteBeyondPublic: Note): Listing {
  const given = PageArguments.parse(argumentsOf(input, 'Query', occurrences));
  const party = partyOfSubjects(given.filter ?? {});
  const items = itemsInScope(input, 'SUBJECT', party);
  const page = pageOf(input, given, occurrences, { items, party, family: 'SUBJECT' }, noteBeyondPublic);
  return { key: null, party, items, page };
}

/** The page of changes that is asked for; which items it names is the feed's to judge, by the views that its cursor knows. */
export function changesListing(
  input: ListingInput,
  occurrences: readonly Occurrence[],
): { readonly items: readonly string[] | null; readonly first: number; readonly after: string | null } {
  const { items, first, after } = ChangesArguments.parse(argumentsOf(input, 'Query', occurrences));
  if (first < 0 || first > MAX_PAGE) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      `first takes 0 to ${String(MAX_PAGE)}. Read more with after and the page's endCursor.`,
    );
  }
  return { items: items ?? null, first, after: after ?? null };
}

/** Of `subject(by:)`. */
export function lookedUp(input: ListingInput, occurrences: readonly Occurrence[]): SubjectKey {
  return subjectKey(input, Lookup.parse(argumentsOf(input, 'Query', occurrences)['by']), 'SUBJECT');
}

/** Of `node(id:)`. */
export function namedNode(input: ListingInput, occurrences: readonly Occurrence[]): ReturnType<typeof decodeGlobalId> {
  return decodeGlobalId(String(argumentsOf(input, 'Query', occurrences)['id']));
}

/**
 * The same read with the values of other variables, where these do not change what is selected of which items (`variableShape`).
 * @throws GatewayError as planning it anew would
 */
export function rebound(input: ListingInput, occurrences: readonly Occurrence[], read: RootRead): RootRead {
  const ignore = (): void => undefined;
  switch (read.kind) {
    case 'NOTHING':
      return read;
    case 'CHANGES':
      return { ...read, after: changesListing(input, occurrences).after };
    case 'SUBJECTS':
      return { ...read, page: { ...read.page, ...subjectsListing(input, occurrences, ignore).page } };
    case 'ENTRIES': {
      const { key, page } = entriesListing(input, read.family, occurrences, null, ignore);
      return { ...read, key, page: { ...read.page, ...page } };
    }
    case 'ENTRY': {
      const id = namedNode(input, occurrences);
      if (id?.family !== read.family) throw new Error('A plan was bound to a node of another family');
      return { ...read, subjectId: id.subjectId, entryId: id.entryId };
    }
    case 'SUBJECT': {
      if (occurrences[0]?.node.name.value === 'subject') return { ...read, key: lookedUp(input, occurrences) };
      const id = namedNode(input, occurrences);
      if (id?.family !== 'SUBJECT') throw new Error('A plan was bound to a node of another family');
      return { ...read, key: { subjectId: id.subjectId, party: 'ANY' } };
    }
  }
}

function pageOf(
  input: ListingInput,
  given: PageArguments,
  occurrences: readonly Occurrence[],
  listing: Omit<PlacedListing, 'coordinate'>,
  noteBeyondPublic: Note,
): ReturnType<typeof pageRequest> {
  const place = occurrences[0];
  const coordinate = `${place?.parentType ?? 'Query'}.${place?.node.name.value ?? ''}`;
  return pageRequest(input, given, { ...listing, coordinate }, noteBeyondPublic);
}

/** The arguments of one field as GraphQL coerces them. */
export function argumentValues(
  { schema, variables }: Pick<ListingInput, 'schema' | 'variables'>,
  typeName: 'Query' | 'Subject',
  node: FieldNode,
): Record<string, unknown> {
  const type = schema.getType(typeName);
  const definition = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
  if (definition === undefined) throw new Error(`Validation let an unknown field through: ${typeName}.${node.name.value}`);
  return getArgumentValues(definition, node, variables);
}

function argumentsOf(
  input: ListingInput,
  typeName: 'Query' | 'Subject',
  [first]: readonly Occurrence[],
): Record<string, unknown> {
  // Validation (overlapping fields can be merged) has seen to it that all occurrences have the same arguments.
  return first === undefined ? {} : argumentValues(input, typeName, first.node);
}
