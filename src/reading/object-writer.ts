/**
 * JSON objects whose fields are known before: what is constant between two of them is put together once. All that is written is
 * UTF-8, one character for each byte (src/wire-text.ts).
 */
import { keyed } from '../json-text.ts';
import { bytesOf, wireOf } from '../wire-text.ts';

export interface ConstantField {
  readonly key: string;
  /** JSON text */
  readonly constant: string;
}

/** Text that stands before a field, with all that is constant since the field before. */
export interface Step<Write> {
  readonly lead: string;
  readonly write: Write;
}

export function sequence<Write>(fields: readonly (ConstantField | { readonly key: string; readonly write: Write })[]): {
  steps: Step<Write>[];
  end: string;
} {
  const steps: Step<Write>[] = [];
  let lead = '{';
  let separator = '';
  for (const field of fields) {
    lead += separator + keyed(field.key);
    separator = ',';
    if ('constant' in field) lead += bytesOf(wireOf(field.constant));
    else {
      steps.push({ lead, write: field.write });
      lead = '';
    }
  }
  return { steps, end: `${lead}}` };
}

/**
 * A field of a row: JSON, or, with `marks`, what stands between the marks of a JSON string. Null is JSON's null.
 */
export interface RowField<Write> {
  readonly key: string;
  readonly marks: boolean;
  readonly write: Write;
}

/**
 * The same for the fields of rows, of which there are thousands in an answer: also the marks around strings stand in the leads, so
 * that most fields are two pieces of text. There are two leads for each thing that can have been before.
 */
export interface RowStep<Write> {
  readonly marks: boolean;
  readonly write: Write;
  /** ends before the value, or before what stands between its marks */
  readonly lead: string;
  readonly leadOfNull: string;
  /** begin with the mark that closes the string before */
  readonly closing: string;
  readonly closingOfNull: string;
}

export function rowSteps<Write>(fields: readonly (ConstantField | RowField<Write>)[]): { steps: RowStep<Write>[]; end: string } {
  const { steps, end } = sequence<RowField<Write>>(
    fields.map((field) => ('constant' in field ? field : { key: field.key, write: field })),
  );
  return {
    steps: steps.map(({ lead, write: { marks, write } }) => {
      const own = marks ? `${lead}"` : lead;
      return { marks, write, lead: own, leadOfNull: `${lead}null`, closing: `"${own}`, closingOfNull: `"${lead}null` };
    }),
    end,
  };
}
