/**
 * The operation check (DESIGN §7): one walk over the operation, before any row is fetched, that finds what it reads of which
 * items, refuses filters and orders that the caller's view does not open, and adds up its cost.
 */
import { getArgumentValues, isInterfaceType, isObjectType } from 'graphql';
import type { FieldNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Party } from '../../access/index.ts';
import type { EntryFamily, Family } from '../../catalog/model.ts';
import { decodeGlobalId } from '../../entries/index.ts';
import { GatewayError } from '../../errors.ts';
import type { EntriesRead, OneSubjectRead, OperationPlan, RootRead, SubjectKey, SubjectsRead } from '../../reading/read-plan.ts';
import { Lookup, PageArguments } from './arguments.ts';
import { collectSelections, selectionsBelow } from './collect-selections.ts';
import type { Occurrence, SelectionContext, TypedSelection } from './collect-selections.ts';
import { pageRequest } from './page-request.ts';
import type { Listing, PageInput } from './page-request.ts';
import { CONNECTION_FAMILIES, planRows } from './plan-rows.ts';
import type { RowPlanner } from './plan-rows.ts';
import { itemsInScope, namedItems, narrower, partyOfSubjects } from './scope.ts';
import { subjectKey } from './subject-key.ts';
import type { SubjectKeyInput } from './subject-key.ts';

export interface PlanInput extends SelectionContext, PageInput, SubjectKeyInput {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly maxDepth: number;
  readonly maxCost: number;
}

const CONNECTION_TYPES: Readonly<Record<Family, string>> = {
  SUBJECT: 'SubjectConnection',
  RECORD: 'CreditRecordConnection',
  LIST: 'ListEntryConnection',
  COMMITMENT: 'CommitmentConnection',
  EVALUATION: 'EvaluationConnection',
};

/**
 * @throws GatewayError FILTER_FORBIDDEN, BAD_USER_INPUT or QUERY_TOO_COSTLY. Nothing has been read then.
 */
export function planOperation(input: PlanInput): OperationPlan {
  const planner = new OperationPlanner(input);
  return planner.plan();
}

class OperationPlanner implements RowPlanner {
  #cost = 0;
  #beyondPublic: string | null = null;

  constructor(readonly input: PlanInput) {}

