/**
 * The operation check (DESIGN §7): one walk over the operation, before any row is fetched, that finds what it reads of which
 * items, refuses filters and orders that the caller's view does not open, and adds up its cost.
 */
import { getArgumentValues, isInterfaceType, isObjectType } from 'graphql';
import type { FieldNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { AccessProfile, Party } from '../../access/index.ts';
import type { Catalog, CatalogItem, Family, Role } from '../../catalog/model.ts';
import { GatewayError } from '../../errors.ts';
import { decodeGlobalId } from '../../identifiers/global-id.ts';
import type { EntryFamily } from '../../catalog/model.ts';
import type { EntriesRead, OneSubjectRead, OperationPlan, Order, PageRequest, RootRead, SubjectKey, SubjectsRead } from '../../reading/read-plan.ts';
import { Filter, Lookup, MAX_PAGE, PageArguments } from './arguments.ts';
import { collectSelections, selectionsBelow } from './collect-selections.ts';
import type { Occurrence, SelectionContext, TypedSelection } from './collect-selections.ts';
import { conditionsOf, normalizeIdentifier } from './conditions.ts';
import type { NamedCondition } from './conditions.ts';
import { CONNECTION_FAMILIES, planRows } from './plan-rows.ts';
import type { RowPlanner } from './plan-rows.ts';

export interface PlanInput extends SelectionContext {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly catalog: Catalog;
  readonly profile: AccessProfile;
  /** the day in Asia/Shanghai, YYYY-MM-DD */
  readonly today: string;
  /** the id of the subject with this (normalized) identifier, whether it exists or not */
  readonly subjectIdOf: (identifier: string) => string;
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

/** Words of `orderBy.by` that are not the name of a role. */
const ORDER_ROLES: Readonly<Record<string, Role>> = { CREDIT_CODE: 'SUBJECT_CODE', NAME: 'SUBJECT_NAME' };

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
    const selected = collectSelections(this.input, new Set(['Query']), [{ selectionSet: this.input.operation.selectionSet, parentType: 'Query' }]);
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

  /** Items of a family whose rows may be about the party, and that the caller has any row of. */
  itemsInScope(family: Family, party: Party): CatalogItem[] {
    return this.input.catalog.items.filter((item) => item.family === family && concerns(item, party) && this.#visible(item));
  }

  planSubject(key: SubjectKey | null, party: Party, selections: TypedSelection[], multiplier: number, depth: number): OneSubjectRead {
    const rows = planRows(this, this.itemsInScope('SUBJECT', party), party, selections, multiplier, this.descend(depth));
    return { kind: 'SUBJECT', key, rows };
  }

  /** `records(...)` and the other three: at the root (`party` ANY), or of a subject, whose kind narrows the items. */
  planEntries(family: EntryFamily, occurrences: readonly Occurrence[], parent: Party | null, multiplier: number, depth: number): EntriesRead {
    const given = PageArguments.parse(this.#arguments(parent === null ? 'Query' : 'Subject', occurrences));
    const filter = given.filter ?? {};
    const key = filter.subject == null ? null : this.#subjectKey(filter.subject);
    const party = narrow(parent ?? 'ANY', key?.party ?? 'ANY');
    const items = this.#namedItems(family, party, filter);
    if (parent !== null && filter.subject != null) {
      throw new GatewayError('BAD_USER_INPUT', 'filter.subject belongs to the listings of Query; inside a subject it is already given.');
    }
    const page = this.#page(given, occurrences, items, party, family);
    const below = this.#rowsBelow(CONNECTION_TYPES[family], occurrences);
    const wantsRows = given.first > 0 && below.edges;
    const rows = planRows(this, items, party, below.selections, multiplier * given.first, this.descend(depth));
    return { kind: 'ENTRIES', family, key, page: { ...page, wantsRows, wantsTotal: below.total }, rows };
  }

  #root(occurrences: readonly Occurrence[]): RootRead | null {
    const name = occurrences[0]?.node.name.value ?? '';
    if (name === 'subject') {
      const by = Lookup.parse(this.#arguments('Query', occurrences)['by']);
      const key = this.#subjectKey(by);
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
    const items = this.itemsInScope(id.family, 'ANY');
    const rows = planRows(this, items, 'ANY', selections, 1, this.descend(0));
    return { kind: 'ENTRY', family: id.family, subjectId: id.subjectId, entryId: id.entryId, rows };
  }

  #subjects(occurrences: readonly Occurrence[]): SubjectsRead {
    const given = PageArguments.parse(this.#arguments('Query', occurrences));
    const party = partyOfKinds(given.filter?.kinds, given.filter?.creditCodes);
    const items = this.itemsInScope('SUBJECT', party);
    const page = this.#page(given, occurrences, items, party, 'SUBJECT');
    const below = this.#rowsBelow('SubjectConnection', occurrences);
    const rows = planRows(this, items, party, below.selections, given.first, this.descend(0));
    return { kind: 'SUBJECTS', party, page: { ...page, wantsRows: given.first > 0 && below.edges, wantsTotal: below.total }, rows };
  }

  #page(
    given: PageArguments,
    occurrences: readonly Occurrence[],
    items: readonly CatalogItem[],
    party: Party,
    family: Family,
  ): Omit<PageRequest, 'wantsRows' | 'wantsTotal'> {
    if (given.first < 0 || given.first > MAX_PAGE) {
      throw new GatewayError('BAD_USER_INPUT', `first takes 0 to ${String(MAX_PAGE)}. Read more with after and the page's endCursor.`);
    }
    const conditions = conditionsOf(given.filter ?? {}, this.input.today);
    const order = orderOf(given);
    for (const condition of conditions) this.#requireOpen(condition.on, condition.argument, items, party, occurrences);
    this.#requireOpen(order.by, 'orderBy', items, party, occurrences);
    const cursorScope = JSON.stringify([family, given.filter ?? null, order]);
    return { conditions: conditions.map(withoutArgument), order, first: given.first, after: given.after ?? null, cursorScope };
  }

  /** Every use of a field is an access: a filter or an order on a role that is not open on every visible row is refused. */
  #requireOpen(on: NamedCondition['on'], argument: string, items: readonly CatalogItem[], party: Party, occurrences: readonly Occurrence[]): void {
    if (on === 'STATUS' || on === 'UPDATED_AT' || on === 'KIND') return;
    const closed = items.filter((item) => !this.input.profile.mayFilter(item.code, on, party));
    const place = occurrences[0];
    const field = `${place?.parentType ?? 'Query'}.${place?.node.name.value ?? ''}`;
    if (closed.length > 0) {
      throw new GatewayError(
        'FILTER_FORBIDDEN',
        `${field}(${argument}) needs a field that is not fully open to this client for: ${closed.map((item) => `${item.code} (${item.typeName})`).join(', ')}. ` +
          (items[0]?.family === 'SUBJECT' ? 'Narrow filter.kinds, or leave it out.' : 'Leave these out of filter.items, or leave the argument out.'),
        { argument, items: closed.map((item) => item.code) },
      );
    }
    for (const item of items) {
      const used = item.fields.find((candidate) => candidate.role === on);
      if (used !== undefined && this.input.profile.beyondPublic(item.code, used.key)) this.noteBeyondPublic(`${field}(${argument})`);
    }
  }

  #subjectKey(by: Lookup): SubjectKey {
    const given = [by.id, by.creditCode, by.idNumber].filter((value) => value != null);
    if (given.length !== 1) throw new GatewayError('BAD_USER_INPUT', 'SubjectLookup takes exactly one of id, creditCode and idNumber.');
    if (by.id != null) {
      const id = decodeGlobalId(by.id);
      return { subjectId: id?.family === 'SUBJECT' ? id.subjectId : null, party: 'ANY' };
    }
    const party: Party = by.creditCode != null ? 'ORGANIZATION' : 'PERSON';
    const role: Role = by.creditCode != null ? 'SUBJECT_CODE' : 'SUBJECT_ID_NUMBER';
    // Who needs the person's authorization to see the person at all may ask by number: the answer depends on the authorization alone.
    const closed =
      party === 'PERSON' && this.input.profile.personsNeedAuthorization
        ? []
        : this.itemsInScope('SUBJECT', party).filter((item) => !this.input.profile.mayFilter(item.code, role, party));
    if (closed.length > 0) {
      throw new GatewayError(
        'FILTER_FORBIDDEN',
        `Looking a subject up by ${by.creditCode != null ? 'creditCode' : 'idNumber'} needs a field that is not fully open to this client for: ${closed.map((item) => `${item.code} (${item.typeName})`).join(', ')}.`,
        { argument: 'by', items: closed.map((item) => item.code) },
      );
    }
    return { subjectId: this.input.subjectIdOf(normalizeIdentifier(by.creditCode ?? by.idNumber ?? '')), party };
  }

  #namedItems(family: EntryFamily, party: Party, filter: Filter): CatalogItem[] {
    const { catalog, profile } = this.input;
    let items = this.itemsInScope(family, party);
    if (filter.items != null) {
      const named = new Set<string>();
      for (const name of filter.items) {
        const item = catalog.item(name);
        if (item?.family !== family) {
          const known = catalog.items.filter((candidate) => candidate.family === family).map((candidate) => `${candidate.code} (${candidate.typeName})`);
          throw new GatewayError('BAD_USER_INPUT', `filter.items: there is no such item of this kind: ${JSON.stringify(name.slice(0, 64))}. Known: ${known.join(', ')}.`);
        }
        const limits = profile.basis.items;
        if (limits !== null && !limits.includes(item.code)) {
          throw new GatewayError('FILTER_FORBIDDEN', `filter.items: ${item.code} (${item.typeName}) is outside the items this client is limited to.`, {
            argument: 'filter.items',
            items: [item.code],
          });
        }
        named.add(item.code);
      }
      items = items.filter((item) => named.has(item.code));
    }
    const { natures } = filter;
    return natures == null ? items : items.filter((item) => item.listNature !== null && natures.includes(item.listNature));
  }

  /** What a connection field selects: its edges' nodes, and whether it wants rows at all. */
  #rowsBelow(connectionType: string, occurrences: readonly Occurrence[]): { selections: TypedSelection[]; edges: boolean; total: boolean } {
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

  #visible(item: CatalogItem): boolean {
    const { own, current, expired } = this.input.profile.visibility(item.code);
    return own || [current.organization, current.person, expired.organization, expired.person].some((when) => when !== 'NEVER');
  }
}

