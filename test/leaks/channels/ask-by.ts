/** Channels filter, search, order and count: refused by name, or answered from what is open alone. */
import type { Findings } from '../findings.ts';
import { isRefused, rootOf } from '../probes.ts';
import type { Probe } from '../probes.ts';
import type { Scene } from '../stage.ts';
import { Walk } from '../walk.ts';

const PAGE = 'totalCount pageInfo { hasNextPage startCursor endCursor } edges { cursor node { id } }';
const AT_ONCE = 40;

/** @param sample how many of the refused ones to try: each is an operation of its own */
export async function askBy(scene: Scene, findings: Findings, probes: readonly Probe[], sample = probes.length): Promise<void> {
  const refused = probes.filter((probe) => isRefused(scene.oracle, probe));
  for (const probe of refused.slice(0, sample)) await expectRefusal(scene, findings, probe);
  const allowed = probes.filter((probe) => !refused.includes(probe));
  for (let from = 0; from < allowed.length; from += AT_ONCE)
    await expectRows(scene, findings, allowed.slice(from, from + AT_ONCE));
}

async function expectRefusal(scene: Scene, findings: Findings, probe: Probe): Promise<void> {
  const answer = await scene.ask(findings, `{ p: ${rootOf(probe)}(first: 250, ${probe.text}) { ${PAGE} } }`);
  const [error] = answer.errors;
  const items = error?.extensions['items'];
  const named = Array.isArray(items) && items.length > 0 && items.every((code) => probe.items.some((item) => item.code === code));
  if (answer.data === null && error?.extensions['code'] === 'FILTER_FORBIDDEN' && named) return;
  findings.add({ ...placeOf(probe), expected: 'FILTER_FORBIDDEN naming the items', got: error?.extensions ?? answer.data });
}

/** Several in one operation: none of them may be refused. */
async function expectRows(scene: Scene, findings: Findings, probes: readonly Probe[]): Promise<void> {
  const root = (probe: Probe, at: number): string =>
    `p${at}: ${rootOf(probe)}(first: 250, ${probe.text}) { ${PAGE} } c${at}: ${rootOf(probe)}(first: 250, ${probe.text}) { totalCount }`;
  const answer = await scene.ask(findings, `{ ${probes.map(root).join('\n')} }`);
  if (answer.errors.length > 0) {
    findings.add({
      expected: `data for ${probes.map((probe) => `${rootOf(probe)}(${probe.text})`).join(' ')}`,
      got: answer.errors,
    });
    return;
  }
  for (const [at, probe] of probes.entries()) {
    const rows = scene.oracle.visible(probe.family).filter((row) => probe.matches(row));
    const where = `${rootOf(probe)}(${probe.text})`;
    const walk = new Walk(scene.oracle, findings);
    walk.connection(answer.data?.[`p${at}`], rows, where);
    walk.connection(answer.data?.[`c${at}`], rows, `${where} counted alone`);
  }
}

function placeOf(probe: Probe): { item: string; field: string; state: string; where: string } {
  return {
    item: probe.items.length === 1 ? (probe.items[0]?.typeName ?? '-') : `all ${rootOf(probe)}`,
    field: `${probe.argument} (${probe.role})`,
    state: probe.guessed?.state ?? '-',
    where: probe.text,
  };
}
