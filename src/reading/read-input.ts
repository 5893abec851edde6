/** What a request brings to a statement that is kept: the caller, the values, the cursors. */
import type { AccessProfile } from '../access/index.ts';
import type { Condition, NamedRowsRead, PageRequest, RootRead } from './read-plan.ts';
import type { BoundValue, StatementBuilder } from './statement.ts';

/** The caller as a statement sees it. */
export interface ReaderIdentity {
  readonly profile: AccessProfile;
  readonly clientId: string;
  readonly orgCode: string | null;
  /** null: none stated, so no authorization opens anything */
  readonly purpose: string | null;
  /** the day in Asia/Shanghai, YYYY-MM-DD */
  readonly today: string;
}

/** Where a page goes on: the last row's sort value as text, and its id. */
export interface Position {
  readonly sortKey: string;
  readonly id: string;
}

/** What differs between two requests that share a statement. */
export interface ReadInput {
  readonly identity: ReaderIdentity;
  readonly read: RootRead | NamedRowsRead;
  /** the opened cursor of a page that has one */
  readonly positionOf: (page: PageRequest) => Position;
}

export type ReadBuilder = StatementBuilder<ReadInput>;

/** How a condition's value is bound where it is not bound as it is; the name tells the parameters apart. */
export interface ValueChange {
  readonly name: string;
  readonly of: (value: Condition['value']) => BoundValue;
}

/** Binds the value of one condition. */
export type BindValue = (type: string, change?: ValueChange) => string;

export function boundDay(builder: ReadBuilder): string {
  return builder.bind('day', 'date', ({ identity }) => identity.today);
}

export function boundUnit(builder: ReadBuilder): string {
  return builder.bind('unit', 'text', ({ identity }) => present(identity.orgCode));
}

/** Conditions on `authorizations a`: live, of this subject (null: of any), for the caller and the purpose. */
export function liveAuthorization(builder: ReadBuilder, subject: string | null): string {
  const client = builder.bind('client', 'text', ({ identity }) => identity.clientId);
  const purpose = builder.bind('purpose', 'text', ({ identity }) => present(identity.purpose));
  return (
    `a.client_id = ${client}${subject === null ? '' : ` AND a.subject_id = ${subject}`} AND a.purpose = ${purpose} ` +
    `AND a.revoked_at IS NULL AND a.valid_until >= ${boundDay(builder)}`
  );
}

/** The subject that a root names. */
export function boundSubject(builder: ReadBuilder): string {
  return builder.bind('subject', 'uuid', ({ read }) => {
    if (read.kind === 'ENTRY') return read.subjectId;
    return present(read.kind === 'SUBJECT' || read.kind === 'ENTRIES' ? (read.key?.subjectId ?? null) : null);
  });
}

/** A statement is chosen by what is there: see `statementShape`. */
export function present<T>(value: T | null | undefined): T {
  if (value == null) throw new Error('A statement asks for a value that its request does not have');
  return value;
}

/**
 * Where a page begins and ends in its order changes nothing about the best plan. Seen, it makes plans for single values look cheaper
 * than the one for all, and PostgreSQL plans anew at every execution, which costs more than the page.
 */
export function unseen(value: string): string {
  return `(SELECT ${value})`;
}
