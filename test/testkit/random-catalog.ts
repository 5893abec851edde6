/**
 * Catalogs that nobody has thought of: every family, party, role, format, permission and mask, put together at random
 * and still such that the sheet's check has nothing to say. For properties that must hold for whatever is published.
 */
import fc from 'fast-check';

import { FORMATS_OF_ROLE, INTERFACE_FIELDS, ROLES_OF_FAMILY } from '../../src/catalog/interface-fields.ts';
import { FORMATS_OF_MASK, maskChangesForm } from '../../src/catalog/mask-form.ts';
import { FORMATS, MASK_RULES, PERMISSIONS } from '../../src/catalog/model.ts';
import type {
  CatalogDocument,
  CatalogField,
  CatalogItem,
  Family,
  Format,
  MaskRule,
  Permission,
  Role,
  SubjectScope,
} from '../../src/catalog/model.ts';

const ENTRY_FAMILIES = ['RECORD', 'LIST', 'COMMITMENT', 'EVALUATION'] as const;
const LENGTHS: Readonly<Record<Format, number>> = {
  STRING: 200,
  TEXT: 4000,
  CODE: 32,
  DATE: 10,
  DATETIME: 25,
  INTEGER: 8,
  DECIMAL: 18,
  BOOLEAN: 5,
};
/** The role that links an item's rows to their subjects. */
const LINK: Readonly<Record<SubjectScope, Role>> = {
  ORGANIZATION: 'SUBJECT_CODE',
  PERSON: 'SUBJECT_ID_NUMBER',
  ALL: 'SUBJECT_CODE',
};

/** Both kinds of subjects, at least one item of each family of entries, 6 to 9 items in all. */
export function randomCatalog(): fc.Arbitrary<CatalogDocument> {
  const subjects = fc.tuple(randomItem(1, 'SUBJECT', 'ORGANIZATION'), randomItem(2, 'SUBJECT', 'PERSON'));
  const oneEach = fc.tuple(
    ...ENTRY_FAMILIES.map((family, at) => randomScope().chain((scope) => randomItem(3 + at, family, scope))),
  );
  const more = fc
    .array(fc.tuple(fc.constantFrom(...ENTRY_FAMILIES), randomScope()), { maxLength: 3 })
    .chain((kinds) => fc.tuple(...kinds.map(([family, scope], at) => randomItem(7 + at, family, scope))));
  return fc.tuple(subjects, oneEach, more).map((parts) => ({ items: parts.flat() }));
}

function randomScope(): fc.Arbitrary<SubjectScope> {
  return fc.constantFrom('ORGANIZATION', 'PERSON', 'ALL');
}

/** One item; `number` makes its names unique in the catalog. */
export function randomItem(number: number, family: Family, subjectScope: SubjectScope): fc.Arbitrary<CatalogItem> {
  return fc
    .record({
      fields: randomFields(family, subjectScope),
      personPublic: subjectScope === 'ORGANIZATION' ? fc.constant(false) : fc.boolean(),
      listNature: family === 'LIST' ? fc.constantFrom('RED' as const, 'BLACK' as const, 'WATCH' as const) : fc.constant(null),
      collectionDeadlineDays: fc.nat(30),
    })
    .map((drawn) => ({
      ...drawn,
      code: `150000-90-${String(number).padStart(3, '0')}`,
      typeName: `Random${family.charAt(0)}${family.slice(1).toLowerCase()}${number}`,
      nameZh: `随机项目${number}`,
      nameEn: `Random item ${number}`,
      category: '随机信息',
      family,
      subjectScope,
      provider: '内蒙古自治区社会信用管理中心',
      collectionScope: '随机生成的信息',
      collectionProcedure: '随机生成后报送',
      collectionPath: '自治区社会信用信息平台',
      publicationMethod: '信用中国（内蒙古）网站公示',
      updateCycle: '每日',
    }));
}

