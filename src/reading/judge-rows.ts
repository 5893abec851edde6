/**
 * Which class a fetched row is of: rows of one class (same item, same facts) are decided alike, so everything that depends on
 * the decision is compiled once per class. Kept with the plan: what is judged once holds for every request under the same profile.
 */
import { ENTRY_STATUSES } from '../access/index.ts';
import type { AccessProfile, RowDecision } from '../access/index.ts';
import type { FetchedRow } from './fetched.ts';
import type { ItemSelection } from './read-plan.ts';

export interface RowClass {
  /** 0, 1, 2 … among the classes of its judge */
  readonly ordinal: number;
  readonly selection: ItemSelection;
  readonly decision: RowDecision;
}

/** For the rows of one read. */
export class RowJudge {
  /** by the packed facts; null: such a row does not exist for the caller */
  readonly #known = new Map<ItemSelection, (RowClass | null)[]>();
  readonly #classes: RowClass[] = [];

  constructor(readonly profile: AccessProfile) {}

  /** `null`: the row does not exist for the caller, whatever the statement said. */
  classOf({ stored, selection, authorized }: FetchedRow): RowClass | null {
    const { own, person, expired, status } = stored;
    const consent = authorized.has(selection.item.code);
    const state = ENTRY_STATUSES.indexOf(status);
    const packed =
      (own ? 1 : 0) |
      (consent ? 2 : 0) |
      (person ? 4 : 0) |
      (expired ? 8 : 0) |
      (authorized.size > 0 ? 16 : 0) |
      ((state + 1) << 5);
    let known = this.#known.get(selection);
    if (known === undefined) {
      known = [];
      this.#known.set(selection, known);
    }
    let found = known[packed];
    if (found === undefined) {
      found = this.#judge(selection, { own, consent, person, expired, status }, authorized.size > 0);
      known[packed] = found;
    }
    return found;
  }

  #judge(selection: ItemSelection, facts: Parameters<AccessProfile['decide']>[1], known: boolean): RowClass | null {
    const { code } = selection.item;
    if (!this.profile.exists(code, facts, known)) return null;
    const decision = this.profile.decide(code, facts);
    const same = this.#classes.find((one) => one.selection === selection && one.decision === decision);
    if (same !== undefined) return same;
    const added = { ordinal: this.#classes.length, selection, decision };
    this.#classes.push(added);
    return added;
  }
}
