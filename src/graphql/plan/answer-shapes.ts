/** The shape of a root's answer: response keys in the order that the specification gives them, and what each stands for. */
import type { FieldNode, GraphQLSchema } from 'graphql';
import { INTERFACE_FIELDS, INTERFACE_OF_FAMILY, SYSTEM_FIELD } from '../../catalog/interface-fields.ts';
import type { Family } from '../../catalog/model.ts';
import { ROW_FACTS } from '../../reading/answer-shape.ts';
import type {
  ChangeEdgeShown,
  ChangeShown,
  ChangesShape,
  ChangesShown,
  EdgeShown,
  PageInfoShown,
  PageShape,
  PageShown,
  RootShape,
  RowShown,
  RowsShape,
} from '../../reading/answer-shape.ts';
import { childKey } from '../../reading/read-plan.ts';
import type { ChildRead, ItemSelection, RootRead, RowSelection } from '../../reading/read-plan.ts';
import { collectSelections, selectionsBelow } from './collect-selections.ts';
import type { Occurrence, SelectionContext, TypedSelection } from './collect-selections.ts';
import { constantJson, constantWriter } from './constant-json.ts';
import { typeNamesOf } from './plan-rows.ts';

export const CONNECTION_TYPES: Readonly<Record<Family, string>> = {
  SUBJECT: 'SubjectConnection',
  RECORD: 'CreditRecordConnection',
  LIST: 'ListEntryConnection',
  COMMITMENT: 'CommitmentConnection',
  EVALUATION: 'EvaluationConnection',
};

export interface ShapeInput extends SelectionContext {
  readonly schema: GraphQLSchema;
}

type ArgumentsOf = (typeName: 'Subject', node: FieldNode) => Record<string, unknown>;

/** Shapes of one root, each kept by what it was made of: items that select alike share what hangs below. */
export class AnswerShapes {
  readonly #below = new Map<
    ChildRead['read'],
    { readonly nodes: readonly FieldNode[]; readonly shape: RowsShape | PageShape }[]
  >();

  /** fields that they show so far, each counted for each item */
  fields = 0;

  constructor(
    readonly input: ShapeInput,
    readonly argumentsOf: ArgumentsOf,
  ) {}

  root(read: RootRead, occurrences: readonly Occurrence[]): RootShape {
    switch (read.kind) {
      case 'NOTHING':
        return null;
      case 'SUBJECT':
      case 'ENTRY':
        // The name of the type matters to coordinates alone, and those are the plan's business.
        return { kind: 'ROW', rows: this.#rows(read.rows, selectionsBelow(occurrences, 'Node')) };
      case 'CHANGES':
        return { kind: 'CHANGES', page: this.#changes(read.rows, occurrences) };
      case 'SUBJECTS':
        return { kind: 'PAGE', page: this.#page('SUBJECT', read.rows, occurrences) };
      case 'ENTRIES':
        return { kind: 'PAGE', page: this.#page(read.family, read.rows, occurrences) };
    }
  }

  #rows({ items }: RowSelection, selections: readonly TypedSelection[]): RowsShape {
    const shapes = new Map<string, readonly RowShown[]>();
    for (const [code, selection] of items) {
      const collected = collectSelections(this.input, typeNamesOf(selection.item), selections);
      this.fields += collected.size + 1;
      shapes.set(
        code,
        [...collected].map(([key, occurrences]) => this.#shown(key, occurrences, selection)),
      );
    }
    return shapes;
  }

  #shown(key: string, occurrences: readonly Occurrence[], selection: ItemSelection): RowShown {
    const { item } = selection;
    const name = nameOf(occurrences);
    if (name === '__typename') return constant(key, item.typeName);
    if (INTERFACE_FIELDS[item.family][name] !== SYSTEM_FIELD) {
      const wanted = selection.wanted.find(({ property }) => property === name);
      if (wanted === undefined) throw new Error(`The plan does not read ${item.typeName}.${name}`);
      return { kind: 'VALUE', key, wanted };
    }
    if (name === 'nature') return constant(key, item.listNature);
    if (name === 'catalogItem') {
      const json = constantJson(this.input, item, 'CatalogItem', selectionsBelow(occurrences, 'CatalogItem'));
      return { kind: 'CONSTANT', key, json };
    }
    const fact = ROW_FACTS.find((one) => one === name);
    return fact === undefined ? this.#child(key, name, occurrences, selection) : { kind: 'FACT', key, fact };
  }

  #child(key: string, name: string, occurrences: readonly Occurrence[], { item, children }: ItemSelection): RowShown {
    const [first] = occurrences;
    const given = name === 'subject' || first === undefined ? {} : this.argumentsOf('Subject', first.node);
    const place = children.findIndex((child) => child.key === childKey(key, given));
    const read = children[place]?.read;
    if (read === undefined) throw new Error(`The plan does not read ${item.typeName}.${name}`);
    return read.kind === 'SUBJECT'
      ? {
          kind: 'SUBJECT',
          key,
          place,
          rows: this.#kept(read, occurrences, () => this.#rows(read.rows, selectionsBelow(occurrences, 'Subject'))),
        }
      : {
          kind: 'ENTRIES',
          key,
          place,
          page: this.#kept(read, occurrences, () => this.#page(read.family, read.rows, occurrences)),
        };
  }

  #kept<Shape extends RowsShape | PageShape>(
    read: ChildRead['read'],
    occurrences: readonly Occurrence[],
    make: () => Shape,
  ): Shape {
    const nodes = occurrences.map(({ node }) => node);
    const known = this.#below.get(read) ?? [];
    this.#below.set(read, known);
    const same = known.find(
      (one) => one.nodes.length === nodes.length && one.nodes.every((node, index) => node === nodes[index]),
    );
    // A read is of one kind, so its shapes are.
    if (same !== undefined) return same.shape as Shape;
    const shape = make();
    known.push({ nodes, shape });
    return shape;
  }

  #page(family: Family, rows: RowSelection, occurrences: readonly Occurrence[]): PageShape {
    const type = CONNECTION_TYPES[family];
    return this.#fields(type, occurrences, (key, name, places): PageShown => {
      if (name === 'totalCount') return { kind: 'TOTAL', key };
      if (name === 'pageInfo') return { kind: 'PAGE_INFO', key, fields: this.#fields('PageInfo', places, pageInfoShown) };
      return { kind: 'EDGES', key, fields: this.#edge(family, rows, places) };
    });
  }

