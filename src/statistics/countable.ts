/**
 * What of an item a caller may count (DESIGN §3): every use of a field is an access, counting and grouping too. Rows count where the
 * caller sees every row of their kind, whatever their dates and consents: otherwise the count would tell which rows those are.
 * A field may be grouped by where it may be filtered by.
 */
import { ENTRY_STATUSES } from '../access/index.ts';
import type { AccessProfile, EntryStatus } from '../access/index.ts';
import type { Catalog, CatalogItem, EntryFamily, Role } from '../catalog/model.ts';
import { fieldWithRole, restsSealed } from '../catalog/model.ts';
import type { Dimension } from './question.ts';

/** One kind of rows that count, as the statement is told. */
export interface CountableRows {
  readonly family: CatalogItem['family'];
  readonly itemCode: string;
  readonly person: boolean;
  readonly status: EntryStatus;
  /** of the caller's own organization */
  readonly own: boolean;
  /** working days within which an entry is on time; null: the caller may not tell the item's timeliness apart */
  readonly deadline: number | null;
  /** whether the caller may tell their divisions apart */
  readonly byDivision: boolean;
  /** whether the caller may tell their words apart: status, name of the list, kind and fulfilment, grade */
  readonly byWords: boolean;
}

/** Lags are kept exactly up to here; see the migration. */
const LONGEST_DEADLINE = 60;

/** The date from which the deadline runs. */
const DECISION: Readonly<Record<EntryFamily, Role>> = {
  RECORD: 'DECIDED_ON',
  LIST: 'LISTED_ON',
  COMMITMENT: 'COMMITTED_ON',
  EVALUATION: 'EVALUATED_ON',
};

/** What the words of a family's cells are; see the migration. */
const WORDS: Readonly<Record<CatalogItem['family'], readonly Dimension[]>> = {
  SUBJECT: ['SUBJECT_STATUS'],
  RECORD: [],
  LIST: ['LIST_NAME'],
  COMMITMENT: ['COMMITMENT_KIND', 'FULFILMENT'],
  EVALUATION: ['GRADE'],
};

export class Countable {
  constructor(
    private readonly catalog: Catalog,
    private readonly profile: AccessProfile,
  ) {}

  rows(): CountableRows[] {
    return this.catalog.items.flatMap((item) =>
      [false, true].flatMap((person) => {
        const standing = {
          family: item.family,
          itemCode: item.code,
          person,
          deadline: this.open(item, person, 'TIMELINESS') ? deadlineOf(item) : null,
          byDivision: this.open(item, person, 'DIVISION'),
          byWords: WORDS[item.family].every((dimension) => this.open(item, person, dimension)),
        };
        return (item.family === 'SUBJECT' ? (['ACTIVE'] as const) : ENTRY_STATUSES).flatMap((status) =>
          [false, true].filter((own) => this.#counts(item, person, status, own)).map((own) => ({ ...standing, status, own })),
        );
      }),
    );
  }

  /** Whether the rows in force about an organization or a person count, whoever provided them. */
  foreign(item: CatalogItem, person: boolean): boolean {
    return this.#counts(item, person, 'ACTIVE', false);
  }

  /** Whether the item can have rows about an organization, or about a person. */
  concerns(item: CatalogItem, person: boolean): boolean {
    return item.subjectScope === 'ALL' || item.subjectScope === (person ? 'PERSON' : 'ORGANIZATION');
  }

  /** Whether rows of the item, about that party, may be grouped (and filtered) by the dimension. */
  open(item: CatalogItem, person: boolean, dimension: Dimension): boolean {
    switch (dimension) {
      case 'ROWS':
        return true;
      case 'DIVISION':
        return this.#divisionOpen(item, person);
      case 'TIMELINESS':
        return this.#timelinessOpen(item, person);
      default:
        return this.#roleOpen(item, person, dimension);
    }
  }

  /** An entry's division is its subject's: the fields of the subjects' items decide, all that such a subject may be of. */
  #divisionOpen(item: CatalogItem, person: boolean): boolean {
    if (item.family === 'SUBJECT') return this.#roleOpen(item, person, 'DIVISION');
    const items = this.catalog.items.filter((other) => other.family === 'SUBJECT' && this.concerns(other, person));
    return (
      items.length > 0 && items.every((subject) => this.foreign(subject, person) && this.#roleOpen(subject, person, 'DIVISION'))
    );
  }

  #timelinessOpen(item: CatalogItem, person: boolean): boolean {
    if (item.family === 'SUBJECT' || fieldWithRole(item, DECISION[item.family]) === undefined) return true;
    const used: readonly Role[] = [DECISION[item.family], 'SOURCE_UNIT_CODE', 'SOURCE_UNIT'];
    return deadlineOf(item) !== null && used.every((role) => this.#roleOpen(item, person, role));
  }

  #roleOpen(item: CatalogItem, person: boolean, role: Role): boolean {
    const field = fieldWithRole(item, role);
    if (field === undefined) return true;
    return !restsSealed(field) && this.profile.mayFilter(item.code, role, person ? 'PERSON' : 'ORGANIZATION');
  }

  /** By decision and for every date: a row past its publicity date counts, or none does. Consent is never assumed. */
  #counts(item: CatalogItem, person: boolean, status: EntryStatus, own: boolean): boolean {
    const expiries = fieldWithRole(item, 'PUBLIC_UNTIL') === undefined ? [false] : [false, true];
    return expiries.every((expired) => this.profile.exists(item.code, { own, consent: false, person, expired, status }, false));
  }
}

/** null: the item has no date of decision, or a longer deadline than lags are kept for. */
function deadlineOf(item: CatalogItem): number | null {
  if (item.family === 'SUBJECT' || fieldWithRole(item, DECISION[item.family]) === undefined) return null;
  return item.collectionDeadlineDays <= LONGEST_DEADLINE ? item.collectionDeadlineDays : null;
}
