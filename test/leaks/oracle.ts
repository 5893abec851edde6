/**
 * What each client may get of the planted rows, from the text of DESIGN §3 and §4 and from nothing that the gateway decides with.
 * The decision on one field of one row is test/access/oracle.ts; here is what follows from it for rows, filters and answers.
 */
import type { RowFacts } from '../../src/access/model.ts';
import type { CatalogField, CatalogItem, Family, Role } from '../../src/catalog/model.ts';
import { expectedDecision, expectedVisible, possibleRows } from '../access/oracle.ts';
import type { Expected } from '../access/oracle.ts';
import type { MatrixClient } from './clients.ts';
import { fieldOf } from './interface-roles.ts';
import { maskedForm } from './masks.ts';
import { Memo } from './memo.ts';
import { cellOf, rowsOf } from './world.ts';
import type { Row, World } from './world.ts';

export type PartyInScope = 'ORGANIZATION' | 'PERSON' | 'ANY';

export class Oracle {
  readonly #today: string;
  readonly #memo = new Memo();

  constructor(
    readonly world: World,
    readonly client: MatrixClient,
  ) {
    this.#today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
  }

  factsOf({ item, subject, ...row }: Row): RowFacts {
    const valueOf = (role: Role): string | null => {
      const field = fieldOf(item, role);
      return field === undefined ? null : cellOf(row, field.key).value;
    };
    const publicUntil = item.family === 'SUBJECT' ? null : valueOf('PUBLIC_UNTIL');
    return {
      own: this.client.orgCode !== null && valueOf('SOURCE_UNIT_CODE') === this.client.orgCode,
      consent: this.client.hasConsent(subject, item.code),
      person: subject.person,
      expired: publicUntil !== null && publicUntil < this.#today,
      status: item.family === 'SUBJECT' ? 'ACTIVE' : (subject.state.status ?? 'ACTIVE'),
    };
  }

  decision(row: Row, field: CatalogField): Expected {
    return this.#memo.once(row, `decision ${field.key}`, () =>
      expectedDecision(row.item, field, this.client.basis, this.factsOf(row)),
    );
  }

  /** "does not exist for it: not in a page, a count, a statistic, a feed" */
  exists(row: Row): boolean {
    const authorized = (): boolean => this.world.document.items.some(({ code }) => this.client.hasConsent(row.subject, code));
    return this.#memo.once(row, 'exists', () => this.#exists(row.item, this.factsOf(row), authorized()));
  }

  visible(family: Family): readonly Row[] {
    return this.#memo.once(this.world, family, () => rowsOf(this.world, family).filter((row) => this.exists(row)));
  }

  /** The visible entries of one subject. */
  visibleOf(subject: Row, family: Family): readonly Row[] {
    return this.#memo.once(subject, family, () => this.visible(family).filter((row) => row.subject === subject.subject));
  }

  /**
   * "So does a natural person for an agency without that person's authorization": with one, whatever item it is for, the person is
   * there to be asked about, if the agency can see anything of persons at all. What it sees of it goes by the item, as always.
   */
  #exists(item: CatalogItem, facts: RowFacts, authorized: boolean): boolean {
    if (this.client.kind === 'CREDIT_AGENCY' && item.family === 'SUBJECT' && facts.person) {
      return authorized && expectedVisible(item, this.client.basis, { ...facts, consent: true });
    }
    return expectedVisible(item, this.client.basis, facts);
  }

  /** "A filter or order on a role that is not fully open for some item in scope is refused": on some row that may exist, its party given. */
  mayUse(item: CatalogItem, role: Role, party: PartyInScope): boolean {
    const field = fieldOf(item, role);
    if (field === undefined) return true;
    return this.#memo.once(item, `use ${role} ${party}`, () =>
      possibleRows(item, this.client.basis)
        .filter(({ person }) => party === 'ANY' || person === (party === 'PERSON'))
        .filter((facts) => this.#exists(item, facts, facts.status === 'ACTIVE'))
        .every((facts) => expectedDecision(item, field, this.client.basis, facts).outcome === 'OPEN'),
    );
  }

  /** Whether the client could see any row of the item at all. */
  reaches(item: CatalogItem): boolean {
    return this.#memo.once(item, 'reaches', () =>
      possibleRows(item, this.client.basis).some((facts) => this.#exists(item, facts, facts.status === 'ACTIVE')),
    );
  }

  /** "types and fields that some channel could ever open to it" */
  couldSee(item: CatalogItem, field: CatalogField): boolean {
    return possibleRows(item, this.client.basis).some(
      (facts) => expectedDecision(item, field, this.client.basis, facts).outcome !== 'WITHHELD',
    );
  }

  inLimits(item: CatalogItem): boolean {
    return this.client.basis.items === null || this.client.basis.items.includes(item.code);
  }

  /** What stands at the item's own field: a value, null, or the form that the mask leaves. `undefined`: a mask whose form is not settled. */
  ownValue(row: Row, field: CatalogField): unknown {
    const { value } = cellOf(row, field.key);
    const { outcome } = this.decision(row, field);
    if (value === null || outcome === 'WITHHELD') return null;
    if (outcome === 'MASKED') return maskedForm(field, value) ?? undefined;
    return changesForm(field) ? value : typed(field, value);
  }

  /** What stands at an interface's field. */
  interfaceValue(row: Row, role: Role): unknown {
    const field = fieldOf(row.item, role);
    if (field === undefined) return null;
    // "On an interface, where the masked form does not fit the field's type, the interface's field is null"
    if (this.decision(row, field).outcome === 'MASKED' && changesForm(field)) return null;
    const { value } = cellOf(row, field.key);
    return this.decision(row, field).outcome === 'OPEN' && value !== null ? typed(field, value) : this.ownValue(row, field);
  }

  /** The canaries that the client may see anywhere. */
  openTokens(): ReadonlySet<string> {
    const open = new Set<string>();
    for (const [token, places] of this.world.tokens) {
      if (places.some(({ row, field }) => this.#shows(row, field, token))) open.add(token);
    }
    return open;
  }

  #shows(row: Row, field: CatalogField, token: string): boolean {
    if (!this.exists(row)) return false;
    const value = this.ownValue(row, field);
    return typeof value === 'string' || typeof value === 'number' ? String(value).includes(token) : false;
  }
}

/** "A field whose mask rule changes its form (a range for an amount, a year for a date, stars for a number) is a String." */
function changesForm({ format, mask }: CatalogField): boolean {
  return mask !== null && mask !== 'NONE' && !['STRING', 'TEXT', 'CODE'].includes(format);
}

function typed({ format }: CatalogField, value: string): unknown {
  if (format === 'INTEGER') return Number(value);
  return format === 'BOOLEAN' ? value === 'true' : value;
}
