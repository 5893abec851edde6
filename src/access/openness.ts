/**
 * What is open of an item to a client, as a record that outlives the profile: whoever keeps values in the clear (an export's files)
 * keeps with them what was open when they were written, and gives them to nobody to whom less is open now. Compared is what holds
 * for all rows about organizations, or about persons; consents of single subjects are not in it.
 */
import type { Catalog } from '../catalog/model.ts';
import type { AccessProfile, FieldDecision } from './model.ts';

/**
 * Catalog code -> field key -> a digit for organizations and one for persons (0 withheld, 1 masked, 2 open), and after a colon the
 * mask where one of them is masked. What is withheld from both is not in it.
 */
export type Openness = Readonly<Record<string, Readonly<Record<string, string>>>>;

const RANKS: Readonly<Record<FieldDecision['outcome'], number>> = { WITHHELD: 0, MASKED: 1, OPEN: 2 };

/** @param items catalog codes */
export function opennessOf(catalog: Catalog, profile: AccessProfile, items: readonly string[]): Openness {
  return Object.fromEntries(
    items.map((code) => {
      const fields = (catalog.item(code)?.fields ?? []).map(({ key }): [string, string] => [key, shown(profile, code, key)]);
      return [code, Object.fromEntries(fields.filter(([, as]) => as !== '00'))];
    }),
  );
}

/** The codes of those items of which less is open now: nothing at all, a field no more, only masked, or by another mask. */
export function lessOpen(then: Openness, profile: AccessProfile): string[] {
  return Object.entries(then)
    .filter(
      ([code, fields]) =>
        !profile.anyVisible(code) || Object.entries(fields).some(([key, was]) => isLess(shown(profile, code, key), was)),
    )
    .map(([code]) => code);
}

/** Which of two masks hides more is not known, so another one counts as less. */
function isLess(now: string, was: string): boolean {
  return [0, 1].some(
    (party) =>
      Number(now[party]) < Number(was[party]) || (now[party] === '1' && was[party] === '1' && maskIn(now) !== maskIn(was)),
  );
}

function maskIn(as: string): string {
  return as.slice(3);
}

function shown(profile: AccessProfile, code: string, key: string): string {
  const { organization, person } = profile.standing(code, key);
  const decisions = [organization, person];
  const ranks = decisions.map((decision) => String(decision === null ? 0 : RANKS[decision.outcome])).join('');
  const masked = decisions.find((decision) => decision?.outcome === 'MASKED');
  return masked?.outcome === 'MASKED' ? `${ranks}:${masked.mask}` : ranks;
}
