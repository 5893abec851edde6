/**
 * What an export's client got of each field when it was made, kept with the files: they are in the clear, and must not be had by
 * somebody to whom less is open now. Compared is what is so for all rows; what single subjects authorize, the change feed tells.
 */
import { z } from 'zod';
import type { AccessProfile, FieldDecision } from '../access/index.ts';
import type { Catalog } from '../catalog/model.ts';

/** Catalog code -> field key -> a digit for organizations and one for persons; what is withheld from both is not in it. */
export const ExportView = z.record(z.string(), z.record(z.string(), z.string().regex(/^[012]{2}$/)));
export type ExportView = z.infer<typeof ExportView>;

const RANKS: Readonly<Record<FieldDecision['outcome'], number>> = { WITHHELD: 0, MASKED: 1, OPEN: 2 };

/** @param items catalog codes */
export function viewOf(catalog: Catalog, profile: AccessProfile, items: readonly string[]): ExportView {
  return Object.fromEntries(
    items.map((code) => {
      const fields = catalog.item(code)?.fields ?? [];
      const ranks = fields.map(({ key }): [string, string] => [key, ranksOf(profile, code, key)]);
      return [code, Object.fromEntries(ranks.filter(([, rank]) => rank !== '00'))];
    }),
  );
}

/** The codes of those items of which something is open no more, or only masked. */
export function narrowed(view: ExportView, profile: AccessProfile): string[] {
  return Object.entries(view)
    .filter(
      ([code, fields]) =>
        !profile.anyVisible(code) || Object.entries(fields).some(([key, was]) => isLess(profile, code, key, was)),
    )
    .map(([code]) => code);
}

function isLess(profile: AccessProfile, code: string, key: string, was: string): boolean {
  const now = ranksOf(profile, code, key);
  return [0, 1].some((party) => Number(now[party]) < Number(was[party]));
}

function ranksOf(profile: AccessProfile, code: string, key: string): string {
  const { organization, person } = profile.standing(code, key);
  return [organization, person].map((decision) => String(decision === null ? 0 : RANKS[decision.outcome])).join('');
}
