/** Channel change feed: everything changed at once, and each client hears of the rows that are there for it, and of no other. */
import type { Gateway } from '../../../src/gateway.ts';
import { changesShown } from '../../testkit/changes-shown.ts';
import { ALL_FAMILIES, namedFragments } from '../documents.ts';
import type { Findings } from '../findings.ts';
import type { Scene } from '../stage.ts';
import { isObject, Walk } from '../walk.ts';
import { showsNothing } from './cursors.ts';

const TABLES = { RECORD: 'credit_records', LIST: 'list_entries', COMMITMENT: 'commitments', EVALUATION: 'evaluations' } as const;

export async function followChanges(gateway: Gateway, scene: Scene, findings: Findings): Promise<void> {
  const { oracle, world } = scene;
  let after = cursorOf((await scene.ask(findings, '{ changes { pageInfo { endCursor } } }')).data);
  if (after === null) {
    findings.add({ expected: 'a cursor to begin with', got: null });
    return;
  }
  await logEverything(gateway);
  const fragments = namedFragments(world.document.items, ALL_FAMILIES);
  const spread = ALL_FAMILIES.map((family) => `...All_${family}`).join(' ');
  const told = new Map<string, unknown>();
  for (let more = true; more;) {
    showsNothing(scene, findings, after);
    const answer = await scene.ask(
      findings,
      `{ changes(first: 300, after: "${after}") { pageInfo { hasNextPage endCursor } edges { node { operation id item { code } node { ${spread} } } } } }\n${fragments}`,
    );
    const page = answer.data?.['changes'];
    const cursor = cursorOf(answer.data);
    if (!isObject(page) || !Array.isArray(page['edges']) || !isObject(page['pageInfo']) || cursor === null) {
      findings.add({ expected: 'a page of changes', got: answer.errors });
      return;
    }
    for (const edge of page['edges'] as unknown[]) {
      const change = isObject(edge) && isObject(edge['node']) ? edge['node'] : {};
      if (change['operation'] === 'UPSERT') told.set(String(change['id']), change['node']);
      else {
        const row = world.byId.get(String(change['id']));
        findings.add({
          item: row?.item.typeName ?? '?',
          state: row?.state ?? '?',
          field: '(change)',
          expected: 'no mention',
          got: change['operation'],
        });
      }
    }
    after = cursor;
    more = page['pageInfo']['hasNextPage'] === true;
  }
  const walk = new Walk(oracle, findings);
  for (const family of ALL_FAMILIES) {
    const nodes = [...told].filter(([id]) => world.byId.get(id)?.item.family === family).map(([, node]) => node);
    walk.connection({ edges: nodes.map((node) => ({ node })) }, oracle.visible(family), `changes of ${family}`);
  }
  for (const id of told.keys()) {
    if (!world.byId.has(id)) findings.add({ field: '(change)', expected: 'a planted row', got: id });
  }
}

/** As if every row had been written once more; the rows themselves stay as they are for the other channels. */
async function logEverything({ database: { pool } }: Gateway): Promise<void> {
  const was = 'existed, was_since, was_item_code, was_person, was_source_unit_code';
  for (const [kind, table] of Object.entries(TABLES)) {
    await pool.query(
      `INSERT INTO changes (txid, kind, subject_id, entry_id, item_code, ${was}, was_status, was_public_until)
       SELECT pg_current_xact_id()::text::bigint, '${kind}', subject_id, id, item_code, true, updated_at, item_code, person, source_unit_code, status, public_until FROM ${table}`,
    );
  }
  await pool.query(
    `INSERT INTO changes (txid, kind, subject_id, item_code, ${was})
     SELECT pg_current_xact_id()::text::bigint, 'SUBJECT', id, item_code, true, updated_at, item_code, person, source_unit_code FROM subjects`,
  );
  await changesShown(pool);
}

function cursorOf(data: Readonly<Record<string, unknown>> | null): string | null {
  const page = data?.['changes'];
  const cursor = isObject(page) && isObject(page['pageInfo']) ? page['pageInfo']['endCursor'] : null;
  return typeof cursor === 'string' ? cursor : null;
}
