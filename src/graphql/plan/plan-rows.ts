/** What an operation wants of rows: per item, because fragments and standard elements differ from type to type. */
import type { FieldNode } from 'graphql';
import type { AccessProfile, Party } from '../../access/index.ts';
import { INTERFACE_FIELDS, INTERFACE_OF_FAMILY, SYSTEM_FIELD } from '../../catalog/interface-fields.ts';
import { fieldWithRole } from '../../catalog/model.ts';
import type { CatalogField, CatalogItem } from '../../catalog/model.ts';
import type { EntryFamily } from '../../catalog/model.ts';
import { childKey } from '../../reading/read-plan.ts';
import type {
  ChildRead,
  EntriesRead,
  ItemSelection,
  OneSubjectRead,
  RowSelection,
  WantedField,
} from '../../reading/read-plan.ts';
import { collectSelections, selectionsBelow } from './collect-selections.ts';
import type { Occurrence, SelectionContext, TypedSelection } from './collect-selections.ts';

/** Name of a connection field -> the family it lists. */
export const CONNECTION_FAMILIES: Readonly<Record<string, EntryFamily>> = {
  records: 'RECORD',
  listEntries: 'LIST',
  commitments: 'COMMITMENT',
  evaluations: 'EVALUATION',
};

/** What planning rows needs of the planner of the whole operation. */
export interface RowPlanner {
  readonly input: SelectionContext & { readonly profile: AccessProfile };
  charge(rows: number, fields: number): void;
  noteBeyondPublic(coordinate: string): void;
  argumentsOf(typeName: 'Subject', node: FieldNode): Record<string, unknown>;
  planSubject(key: null, party: Party, selections: TypedSelection[], multiplier: number, depth: number): OneSubjectRead;
  planEntries(
    family: EntryFamily,
    occurrences: readonly Occurrence[],
    parent: Party,
    multiplier: number,
    depth: number,
  ): EntriesRead;
}

/** Fields of a child that several items select alike are fetched once for all of them. */
interface PendingChild {
  readonly key: string;
  readonly name: string;
  readonly occurrences: readonly Occurrence[];
  readonly items: CatalogItem[];
}

/**
 * @param items the items in scope
 * @param party whom the rows are about, as far as the operation narrows it
 * @param multiplier how many such rows there may be, for the cost
 */
export function planRows(
  planner: RowPlanner,
  items: readonly CatalogItem[],
  party: Party,
  selections: readonly TypedSelection[],
  multiplier: number,
  depth: number,
): RowSelection {
  const wantedOf = new Map<CatalogItem, WantedField[]>();
  const systemOf = new Map<CatalogItem, ReadonlySet<string>>();
  const pending = new Map<string, PendingChild[]>();
  let most = 0;
  for (const item of items) {
    const selected = collectSelections(planner.input, typeNamesOf(item), selections);
    const wanted = wantedFields(item, selected);
    wantedOf.set(item, wanted);
    systemOf.set(item, systemFields(item, selected));
    most = Math.max(most, wanted.length);
    noteChildren(planner, pending, item, selected);
    noteBeyondPublic(planner, item, wanted);
  }
  planner.charge(multiplier, most);
  const childrenOf = new Map<CatalogItem, ChildRead[]>();
  for (const child of [...pending.values()].flat()) {
    const read = planChild(planner, child, party, multiplier, depth);
    for (const item of child.items) childrenOf.set(item, [...(childrenOf.get(item) ?? []), { key: child.key, read }]);
  }
  const planned = new Map<string, ItemSelection>();
  for (const [item, wanted] of wantedOf) {
    planned.set(item.code, { item, wanted, system: systemOf.get(item) ?? new Set(), children: childrenOf.get(item) ?? [] });
  }
  return { items: planned };
}

/** The item's type and every interface it implements. */
export function typeNamesOf(item: CatalogItem): Set<string> {
  const names = new Set([item.typeName, INTERFACE_OF_FAMILY[item.family], 'Node']);
  if (item.family !== 'SUBJECT') names.add('CreditEntry');
  return names;
}

