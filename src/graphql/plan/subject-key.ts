/** From a SubjectLookup to the subject it names, if the caller may look subjects up that way. */
import type { Party } from '../../access/index.ts';
import type { CatalogItem, Role } from '../../catalog/model.ts';
import { decodeGlobalId } from '../../entries/index.ts';
import { GatewayError } from '../../errors.ts';
import { certificateIdentifier, normalizeIdentifier, organizationIdentifier } from '../../identifiers/index.ts';
import type { SubjectKey } from '../../reading/read-plan.ts';
import type { Lookup } from './arguments.ts';
import { itemsInScope, nameOf } from './scope.ts';
import type { ScopeInput } from './scope.ts';

export interface SubjectKeyInput extends ScopeInput {
  readonly subjectIdOf: (identifier: string) => string;
}

/**
 * @param family what the look-up narrows: subjects themselves, or entries of a family
 * @throws GatewayError BAD_USER_INPUT unless exactly one identifier is given; FILTER_FORBIDDEN where the identifier is not open
 */
export function subjectKey(input: SubjectKeyInput, by: Lookup, family: CatalogItem['family']): SubjectKey {
  const given = [by.id, by.creditCode, by.idNumber].filter((value) => value != null);
  if (given.length !== 1) {
    throw new GatewayError('BAD_USER_INPUT', 'SubjectLookup takes exactly one of id, creditCode and idNumber.');
  }
  if (by.id != null) {
    const id = decodeGlobalId(by.id);
    return { subjectId: id?.family === 'SUBJECT' ? id.subjectId : null, party: 'ANY' };
  }
  const party: Party = by.creditCode != null ? 'ORGANIZATION' : 'PERSON';
  const closed = closedItems(input, party, family);
  if (closed.length > 0) {
    throw new GatewayError(
      'FILTER_FORBIDDEN',
      `Looking a subject up by ${by.creditCode != null ? 'creditCode' : 'idNumber'} needs a field that is not fully open to this client for: ${closed.map(nameOf).join(', ')}.`,
      { argument: 'by', items: closed.map((item) => item.code) },
    );
  }
  const named =
    by.creditCode != null
      ? organizationIdentifier(normalizeIdentifier(by.creditCode))
      : certificateIdentifier(normalizeIdentifier(by.idNumber ?? ''));
  return { subjectId: named === null ? null : input.subjectIdOf(named.identifier), party };
}

/** Asked with every look-up, and decided by the profile alone, which belongs to one catalog. */
const CLOSED = new WeakMap<SubjectKeyInput['profile'], Map<string, CatalogItem[]>>();

function closedItems(input: SubjectKeyInput, party: Party, family: CatalogItem['family']): readonly CatalogItem[] {
  const known = CLOSED.get(input.profile) ?? new Map<string, CatalogItem[]>();
  CLOSED.set(input.profile, known);
  const key = `${party} ${family}`;
  const closed = known.get(key) ?? findClosedItems(input, party, family);
  known.set(key, closed);
  return closed;
}

/** A look-up is a filter on the identifier: of the subject's own item, or, where the caller sees no such item, of the entries'. */
function findClosedItems(input: SubjectKeyInput, party: Party, family: CatalogItem['family']): CatalogItem[] {
  // Who sees a person by that person's authorization alone may ask by number: the answer depends on nothing else.
  if (party === 'PERSON' && input.profile.personsNeedAuthorization) return [];
  const subjects = itemsInScope(input, 'SUBJECT', party);
  const items = subjects.length > 0 ? subjects : itemsInScope(input, family, party);
  // An item about everybody may hold a person's number as the code (DESIGN §6).
  const roles: readonly Role[] = party === 'PERSON' ? ['SUBJECT_ID_NUMBER', 'SUBJECT_CODE'] : ['SUBJECT_CODE'];
  return items.filter((item) => !roles.every((role) => input.profile.mayFilter(item.code, role, party)));
}
