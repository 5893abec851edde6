/**
 * The same answer the long way round, to compare with: an object for every row, a property for every field, and graphql-js to
 * select, complete and merge. Slow and plain on purpose.
 */
import type { GraphQLFieldResolver } from 'graphql';
import { applyMask, masksToOtherType } from '../../src/access/index.ts';
import type { AccessProfile } from '../../src/access/index.ts';
import { encodeEntryId, encodeSubjectId } from '../../src/entries/index.ts';
import type { AccessLine } from '../../src/reading/access-report.ts';
import { isPage } from '../../src/reading/fetched.ts';
import type { FetchedNode, FetchedPage, FetchedRow } from '../../src/reading/fetched.ts';
import { textOf } from '../../src/wire-text.ts';
import { childKey } from '../../src/reading/read-plan.ts';
import type { WantedField } from '../../src/reading/read-plan.ts';

export class ReferenceAnswer {
  readonly #lines = new Map<string, AccessLine>();
  readonly #seen = new Map<FetchedRow, object | null>();

  constructor(readonly profile: AccessProfile) {}

  get lines(): readonly AccessLine[] {
    return [...this.#lines.values()];
  }

  node(fetched: FetchedNode): object | null {
    if (fetched === null) return null;
    return isPage(fetched) ? this.#page(fetched) : this.#row(fetched);
  }

  #page(page: FetchedPage): object {
    const edges = page.rows.flatMap((row) => {
      const node = this.#row(row);
      return node === null ? [] : [withGetters({ node }, { cursor: () => page.cursorOf(row) })];
    });
    const cursorAt = (row: FetchedRow | undefined) => () => (row === undefined ? null : page.cursorOf(row));
    const { hasNextPage, hasPreviousPage, totalCount } = page;
    const ends = { startCursor: cursorAt(page.rows[0]), endCursor: cursorAt(page.rows.at(-1)) };
    return { edges, totalCount, pageInfo: withGetters({ hasNextPage, hasPreviousPage }, ends) };
  }

  #row(row: FetchedRow): object | null {
    const known = this.#seen.get(row);
    if (known !== undefined) return known;
    const shown = this.#shown(row);
    this.#seen.set(row, shown);
    return shown;
  }

  #shown({ stored, selection, authorized, children }: FetchedRow): object | null {
    const { item } = selection;
    const { own, person, expired, status } = stored;
    const facts = { own, person, expired, status, consent: authorized.has(item.code) };
    if (!this.profile.exists(item.code, facts, authorized.size > 0)) return null;
    const decision = this.profile.decide(item.code, facts);
    const shown = new Map<string, unknown>([
      ['__typename', item.typeName],
      [
        'id',
        stored.entryId === null ? encodeSubjectId(stored.subjectId) : entryId(item.family, stored.subjectId, stored.entryId),
      ],
      ['catalogItem', item],
      ['kind', stored.kind],
      ['registered', stored.registered],
      ['nature', item.listNature],
      ['status', stored.status],
      ['disputed', stored.disputed],
      ['publicityEnded', stored.expired],
      ['receivedAt', stored.receivedAt],
      ['updatedAt', stored.updatedAt],
    ]);
    for (const wanted of selection.wanted) {
      const { field, property, coordinates } = wanted;
      const decided = field === null ? null : decision.field(field.key);
      const slot = field === null ? undefined : stored.layout.get(field.key);
      const value = slot === undefined ? null : stored.at(slot);
      shown.set(property, decided === null || value === null ? null : valueOf(wanted, decided.outcome, textOf(value)));
      if (field === null || decided === null || decided.outcome === 'OPEN') continue;
      const { outcome, required, reason } = decided;
      for (const coordinate of coordinates) {
        const key = JSON.stringify([coordinate, item.code, field.key, outcome, required, reason]);
        const line = this.#lines.get(key) ?? {
          coordinate,
          item: item.code,
          field: field.key,
          outcome,
          required,
          reason,
          count: 0,
        };
        line.count += 1;
        this.#lines.set(key, line);
      }
    }
    for (const [place, { key }] of selection.children.entries()) shown.set(key, this.node(children[place] ?? null));
    return shown;
  }
}

/** What leads to further rows is kept by its response key and arguments, everything else by its name. */
export const referenceResolver: GraphQLFieldResolver<unknown, unknown, Record<string, unknown>> = (
  source,
  given,
  _context,
  info,
) => {
  if (!(source instanceof Map)) return Reflect.get(Object(source), info.fieldName);
  const child = childKey(String(info.path.key), given);
  return source.has(child) ? source.get(child) : source.get(info.fieldName);
};

export function typeNameOf(source: unknown): string | undefined {
  return source instanceof Map ? String(source.get('__typename')) : undefined;
}

function valueOf({ field, viaInterface }: WantedField, outcome: 'OPEN' | 'MASKED' | 'WITHHELD', value: string): unknown {
  if (field === null || outcome === 'WITHHELD') return null;
  if (outcome === 'MASKED') return viaInterface && masksToOtherType(field) ? null : applyMask(field, value);
  if (!viaInterface && masksToOtherType(field)) return value;
  if (field.format === 'INTEGER') return Number(value);
  return field.format === 'BOOLEAN' ? value === 'true' : value;
}

function entryId(family: string, subjectId: string, id: string): string {
  if (family === 'RECORD' || family === 'LIST' || family === 'COMMITMENT' || family === 'EVALUATION') {
    return encodeEntryId(family, subjectId, id);
  }
  throw new Error(`${family} has no entries`);
}

function withGetters(values: object, getters: Readonly<Record<string, () => unknown>>): object {
  for (const [name, get] of Object.entries(getters)) Object.defineProperty(values, name, { get });
  return values;
}
