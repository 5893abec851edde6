/**
 * What the fixed interfaces of the API (DESIGN §4) take from an item: which of their fields stand for which standard
 * element, which they fill themselves, and which names the catalog therefore cannot give to something else.
 * The sheet's check and the schema compiler both read it here.
 */
import { TEXT_FORMATS } from './mask-form.ts';
import type { Family, Format, Role } from './model.ts';

/** The interface that the items of a family implement, besides Node (and CreditEntry, for all but subjects). */
export const INTERFACE_OF_FAMILY: Readonly<Record<Family, string>> = {
  SUBJECT: 'Subject',
  RECORD: 'CreditRecord',
  LIST: 'ListEntry',
  COMMITMENT: 'Commitment',
  EVALUATION: 'Evaluation',
};

/** Stands for a field that the gateway fills itself, whatever the catalog says. */
export const SYSTEM_FIELD = 'SYSTEM';

/** An interface's field → the role that decides and fills it, or SYSTEM_FIELD. Ask only for names of the schema, or with `Object.hasOwn`. */
export type InterfaceFields = Readonly<Record<string, Role | typeof SYSTEM_FIELD>>;

const ENTRY_FIELDS: InterfaceFields = {
  id: SYSTEM_FIELD,
  catalogItem: SYSTEM_FIELD,
  subject: SYSTEM_FIELD,
  sourceUnit: 'SOURCE_UNIT',
  documentNumber: 'DOCUMENT_NUMBER',
  authority: 'AUTHORITY',
  validUntil: 'VALID_UNTIL',
  publicUntil: 'PUBLIC_UNTIL',
  status: SYSTEM_FIELD,
  disputed: SYSTEM_FIELD,
  publicityEnded: SYSTEM_FIELD,
  receivedAt: SYSTEM_FIELD,
  updatedAt: SYSTEM_FIELD,
};

/** All fields that an item's type has from its interfaces. */
export const INTERFACE_FIELDS: Readonly<Record<Family, InterfaceFields>> = {
  SUBJECT: {
    id: SYSTEM_FIELD,
    catalogItem: SYSTEM_FIELD,
    kind: SYSTEM_FIELD,
    registered: SYSTEM_FIELD,
    name: 'SUBJECT_NAME',
    creditCode: 'SUBJECT_CODE',
    idNumber: 'SUBJECT_ID_NUMBER',
    divisionCode: 'DIVISION',
    status: 'SUBJECT_STATUS',
    records: SYSTEM_FIELD,
    listEntries: SYSTEM_FIELD,
    commitments: SYSTEM_FIELD,
    evaluations: SYSTEM_FIELD,
  },
  RECORD: { ...ENTRY_FIELDS, title: 'TITLE', decidedOn: 'DECIDED_ON', amount: 'AMOUNT' },
  LIST: { ...ENTRY_FIELDS, nature: SYSTEM_FIELD, listName: 'LIST_NAME', listedOn: 'LISTED_ON', removedOn: 'REMOVED_ON' },
  COMMITMENT: { ...ENTRY_FIELDS, kind: 'COMMITMENT_KIND', committedOn: 'COMMITTED_ON', fulfilment: 'FULFILMENT' },
  EVALUATION: { ...ENTRY_FIELDS, grade: 'GRADE', score: 'SCORE', evaluatedOn: 'EVALUATED_ON' },
};

const anyItem: readonly Role[] = ['SUBJECT_CODE', 'SUBJECT_ID_NUMBER', 'SUBJECT_NAME', 'SOURCE_UNIT', 'SOURCE_UNIT_CODE', 'REPORTED_AT'];
const anyEntry: readonly Role[] = [...anyItem, 'DOCUMENT_NUMBER', 'AUTHORITY', 'VALID_FROM', 'VALID_UNTIL', 'PUBLIC_UNTIL'];

