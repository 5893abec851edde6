import { describe, expect, it } from '@jest/globals';

import { ACTIONS, compileProfile, ProfileCache } from '../../src/access/index.ts';
import type { ProfileBasis } from '../../src/access/index.ts';
import type { CatalogItem } from '../../src/catalog/model.ts';
import { AGENCY, catalogOf, DASHBOARD, DEPARTMENT, fieldOf, ITEM, itemOf, row } from './given.ts';

function profileOf(basis: ProfileBasis, ...items: CatalogItem[]) {
  return compileProfile(catalogOf({ items }), basis);
}

describe('what is unknown', () => {
  const open = itemOf({ fields: [fieldOf({ role: 'TITLE' })] });

  it('item: every use is denied', () => {
    const profile = profileOf({ ...DEPARTMENT, providesData: true }, open);
    const decision = profile.decide('150000-99-999', row({ own: true, consent: true }));
    expect(decision.visible).toBe(false);
    expect(decision.field('value')).toEqual({ outcome: 'WITHHELD', required: 'PROVIDER_ONLY', reason: 'PERMISSION' });
    expect(profile.visibility('150000-99-999')).toEqual({
      own: false,
      current: { organization: 'NEVER', person: 'NEVER' },
      expired: { organization: 'NEVER', person: 'NEVER' },
    });
    expect(profile.anyVisible('150000-99-999')).toBe(false);
    expect(profile.couldEverSee('150000-99-999', 'value')).toBe(false);
    expect(profile.beyondPublic('150000-99-999', 'value')).toBe(true);
    expect(profile.consentMatters('150000-99-999')).toBe(false);
    expect(profile.standing('150000-99-999', 'value').organization?.outcome).toBe('WITHHELD');
    expect(profile.standing('150000-99-999', 'value').person?.outcome).toBe('WITHHELD');
  });

  it.each(['other', '', 'constructor', '__proto__'])('field %p: withheld, never seen, beyond 社会公开', (key) => {
    const profile = profileOf({ ...DEPARTMENT, providesData: true }, open);
    expect(profile.decide(ITEM, row({ own: true })).field(key).outcome).toBe('WITHHELD');
    expect(profile.couldEverSee(ITEM, key)).toBe(false);
    expect(profile.beyondPublic(ITEM, key)).toBe(true);
  });

  it('kind of client: reads no credit data', () => {
    const basis: ProfileBasis = JSON.parse('{"kind":"AUDITOR","items":null,"grants":[],"providesData":true}');
    const profile = profileOf(basis, open);
    expect(profile.readsCreditData).toBe(false);
    expect(profile.decide(ITEM, row({ own: true, consent: true })).visible).toBe(false);
    expect(profile.couldEverSee(ITEM, 'value')).toBe(false);
    expect(profile.anyVisible(ITEM)).toBe(false);
    expect(ACTIONS.filter((action) => profile.may(action))).toEqual([]);
  });

  it('facts that are missing: taken as about a person, past publicity, of somebody else, without consent', () => {
    const profile = profileOf({ ...AGENCY }, open);
    expect(profile.decide(ITEM, JSON.parse('{"status":"ACTIVE"}')).visible).toBe(false);
    expect(profile.decide(ITEM, row()).visible).toBe(true);
  });
});

describe('who reads credit data', () => {
  it('departments, agencies and dashboards do, administrators do not', () => {
    expect(profileOf(DEPARTMENT).readsCreditData).toBe(true);
    expect(profileOf(AGENCY).readsCreditData).toBe(true);
    expect(profileOf(DASHBOARD).readsCreditData).toBe(true);
    expect(profileOf({ ...DEPARTMENT, kind: 'ADMIN' }).readsCreditData).toBe(false);
  });

  it('only for agencies does a natural person need an authorization to exist', () => {
    expect(profileOf(AGENCY).personsNeedAuthorization).toBe(true);
    expect(profileOf(DEPARTMENT).personsNeedAuthorization).toBe(false);
    expect(profileOf(DASHBOARD).personsNeedAuthorization).toBe(false);
  });
});