/** Whether the item's rows may be about the party. */
function concerns(item: CatalogItem, party: Party): boolean {
  return party === 'ANY' || item.subjectScope === 'ALL' || item.subjectScope === party;
}

/** The narrower of two parties; two that exclude each other leave the parent's, and the key's own party leaves no row. */
function narrow(parent: Party, key: Party): Party {
  return parent === 'ANY' ? key : parent;
}

function partyOfKinds(kinds: readonly string[] | null | undefined, creditCodes: readonly string[] | null | undefined): Party {
  if (creditCodes != null) return 'ORGANIZATION';
  if (kinds == null) return 'ANY';
  if (!kinds.includes('NATURAL_PERSON')) return 'ORGANIZATION';
  return kinds.every((kind) => kind === 'NATURAL_PERSON') ? 'PERSON' : 'ANY';
}

/**
 * Unless told otherwise, the newest change first: the one order that every caller may use on every item,
 * because the gateway itself fills it.
 */
function orderOf(given: PageArguments): Order {
  if (given.orderBy == null) return { by: 'UPDATED_AT', direction: 'DESC' };
  const { by, direction } = given.orderBy;
  return { by: ORDER_ROLES[by] ?? (by as Order['by']), direction };
}

function withoutArgument({ on, operator, value }: NamedCondition): PageRequest['conditions'][number] {
  return { on, operator, value };
}