/** The standard elements that mean something in a family. */
export const ROLES_OF_FAMILY: Readonly<Record<Family, readonly Role[]>> = {
  SUBJECT: [...anyItem, 'SUBJECT_KIND', 'SUBJECT_STATUS', 'DIVISION'],
  RECORD: [...anyEntry, 'TITLE', 'DECIDED_ON', 'AMOUNT'],
  // The court's list states an amount (执行标的金额); ListEntry has no field for it, but the element means the same.
  LIST: [...anyEntry, 'LIST_NAME', 'LISTED_ON', 'REMOVED_ON', 'AMOUNT'],
  COMMITMENT: [...anyEntry, 'COMMITMENT_KIND', 'COMMITTED_ON', 'FULFILMENT'],
  EVALUATION: [...anyEntry, 'GRADE', 'SCORE', 'EVALUATED_ON'],
};

/** The formats that fit the typed column, and the interface's type, behind a standard element. */
export const FORMATS_OF_ROLE: Readonly<Record<Role, readonly Format[]>> = {
  SUBJECT_CODE: TEXT_FORMATS,
  SUBJECT_ID_NUMBER: TEXT_FORMATS,
  SUBJECT_NAME: TEXT_FORMATS,
  SUBJECT_KIND: TEXT_FORMATS,
  SUBJECT_STATUS: TEXT_FORMATS,
  DIVISION: TEXT_FORMATS,
  DOCUMENT_NUMBER: TEXT_FORMATS,
  TITLE: TEXT_FORMATS,
  DECIDED_ON: ['DATE'],
  AUTHORITY: TEXT_FORMATS,
  VALID_FROM: ['DATE'],
  VALID_UNTIL: ['DATE'],
  PUBLIC_UNTIL: ['DATE'],
  AMOUNT: ['DECIMAL'],
  LIST_NAME: TEXT_FORMATS,
  LISTED_ON: ['DATE'],
  REMOVED_ON: ['DATE'],
  COMMITMENT_KIND: TEXT_FORMATS,
  COMMITTED_ON: ['DATE'],
  FULFILMENT: TEXT_FORMATS,
  GRADE: TEXT_FORMATS,
  SCORE: ['DECIMAL'],
  EVALUATED_ON: ['DATE'],
  SOURCE_UNIT: TEXT_FORMATS,
  SOURCE_UNIT_CODE: TEXT_FORMATS,
  REPORTED_AT: ['DATETIME'],
};

const connected = ['Subject', 'CreditRecord', 'ListEntry', 'Commitment', 'Evaluation'];

/** Type names that the API itself uses, now or by its naming habit; an item cannot have one of them. */
export const RESERVED_TYPE_NAMES: ReadonlySet<string> = new Set([
  ...['String', 'Int', 'Float', 'Boolean', 'ID', 'Date', 'DateTime', 'Decimal', 'BigInt', 'JSON', 'JSONObject', 'UUID'],
  ...['Query', 'Mutation', 'Subscription', 'Node', 'PageInfo', 'CreditEntry'],
  ...connected.flatMap((name) =>
    ['', 'Connection', 'Edge', 'Filter', 'Order', 'OrderBy', 'OrderField', 'Statistics'].map((ending) => name + ending),
  ),
  ...['Catalog', 'CatalogItem', 'CatalogField', 'CatalogVersion', 'Viewer', 'ViewerItem', 'ViewerField', 'ViewerGrant', 'ViewerLimits'],
  ...['Statistics', 'StatisticsFilter', 'StatisticsCount', 'StatisticsDimension', 'EntryStatistics', 'MonthRange', 'DivisionLevel', 'NotCounted'],
  ...['Division', 'SubjectKind', 'SubjectStatus', 'Item', 'Family', 'Month', 'List', 'Commitment', 'Grade', 'Timeliness', 'Read'].map((name) => `${name}Count`),
  ...['SubjectLookup', 'TextFilter', 'DateRange', 'DateTimeRange', 'DecimalRange', 'IntRange', 'OrderDirection', 'SortDirection'],
  ...['EntryStatus', 'ListNature', 'SubjectKind', 'SubjectScope', 'ClientKind', 'Permission', 'Family', 'Format', 'Role'],
  ...['StandardElement', 'MaskRule', 'SecurityLevel', 'FieldStanding', 'FieldDecision', 'FieldOutcome', 'Outcome', 'WithheldReason'],
  ...['Grant', 'Authorization', 'Client', 'Standing', 'AccessStanding', 'DataFormat', 'ItemFamily', 'EntryFamily', 'AccessOutcome', 'AccessReason'],
]);
