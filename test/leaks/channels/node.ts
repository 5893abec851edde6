/** Channel `node(id)`: every row by its id, also by ids that only another client could have been given. */
import { ALL_FAMILIES, namedFragments } from '../documents.ts';
import type { Findings } from '../findings.ts';
import type { Scene } from '../stage.ts';
import { Walk } from '../walk.ts';
import type { Row } from '../world.ts';
import { expectNoErrors } from './select.ts';

const AT_ONCE = 60;

export async function readById(scene: Scene, findings: Findings, rows: readonly Row[]): Promise<void> {
  const fragments = namedFragments(scene.world.document.items, ALL_FAMILIES);
  const spread = ALL_FAMILIES.map((family) => `...All_${family}`).join(' ');
  const walk = new Walk(scene.oracle, findings);
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    const asked = rows.slice(from, from + AT_ONCE);
    const answer = await scene.ask(
      findings,
      `{ ${asked.map(({ id }, at) => `n${at}: node(id: "${id}") { ${spread} }`).join('\n')} }\n${fragments}`,
    );
    expectNoErrors(answer, findings);
    for (const [at, row] of asked.entries()) walk.single(answer.data?.[`n${at}`] ?? null, row, `node(${row.item.typeName})`);
  }
}