  plan(): OperationPlan {
    const roots = [];
    const selected = collectSelections(this.input, new Set(['Query']), [
      { selectionSet: this.input.operation.selectionSet, parentType: 'Query' },
    ]);
    for (const [path, occurrences] of selected) {
      const read = this.#root(occurrences);
      if (read !== null) roots.push({ path, read });
    }
    return { roots, cost: this.#cost, beyondPublic: this.#beyondPublic };
  }

  /** @throws GatewayError QUERY_TOO_COSTLY as soon as the limit is passed */
  charge(rows: number, fields: number): void {
    this.#cost += rows * (fields + 1);
    if (this.#cost > this.input.maxCost) {
      throw new GatewayError(
        'QUERY_TOO_COSTLY',
        `This operation may return more than ${String(this.input.maxCost)} values (rows × fields). Ask for smaller pages (first) or fewer fields.`,
      );
    }
  }

  descend(depth: number): number {
    if (depth >= this.input.maxDepth) {
      throw new GatewayError('QUERY_TOO_COSTLY', `This operation is nested deeper than ${String(this.input.maxDepth)} levels.`);
    }
    return depth + 1;
  }

  noteBeyondPublic(coordinate: string): void {
    this.#beyondPublic ??= coordinate;
  }

  planSubject(
    key: SubjectKey | null,
    party: Party,
    selections: TypedSelection[],
    multiplier: number,
    depth: number,
  ): OneSubjectRead {
    const rows = planRows(this, itemsInScope(this.input, 'SUBJECT', party), party, selections, multiplier, this.descend(depth));
    return { kind: 'SUBJECT', key, rows };
  }

  /** `records(...)` and the other three: at the root (`party` ANY), or of a subject, whose kind narrows the items. */
  planEntries(
    family: EntryFamily,
    occurrences: readonly Occurrence[],
    parent: Party | null,
    multiplier: number,
    depth: number,
  ): EntriesRead {
    const given = PageArguments.parse(this.#arguments(parent === null ? 'Query' : 'Subject', occurrences));
    const filter = given.filter ?? {};
    const key = filter.subject == null ? null : subjectKey(this.input, filter.subject, family);
    const party = narrower(parent ?? 'ANY', key?.party ?? 'ANY');
    const items = namedItems(this.input, family, party, filter);
    if (parent !== null && filter.subject != null) {
      throw new GatewayError(
        'BAD_USER_INPUT',
        'filter.subject belongs to the listings of Query; inside a subject it is already given.',
      );
    }
    const page = this.#page(given, occurrences, { items, party, family });
    const below = this.#rowsBelow(CONNECTION_TYPES[family], occurrences);
    const wantsRows = given.first > 0 && below.edges;
    const rows = planRows(this, items, party, below.selections, multiplier * given.first, this.descend(depth));
    return { kind: 'ENTRIES', family, key, page: { ...page, wantsRows, wantsTotal: below.total }, rows };
  }

  #root(occurrences: readonly Occurrence[]): RootRead | null {
    const name = occurrences[0]?.node.name.value ?? '';
    if (name === 'subject') {
      const by = Lookup.parse(this.#arguments('Query', occurrences)['by']);
      const key = subjectKey(this.input, by, 'SUBJECT');
      return this.planSubject(key, key.party, selectionsBelow(occurrences, 'Subject'), 1, 0);
    }
    if (name === 'node') return this.#node(occurrences);
    if (name === 'subjects') return this.#subjects(occurrences);
    const family = CONNECTION_FAMILIES[name];
    return family === undefined ? null : this.planEntries(family, occurrences, null, 1, 0);
  }

  #node(occurrences: readonly Occurrence[]): RootRead {
    const id = decodeGlobalId(String(this.#arguments('Query', occurrences)['id']));
    const selections = selectionsBelow(occurrences, 'Node');
    if (id === null) return { kind: 'NOTHING' };
    if (id.family === 'SUBJECT') return this.planSubject({ subjectId: id.subjectId, party: 'ANY' }, 'ANY', selections, 1, 0);
    const items = itemsInScope(this.input, id.family, 'ANY');
    const rows = planRows(this, items, 'ANY', selections, 1, this.descend(0));
    return { kind: 'ENTRY', family: id.family, subjectId: id.subjectId, entryId: id.entryId, rows };
  }

  #subjects(occurrences: readonly Occurrence[]): SubjectsRead {
    const given = PageArguments.parse(this.#arguments('Query', occurrences));
    const party = partyOfSubjects(given.filter ?? {});
    const items = itemsInScope(this.input, 'SUBJECT', party);
    const page = this.#page(given, occurrences, { items, party, family: 'SUBJECT' });
    const below = this.#rowsBelow('SubjectConnection', occurrences);
    const rows = planRows(this, items, party, below.selections, given.first, this.descend(0));
    return {
      kind: 'SUBJECTS',
      party,
      page: { ...page, wantsRows: given.first > 0 && below.edges, wantsTotal: below.total },
      rows,
    };
  }

  #page(
    given: PageArguments,
    occurrences: readonly Occurrence[],
    listing: Omit<Listing, 'coordinate'>,
  ): ReturnType<typeof pageRequest> {
    const place = occurrences[0];
    const coordinate = `${place?.parentType ?? 'Query'}.${place?.node.name.value ?? ''}`;
    return pageRequest(this.input, given, { ...listing, coordinate }, (used) => {
      this.noteBeyondPublic(used);
    });
  }

  /** What a connection field selects: its edges' nodes, and whether it wants rows at all. */
  #rowsBelow(
    connectionType: string,
    occurrences: readonly Occurrence[],
  ): { selections: TypedSelection[]; edges: boolean; total: boolean } {
    const fields = collectSelections(this.input, new Set([connectionType]), selectionsBelow(occurrences, connectionType));
    const selections: TypedSelection[] = [];
    const edgeType = connectionType.replace('Connection', 'Edge');
    let edges = false;
    let total = false;
    for (const places of fields.values()) {
      const name = places[0]?.node.name.value;
      if (name === 'totalCount') total = true;
      if (name === 'edges' || name === 'pageInfo') edges = true;
      if (name !== 'edges') continue;
      const edgeFields = collectSelections(this.input, new Set([edgeType]), selectionsBelow(places, edgeType));
      for (const nodes of edgeFields.values()) {
        if (nodes[0]?.node.name.value === 'node') selections.push(...selectionsBelow(nodes, edgeType.replace('Edge', '')));
      }
    }
    return { selections, edges, total };
  }

  argumentsOf(typeName: 'Query' | 'Subject', node: FieldNode): Record<string, unknown> {
    const type = this.input.schema.getType(typeName);
    const definition = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
    if (definition === undefined) throw new Error(`Validation let an unknown field through: ${typeName}.${node.name.value}`);
    return getArgumentValues(definition, node, this.input.variables);
  }

  #arguments(typeName: 'Query' | 'Subject', occurrences: readonly Occurrence[]): Record<string, unknown> {
    // Validation (overlapping fields can be merged) has seen to it that all occurrences have the same arguments.
    const [first] = occurrences;
    return first === undefined ? {} : this.argumentsOf(typeName, first.node);
  }
}