describe('what a kind of client may do besides reading', () => {
  it.each([
    ['DEPARTMENT', ['EXPORT', 'COUNT', 'COUNT_OWN_READS', 'REPORT_BACK']],
    ['CREDIT_AGENCY', ['EXPORT']],
    ['DASHBOARD', ['COUNT', 'COUNT_ALL_READS']],
    ['ADMIN', ['COUNT_ALL_READS', 'SEE_READ_LOG']],
  ] as const)('%s: %j, and nothing else', (kind, actions) => {
    const profile = profileOf({ ...DEPARTMENT, kind });
    expect(ACTIONS.filter((action) => profile.may(action))).toEqual(actions);
  });

  it('only departments state a purpose', () => {
    expect(profileOf(DEPARTMENT).statesPurpose).toBe(true);
    for (const kind of ['CREDIT_AGENCY', 'DASHBOARD', 'ADMIN'] as const)
      expect(profileOf({ ...DEPARTMENT, kind }).statesPurpose).toBe(false);
  });
});

describe('which rows exist', () => {
  it('none of an item outside the limits; some of one within them, as far as the item opens anything', () => {
    const item = itemOf({ fields: [fieldOf({ permission: 'GOV_SHARED' })] });
    const limited = profileOf({ ...DEPARTMENT, items: ['150000-99-999'] }, item);
    expect([limited.withinLimits(ITEM), limited.anyVisible(ITEM)]).toEqual([false, false]);
    const unlimited = profileOf(DEPARTMENT, item);
    expect([unlimited.withinLimits(ITEM), unlimited.anyVisible(ITEM)]).toEqual([true, true]);
    const agency = profileOf(AGENCY, item);
    expect([agency.withinLimits(ITEM), agency.anyVisible(ITEM)]).toEqual([true, false]);
    expect(profileOf(AGENCY, itemOf({ fields: [fieldOf({ permission: 'AUTHORIZED' })] })).anyVisible(ITEM)).toBe(true);
  });

  it('an item without fields has no row for anybody, its provider included', () => {
    const profile = profileOf({ ...DEPARTMENT, providesData: true }, itemOf({ fields: [] }));
    expect(profile.decide(ITEM, row({ own: true })).visible).toBe(false);
    expect(profile.visibility(ITEM).own).toBe(false);
  });

  it('a row of which only a masked form can be seen exists', () => {
    const item = itemOf({ fields: [fieldOf({ permission: 'GOV_SHARED', mask: 'NAME', maskedAt: 'PUBLIC' })] });
    expect(profileOf(AGENCY, item).decide(ITEM, row()).visible).toBe(true);
  });

  it('for an agency, persons exist with consent, organizations always, neither past its publicity', () => {
    const item = itemOf({ fields: [fieldOf(), fieldOf({ key: 'more', permission: 'AUTHORIZED' })] });
    expect(profileOf(AGENCY, item).visibility(ITEM)).toEqual({
      own: false,
      current: { organization: 'ALWAYS', person: 'WITH_CONSENT' },
      expired: { organization: 'NEVER', person: 'NEVER' },
    });
  });

  it('for a department that provides, own rows exist in every state', () => {
    const item = itemOf({ fields: [fieldOf({ permission: 'PROVIDER_ONLY' })] });
    expect(profileOf({ ...DEPARTMENT, providesData: true }, item).visibility(ITEM)).toEqual({
      own: true,
      current: { organization: 'NEVER', person: 'NEVER' },
      expired: { organization: 'NEVER', person: 'NEVER' },
    });
  });
});

