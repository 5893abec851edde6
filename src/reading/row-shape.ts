/**
 * One synchronous pass that decides, masks and shapes rows (DESIGN §7). Rows of one class (same item, same facts) share one
 * decision, compiled here once per read into a short list of steps; no step is a promise.
 */
import { applyMask, masksToOtherType } from '../access/index.ts';
import type { AccessProfile, FieldDecision, RowDecision } from '../access/index.ts';
import type { CatalogField, CatalogItem } from '../catalog/model.ts';
import type { AccessReport } from './access-report.ts';
import { encodeEntryId, encodeSubjectId } from '../entries/index.ts';
import type { EntryFamily } from '../catalog/model.ts';
import type { ItemSelection, RowSelection, StoredRow, WantedField } from './read-plan.ts';

/** A row as GraphQL reads it: property per field, and the rows below it. */
export interface ShapedRow {
  readonly __typename: string;
  readonly id: string;
  readonly children: Map<string, unknown>;
  readonly [property: string]: unknown;
}

export interface PlacedRow {
  readonly stored: StoredRow;
  readonly shaped: ShapedRow;
  readonly selection: ItemSelection;
}

type Step = (target: Record<string, unknown>, row: StoredRow) => void;

interface RowClass {
  readonly steps: readonly Step[];
  readonly decision: RowDecision;
  rows: number;
}

/** Opens a stored value that is kept sealed; the context is the subject's id. */
export type Unseal = (stored: string, subjectId: string) => string;

export class RowShaper {
  readonly #classes = new Map<ItemSelection, Map<number, RowClass>>();

  constructor(
    readonly profile: AccessProfile,
    readonly rows: RowSelection,
    readonly unseal: Unseal,
  ) {}

  /**
   * @param authorized catalog codes that a live authorization of the row's subject covers, for this client and purpose
   * @returns null for a row that does not exist for the caller: out of scope, or not visible by decision
   */
  shape(row: StoredRow, authorized: ReadonlySet<string>): PlacedRow | null {
    const selection = this.rows.items.get(row.itemCode);
    if (selection === undefined) return null;
    const { item } = selection;
    const facts = {
      own: row.own,
      consent: authorized.has(item.code),
      person: row.person,
      expired: row.expired,
      status: row.status,
    };
    const decision = this.profile.decide(item.code, facts);
    if (!this.profile.exists(item.code, facts, authorized.size > 0)) return null;
    const rowClass = this.#classOf(selection, decision);
    rowClass.rows += 1;
    const shaped = row.entryId === null ? subjectFrame(row, item) : entryFrame(row, item, row.entryId);
    for (const step of rowClass.steps) step(shaped, row);
    return { stored: row, shaped: shaped as ShapedRow, selection };
  }

  /** Adds this read's withheld and masked fields to the report; call once, after the last row. */
  report(report: AccessReport): void {
    for (const [{ item, wanted }, classes] of this.#classes) {
      for (const { decision, rows } of classes.values()) {
        for (const { field, coordinates } of wanted) {
          if (field === null) continue;
          const outcome = decision.field(field.key);
          if (outcome.outcome === 'OPEN') continue;
          for (const coordinate of coordinates) {
            const { required, reason } = outcome;
            report.add({ coordinate, item: item.code, field: field.key, outcome: outcome.outcome, required, reason }, rows);
          }
        }
      }
    }
  }

  #classOf(selection: ItemSelection, decision: RowDecision): RowClass {
    let classes = this.#classes.get(selection);
    if (classes === undefined) {
      classes = new Map<number, RowClass>();
      this.#classes.set(selection, classes);
    }
    let rowClass = classes.get(decision.index);
    if (rowClass === undefined) {
      rowClass = { decision, rows: 0, steps: selection.wanted.map((wanted) => stepFor(wanted, decision, this.unseal)) };
      classes.set(decision.index, rowClass);
    }
    return rowClass;
  }
}

function stepFor({ property, field, viaInterface }: WantedField, decision: RowDecision, unseal: Unseal): Step {
  const read = field === null ? null : reading(field, decision.field(field.key), viaInterface);
  if (field === null || read === null) {
    return (target) => {
      target[property] = null;
    };
  }
  const { key } = field;
  return (target, row) => {
    const stored = row.value(key);
    target[property] = stored === null ? null : read(unseal(stored, row.subjectId));
  };
}

/** How a stored text becomes the answer; null: not at all. */
function reading(field: CatalogField, decision: FieldDecision, viaInterface: boolean): ((text: string) => unknown) | null {
  if (decision.outcome === 'WITHHELD') return null;
  if (decision.outcome === 'MASKED') {
    // The interface's type cannot carry this mask; the masked form stands at the item's own field (DESIGN §4).
    if (viaInterface && masksToOtherType(field)) return null;
    return (text) => applyMask(field, text);
  }
  if (!viaInterface && masksToOtherType(field)) return (text) => text;
  if (field.format === 'INTEGER') return Number;
  if (field.format === 'BOOLEAN') return (text) => text === 'true';
  return (text) => text;
}

function subjectFrame(row: StoredRow, item: CatalogItem): Record<string, unknown> {
  return {
    __typename: item.typeName,
    id: encodeSubjectId(row.subjectId),
    catalogItem: item,
    kind: row.kind,
    registered: row.registered,
    children: new Map(),
  };
}

function entryFrame(row: StoredRow, item: CatalogItem, entryId: string): Record<string, unknown> {
  return {
    __typename: item.typeName,
    id: encodeEntryId(item.family as EntryFamily, row.subjectId, entryId),
    catalogItem: item,
    ...(item.family === 'LIST' ? { nature: item.listNature } : {}),
    status: row.status,
    disputed: row.disputed,
    publicityEnded: row.expired,
    receivedAt: row.receivedAt,
    updatedAt: row.updatedAt,
    children: new Map(),
  };
}