/** The link, the name and the source of every item; some of the family's other roles; some fields without a role. */
function randomFields(family: Family, scope: SubjectScope): fc.Arbitrary<CatalogField[]> {
  const link = LINK[scope];
  const always: readonly Role[] = [link, 'SUBJECT_NAME', 'SOURCE_UNIT', 'SOURCE_UNIT_CODE'];
  const misfits: readonly Role[] = scope === 'ALL' ? [] : ['SUBJECT_CODE', 'SUBJECT_ID_NUMBER'];
  const others = ROLES_OF_FAMILY[family].filter((role) => !always.includes(role) && !misfits.includes(role));
  return fc
    .tuple(fc.subarray([...others]), fc.nat(4))
    .chain(([roles, plain]) => {
      const ofRoles = [...always, ...roles].map((role) => randomField(family, role, role === link, 0));
      const ofNoRole = Array.from({ length: plain + 1 }, (_, at) => randomField(family, null, at === 0, at + 1));
      return fc.tuple(...ofRoles, ...ofNoRole);
    })
    .map((fields) => {
      const key =
        family === 'SUBJECT'
          ? fields.find(({ role }) => role === link)
          : (fields.find(({ role }) => role === 'DOCUMENT_NUMBER') ?? fields.at(-1));
      return fields.map((field) => (field === key ? { ...field, inKey: true, required: true } : field));
    });
}

function randomField(family: Family, role: Role | null, required: boolean, number: number): fc.Arbitrary<CatalogField> {
  return fc
    .constantFrom(...(role === null ? FORMATS : FORMATS_OF_ROLE[role]))
    .chain((format) =>
      fc.record({
        format: fc.constant(format),
        permission: fc.constantFrom(...PERMISSIONS),
        mask: fc.option(fc.constantFrom(...masksFor(format))),
        wantedAt: fc.option(fc.constantFrom(...PERMISSIONS)),
        required: required ? fc.constant(true) : fc.boolean(),
        securityLevel: fc.constantFrom(...securityLevels(role)),
        unit: fc.constantFrom('', '（元）', '（万元）'),
        asInterface: fc.boolean(),
      }),
    )
    .map(({ wantedAt, unit, asInterface, ...drawn }) => ({
      ...drawn,
      key: keyOf(family, role, number, asInterface && !maskChangesForm(drawn)),
      nameZh: `${role ?? `数据项${number}`}${drawn.format === 'DECIMAL' ? unit : ''}`,
      nameEn: role === null ? `Data item ${number}` : role.toLowerCase().replaceAll('_', ' '),
      role,
      inKey: false,
      officialCode: null,
      length: LENGTHS[drawn.format],
      values: null,
      maskedAt: drawn.mask !== null && drawn.mask !== 'NONE' && addsTo(drawn.permission, wantedAt) ? wantedAt : null,
    }));
}

/** The interface's own name for the role, or one that no interface has. */
function keyOf(family: Family, role: Role | null, number: number, asInterface: boolean): string {
  if (role === null) return `item${number}`;
  const ofInterface = Object.entries(INTERFACE_FIELDS[family]).find(([, owner]) => owner === role)?.[0];
  if (asInterface && ofInterface !== undefined) return ofInterface;
  return `own${role
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('')}`;
}

function masksFor(format: Format): MaskRule[] {
  return MASK_RULES.filter((rule) => FORMATS_OF_MASK[rule].includes(format));
}

/** Of the standard elements only those that nothing is compared by may rest encrypted. */
function securityLevels(role: Role | null): CatalogField['securityLevel'][] {
  const encrypted: readonly (Role | null)[] = [
    null,
    'SUBJECT_CODE',
    'SUBJECT_ID_NUMBER',
    'SUBJECT_KIND',
    'SOURCE_UNIT',
    'REPORTED_AT',
    'TITLE',
    'SCORE',
    'VALID_FROM',
    'VALID_UNTIL',
  ];
  return encrypted.includes(role) ? ['L1', 'L2', 'L3', 'L4'] : ['L1', 'L2', 'L3'];
}

/** Whether a masked form at this level reaches anybody whom the value does not: a sheet in which it does not is refused. */
function addsTo(permission: Permission, at: Permission | null): boolean {
  return at !== null && at !== permission && at !== 'PROVIDER_ONLY' && permission !== 'PUBLIC';
}