describe('filters and orders', () => {
  const publicTitle = fieldOf({ key: 'title', role: 'TITLE' });
  const maskedName = fieldOf({
    key: 'name',
    role: 'SUBJECT_NAME',
    permission: 'AUTHORIZED',
    mask: 'NAME',
    maskedAt: 'GOV_SHARED',
  });

  it('masked is not open', () => {
    const item = itemOf({ fields: [publicTitle, maskedName] });
    expect(profileOf(DEPARTMENT, item).mayFilter(ITEM, 'SUBJECT_NAME', 'ANY')).toBe(false);
    expect(profileOf({ ...DEPARTMENT, grants: [ITEM] }, item).mayFilter(ITEM, 'SUBJECT_NAME', 'ANY')).toBe(true);
  });

  it('a dashboard may not filter by what it sees masked, even where the level is open', () => {
    const item = itemOf({ fields: [publicTitle, fieldOf({ key: 'name', role: 'SUBJECT_NAME', mask: 'NAME' })] });
    expect(profileOf(DASHBOARD, item).mayFilter(ITEM, 'SUBJECT_NAME', 'ANY')).toBe(false);
    expect(profileOf(DASHBOARD, item).mayFilter(ITEM, 'TITLE', 'ANY')).toBe(true);
  });

  it('a role that the item lacks, an item without any row for the caller, and an unknown item: nothing can leak', () => {
    const secret = itemOf({ fields: [fieldOf({ role: 'TITLE', permission: 'PROVIDER_ONLY' })] });
    expect(profileOf(AGENCY, itemOf()).mayFilter(ITEM, 'AMOUNT', 'ANY')).toBe(true);
    expect(profileOf(AGENCY, secret).mayFilter(ITEM, 'TITLE', 'ANY')).toBe(true);
    expect(profileOf(AGENCY, secret).mayFilter('150000-99-999', 'TITLE', 'ANY')).toBe(true);
    // The provider sees all its own rows in the clear and no others.
    expect(profileOf({ ...DEPARTMENT, providesData: true }, secret).mayFilter(ITEM, 'TITLE', 'ANY')).toBe(true);
  });

  it('a 授权查询 role may be filtered by an agency where only persons are in scope: they exist with consent alone', () => {
    const item = itemOf({ fields: [fieldOf(), fieldOf({ key: 'title', role: 'TITLE', permission: 'AUTHORIZED' })] });
    const profile = profileOf(AGENCY, item);
    expect(profile.mayFilter(ITEM, 'TITLE', 'PERSON')).toBe(true);
    expect(profile.mayFilter(ITEM, 'TITLE', 'ORGANIZATION')).toBe(false);
    expect(profile.mayFilter(ITEM, 'TITLE', 'ANY')).toBe(false);
  });

  it('the end of publicity closes what a grant opens, so the role is not open on every row of an item that has such a date', () => {
    const fields = [fieldOf(), fieldOf({ key: 'title', role: 'TITLE', permission: 'AUTHORIZED' })];
    const until = fieldOf({ key: 'until', role: 'PUBLIC_UNTIL', format: 'DATE' });
    const granted: ProfileBasis = { ...DEPARTMENT, grants: [ITEM] };
    expect(profileOf(granted, itemOf({ fields })).mayFilter(ITEM, 'TITLE', 'ANY')).toBe(true);
    expect(profileOf(granted, itemOf({ fields: [...fields, until] })).mayFilter(ITEM, 'TITLE', 'ANY')).toBe(false);
  });
});

