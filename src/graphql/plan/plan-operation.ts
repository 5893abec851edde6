/**
 * The operation check (DESIGN §7): one walk over the operation, before any row is fetched, that finds what it reads of which
 * items, refuses filters and orders that the caller's view does not open, and adds up its cost. What it finds is compiled for the
 * writing of answers, and kept for operations that differ in values only (plan-cache.ts).
 */
import { BREAK, visit } from 'graphql';
import type { ArgumentNode, FieldNode, OperationDefinitionNode } from 'graphql';
import type { AccessProfile, Party } from '../../access/index.ts';
import { FAMILIES } from '../../catalog/model.ts';
import type { EntryFamily, Family } from '../../catalog/model.ts';
import { GatewayError } from '../../errors.ts';
import type { RootShape } from '../../reading/answer-shape.ts';
import type {
  ChangesRead,
  EntriesRead,
  OneSubjectRead,
  RootPlan,
  RootRead,
  RowSelection,
  SubjectKey,
  SubjectsRead,
} from '../../reading/read-plan.ts';
import { MAX_BRANCHES } from '../../reading/branches.ts';
import { compileAnswer } from '../../reading/write-answer.ts';
import type { WriteAnswer } from '../../reading/write-answer.ts';
import { compileChanges } from '../../reading/write-changes.ts';
import { AnswerShapes, CONNECTION_TYPES } from './answer-shapes.ts';
import { collectSelections, selectionsBelow } from './collect-selections.ts';
import type { Occurrence, SelectionContext, TypedSelection } from './collect-selections.ts';
import { argumentValues, changesListing, entriesListing, lookedUp, namedNode, subjectsListing } from './listing.ts';
import type { ListingInput } from './listing.ts';
import { CONNECTION_FAMILIES, planRows } from './plan-rows.ts';
import type { RowPlanner } from './plan-rows.ts';
import { itemsInScope } from './scope.ts';

export interface PlanInput extends SelectionContext, ListingInput {
  readonly operation: OperationDefinitionNode;
  readonly maxDepth: number;
  readonly maxCost: number;
}

/** A root that reads, with the places where the operation asks for it and the writer of its answer. */
export interface PlannedRoot extends RootPlan {
  /** whether what it reads is to be made out anew each time: its arguments hold variables, or look a subject up, which is told of */
  readonly variable: boolean;
  readonly occurrences: readonly Occurrence[];
  readonly write: WriteAnswer;
}

