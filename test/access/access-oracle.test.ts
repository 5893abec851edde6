/** compileProfile against the oracle: over every case a single field can be in, and over catalogs nobody has thought of. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { compileProfile } from '../../src/access/index.ts';
import type { AccessProfile, ProfileBasis, RowFacts } from '../../src/access/index.ts';
import { CLIENT_KINDS } from '../../src/access/model.ts';
import { PERMISSIONS, ROLES } from '../../src/catalog/model.ts';
import type { CatalogItem } from '../../src/catalog/model.ts';
import { randomCatalog } from '../testkit/random-catalog.ts';
import { anyBasis, anyRow, catalogOf, fieldOf, ITEM, itemOf } from './given.ts';
import { everyRow, expectedDecision, expectedMayFilter, expectedVisible, possibleRows } from './oracle.ts';

const RUNS = 2000;

describe('every combination of client, level, mask and row', () => {
  const MASKS = [null, 'NONE', 'NAME'] as const;
  const fields = PERMISSIONS.flatMap((permission) =>
    [null, ...PERMISSIONS].flatMap((maskedAt) =>
      MASKS.map((mask) => fieldOf({ key: `${permission}_${maskedAt ?? ''}_${mask ?? ''}`, permission, maskedAt, mask })),
    ),
  );
  const bases: ProfileBasis[] = CLIENT_KINDS.flatMap((kind) =>
    [[], [ITEM]].flatMap((grants) =>
      [false, true].flatMap((providesData) => [null, [ITEM], []].map((items) => ({ kind, items, grants, providesData }))),
    ),
  );

  it.each([false, true])('is decided as DESIGN §3 says, the item being published for persons: %s', (personPublic) => {
    const item = itemOf({ personPublic, fields });
    const catalog = catalogOf({ items: [item] });
    let decided = 0;
    for (const basis of bases) {
      const profile = compileProfile(catalog, basis);
      for (const facts of everyRow()) {
        const decision = profile.decide(ITEM, facts);
        for (const field of fields) {
          const actual = decision.field(field.key);
          const expected = expectedDecision(item, field, basis, facts);
          mustAgree(actual, expected, { basis, facts, field: field.key });
          decided += 1;
        }
      }
    }
    expect(decided).toBe(bases.length * 48 * 60);
  });

  it.each([false, true])(
    'makes a row visible exactly where its one field is, the item being published for persons: %s',
    (personPublic) => {
      for (const field of fields) {
        const item = itemOf({ personPublic, fields: [field] });
        const catalog = catalogOf({ items: [item] });
        for (const basis of bases) checkVisibility(compileProfile(catalog, basis), item, basis, everyRow());
      }
    },
  );
});

describe('any catalog', () => {
  it('is decided as DESIGN §3 says', () => {
    fc.assert(
      fc.property(given(), ({ document, basis, facts }) => {
        const profile = compileProfile(catalogOf(document), basis);
        for (const item of document.items) {
          const decision = profile.decide(item.code, facts);
          mustBe(decision.visible, expectedVisible(item, basis, facts), { item, basis, facts });
          for (const field of item.fields) {
            mustAgree(decision.field(field.key), expectedDecision(item, field, basis, facts), { item, field, basis, facts });
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('gives the stores a visibility that selects exactly the rows that are decided visible', () => {
    fc.assert(
      fc.property(given(), ({ document, basis }) => {
        const profile = compileProfile(catalogOf(document), basis);
        for (const item of document.items) checkVisibility(profile, item, basis, everyRow());
      }),
      { numRuns: 300 },
    );
  });

  it('lets a role be filtered by where every row that the caller could see shows it in the clear, and nowhere else', () => {
    fc.assert(
      fc.property(given(), ({ document, basis }) => {
        const profile = compileProfile(catalogOf(document), basis);
        for (const item of document.items) {
          const rows = possibleRows(item, basis);
          const about = { ANY: rows, ORGANIZATION: rows.filter((row) => !row.person), PERSON: rows.filter((row) => row.person) };
          for (const role of ROLES) {
            for (const party of ['ANY', 'ORGANIZATION', 'PERSON'] as const) {
              const expected = expectedMayFilter(item, role, basis, about[party]);
              mustBe(profile.mayFilter(item.code, role, party), expected, { item, role, party, basis });
            }
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('shows in a view exactly the fields of which some row could give something, and asks for consent only where it changes something', () => {
    fc.assert(
      fc.property(given(), ({ document, basis }) => {
        const profile = compileProfile(catalogOf(document), basis);
        for (const item of document.items) {
          const rows = possibleRows(item, basis);
          for (const field of item.fields) {
            const ever = rows.some((row) => expectedDecision(item, field, basis, row).outcome !== 'WITHHELD');
            mustBe(profile.couldEverSee(item.code, field.key), ever, { item, field, basis });
            mustBe(profile.beyondPublic(item.code, field.key), field.permission !== 'PUBLIC', { item, field, basis });
          }
          const matters = rows.some((row) =>
            item.fields.some(
              (field) =>
                expectedDecision(item, field, basis, { ...row, consent: true }).outcome !==
                expectedDecision(item, field, basis, { ...row, consent: false }).outcome,
            ),
          );
          expect(profile.consentMatters(item.code)).toBe(
            matters && (basis.kind === 'DEPARTMENT' || basis.kind === 'CREDIT_AGENCY'),
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  it('numbers the classes of rows so that rows of one number are decided alike', () => {
    fc.assert(
      fc.property(given(), ({ document, basis }) => {
        const profile = compileProfile(catalogOf(document), basis);
        for (const item of document.items) {
          const byIndex = new Map<number, string>();
          for (const facts of everyRow()) {
            const decision = profile.decide(item.code, facts);
            const told = JSON.stringify([decision.visible, item.fields.map((field) => decision.field(field.key))]);
            if ((byIndex.get(decision.index) ?? told) !== told)
              throw new Error(`${byIndex.get(decision.index) ?? ''} is not ${told}`);
            byIndex.set(decision.index, told);
          }
          expect([...byIndex.keys()].sort((a, b) => a - b)).toEqual([...byIndex.keys()].map((_, index) => index));
        }
      }),
      { numRuns: 200 },
    );
  });
});

function given() {
  return randomCatalog().chain((document) =>
    fc.record({ document: fc.constant(document), basis: anyBasis(document), facts: anyRow() }),
  );
}

/** What a store makes of a visibility, against what the oracle says of each row. */
function checkVisibility(profile: AccessProfile, item: CatalogItem, basis: ProfileBasis, rows: readonly RowFacts[]): void {
  const visibility = profile.visibility(item.code);
  for (const facts of rows) {
    const cell = visibility[facts.expired ? 'expired' : 'current'][facts.person ? 'person' : 'organization'];
    const byState = facts.status === 'ACTIVE' && (cell === 'ALWAYS' || (cell === 'WITH_CONSENT' && facts.consent));
    const selected = (visibility.own && facts.own) || byState;
    const expected = expectedVisible(item, basis, facts);
    if (selected !== expected || profile.decide(item.code, facts).visible !== expected) {
      throw new Error(
        `${JSON.stringify({ basis, facts, item: item.fields, visibility })}: visible should be ${String(expected)}`,
      );
    }
  }
}

interface Told {
  readonly outcome: string;
  readonly reason?: string;
  readonly required?: string;
}

// `expect` costs more than the decision itself, and there are hundreds of thousands.

function mustBe(actual: boolean, expected: boolean, on: object): void {
  if (actual !== expected) throw new Error(`${String(actual)} should be ${String(expected)}, of ${JSON.stringify(on)}`);
}

function mustAgree(actual: Told, expected: Told, on: object): void {
  if (actual.outcome === expected.outcome && actual.reason === expected.reason && actual.required === expected.required) return;
  throw new Error(`${JSON.stringify(actual)} should be ${JSON.stringify(expected)}, of ${JSON.stringify(on)}`);
}
