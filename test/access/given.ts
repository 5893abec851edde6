import fc from 'fast-check';

import { CLIENT_KINDS, ENTRY_STATUSES } from '../../src/access/model.ts';
import type { ProfileBasis, RowFacts } from '../../src/access/model.ts';
import { catalogFromDocument } from '../../src/catalog/catalog.ts';
import type { Catalog, CatalogDocument, CatalogField, CatalogItem } from '../../src/catalog/model.ts';

/** An item's code in cases that need just one. */
export const ITEM = '150000-03-003';

export const DEPARTMENT: ProfileBasis = { kind: 'DEPARTMENT', items: null, grants: [], providesData: false };
export const AGENCY: ProfileBasis = { kind: 'CREDIT_AGENCY', items: null, grants: [], providesData: false };
export const DASHBOARD: ProfileBasis = { kind: 'DASHBOARD', items: null, grants: [], providesData: false };

/** Somebody else's current entry about an organization, but for what is said. */
export function row(facts: Partial<RowFacts> = {}): RowFacts {
  return { own: false, consent: false, person: false, expired: false, status: 'ACTIVE', ...facts };
}

export function fieldOf(attributes: Partial<CatalogField> = {}): CatalogField {
  return {
    key: 'value',
    nameZh: '数据项',
    nameEn: 'Data item',
    role: null,
    inKey: false,
    officialCode: null,
    format: 'STRING',
    length: 200,
    required: false,
    values: null,
    permission: 'PUBLIC',
    maskedAt: null,
    mask: null,
    securityLevel: 'L1',
    ...attributes,
  };
}

export function itemOf(attributes: Partial<CatalogItem> = {}): CatalogItem {
  return {
    code: ITEM,
    typeName: 'Example',
    nameZh: '示例',
    nameEn: 'Example',
    category: '行政管理信息',
    family: 'RECORD',
    subjectScope: 'ALL',
    listNature: null,
    personPublic: false,
    provider: '示例单位',
    collectionScope: '示例',
    collectionProcedure: '示例',
    collectionPath: '示例',
    collectionDeadlineDays: 7,
    publicationMethod: '示例',
    updateCycle: '每日',
    fields: [fieldOf()],
    ...attributes,
  };
}

export function catalogOf(document: CatalogDocument, version = 1): Catalog {
  return catalogFromDocument(version, new Date('2026-06-01T00:00:00Z'), 'given.csv', document);
}

export function anyBasis(document: CatalogDocument): fc.Arbitrary<ProfileBasis> {
  const codes = document.items.map((item) => item.code);
  return fc.record({
    kind: fc.constantFrom(...CLIENT_KINDS),
    items: fc.option(fc.subarray(codes), { freq: 3 }),
    grants: fc.subarray(codes),
    providesData: fc.boolean(),
  });
}

export function anyRow(): fc.Arbitrary<RowFacts> {
  return fc.record({
    own: fc.boolean(),
    consent: fc.boolean(),
    person: fc.boolean(),
    expired: fc.boolean(),
    status: fc.constantFrom(...ENTRY_STATUSES),
  });
}
