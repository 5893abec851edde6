import { describe, expect, it } from '@jest/globals';

import { compileProfile, lessOpen, opennessOf } from '../../src/access/index.ts';
import type { ProfileBasis } from '../../src/access/index.ts';
import type { CatalogField } from '../../src/catalog/model.ts';
import { AGENCY, catalogOf, DASHBOARD, DEPARTMENT, fieldOf, ITEM, itemOf } from './given.ts';

/** @returns the items that are less open to the second client under the second field than to the first under the first */
function less(
  [was, wasBasis]: readonly [Partial<CatalogField>, ProfileBasis],
  [now, nowBasis]: readonly [Partial<CatalogField>, ProfileBasis],
): string[] {
  // Another field stays open, so that the item has rows in any case.
  const catalogWith = (field: Partial<CatalogField>) =>
    catalogOf({ items: [itemOf({ personPublic: true, fields: [fieldOf(field), fieldOf({ key: 'other' })] })] });
  const before = catalogWith(was);
  return lessOpen(opennessOf(before, compileProfile(before, wasBasis), [ITEM]), compileProfile(catalogWith(now), nowBasis));
}

const OPEN = {};
const CLOSED = { permission: 'PROVIDER_ONLY' } as const;
const MASKED = { permission: 'PROVIDER_ONLY', maskedAt: 'PUBLIC', mask: 'PHONE' } as const;

describe('less is open of an item', () => {
  it.each([
    ['a field is withheld that was open', [OPEN, AGENCY], [CLOSED, AGENCY]],
    ['a field is withheld that was masked', [MASKED, AGENCY], [CLOSED, AGENCY]],
    ['a field is masked that was open', [OPEN, AGENCY], [MASKED, AGENCY]],
    ['a field is masked in another way', [MASKED, AGENCY], [{ ...MASKED, mask: 'FULL' }, AGENCY]],
    ['the item is outside the client’s limits', [OPEN, AGENCY], [OPEN, { ...AGENCY, items: [] }]],
    [
      'a grant ended',
      [{ permission: 'AUTHORIZED' }, { ...DEPARTMENT, grants: [ITEM] }],
      [{ permission: 'AUTHORIZED' }, DEPARTMENT],
    ],
  ] as const)('%s', (_when, was, now) => {
    expect(less(was, now)).toEqual([ITEM]);
  });
});

describe('not less is open of an item', () => {
  it.each([
    ['nothing changed', [MASKED, DASHBOARD], [MASKED, DASHBOARD]],
    ['a field is open that was masked', [MASKED, AGENCY], [OPEN, AGENCY]],
    ['a field is masked that was withheld', [CLOSED, AGENCY], [MASKED, AGENCY]],
    ['a withheld field is masked in another way', [CLOSED, AGENCY], [{ ...CLOSED, mask: 'FULL' }, AGENCY]],
  ] as const)('%s', (_when, was, now) => {
    expect(less(was, now)).toEqual([]);
  });
});
