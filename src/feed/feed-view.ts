/**
 * One view that a client has, or had: a catalog version with the client's basis, code and day. Asks the access module what it showed
 * of a row, and decides nothing itself.
 */
import type { AccessProfile, EntryStatus, ProfileCache, RowFacts as DecidedFacts } from '../access/index.ts';
import { ENTRY_STATUSES } from '../access/index.ts';
import { today as dayAt } from '../calendar.ts';
import type { Catalog, CatalogItem } from '../catalog/model.ts';
import { GatewayError } from '../errors.ts';
import { coveredWithin } from './consents.ts';
import type { Consent, Span } from './consents.ts';
import type { FeedCaller } from './feed-model.ts';
import type { StandingState } from './feed-state.ts';

/** A row, now or before a change, for the span in which it was so. */
export interface RowThen extends Span {
  readonly itemCode: string;
  readonly person: boolean;
  readonly status: EntryStatus;
  readonly publicUntil: string | null;
  readonly sourceUnitCode: string | null;
}

const BOTH = [false, true] as const;

export class FeedView {
  readonly #prints = new Map<string, string | null>();

  constructor(
    readonly catalog: Catalog,
    readonly profile: AccessProfile,
    readonly orgCode: string | null,
    readonly day: string,
    /** rows that appeared later were never seen through this view (milliseconds); null: it is the client's view now */
    readonly endedAt: number | null,
  ) {}

  /**
   * The row's item, when the row existed for the client at some moment of its span that this view's day had not passed yet, by one
   * of the consents where it needs one; else null.
   */
  showed(row: RowThen, consents: readonly Consent[]): CatalogItem | null {
    const item = this.catalog.item(row.itemCode);
    if (item?.code !== row.itemCode || row.from > row.to || (this.endedAt !== null && row.from > this.endedAt)) return null;
    const began = dayAt(new Date(row.from));
    const expired = row.publicUntil !== null && row.publicUntil < (began > this.day ? began : this.day);
    const covered = coveredWithin(consents, row);
    const facts = { ...this.#facts(row, expired), consent: covered.has(item.code) };
    return this.profile.exists(item.code, facts, covered.size > 0) ? item : null;
  }

  /**
   * What this view shows of such a row, field by field, as a text to be compared; null: the row does not exist in it.
   * @param covered catalog codes that the subject's consents cover
   * @param day by which the row's publicity is judged
   */
  print(row: RowThen, covered: ReadonlySet<string>, day: string): string | null {
    const expired = row.publicUntil !== null && row.publicUntil < day;
    return this.#print(row.itemCode, { ...this.#facts(row, expired), consent: covered.has(row.itemCode) }, covered.size > 0);
  }

  /** Whether some row of the item may be shown otherwise than in the other view. */
  differsOn(itemCode: string, other: FeedView): boolean {
    const ownMoves = this.orgCode !== other.orgCode;
    for (const own of BOTH)
      for (const consent of BOTH)
        for (const person of BOTH)
          for (const expired of BOTH)
            for (const status of ENTRY_STATUSES)
              for (const known of BOTH) {
                const facts = { consent, person, expired, status };
                const mine = this.#print(itemCode, { ...facts, own }, known);
                if (mine !== other.#print(itemCode, { ...facts, own }, known)) return true;
                if (ownMoves && mine !== other.#print(itemCode, { ...facts, own: !own }, known)) return true;
              }
    return false;
  }

  /** Whether a consent can change anything about rows of the item. */
  consentMatters(itemCode: string): boolean {
    return (
      this.profile.consentMatters(itemCode) ||
      (this.profile.personsNeedAuthorization && this.catalog.item(itemCode)?.family === 'SUBJECT')
    );
  }

  /** Items of which this view shows some row. */
  items(): CatalogItem[] {
    return this.catalog.items.filter(({ code }) => this.profile.anyVisible(code));
  }

  #facts(row: RowThen, expired: boolean): Omit<DecidedFacts, 'consent'> {
    return { own: this.orgCode !== null && row.sourceUnitCode === this.orgCode, person: row.person, expired, status: row.status };
  }

  #print(itemCode: string, facts: DecidedFacts, known: boolean): string | null {
    const name = `${itemCode} ${[facts.own, facts.consent, facts.person, facts.expired, known].map(Number).join('')} ${facts.status}`;
    const kept = this.#prints.get(name);
    if (kept !== undefined) return kept;
    const print = this.#printed(itemCode, facts, known);
    this.#prints.set(name, print);
    return print;
  }

  #printed(itemCode: string, facts: DecidedFacts, known: boolean): string | null {
    const item = this.catalog.item(itemCode);
    if (item?.code !== itemCode || !this.profile.exists(itemCode, facts, known)) return null;
    const decision = this.profile.decide(itemCode, facts);
    // Why something is withheld is told beside the rows, and is no part of them.
    const fields = item.fields.flatMap(({ key, role, format, mask, maskedAt }) => {
      const { outcome } = decision.field(key);
      return outcome === 'WITHHELD' ? [] : [[key, role, format, mask, maskedAt !== null, outcome]];
    });
    return JSON.stringify([item.typeName, item.listNature, fields]);
  }
}

/** Finds views by what a cursor keeps of them. */
export class FeedViews {
  readonly #profiles: ProfileCache;
  readonly #catalogVersion: (version: number) => Promise<Catalog | null>;

  constructor(profiles: ProfileCache, catalogVersion: (version: number) => Promise<Catalog | null>) {
    this.#profiles = profiles;
    this.#catalogVersion = catalogVersion;
  }

  async of(standing: StandingState, caller: FeedCaller, endedAt: number | null): Promise<FeedView> {
    const { version, items, grants, orgCode, day } = standing;
    const catalog = version === caller.catalog.version ? caller.catalog : await this.#catalogVersion(version);
    if (catalog === null)
      throw new GatewayError(
        'CURSOR_INVALID',
        'This cursor is of a catalog version that is not here. Take a snapshot with startExport and go on from its cursor.',
      );
    const basis = { kind: caller.basis.kind, items, grants, providesData: orgCode !== null };
    return new FeedView(catalog, this.#profiles.profileFor(catalog, basis), orgCode, day, endedAt);
  }
}

export function standingOf({ catalog, basis, orgCode, today }: FeedCaller): StandingState {
  return {
    version: catalog.version,
    items: basis.items === null ? null : [...basis.items].sort(),
    grants: [...basis.grants].sort(),
    orgCode,
    day: today,
  };
}
