/** How one value of a row becomes JSON: decided, masked, written. Compiled once per class of rows. */
import { applyMask, masksToOtherType } from '../access/index.ts';
import type { FieldDecision } from '../access/index.ts';
import type { CatalogField, EntryFamily } from '../catalog/model.ts';
import { encodeEntryId, encodeSubjectId } from '../entries/index.ts';
import { escaped } from '../json-text.ts';
import { bytesOf, textOf, wireOf } from '../wire-text.ts';
import type { WireText } from '../wire-text.ts';
import type { RowFact } from './answer-shape.ts';
import type { RowField } from './object-writer.ts';
import type { WantedField } from './read-plan.ts';
import type { StoredRow } from './read-plan.ts';

/** From a value as it was delivered to what `RowField` shows of it. */
export type WriteContent = (value: WireText) => string | null;

type Writer<Write> = Pick<RowField<Write>, 'marks' | 'write'>;

/** `null`: the answer is null for every row of the class. */
export function valueWriter(
  { field, viaInterface }: WantedField,
  decisionOn: (key: string) => FieldDecision,
): Writer<WriteContent> | null {
  if (field === null) return null;
  const decision = decisionOn(field.key);
  switch (decision.outcome) {
    case 'OPEN':
      return openWriter(field, viaInterface);
    case 'MASKED':
      // The interface's type cannot carry this mask; the masked form stands at the item's own field (DESIGN §4).
      return viaInterface && masksToOtherType(field)
        ? null
        : { marks: true, write: (value) => escaped(wireOf(applyMask(field, textOf(value)))) };
    case 'WITHHELD':
      return null;
  }
}

function openWriter(field: CatalogField, viaInterface: boolean): Writer<WriteContent> {
  // Where a mask changes the form, the item's own field is a String whatever the format says.
  if (!viaInterface && masksToOtherType(field)) return { marks: true, write: escaped };
  if (field.format === 'BOOLEAN') return { marks: false, write: (value) => (bytesOf(value) === 'true' ? 'true' : 'false') };
  return field.format === 'INTEGER' ? { marks: false, write: integer } : { marks: true, write: escaped };
}

/** The intake lets nothing else in; what got in otherwise is no Int of GraphQL's, and not shown. */
function integer(value: WireText): string | null {
  const number = Number(textOf(value));
  return Number.isInteger(number) && Math.abs(number) <= 0x7f_ff_ff_ff ? String(number) : null;
}

export type WriteFact = (row: StoredRow) => string;

/** Words, instants and ids hold nothing to escape. */
export const FACT_WRITERS: Readonly<Record<Exclude<RowFact, 'id'>, Writer<WriteFact>>> = {
  kind: { marks: true, write: ({ kind }) => present(kind, 'kind') },
  registered: { marks: false, write: ({ registered }) => (registered ? 'true' : 'false') },
  status: { marks: true, write: ({ status }) => status },
  disputed: { marks: false, write: ({ disputed }) => (disputed ? 'true' : 'false') },
  publicityEnded: { marks: false, write: ({ expired }) => (expired ? 'true' : 'false') },
  receivedAt: { marks: true, write: ({ receivedAt }) => present(receivedAt, 'receivedAt') },
  updatedAt: { marks: true, write: ({ updatedAt }) => present(updatedAt, 'updatedAt') },
};

export function idWriter(family: EntryFamily | 'SUBJECT'): Writer<WriteFact> {
  if (family === 'SUBJECT') return { marks: true, write: ({ subjectId }) => encodeSubjectId(subjectId) };
  return { marks: true, write: ({ subjectId, entryId }) => encodeEntryId(family, subjectId, present(entryId, 'id')) };
}

/** The schema has these fields non-null, and the statement brings them wherever they are asked for. */
function present(value: string | null, fact: RowFact): string {
  if (value === null) throw new Error(`The statement brought no ${fact}`);
  return value;
}
