/**
 * Compares an answer, whatever its shape, with what the oracle says: each object that has an id is a row, each connection a list of
 * rows. How a property was selected is told by its response key: `o3_key` is an item's own field under an alias, `i_name` an interface's,
 * and without a prefix an interface's name means the interface's field.
 */
import type { CatalogField, Family } from '../../src/catalog/model.ts';
import type { Findings } from './findings.ts';
import { fieldOf, INTERFACE_ROLES } from './interface-roles.ts';
import type { Oracle } from './oracle.ts';
import type { Row } from './world.ts';

export type Selected = Readonly<Record<string, unknown>>;

const LISTINGS: Readonly<Record<string, Family>> = {
  records: 'RECORD',
  listEntries: 'LIST',
  commitments: 'COMMITMENT',
  evaluations: 'EVALUATION',
};

export function isObject(value: unknown): value is Selected {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export class Walk {
  constructor(
    readonly oracle: Oracle,
    readonly findings: Findings,
  ) {}

  /** A connection must hold exactly these rows, each of them as the client may see it. */
  connection(value: unknown, rows: readonly Row[], where: string): void {
    if (!isObject(value)) {
      this.findings.add({ expected: 'a connection', got: value, where });
      return;
    }
    if ('totalCount' in value && value['totalCount'] !== rows.length) {
      this.findings.add({ field: 'totalCount', expected: rows.length, got: value['totalCount'], where });
    }
    if (!Array.isArray(value['edges'])) return;
    const nodes = value['edges'].map((edge: unknown) => (isObject(edge) ? edge['node'] : edge));
    const got = new Set(nodes.map((node) => (isObject(node) ? node['id'] : node)));
    for (const row of rows) if (!got.has(row.id)) this.findings.of(row, '(row)', 'delivered', 'missing', where);
    for (const id of got) {
      const row = this.oracle.world.byId.get(String(id));
      if (row === undefined || !rows.includes(row)) {
        this.findings.add({
          item: row?.item.typeName ?? '?',
          field: '(row)',
          state: row?.state ?? '?',
          expected: 'not there',
          got: id,
          where,
        });
      }
    }
    if (got.size !== nodes.length)
      this.findings.add({ field: '(row)', expected: 'each row once', got: nodes.length - got.size, where });
    for (const node of nodes) this.node(node, where);
  }

  /** A row that was asked for by itself. */
  single(value: unknown, row: Row, where: string): void {
    const exists = this.oracle.exists(row);
    if (exists !== (value !== null)) this.findings.of(row, '(row)', exists ? 'delivered' : null, value, where);
    if (value !== null) this.node(value, where);
  }

  node(value: unknown, where: string): void {
    const row = isObject(value) ? this.oracle.world.byId.get(String(value['id'])) : undefined;
    if (row === undefined || !isObject(value)) {
      this.findings.add({ field: '(row)', expected: 'a planted row', got: value, where });
      return;
    }
    for (const [key, got] of Object.entries(value)) this.#property(row, key, got, `${where}.${key}`);
  }

  #property(row: Row, key: string, got: unknown, where: string): void {
    const { item } = row;
    const own = /^o\d+_(.+)$/.exec(key)?.[1];
    const name = /^i_(.+)$/.exec(key)?.[1] ?? key;
    const family = LISTINGS[name];
    const role = INTERFACE_ROLES[item.family][name];
    if (own !== undefined)
      this.#own(
        row,
        item.fields.find((field) => field.key === own),
        key,
        got,
        where,
      );
    else if (item.family === 'SUBJECT' && family !== undefined) {
      this.connection(got, this.oracle.visibleOf(row, family), `${where}(${row.state})`);
    } else if (item.family !== 'SUBJECT' && name === 'subject') this.#subject(row, got, where);
    else if (role !== undefined) this.#compare(row, fieldOf(item, role), key, this.oracle.interfaceValue(row, role), got, where);
    else if (name in SYSTEM) this.#compare(row, undefined, key, SYSTEM[name]?.(row, this.oracle), got, where);
    else
      this.#own(
        row,
        item.fields.find((field) => field.key === key),
        key,
        got,
        where,
      );
  }

  #own(row: Row, field: CatalogField | undefined, key: string, got: unknown, where: string): void {
    if (field === undefined) this.findings.of(row, key, 'a field of the item', got, where);
    else this.#compare(row, field, field.key, this.oracle.ownValue(row, field), got, where);
  }

  #subject(row: Row, got: unknown, where: string): void {
    const subject = this.oracle.world.subjectRows.get(row.subject);
    const exists = subject !== undefined && this.oracle.exists(subject);
    if (exists !== (got !== null)) this.findings.of(row, 'subject', exists ? 'delivered' : null, got, where);
    if (got === null) return;
    if (isObject(got) && got['id'] !== subject?.id) this.findings.of(row, 'subject', subject?.id, got['id'], where);
    this.node(got, where);
  }

  #compare(row: Row, field: CatalogField | undefined, key: string, expected: unknown, got: unknown, where: string): void {
    if (
      expected instanceof RegExp
        ? typeof got === 'string' && expected.test(got)
        : expected !== undefined && JSON.stringify(got) === JSON.stringify(expected)
    )
      return;
    const value = field === undefined ? null : (row.cells.get(field.key)?.value ?? null);
    if (expected === undefined && typeof got === 'string' && got !== value) return;
    this.findings.of(row, key, expected === undefined ? 'a masked form' : expected, got, where);
  }
}

/** What the gateway itself says of each row. */
const SYSTEM: Readonly<Record<string, (row: Row, oracle: Oracle) => unknown>> = {
  id: ({ id }) => id,
  __typename: ({ item }) => item.typeName,
  catalogItem: ({ item }) => ({ code: item.code }),
  kind: ({ subject }) => (subject.person ? 'NATURAL_PERSON' : 'ENTERPRISE'),
  registered: ({ subject }) => subject.state.unregistered !== true,
  nature: ({ item }) => item.listNature,
  status: ({ subject }) => subject.state.status ?? 'ACTIVE',
  disputed: ({ subject }) => subject.state.disputed === true,
  publicityEnded: (row, oracle) => oracle.factsOf(row).expired,
};