export interface OperationPlan {
  readonly roots: readonly PlannedRoot[];
  /** rows × fields, by `first` */
  readonly cost: number;
  /** the first field that asks for more than 社会公开, as a schema coordinate; null: none */
  readonly beyondPublic: string | null;
  /** how many fields it shows, each counted for each item: the measure of its size */
  readonly fields: number;
}

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
  /** selections of rows under the root at hand */
  #branches = 0;
  #lookups = 0;
  readonly input: PlanInput;

  constructor(input: PlanInput) {
    const subjectIdOf = (identifier: string): string => {
      this.#lookups += 1;
      return input.subjectIdOf(identifier);
    };
    this.input = { ...input, subjectIdOf };
  }

  plan(): OperationPlan {
    const selected = collectSelections(this.input, new Set(['Query']), [
      { selectionSet: this.input.operation.selectionSet, parentType: 'Query' },
    ]);
    const reads: (RootPlan & Pick<PlannedRoot, 'occurrences' | 'variable'>)[] = [];
    for (const [path, occurrences] of selected) {
      const before = this.#lookups;
      const read = this.#root(occurrences);
      const variable = this.#lookups > before || occurrences[0]?.node.arguments?.some(holdsVariable) === true;
      if (read !== null) reads.push({ path, read, occurrences, variable });
    }
    // Only now: what is refused has cost nothing more than finding out.
    let fields = 0;
    const roots = reads.map((root): PlannedRoot => {
      const shapes = new AnswerShapes(this.input, (typeName, node) => this.argumentsOf(typeName, node));
      const write = writerOf(root.read, shapes.root(root.read, root.occurrences), this.input.profile);
      fields += shapes.fields;
      return { ...root, write };
    });
    return { roots, cost: this.#cost, beyondPublic: this.#beyondPublic, fields };
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
    this.#branches = depth === 0 ? 1 : this.#branches + 1;
    if (this.#branches > MAX_BRANCHES) {
      throw new GatewayError(
        'QUERY_TOO_COSTLY',
        `One field of this operation leads through more than ${String(MAX_BRANCHES)} lists and subjects. Ask in several operations.`,
      );
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

  planEntries(
    family: EntryFamily,
    occurrences: readonly Occurrence[],
    parent: Party | null,
    multiplier: number,
    depth: number,
  ): EntriesRead {
    const { key, party, items, page } = entriesListing(this.input, family, occurrences, parent, this.#note);
    const below = this.#rowsBelow(CONNECTION_TYPES[family], occurrences);
    const wantsRows = page.first > 0 && below.edges;
    const rows = planRows(this, items, party, below.selections, multiplier * page.first, this.descend(depth));
    return {
      kind: 'ENTRIES',
      family,
      key,
      page: { ...page, wantsRows, wantsTotal: below.total, wantsCursors: below.cursors },
      rows,
    };
  }

  #root(occurrences: readonly Occurrence[]): RootRead | null {
    const name = occurrences[0]?.node.name.value ?? '';
    if (name === 'subject') {
      const key = lookedUp(this.input, occurrences);
      return this.planSubject(key, key.party, selectionsBelow(occurrences, 'Subject'), 1, 0);
    }
    if (name === 'node') return this.#node(occurrences);
    if (name === 'subjects') return this.#subjects(occurrences);
    if (name === 'changes') return this.#changes(occurrences);
    const family = CONNECTION_FAMILIES[name];
    return family === undefined ? null : this.planEntries(family, occurrences, null, 1, 0);
  }

  #changes(occurrences: readonly Occurrence[]): ChangesRead {
    const { items: names, first, after } = changesListing(this.input, occurrences);
    const { catalog } = this.input;
    const named = names === null ? null : new Set(names.map((name) => catalog.item(name)?.code));
    const items = FAMILIES.flatMap((family) => itemsInScope(this.input, family, 'ANY')).filter(
      ({ code }) => named?.has(code) !== false,
    );
    const rows = planRows(this, items, 'ANY', this.#changedRows(occurrences), first, this.descend(0));
    const byFamily = new Map(
      FAMILIES.map((family): [Family, RowSelection] => [
        family,
        { items: new Map([...rows.items].filter(([, { item }]) => item.family === family)) },
      ]),
    );
    return { kind: 'CHANGES', items: names, first, after, rows, byFamily };
  }

  /** What is selected of the rows themselves: `edges { node { node { … } } }`. */
  #changedRows(occurrences: readonly Occurrence[]): TypedSelection[] {
    let places = [...occurrences];
    let type = 'ChangeConnection';
    for (const [field, next] of [
      ['edges', 'ChangeEdge'],
      ['node', 'Change'],
      ['node', 'Node'],
    ] as const) {
      const collected = collectSelections(this.input, new Set([type]), selectionsBelow(places, type));
      places = [...collected.values()].flat().filter(({ node }) => node.name.value === field);
      type = next;
    }
    return selectionsBelow(places, 'Node');
  }

  #node(occurrences: readonly Occurrence[]): RootRead {
    const id = namedNode(this.input, occurrences);
    const selections = selectionsBelow(occurrences, 'Node');
    if (id === null) return { kind: 'NOTHING' };
    if (id.family === 'SUBJECT') return this.planSubject({ subjectId: id.subjectId, party: 'ANY' }, 'ANY', selections, 1, 0);
    const items = itemsInScope(this.input, id.family, 'ANY');
    const rows = planRows(this, items, 'ANY', selections, 1, this.descend(0));
    return { kind: 'ENTRY', family: id.family, subjectId: id.subjectId, entryId: id.entryId, rows };
  }

  #subjects(occurrences: readonly Occurrence[]): SubjectsRead {
    const { party, items, page } = subjectsListing(this.input, occurrences, this.#note);
    const below = this.#rowsBelow(CONNECTION_TYPES.SUBJECT, occurrences);
    const rows = planRows(this, items, party, below.selections, page.first, this.descend(0));
    const wantsRows = page.first > 0 && below.edges;
    return { kind: 'SUBJECTS', party, page: { ...page, wantsRows, wantsTotal: below.total, wantsCursors: below.cursors }, rows };
  }

  readonly #note = (coordinate: string): void => {
    this.noteBeyondPublic(coordinate);
  };

  /** What a connection field selects: its edges' nodes, and whether it wants rows at all. */
  #rowsBelow(
    connectionType: string,
    occurrences: readonly Occurrence[],
  ): { selections: TypedSelection[]; edges: boolean; total: boolean; cursors: boolean } {
    const fields = collectSelections(this.input, new Set([connectionType]), selectionsBelow(occurrences, connectionType));
    const selections: TypedSelection[] = [];
    const edgeType = connectionType.replace('Connection', 'Edge');
    let edges = false;
    let total = false;
    let cursors = false;
    for (const places of fields.values()) {
      const name = places[0]?.node.name.value;
      if (name === 'totalCount') total = true;
      if (name === 'edges' || name === 'pageInfo') edges = true;
      if (name === 'pageInfo') {
        const asked = collectSelections(this.input, new Set(['PageInfo']), selectionsBelow(places, 'PageInfo'));
        cursors ||= [...asked.values()].some(([first]) => first?.node.name.value.endsWith('Cursor') === true);
      }
      if (name !== 'edges') continue;
      const edgeFields = collectSelections(this.input, new Set([edgeType]), selectionsBelow(places, edgeType));
      for (const nodes of edgeFields.values()) {
        if (nodes[0]?.node.name.value === 'cursor') cursors = true;
        if (nodes[0]?.node.name.value === 'node') selections.push(...selectionsBelow(nodes, edgeType.replace('Edge', '')));
      }
    }
    return { selections, edges, total, cursors };
  }

  argumentsOf(typeName: 'Subject', node: FieldNode): Record<string, unknown> {
    return argumentValues(this.input, typeName, node);
  }
}

function writerOf(read: RootRead, shape: RootShape, profile: AccessProfile): WriteAnswer {
  if (read.kind !== 'CHANGES') return compileAnswer(read, shape?.kind === 'CHANGES' ? null : shape, profile);
  if (shape?.kind !== 'CHANGES') throw new Error('Changes were planned without their shape');
  return compileChanges(read, shape.page, profile);
}

function holdsVariable(argument: ArgumentNode): boolean {
  let holds = false;
  visit(argument, {
    Variable: () => {
      holds = true;
      return BREAK;
    },
  });
  return holds;
}