describe('consent', () => {
  it('matters to those who can have it, where it opens something and no grant has opened it already', () => {
    const item = itemOf({ fields: [fieldOf(), fieldOf({ key: 'more', permission: 'AUTHORIZED' })] });
    expect(profileOf(AGENCY, item).consentMatters(ITEM)).toBe(true);
    expect(profileOf(DEPARTMENT, item).consentMatters(ITEM)).toBe(true);
    expect(profileOf({ ...DEPARTMENT, grants: [ITEM] }, item).consentMatters(ITEM)).toBe(false);
    expect(profileOf(DASHBOARD, item).consentMatters(ITEM)).toBe(false);
    expect(profileOf({ ...AGENCY, items: [] }, item).consentMatters(ITEM)).toBe(false);
  });

  it('matters to an agency even where all is 社会公开, if persons are concerned', () => {
    expect(profileOf(AGENCY, itemOf()).consentMatters(ITEM)).toBe(true);
    expect(profileOf(AGENCY, itemOf({ personPublic: true })).consentMatters(ITEM)).toBe(false);
    expect(profileOf(AGENCY, itemOf({ subjectScope: 'ORGANIZATION' })).consentMatters(ITEM)).toBe(false);
  });
});

describe('what viewer is told', () => {
  it('the standing towards both parties, without consent', () => {
    const item = itemOf({ fields: [fieldOf()] });
    expect(profileOf(AGENCY, item).standing(ITEM, 'value')).toEqual({
      organization: { outcome: 'OPEN' },
      person: { outcome: 'WITHHELD', required: 'AUTHORIZED', reason: 'NATURAL_PERSON' },
    });
  });

  it('null for a party that the item does not concern', () => {
    expect(profileOf(AGENCY, itemOf({ subjectScope: 'ORGANIZATION' })).standing(ITEM, 'value').person).toBeNull();
    expect(profileOf(AGENCY, itemOf({ subjectScope: 'PERSON' })).standing(ITEM, 'value').organization).toBeNull();
  });
});

describe('the profile cache', () => {
  const catalog = catalogOf({ items: [itemOf()] });

  it('compiles one profile for all clients with the same basis, in whatever order their lists are', () => {
    const cache = new ProfileCache();
    const one = cache.profileFor(catalog, { ...DEPARTMENT, items: ['150000-03-004', ITEM], grants: [ITEM] });
    const other = cache.profileFor(catalog, { ...DEPARTMENT, items: [ITEM, '150000-03-004', ITEM], grants: [ITEM] });
    expect(other).toBe(one);
    expect(cache.size).toBe(1);
  });

  it('ignores what means nothing for the kind: an agency has no grants and provides nothing', () => {
    const cache = new ProfileCache();
    expect(cache.profileFor(catalog, { ...AGENCY, grants: [ITEM], providesData: true })).toBe(cache.profileFor(catalog, AGENCY));
  });

  it.each<[string, Partial<ProfileBasis>]>([
    ['kind', { kind: 'DASHBOARD' }],
    ['limit to one item', { items: [ITEM] }],
    ['limit to nothing', { items: [] }],
    ['grant', { grants: [ITEM] }],
    ['organization code', { providesData: true }],
  ])('keeps apart what differs in its %s', (_, difference) => {
    const cache = new ProfileCache();
    const [one, other] = [cache.profileFor(catalog, DEPARTMENT), cache.profileFor(catalog, { ...DEPARTMENT, ...difference })];
    expect(other).not.toBe(one);
    expect(other.key).not.toBe(one.key);
  });

  it('follows a new version, and never answers one catalog from another that bears the same number', () => {
    const cache = new ProfileCache();
    const closed = { items: [itemOf({ fields: [fieldOf({ permission: 'PROVIDER_ONLY' })] })] };
    expect(cache.profileFor(catalog, AGENCY).decide(ITEM, row()).visible).toBe(true);
    expect(cache.profileFor(catalogOf(closed, 2), AGENCY).decide(ITEM, row()).visible).toBe(false);
    expect(cache.profileFor(catalogOf(closed, 1), AGENCY).decide(ITEM, row()).visible).toBe(false);
    expect(cache.profileFor(catalog, AGENCY).decide(ITEM, row()).visible).toBe(true);
  });

  it('is bounded', () => {
    const cache = new ProfileCache(3);
    for (let version = 1; version <= 10; version += 1) cache.profileFor(catalogOf({ items: [] }, version), AGENCY);
    expect(cache.size).toBe(3);
  });
});
