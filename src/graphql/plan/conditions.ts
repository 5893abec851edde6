/** From the filters of the API to conditions on roles, with the words the caller used for each. */
import { GatewayError } from '../../errors.ts';
import { normalizeIdentifier } from '../../identifiers/index.ts';
import type { Condition } from '../../reading/read-plan.ts';
import type { Filter } from './arguments.ts';

export interface NamedCondition extends Condition {
  /** the argument it comes from, for messages: `filter.amount` */
  readonly argument: string;
}

/** @param today the day in Asia/Shanghai, for `listedNow` */
export function conditionsOf(filter: Filter, today: string): NamedCondition[] {
  const conditions: NamedCondition[] = [];
  equals('DOCUMENT_NUMBER', 'documentNumber', filter.documentNumber);
  equals('AUTHORITY', 'authority', filter.authority);
  equals('STATUS', 'status', filter.status);
  between('UPDATED_AT', 'updatedAt', filter.updatedAt);
  between('DECIDED_ON', 'decidedOn', filter.decidedOn);
  between('AMOUNT', 'amount', filter.amount);
  equals('LIST_NAME', 'listName', filter.listName);
  between('LISTED_ON', 'listedOn', filter.listedOn);
  if (filter.listedNow != null) {
    add('REMOVED_ON', 'listedNow', filter.listedNow ? 'NULL_OR_AFTER' : 'NOT_NULL_AND_AT_MOST', today);
  }
  equals('COMMITMENT_KIND', 'kind', filter.kind);
  between('COMMITTED_ON', 'committedOn', filter.committedOn);
  equals('FULFILMENT', 'fulfilment', filter.fulfilment);
  equals('GRADE', 'grade', filter.grade);
  between('EVALUATED_ON', 'evaluatedOn', filter.evaluatedOn);
  if (filter.creditCodes != null) add('SUBJECT_CODE', 'creditCodes', 'ANY_OF', filter.creditCodes.map(normalizeIdentifier));
  equals('SUBJECT_NAME', 'name', filter.name?.equals);
  if (filter.name?.startsWith != null)
    add('SUBJECT_NAME', 'name', 'STARTS_WITH', searchable('name.startsWith', filter.name.startsWith, 1));
  if (filter.name?.contains != null)
    add('SUBJECT_NAME', 'name', 'CONTAINS', searchable('name.contains', filter.name.contains, 2));
  if (filter.kinds != null) add('KIND', 'kinds', 'ANY_OF', filter.kinds);
  if (filter.divisionCode != null) {
    const prefix = divisionPrefix(filter.divisionCode);
    add('DIVISION', 'divisionCode', prefix.length === 6 ? 'EQUALS' : 'STARTS_WITH', prefix);
  }
  if (filter.statuses != null) add('SUBJECT_STATUS', 'statuses', 'ANY_OF', filter.statuses);
  return conditions;

  function add(on: Condition['on'], argument: string, operator: Condition['operator'], value: string | readonly string[]): void {
    if ([value].flat().some((text) => text.includes('\u0000'))) {
      // PostgreSQL's text cannot hold it, so no value does.
      throw new GatewayError('BAD_USER_INPUT', `filter.${argument} holds the character U+0000.`);
    }
    conditions.push({ on, operator, value, argument: `filter.${argument}` });
  }

  function equals(on: Condition['on'], argument: string, value: string | null | undefined): void {
    if (value != null) add(on, argument, 'EQUALS', value);
  }

  function between(on: Condition['on'], argument: string, range: Filter['updatedAt']): void {
    if (range?.from != null) add(on, argument, 'AT_LEAST', range.from);
    if (range?.to != null) add(on, argument, 'AT_MOST', range.to);
  }
}

/** 1501, 150100 and 150000 as the prefix that they and everything below share: GB/T 2260 codes end in 00 at the upper levels. */
function divisionPrefix(code: string): string {
  if (!/^\d{2,6}$/.test(code)) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      'filter.divisionCode takes two to six digits of a division code (GB/T 2260), for instance 1501 or 150100.',
    );
  }
  return code.length === 6 ? code.replace(/(00){1,2}$/, '') : code;
}

function searchable(argument: string, text: string, least: number): string {
  if ([...text].length < least) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      `filter.${argument} needs at least ${String(least)} character${least > 1 ? 's' : ''}.`,
    );
  }
  return text;
}
