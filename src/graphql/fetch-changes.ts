/** One page of the change feed, with the rows as the caller's own statements bring them. */
import type { Catalog } from '../catalog/model.ts';
import { encodeEntryId, encodeSubjectId } from '../entries/index.ts';
import { keyText } from '../feed/index.ts';
import type { ChangeFeed, RowKey, RowSource, VisibleRow } from '../feed/index.ts';
import type { FetchedChanges, FetchedRow } from '../reading/fetched.ts';
import type { ChangesRead, RowSelection } from '../reading/read-plan.ts';
import type { Reader } from '../reading/reader.ts';

/** @throws GatewayError as `ChangeFeed.page` */
export async function fetchChanges(
  feed: ChangeFeed,
  reader: Reader,
  catalog: Catalog,
  read: ChangesRead,
): Promise<FetchedChanges> {
  const { clientId, purpose, orgCode, today, profile } = reader.dependencies.identity;
  const { items, after, first } = read;
  const page = await feed.page({
    caller: { clientId, purpose, catalog, basis: profile.basis, orgCode, today },
    items,
    after,
    first,
    rows: rowSource(reader, read),
  });
  return {
    changes: page.edges.map(({ change, cursor }) => ({
      operation: change.operation,
      item: change.item,
      id: globalId(change.key),
      row: change.row,
      changedAt: change.changedAt,
      cursor,
    })),
    hasNextPage: page.hasNextPage,
    hasPreviousPage: after !== null,
    endCursor: page.endCursor,
  };
}

/** One statement a family, under the caller's own role; every row is decided here as it is when it is written. */
function rowSource(reader: Reader, { byFamily }: ChangesRead): RowSource<FetchedRow> {
  return {
    visible: async (keys) => {
      const found = await Promise.all(
        [...byFamily].map(([family, rows]) =>
          named(
            family,
            rows,
            keys.filter((key) => key.family === family),
          ),
        ),
      );
      return new Map(found.flat());
    },
  };

  async function named(
    family: RowKey['family'],
    rows: RowSelection,
    keys: readonly RowKey[],
  ): Promise<(readonly [string, VisibleRow<FetchedRow>])[]> {
    if (keys.length === 0 || rows.items.size === 0) return [];
    const subjectIds = keys.map(({ subjectId }) => subjectId);
    const entryIds = keys.flatMap(({ entryId }) => entryId ?? []);
    const fetched = await reader.named({ kind: 'NAMED', family, subjectIds, entryIds, rows });
    return fetched.flatMap((row) => {
      const { subjectId, entryId, itemCode, own, person, expired, status } = row.stored;
      const facts = { own, person, expired, status, consent: row.authorized.has(itemCode) };
      if (!reader.dependencies.identity.profile.exists(itemCode, facts, row.authorized.size > 0)) return [];
      return [[keyText({ family, subjectId, entryId }), { item: row.selection.item, row }] as const];
    });
  }
}

function globalId({ family, subjectId, entryId }: RowKey): string {
  return family === 'SUBJECT' || entryId === null ? encodeSubjectId(subjectId) : encodeEntryId(family, subjectId, entryId);
}
