/** The subjects of the matrix, the same ones for every catalog: one organization and one person for each state that a row can be in. */
import { creditCode, idNumber } from './canaries.ts';

export interface RowState {
  readonly name: string;
  /** past its publicity date, where the item has one */
  readonly expired?: boolean;
  readonly status?: 'REPAIRED' | 'WITHDRAWN';
  readonly disputed?: boolean;
  /** from the providing department */
  readonly own?: boolean;
  /** only what is required is filled in */
  readonly sparse?: boolean;
  /** what the subject has agreed to: everything, one item of entries, or nothing that still holds */
  readonly consent?: 'ALL' | 'ONE';
  /** known only from one entry that names it */
  readonly unregistered?: boolean;
}

const STATES: readonly RowState[] = [
  { name: 'current' },
  { name: 'past publicity', expired: true },
  { name: 'repaired', status: 'REPAIRED' },
  { name: 'withdrawn', status: 'WITHDRAWN' },
  { name: 'disputed, sparse', disputed: true, sparse: true },
  { name: 'own', own: true },
  { name: 'own, repaired, past publicity', own: true, status: 'REPAIRED', expired: true },
  { name: 'authorized', consent: 'ALL' },
  { name: 'authorized, past publicity', consent: 'ALL', expired: true },
  { name: 'authorized, withdrawn', consent: 'ALL', status: 'WITHDRAWN' },
  { name: 'authorized for one item', consent: 'ONE' },
];

export interface Subject {
  /** the gateway's id of it */
  readonly id: string;
  readonly person: boolean;
  /** credit code or ID number */
  readonly identifier: string;
  readonly state: RowState;
  readonly consent: 'ALL' | 'ONE' | 'NONE';
}

/** @param idOf how the gateway derives a subject's id */
export function allSubjects(idOf: (identifier: string) => string): Subject[] {
  return [false, true].flatMap((person) =>
    [...STATES, { name: 'unregistered', unregistered: true }].map((state: RowState, at) => {
      const identifier = person ? idNumber('159901', 500 + at) : creditCode('159901', 500 + at);
      return { id: idOf(identifier), person, identifier, state, consent: state.consent ?? 'NONE' };
    }),
  );
}
