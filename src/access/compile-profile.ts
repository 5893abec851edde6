import type { Catalog, Role } from '../catalog/model.ts';
import { UNKNOWN_FIELD } from './decide-field.ts';
import { ItemAccess } from './item-access.ts';
import { NO_CHANNEL, NOTHING, ruleOfKind } from './levels.ts';
import type { KindRule } from './levels.ts';
import type { AccessProfile, Action, FieldStanding, Party, ProfileBasis, RowDecision, RowFacts, Visibility } from './model.ts';

/** The one row that an item which is not there has: it does not exist. */
const NO_ROW: RowDecision = Object.freeze({ index: 0, visible: false, field: () => UNKNOWN_FIELD });

const NO_VISIBILITY: Visibility = {
  own: false,
  current: { organization: 'NEVER', person: 'NEVER' },
  expired: { organization: 'NEVER', person: 'NEVER' },
};

const UNKNOWN_STANDING: FieldStanding = { organization: UNKNOWN_FIELD, person: UNKNOWN_FIELD };

/** An item outside the client's limits: its fields are known, and all of them are withheld. */
const OUT_OF_LIMITS: KindRule = NOTHING;

/**
 * Compiles what the catalog says into what one kind of caller gets (DESIGN §3). Pure: the same catalog and basis give
 * the same answers for ever; nothing is read, and nothing throws. A word that the gateway does not know, of an item,
 * field, kind, permission or status, opens nothing.
 */
export function compileProfile(catalog: Catalog, basis: ProfileBasis): AccessProfile {
  return new CompiledProfile(catalog, canonicalBasis(basis));
}

/** The same for two clients whom the catalog treats alike, and for no others. */
export function profileKey(catalogVersion: number, basis: ProfileBasis): string {
  const { kind, items, grants, providesData } = canonicalBasis(basis);
  return JSON.stringify([catalogVersion, kind, items, grants, providesData]);
}

/** Without the order of the lists and without what means nothing for the kind, so that equal clients share a profile. */
function canonicalBasis(basis: ProfileBasis): ProfileBasis {
  const rule = ruleOfKind(basis.kind);
  return Object.freeze({
    kind: basis.kind,
    items: basis.items === null ? null : sortedSet(basis.items),
    grants: rule.byGrant ? sortedSet(basis.grants) : [],
    providesData: rule.byProviding && basis.providesData,
  });
}

function sortedSet(codes: readonly string[]): readonly string[] {
  return Object.freeze([...new Set(codes)].sort());
}

class CompiledProfile implements AccessProfile {
  readonly key: string;
  readonly catalogVersion: number;
  readonly basis: ProfileBasis;
  readonly readsCreditData: boolean;
  readonly personsNeedAuthorization: boolean;
  readonly statesPurpose: boolean;
  readonly #actions: ReadonlySet<Action>;
  readonly #items = new Map<string, ItemAccess>();

  constructor(catalog: Catalog, basis: ProfileBasis) {
    const rule = ruleOfKind(basis.kind);
    this.key = profileKey(catalog.version, basis);
    this.catalogVersion = catalog.version;
    this.basis = basis;
    this.readsCreditData = rule.always !== NO_CHANNEL;
    this.personsNeedAuthorization = rule.personsNeedAuthorization;
    this.statesPurpose = rule.statesPurpose;
    this.#actions = rule.actions;
    for (const item of catalog.items) {
      const standing = {
        rule: this.withinLimits(item.code) ? rule : OUT_OF_LIMITS,
        granted: this.granted(item.code),
        providesData: basis.providesData,
        personPublic: item.personPublic,
        personsByAuthorization: this.personsNeedAuthorization,
      };
      this.#items.set(item.code, new ItemAccess(item, standing));
    }
  }

  may(action: Action): boolean {
    return this.#actions.has(action);
  }

  withinLimits(itemCode: string): boolean {
    return this.basis.items === null || this.basis.items.includes(itemCode);
  }

  granted(itemCode: string): boolean {
    return this.basis.grants.includes(itemCode);
  }

  exists(itemCode: string, facts: RowFacts, known: boolean): boolean {
    return this.#items.get(itemCode)?.exists(facts, known) ?? false;
  }

  consentMatters(itemCode: string, keys?: readonly string[]): boolean {
    return this.#items.get(itemCode)?.consentMatters(keys) ?? false;
  }

  decide(itemCode: string, facts: RowFacts): RowDecision {
    return this.#items.get(itemCode)?.decide(facts) ?? NO_ROW;
  }

  visibility(itemCode: string): Visibility {
    return this.#items.get(itemCode)?.visibility() ?? NO_VISIBILITY;
  }

  anyVisible(itemCode: string): boolean {
    const { own, current, expired } = this.visibility(itemCode);
    return own || [current.organization, current.person, expired.organization, expired.person].some((when) => when !== 'NEVER');
  }

  mayFilter(itemCode: string, role: Role, party: Party): boolean {
    return this.#items.get(itemCode)?.mayFilter(role, party) ?? true;
  }

  couldEverSee(itemCode: string, key: string): boolean {
    return this.#items.get(itemCode)?.couldEverSee(key) ?? false;
  }

  beyondPublic(itemCode: string, key: string): boolean {
    return this.#items.get(itemCode)?.beyondPublic(key) ?? true;
  }

  standing(itemCode: string, key: string): FieldStanding {
    return this.#items.get(itemCode)?.standing(key) ?? UNKNOWN_STANDING;
  }
}