  #changes(rows: RowSelection, occurrences: readonly Occurrence[]): ChangesShape {
    return this.#fields('ChangeConnection', occurrences, (key, name, places): ChangesShown => {
      if (name === 'pageInfo') return { kind: 'PAGE_INFO', key, fields: this.#fields('PageInfo', places, pageInfoShown) };
      const fields = this.#fields('ChangeEdge', places, (below, edgeField, under): ChangeEdgeShown => {
        if (edgeField === 'cursor') return { kind: 'CURSOR', key: below };
        return { kind: 'CHANGE', key: below, fields: this.#fields('Change', under, (...field) => this.#change(rows, ...field)) };
      });
      return { kind: 'EDGES', key, fields };
    });
  }

  #change(rows: RowSelection, key: string, name: string, occurrences: readonly Occurrence[]): ChangeShown {
    if (name === 'node') return { kind: 'ROW', key, rows: this.#rows(rows, selectionsBelow(occurrences, 'Node')) };
    if (name === 'operation' || name === 'id' || name === 'changedAt') return { kind: 'CHANGE_FACT', key, fact: name };
    const json = constantWriter(this.input, 'CatalogItem', selectionsBelow(occurrences, 'CatalogItem'));
    return { kind: 'ITEM', key, json };
  }

  #edge(family: Family, rows: RowSelection, occurrences: readonly Occurrence[]): readonly EdgeShown[] {
    return this.#fields(CONNECTION_TYPES[family].replace('Connection', 'Edge'), occurrences, (key, name, places): EdgeShown => {
      if (name === 'cursor') return { kind: 'CURSOR', key };
      return { kind: 'NODE', key, rows: this.#rows(rows, selectionsBelow(places, INTERFACE_OF_FAMILY[family])) };
    });
  }

  #fields<Shown>(
    type: string,
    occurrences: readonly Occurrence[],
    shown: (key: string, name: string, places: readonly Occurrence[]) => Shown,
  ): (Shown | ReturnType<typeof constant>)[] {
    const collected = collectSelections(this.input, new Set([type]), selectionsBelow(occurrences, type));
    return [...collected].map(([key, places]) => {
      const name = nameOf(places);
      return name === '__typename' ? constant(key, type) : shown(key, name, places);
    });
  }
}

function pageInfoShown(key: string, name: string): PageInfoShown {
  if (name !== 'hasNextPage' && name !== 'hasPreviousPage' && name !== 'startCursor' && name !== 'endCursor') {
    throw new Error(`Validation let an unknown field through: PageInfo.${name}`);
  }
  return { kind: 'PAGE_FACT', key, fact: name };
}

function constant(key: string, value: string | null): { kind: 'CONSTANT'; key: string; json: string } {
  return { kind: 'CONSTANT', key, json: JSON.stringify(value) };
}

function nameOf(occurrences: readonly Occurrence[]): string {
  return occurrences[0]?.node.name.value ?? '';
}