function systemFields(item: CatalogItem, selected: ReadonlyMap<string, readonly Occurrence[]>): Set<string> {
  const names = [...selected.values()].map((occurrences) => occurrences[0]?.node.name.value ?? '');
  return new Set(names.filter((name) => INTERFACE_FIELDS[item.family][name] === SYSTEM_FIELD));
}

function wantedFields(item: CatalogItem, selected: ReadonlyMap<string, readonly Occurrence[]>): WantedField[] {
  const wanted = new Map<string, { field: CatalogField | null; viaInterface: boolean; coordinates: Set<string> }>();
  for (const occurrences of selected.values()) {
    const name = occurrences[0]?.node.name.value ?? '';
    const source = INTERFACE_FIELDS[item.family][name];
    if (source === SYSTEM_FIELD || name.startsWith('__')) continue;
    const viaInterface = source !== undefined;
    const field = (viaInterface ? fieldWithRole(item, source) : item.fields.find((candidate) => candidate.key === name)) ?? null;
    const entry = wanted.get(name) ?? { field, viaInterface, coordinates: new Set<string>() };
    for (const { parentType } of occurrences) entry.coordinates.add(`${parentType}.${name}`);
    wanted.set(name, entry);
  }
  return [...wanted].map(([property, { field, viaInterface, coordinates }]) => ({
    property,
    field,
    viaInterface,
    coordinates: [...coordinates],
  }));
}

/**
 * Fields that lead to further rows. Two `edges` aliases may select the same response key with other arguments, so the
 * arguments belong to the child's key.
 */
function noteChildren(
  planner: RowPlanner,
  pending: Map<string, PendingChild[]>,
  item: CatalogItem,
  selected: ReadonlyMap<string, readonly Occurrence[]>,
): void {
  for (const [responseKey, occurrences] of selected) {
    const name = occurrences[0]?.node.name.value ?? '';
    const leads = item.family === 'SUBJECT' ? CONNECTION_FAMILIES[name] !== undefined : name === 'subject';
    if (!leads) continue;
    const byKey = new Map<string, Occurrence[]>();
    for (const place of occurrences) {
      const key = childKey(responseKey, name === 'subject' ? {} : planner.argumentsOf('Subject', place.node));
      byKey.set(key, [...(byKey.get(key) ?? []), place]);
    }
    for (const [key, places] of byKey) {
      const alike = pending.get(key) ?? [];
      const same = alike.find((child) => sameNodes(child.occurrences, places));
      if (same === undefined) alike.push({ key, name, occurrences: places, items: [item] });
      else same.items.push(item);
      pending.set(key, alike);
    }
  }
}

function sameNodes(one: readonly Occurrence[], other: readonly Occurrence[]): boolean {
  return one.length === other.length && one.every((place, index) => place.node === other[index]?.node);
}

function planChild(planner: RowPlanner, child: PendingChild, party: Party, multiplier: number, depth: number): ChildRead['read'] {
  const about = partyOf(child.items, party);
  const family = CONNECTION_FAMILIES[child.name];
  if (family !== undefined) return planner.planEntries(family, child.occurrences, about, multiplier, depth);
  return planner.planSubject(null, about, selectionsBelow(child.occurrences, 'Subject'), multiplier, depth);
}

function partyOf(items: readonly CatalogItem[], party: Party): Party {
  if (party !== 'ANY') return party;
  const scopes = new Set(items.map((item) => item.subjectScope));
  const [only] = scopes;
  return scopes.size === 1 && only !== undefined && only !== 'ALL' ? only : 'ANY';
}

/** A department states its purpose when it asks for a field beyond 社会公开, or for the existence of rows that have no public field at all. */
function noteBeyondPublic(planner: RowPlanner, item: CatalogItem, wanted: readonly WantedField[]): void {
  const { profile } = planner.input;
  if (item.fields.every((field) => profile.beyondPublic(item.code, field.key))) planner.noteBeyondPublic(item.typeName);
  for (const { field, coordinates } of wanted) {
    if (field !== null && profile.beyondPublic(item.code, field.key)) planner.noteBeyondPublic(coordinates[0] ?? item.typeName);
  }
}
