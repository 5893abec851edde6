/** What one `statistics` root asks: which rows, broken down how. Several roots of an operation are answered together. */
import { FAMILIES } from '../catalog/model.ts';
import type { Family } from '../catalog/model.ts';
import type { SubjectKind } from '../identifiers/index.ts';
import type { DivisionLevel } from './divisions.ts';

export interface StatisticsFilter {
  /** catalog codes or type names; null: all */
  readonly items: readonly string[] | null;
  /** GB/T 2260, with everything below; null: all */
  readonly divisionCode: string | null;
  /** YYYY-MM, inclusive; null: open on that side */
  readonly from: string | null;
  readonly to: string | null;
  /** kinds of subjects, also of the subjects of entries; null: all */
  readonly kinds: readonly SubjectKind[] | null;
}

/** Which tables of figures are wanted. What nobody asked for is not computed, and leaves more of the small groups in the others. */
export interface Wants {
  readonly subjects: boolean;
  readonly subjectKinds: boolean;
  readonly subjectStatuses: boolean;
  readonly subjectDivisions: ReadonlySet<DivisionLevel>;
  readonly entries: boolean;
  readonly entryMonths: boolean;
  readonly entryDivisions: ReadonlySet<DivisionLevel>;
  readonly lists: boolean;
  readonly commitments: boolean;
  readonly grades: boolean;
  readonly timeliness: boolean;
  readonly reads: boolean;
}

export interface Question {
  readonly filter: StatisticsFilter;
  readonly wants: Wants;
}

/** What a count may be broken down by, as `notCounted` names it. */
export const DIMENSIONS = [
  'ROWS',
  'DIVISION',
  'SUBJECT_STATUS',
  'LIST_NAME',
  'COMMITMENT_KIND',
  'FULFILMENT',
  'GRADE',
  'TIMELINESS',
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** The families whose rows a question needs; none: it asks for nothing of credit data. */
export function wantedFamilies(wants: Wants): Family[] {
  const entries = wants.entries || wants.entryMonths || wants.entryDivisions.size > 0 || wants.timeliness;
  return FAMILIES.filter((family) => {
    switch (family) {
      case 'SUBJECT':
        return wants.subjects || wants.subjectKinds || wants.subjectStatuses || wants.subjectDivisions.size > 0;
      case 'LIST':
        return entries || wants.lists;
      case 'COMMITMENT':
        return entries || wants.commitments;
      case 'EVALUATION':
        return entries || wants.grades;
      case 'RECORD':
        return entries;
    }
  });
}

/** What rows of the family are broken down by, where that uses a field. */
export function wantedDimensions(wants: Wants, family: Family): Set<Dimension> {
  const dimensions = new Set<Dimension>();
  if (family === 'SUBJECT') {
    if (wants.subjectStatuses) dimensions.add('SUBJECT_STATUS');
    if (wants.subjectDivisions.size > 0) dimensions.add('DIVISION');
    return dimensions;
  }
  if (wants.entryDivisions.size > 0) dimensions.add('DIVISION');
  if (wants.timeliness) dimensions.add('TIMELINESS');
  if (family === 'LIST' && wants.lists) dimensions.add('LIST_NAME');
  if (family === 'EVALUATION' && wants.grades) dimensions.add('GRADE');
  if (family === 'COMMITMENT' && wants.commitments) dimensions.add('COMMITMENT_KIND').add('FULFILMENT');
  return dimensions;
}
