import { createHash } from 'node:crypto';
import { Arg, Ctx, Int, Query, Resolver } from 'type-graphql';
import { z } from 'zod';
import type { AccessHistoryEntry, HistoryPosition } from '../../audit/index.ts';
import { decodeGlobalId } from '../../entries/index.ts';
import { GatewayError } from '../../errors.ts';
import { certificateIdentifier, normalizeIdentifier, organizationIdentifier } from '../../identifiers/index.ts';
import type { KeyRing } from '../../keys/index.ts';
import type { GatewayContext } from '../request-context.ts';
import { AccessHistoryConnection } from '../types/access-history.ts';
import type { ReadRecord } from '../types/access-history.ts';
import { SubjectLookup } from '../types/inputs.ts';

const MAX_PAGE = 1_000;
const Position = z.tuple([z.string(), z.string(), z.number()]);

@Resolver()
export class AccessHistoryResolver {
  @Query(() => AccessHistoryConnection, {
    description: '谁查询过该主体的信息，仅限管理端 / who read this subject’s data; for administrators',
  })
  async accessHistory(
    @Arg('subject', () => SubjectLookup) lookup: SubjectLookup,
    @Arg('first', () => Int, { defaultValue: 50 }) first: number,
    @Arg('after', () => String, { nullable: true }) after: string | undefined,
    @Ctx() context: GatewayContext,
  ): Promise<AccessHistoryConnection> {
    if (first < 0 || first > MAX_PAGE) {
      throw new GatewayError('BAD_USER_INPUT', `first takes 0 to ${String(MAX_PAGE)}.`, { argument: 'first' });
    }
    const { history, keys } = context.features.accessHistory;
    const subjectId = subjectIdOf(lookup, keys);
    if (subjectId === null) return connection([], first, after != null, () => '');
    const binding = createHash('sha256')
      .update(JSON.stringify(['accessHistory', context.caller?.id, subjectId]))
      .digest();
    const position = after == null ? null : decoded(keys, binding, after);
    // Reading about a subject's readers is logged as a read of that subject.
    context.report.subjects.add(subjectId);
    const entries = await history.page(subjectId, first, position);
    const names = new Map(context.catalog.items.map((item) => [item.code, item.nameZh]));
    const cursorOf = ({ at, instance, seq }: AccessHistoryEntry): string =>
      keys.encrypt('cursor', Buffer.from(JSON.stringify([at.toISOString(), instance, seq])), binding).toString('base64url');
    return connection(
      entries.map((entry) => ({ entry, record: recordOf(entry, names) })),
      first,
      after != null,
      cursorOf,
    );
  }
}

function connection(
  found: readonly { readonly entry: AccessHistoryEntry; readonly record: ReadRecord }[],
  first: number,
  hasPreviousPage: boolean,
  cursorOf: (entry: AccessHistoryEntry) => string,
): AccessHistoryConnection {
  const edges = found.slice(0, first).map(({ entry, record }) => ({ cursor: cursorOf(entry), node: record }));
  return {
    edges,
    pageInfo: {
      hasNextPage: found.length > first,
      hasPreviousPage,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

function recordOf(entry: AccessHistoryEntry, names: ReadonlyMap<string, string>): ReadRecord {
  const { at, client, purpose, matter, operationName, operationType, outcome, requestId, catalogVersion, bulk, items } = entry;
  return {
    ...{ at, client, purpose, operationName, operationType, outcome, requestId, catalogVersion },
    matterNumber: matter,
    wholeItems: bulk,
    items: items.map((item) => ({ ...item, name: names.get(item.code) ?? null })),
  };
}

/** null: no such identifier can exist. The lookup has exactly one member: the schema says @oneOf. */
function subjectIdOf({ id, creditCode, idNumber }: SubjectLookup, keys: Pick<KeyRing, 'subjectId'>): string | null {
  if (id != null) {
    const named = decodeGlobalId(id);
    return named?.family === 'SUBJECT' ? named.subjectId : null;
  }
  const named =
    creditCode != null
      ? organizationIdentifier(normalizeIdentifier(creditCode))
      : certificateIdentifier(normalizeIdentifier(idNumber ?? ''));
  return named === null ? null : keys.subjectId(named.identifier);
}

function decoded(keys: Pick<KeyRing, 'decrypt'>, binding: Buffer, cursor: string): HistoryPosition {
  const opened = /^[A-Za-z0-9_-]{1,600}$/.test(cursor) ? keys.decrypt('cursor', Buffer.from(cursor, 'base64url'), binding) : null;
  if (opened === null) {
    throw new GatewayError(
      'CURSOR_INVALID',
      'This cursor does not belong to this listing. Use the endCursor of the page before.',
    );
  }
  const [at, instance, seq] = Position.parse(JSON.parse(opened.toString('utf8')));
  return { at, instance, seq };
}
