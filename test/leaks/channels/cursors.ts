/** Channel cursor: opaque, tamper-proof, and of no use to another client, filter, order, listing or subject. */
import { ROOTS } from '../documents.ts';
import type { Family } from '../../../src/catalog/model.ts';
import type { Findings } from '../findings.ts';
import { candidatesIn } from '../canaries.ts';
import type { Answer, Scene } from '../stage.ts';
import { isObject, Walk } from '../walk.ts';

/** Pages through a listing by twos: exactly the visible rows, each once. */
export async function pageThrough(scene: Scene, findings: Findings, family: Family): Promise<void> {
  const rows = scene.oracle.visible(family);
  const edges: unknown[] = [];
  let after: string | null = null;
  for (let pages = 0; pages <= rows.length; pages += 1) {
    const answer = await scene.ask(
      findings,
      `{ l: ${ROOTS[family]}(first: 7${after === null ? '' : `, after: "${after}"`}) { edges { node { id } } pageInfo { hasNextPage endCursor } } }`,
    );
    const page = answer.data?.['l'];
    if (!isObject(page) || !Array.isArray(page['edges']) || !isObject(page['pageInfo'])) {
      findings.add({ expected: 'a page', got: answer.errors });
      return;
    }
    edges.push(...page['edges']);
    after = typeof page['pageInfo']['endCursor'] === 'string' ? page['pageInfo']['endCursor'] : null;
    if (page['pageInfo']['hasNextPage'] !== true) break;
  }
  new Walk(scene.oracle, findings).connection({ edges }, rows, `${ROOTS[family]} by sevens`);
}

/**
 * @param stranger another client that may read the same listing
 */
export async function misuseCursors(scene: Scene, stranger: Scene, findings: Findings, family: Family): Promise<void> {
  const root = ROOTS[family];
  const first = await scene.ask(findings, `{ l: ${root}(first: 1) { pageInfo { startCursor endCursor } edges { cursor } } }`);
  const cursor = endCursor(first);
  if (cursor === null) return;
  showsNothing(scene, findings, cursor);
  const other = family === 'RECORD' ? 'evaluations' : 'records';
  const subject = `subject: { id: "${scene.world.rows.find((row) => row.item.family === 'SUBJECT')?.id ?? ''}" }`;
  const narrowed = family === 'SUBJECT' ? 'kinds: [ENTERPRISE]' : 'status: ACTIVE';
  const flipped = (cursor.startsWith('A') ? 'B' : 'A') + cursor.slice(1);
  const misuses: Readonly<Record<string, readonly [Scene, string]>> = {
    'another client': [stranger, `${root}(first: 1, after: "${cursor}")`],
    'another filter': [scene, `${root}(first: 1, filter: { ${narrowed} }, after: "${cursor}")`],
    'another order': [scene, `${root}(first: 1, orderBy: { by: UPDATED_AT, direction: ASC }, after: "${cursor}")`],
    'another listing': [scene, `${other}(first: 1, after: "${cursor}")`],
    ...(family === 'SUBJECT'
      ? {}
      : { 'a subject of its own': [scene, `${root}(first: 1, filter: { ${subject} }, after: "${cursor}")`] as const }),
    'a changed beginning': [scene, `${root}(first: 1, after: "${flipped}")`],
    'a cut end': [scene, `${root}(first: 1, after: "${cursor.slice(0, -2)}")`],
    'an invented one': [scene, `${root}(first: 1, after: "${Buffer.from('["2026-01-01","x"]').toString('base64url')}")`],
    'an empty one': [scene, `${root}(first: 1, after: "")`],
  };
  for (const [misuse, [caller, listing]] of Object.entries(misuses)) {
    const answer = await caller.ask(findings, `{ l: ${listing} { totalCount pageInfo { endCursor } edges { node { id } } } }`);
    if (answer.data !== null || answer.errors[0]?.extensions['code'] !== 'CURSOR_INVALID') {
      findings.add({
        item: root,
        field: `cursor with ${misuse}`,
        expected: 'CURSOR_INVALID',
        got: answer.errors[0]?.extensions ?? answer.data,
      });
    }
  }
}

/** Neither as it stands nor decoded does a cursor say what its row is sorted by, or which row it is. */
export function showsNothing({ world }: Scene, findings: Findings, cursor: string): void {
  const bytes = Buffer.from(cursor, 'base64url');
  for (const text of [cursor, bytes.toString('latin1'), bytes.toString('utf8')]) {
    const told = [...candidatesIn(text)].filter((token) => world.tokens.has(token));
    if (told.length > 0 || /\d{4}-\d\d-\d\d|[0-9a-f]{8}-[0-9a-f]{4}/.test(text))
      findings.add({ field: 'cursor', expected: 'opaque', got: text });
  }
}

function endCursor({ data }: Answer): string | null {
  const page = data?.['l'];
  const cursor = isObject(page) && isObject(page['pageInfo']) ? page['pageInfo']['endCursor'] : null;
  return typeof cursor === 'string' ? cursor : null;
}
