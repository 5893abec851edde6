/** Between an operation's result and the caller: the read log. What it does not hold has not been given to anybody. */
import { Kind } from 'graphql';
import type { DocumentNode, ExecutionResult, GraphQLError } from 'graphql';
import { NO_DATA } from '../audit/index.ts';
import type { ReadEvent, ReadItem, ReadLog } from '../audit/index.ts';
import { GatewayError } from '../errors.ts';
import type { AccessReport } from '../reading/access-report.ts';
import { originalOf } from './format-error.ts';
import { NO_DOCUMENT, operationHash } from './operation-hash.ts';
import type { RequestFrame } from './request-context.ts';

export interface LoggedOperation {
  readonly frame: RequestFrame;
  /** null: the text could not be parsed */
  readonly document: DocumentNode | null;
  /** which of the document's operations was asked for; null: its only one */
  readonly operationName: string | null;
  /** 0: none yet */
  readonly catalogVersion: number;
}

/** What an operation other than a read touched; added by resolvers that give out what the report does not see. */
export type TouchedData = Pick<ReadEvent, 'subjects' | 'items' | 'bulk'>;

/** A name is the caller's; a longer one would only fill the log. */
const LONGEST_NAME = 200;

/** Requests that have their event. */
const logged = new WeakSet<RequestFrame>();

/**
 * Records the operation and then gives its result back. Nobody without a token is recorded: nobody is read by them.
 * @throws GatewayError SERVICE_UNAVAILABLE when it could not be recorded: the result must not leave then
 */
export async function logOperation<R extends Pick<ExecutionResult, 'errors' | 'data'>>(
  log: ReadLog,
  operation: LoggedOperation,
  report: Pick<AccessReport, 'subjects' | 'persons' | 'items'> & { readonly bulk?: readonly string[] },
  result: R,
): Promise<R> {
  const given = Object.values(result.data ?? {}).some((value) => value !== null && value !== undefined);
  const { subjects, items, bulk } = touched(report, given);
  await record(log, operation, outcomeOf(result.errors ?? []), { subjects, persons: report.persons, items, bulk });
  return result;
}

/**
 * Records what never came to be executed, because it could not be parsed or was not valid. Unless it has its event already.
 * @param outcome the code of the answer's first error
 * @throws GatewayError SERVICE_UNAVAILABLE, as `logOperation`
 */
export async function logUnexecuted(log: ReadLog, operation: LoggedOperation, outcome: string): Promise<void> {
  if (!logged.has(operation.frame)) await record(log, operation, outcome, NO_DATA);
}

async function record(
  log: ReadLog,
  operation: LoggedOperation,
  outcome: string,
  touching: Pick<ReadEvent, 'subjects' | 'persons' | 'items' | 'bulk'>,
): Promise<void> {
  const { caller } = operation.frame;
  if (caller === null) return;
  logged.add(operation.frame);
  const { operationName, operationHash: hash, operationType } = described(operation);
  const { subjects, persons, items, bulk } = touching;
  // Field by field: an object that others are spread into is a slow one for everybody who reads it.
  await log.record({
    at: new Date(),
    clientId: caller.id,
    clientKind: caller.kind,
    purpose: operation.frame.purpose,
    matter: operation.frame.matter,
    requestId: operation.frame.requestId,
    operationName,
    operationHash: hash,
    operationType,
    outcome,
    catalogVersion: operation.catalogVersion,
    subjects,
    persons,
    items,
    bulk,
  });
}

function described({
  document,
  operationName,
}: LoggedOperation): Pick<ReadEvent, 'operationName' | 'operationHash' | 'operationType'> {
  if (document === null) return { operationName: null, operationHash: NO_DOCUMENT, operationType: 'unknown' };
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const name = definition.name?.value ?? null;
    if (operationName !== null && name !== operationName) continue;
    return {
      operationName: name?.slice(0, LONGEST_NAME) ?? null,
      operationHash: operationHash(document),
      operationType: definition.operation,
    };
  }
  return { operationName: null, operationHash: operationHash(document), operationType: 'unknown' };
}

/** Where the answer carries no data, what was read was not given: the subjects stand, and every field counts as withheld. */
function touched({ subjects, items, bulk = [] }: Parameters<typeof logOperation>[2], given: boolean): TouchedData {
  if (given) return { subjects, items, bulk };
  if (items.size === 0) return { ...NO_DATA, subjects };
  const refused = [...items].map(([code, { clear, masked, withheld }]): [string, ReadItem] => [
    code,
    { rows: 0, clear: new Set(), masked: new Set(), withheld: new Set([...clear, ...masked, ...withheld]) },
  ]);
  return { subjects, items: new Map(refused), bulk: [] };
}

function outcomeOf(errors: readonly GraphQLError[]): string {
  const [first] = errors;
  if (first === undefined) return 'ok';
  const original = originalOf(first);
  if (original instanceof GatewayError) return original.code;
  const code = first.extensions['code'];
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}
