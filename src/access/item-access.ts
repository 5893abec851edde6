import type { CatalogItem, Role } from '../catalog/model.ts';
import { decideField, UNKNOWN_FIELD } from './decide-field.ts';
import { ENTRY_STATUSES } from './model.ts';
import type { FieldDecision, FieldStanding, Party, RowDecision, RowFacts, Visibility, VisibleWhen } from './model.ts';
import { classOfRow, packFacts, strictFacts } from './row-class.ts';
import type { ItemStanding, RowClass } from './row-class.ts';

/** Somebody else's current entry, about an organization: what `viewer` describes. */
const FOREIGN: RowFacts = { own: false, consent: false, person: false, expired: false, status: 'ACTIVE' };

/**
 * One item as one caller finds it. Decisions are made the first time a class of rows is met and kept: a caller meets
 * some ten classes of an item, of the 48 that the facts can spell.
 */
export class ItemAccess {
  readonly #item: CatalogItem;
  readonly #standing: ItemStanding;
  /** by packed facts */
  readonly #byFacts: RowDecision[] = [];
  /** one for each row class that differs */
  readonly #byClass = new Map<string, RowDecision>();
  readonly #filters = new Map<string, boolean>();
  readonly #everSeen = new Map<string, boolean>();
  #visibility: Visibility | undefined;
  #consentMatters: boolean | undefined;

  constructor(item: CatalogItem, standing: ItemStanding) {
    this.#item = item;
    this.#standing = standing;
  }

  decide(facts: RowFacts): RowDecision {
    const packed = packFacts(facts);
    return (this.#byFacts[packed] ??= this.#decisionOf(classOfRow(this.#standing, strictFacts(facts))));
  }

  visibility(): Visibility {
    return (this.#visibility ??= {
      own: this.decide({ ...FOREIGN, own: true, status: 'WITHDRAWN' }).visible,
      current: {
        organization: this.#visibleWhen(FOREIGN),
        person: this.#visibleWhen({ ...FOREIGN, person: true }),
      },
      expired: {
        organization: this.#visibleWhen({ ...FOREIGN, expired: true }),
        person: this.#visibleWhen({ ...FOREIGN, expired: true, person: true }),
      },
    });
  }

  exists(facts: RowFacts, known: boolean): boolean {
    const { subjectScope, family } = this.#item;
    if (subjectScope !== 'ALL' && facts.person !== (subjectScope === 'PERSON')) return false;
    if (this.#standing.personsByAuthorization && family === 'SUBJECT' && facts.person) {
      return known && this.decide({ ...facts, consent: true }).visible;
    }
    return this.decide(facts).visible;
  }

  consentMatters(keys?: readonly string[]): boolean {
    if (keys !== undefined) return this.#consentChanges(keys);
    return (this.#consentMatters ??= this.#consentChanges(this.#item.fields.map(({ key }) => key)));
  }

  #consentChanges(keys: readonly string[]): boolean {
    return this.#reachable('ANY').some((facts) => {
      const without = this.decide({ ...facts, consent: false });
      const row = this.decide(facts);
      return row.visible !== without.visible || keys.some((key) => row.field(key).outcome !== without.field(key).outcome);
    });
  }

  mayFilter(role: Role, party: Party): boolean {
    const name = `${role} ${party}`;
    const known = this.#filters.get(name);
    if (known !== undefined) return known;

    const keys = this.#item.fields.filter((field) => field.role === role).map((field) => field.key);
    const may =
      keys.length === 0 ||
      this.#reachable(party)
        .filter((facts) => this.#mayExist(facts))
        .map((facts) => this.decide(facts))
        .every((row) => keys.every((key) => row.field(key).outcome === 'OPEN'));
    this.#filters.set(name, may);
    return may;
  }

  couldEverSee(key: string): boolean {
    let could = this.#everSeen.get(key);
    if (could === undefined) {
      could = this.#reachable('ANY').some((facts) => this.decide(facts).field(key).outcome !== 'WITHHELD');
      // Only what the item has is remembered: callers spell as many other keys as they like.
      if (this.#item.fields.some((field) => field.key === key)) this.#everSeen.set(key, could);
    }
    return could;
  }

  beyondPublic(key: string): boolean {
    return this.#item.fields.find((field) => field.key === key)?.permission !== 'PUBLIC';
  }

  standing(key: string): FieldStanding {
    const { subjectScope } = this.#item;
    return {
      organization: subjectScope === 'PERSON' ? null : this.decide(FOREIGN).field(key),
      person: subjectScope === 'ORGANIZATION' ? null : this.decide({ ...FOREIGN, person: true }).field(key),
    };
  }

  #decisionOf(row: RowClass): RowDecision {
    const name = `${row.channels} ${row.asOrganization} ${row.byAuthorization} ${row.narrowed}`;
    const known = this.#byClass.get(name);
    if (known !== undefined) return known;

    const fields = new Map<string, FieldDecision>();
    for (const field of this.#item.fields) fields.set(field.key, decideField(field, row, this.#standing.rule.masksAlways));
    const decision: RowDecision = Object.freeze({
      index: this.#byClass.size,
      visible: [...fields.values()].some(({ outcome }) => outcome !== 'WITHHELD'),
      field: (key: string) => fields.get(key) ?? UNKNOWN_FIELD,
    });
    this.#byClass.set(name, decision);
    return decision;
  }

  /** Besides what is visible by decision: a person whom an agency knows by an authorization for another item, with every field withheld. */
  #mayExist(facts: RowFacts): boolean {
    if (this.decide(facts).visible) return true;
    const byAuthorization = this.#standing.personsByAuthorization && this.#item.family === 'SUBJECT' && facts.person;
    return byAuthorization && this.decide({ ...facts, consent: true }).visible;
  }

  #visibleWhen(facts: RowFacts): VisibleWhen {
    if (this.decide(facts).visible) return 'ALWAYS';
    return this.decide({ ...facts, consent: true }).visible ? 'WITH_CONSENT' : 'NEVER';
  }

  /** Every combination of facts that a row of this item, about this party, can show to this caller. */
  #reachable(party: Party): RowFacts[] {
    const { rule, providesData } = this.#standing;
    const { subjectScope, fields } = this.#item;
    const persons = [false, true].filter((person) => {
      const one = person ? 'PERSON' : 'ORGANIZATION';
      return (subjectScope === 'ALL' || subjectScope === one) && (party === 'ANY' || party === one);
    });
    const expiries = fields.some((field) => field.role === 'PUBLIC_UNTIL') ? [false, true] : [false];
    const owns = rule.byProviding && providesData ? [false, true] : [false];
    const consents = rule.byAuthorization ? [false, true] : [false];
    return persons.flatMap((person) =>
      expiries.flatMap((expired) =>
        owns.flatMap((own) =>
          consents.flatMap((consent) => ENTRY_STATUSES.map((status) => ({ own, consent, person, expired, status }))),
        ),
      ),
    );
  }
}
