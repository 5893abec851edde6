/** How one value of a row becomes JSON: decided, unsealed, masked, written. Compiled once per class of rows. */
import { applyMask, masksToOtherType } from '../access/index.ts';
import type { FieldDecision } from '../access/index.ts';
import type { CatalogField, EntryFamily } from '../catalog/model.ts';
import { encodeEntryId, encodeSubjectId } from '../entries/index.ts';
import type { RowFact } from './answer-shape.ts';
import { quoted } from '../json-text.ts';
import type { WantedField } from './read-plan.ts';
import type { StoredRow } from './read-plan.ts';

/** From a value as it was delivered to JSON text. */
export type WriteValue = (value: string) => string;

/** `null`: the answer is null for every row of the class. */
export function valueWriter({ field, viaInterface }: WantedField, decisionOn: (key: string) => FieldDecision): WriteValue | null {
  if (field === null) return null;
  const decision = decisionOn(field.key);
  switch (decision.outcome) {
    case 'OPEN':
      return openWriter(field, viaInterface);
    case 'MASKED':
      // The interface's type cannot carry this mask; the masked form stands at the item's own field (DESIGN §4).
      return viaInterface && masksToOtherType(field) ? null : (value) => quoted(applyMask(field, value));
    case 'WITHHELD':
      return null;
  }
}

function openWriter(field: CatalogField, viaInterface: boolean): WriteValue {
  // Where a mask changes the form, the item's own field is a String whatever the format says.
  if (!viaInterface && masksToOtherType(field)) return quoted;
  if (field.format === 'BOOLEAN') return (value) => (value === 'true' ? 'true' : 'false');
  return field.format === 'INTEGER' ? integer : quoted;
}

/** The intake lets nothing else in; what got in otherwise is no Int of GraphQL's, and not shown. */
function integer(value: string): string {
  const number = Number(value);
  return Number.isInteger(number) && Math.abs(number) <= 0x7f_ff_ff_ff ? String(number) : 'null';
}

export type WriteFact = (row: StoredRow) => string;

/** Words, instants and ids hold nothing to escape. */
export const FACT_WRITERS: Readonly<Record<Exclude<RowFact, 'id'>, WriteFact>> = {
  kind: ({ kind }) => `"${present(kind, 'kind')}"`,
  registered: ({ registered }) => (registered ? 'true' : 'false'),
  status: ({ status }) => `"${status}"`,
  disputed: ({ disputed }) => (disputed ? 'true' : 'false'),
  publicityEnded: ({ expired }) => (expired ? 'true' : 'false'),
  receivedAt: ({ receivedAt }) => `"${present(receivedAt, 'receivedAt')}"`,
  updatedAt: ({ updatedAt }) => `"${present(updatedAt, 'updatedAt')}"`,
};

export function idWriter(family: EntryFamily | 'SUBJECT'): WriteFact {
  if (family === 'SUBJECT') return ({ subjectId }) => `"${encodeSubjectId(subjectId)}"`;
  return ({ subjectId, entryId }) => `"${encodeEntryId(family, subjectId, present(entryId, 'id'))}"`;
}

/** The schema has these fields non-null, and the statement brings them wherever they are asked for. */
function present(value: string | null, fact: RowFact): string {
  if (value === null) throw new Error(`The statement brought no ${fact}`);
  return value;
}
