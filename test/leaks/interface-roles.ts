import type { CatalogField, CatalogItem, Family, Role } from '../../src/catalog/model.ts';

/** DESIGN §4: the interfaces' fields and the standard element that decides each. */
const OF_ENTRIES: Readonly<Record<string, Role>> = {
  sourceUnit: 'SOURCE_UNIT',
  documentNumber: 'DOCUMENT_NUMBER',
  authority: 'AUTHORITY',
  validUntil: 'VALID_UNTIL',
  publicUntil: 'PUBLIC_UNTIL',
};
export const INTERFACE_ROLES: Readonly<Record<Family, Readonly<Record<string, Role>>>> = {
  SUBJECT: {
    name: 'SUBJECT_NAME',
    creditCode: 'SUBJECT_CODE',
    idNumber: 'SUBJECT_ID_NUMBER',
    divisionCode: 'DIVISION',
    status: 'SUBJECT_STATUS',
  },
  RECORD: { ...OF_ENTRIES, title: 'TITLE', decidedOn: 'DECIDED_ON', amount: 'AMOUNT' },
  LIST: { ...OF_ENTRIES, listName: 'LIST_NAME', listedOn: 'LISTED_ON', removedOn: 'REMOVED_ON' },
  COMMITMENT: { ...OF_ENTRIES, kind: 'COMMITMENT_KIND', committedOn: 'COMMITTED_ON', fulfilment: 'FULFILMENT' },
  EVALUATION: { ...OF_ENTRIES, grade: 'GRADE', score: 'SCORE', evaluatedOn: 'EVALUATED_ON' },
};

export function fieldOf(item: CatalogItem, role: Role): CatalogField | undefined {
  return item.fields.find((field) => field.role === role);
}
