/** The access decision, case by case, written out by hand from DESIGN §3: see cases/*.md. */
import { describe, expect, it } from '@jest/globals';

import { compileProfile } from '../../src/access/index.ts';
import type { FieldDecision, ProfileBasis, RowFacts } from '../../src/access/index.ts';
import type { MaskRule, Permission } from '../../src/catalog/model.ts';
import { MASK_RULE_WORDS, PERMISSION_WORDS } from '../../src/catalog/vocabulary.ts';
import { caseTables } from './case-table.ts';
import { catalogOf, fieldOf, ITEM, itemOf } from './given.ts';

const LETTERS = { PUBLIC: 'P', GOV_SHARED: 'G', AUTHORIZED: 'A', PROVIDER_ONLY: 'X' } as const;
const REASONS = { PERMISSION: 'perm', NO_AUTHORIZATION: 'auth', NATURAL_PERSON: 'person' } as const;

for (const table of caseTables('cases')) {
  describe(table.title, () => {
    const basis: ProfileBasis = JSON.parse(table.settings.get('client') ?? '');
    for (const [permission = '', mask = '', maskedAt = '', ...expected] of table.rows) {
      for (const [column, answer] of expected.entries()) {
        const kindOfRow = table.header[column + 3] ?? '';
        const field = [permission, mask, maskedAt].filter((word) => word !== '').join(' ');
        it(`${field} of ${kindOfRow}: ${answer}`, () => {
          const item = itemOf({
            personPublic: kindOfRow.startsWith('published person'),
            fields: [
              fieldOf({
                permission: permissionOf(permission),
                mask: maskOf(mask),
                maskedAt: maskedAt === '' ? null : permissionOf(maskedAt),
              }),
            ],
          });
          const decision = compileProfile(catalogOf({ items: [item] }), basis).decide(ITEM, factsOf(kindOfRow));
          expect(inWords(decision.field('value'))).toBe(answer);
          expect(decision.visible).toBe(!answer.startsWith('-'));
        });
      }
    }
  });
}

it('reads a case for each kind of client and more than 500 in all', () => {
  const tables = caseTables('cases');
  const kinds = tables.map((table) => JSON.parse(table.settings.get('client') ?? '').kind);
  expect(new Set(kinds)).toEqual(new Set(['DEPARTMENT', 'CREDIT_AGENCY', 'DASHBOARD', 'ADMIN', 'AUDITOR']));
  expect(tables.reduce((cases, table) => cases + table.rows.length * (table.header.length - 3), 0)).toBeGreaterThan(500);
});

function inWords(decision: FieldDecision): string {
  if (decision.outcome === 'OPEN') return 'open';
  if (decision.outcome === 'MASKED') expect(decision.mask).toBe('NAME');
  return `${decision.outcome === 'MASKED' ? 'masked' : '-'} ${LETTERS[decision.required]} ${REASONS[decision.reason]}`;
}

function factsOf(kindOfRow: string): RowFacts {
  const [party, ...marks] = kindOfRow.split(', ');
  const status = marks.find((mark) => mark === mark.toUpperCase()) ?? 'ACTIVE';
  const known = ['organization', 'person', 'published person', 'consent', 'own', 'expired', status];
  const unknown = [party, ...marks].find((mark) => mark === undefined || !known.includes(mark));
  if (unknown !== undefined) throw new Error(`no such kind of row: ${unknown}`);
  return {
    own: marks.includes('own'),
    consent: marks.includes('consent'),
    person: party !== 'organization',
    expired: marks.includes('expired'),
    status: JSON.parse(quoted(status)),
  };
}

function permissionOf(word: string): Permission {
  return PERMISSION_WORDS.read(word) ?? JSON.parse(quoted(word));
}

function maskOf(word: string): MaskRule | null {
  return word === '' ? null : (MASK_RULE_WORDS.read(word) ?? JSON.parse(quoted(word)));
}

/** A word that no vocabulary has, as it would come out of a damaged database: the compiler would not let it in. */
function quoted(word: string): string {
  return JSON.stringify(word);
}
