/** Channels log line and metric: what the server keeps of all that was asked and answered. */
import { CLIENT_IDS } from '../clients.ts';
import { Findings } from '../findings.ts';
import { searchForCanaries } from '../stage.ts';
import type { Stage } from '../stage.ts';
import type { World } from '../world.ts';

const NOTHING_IS_OPEN: ReadonlySet<string> = new Set();

/** No value of any row, open or not, and no access token stands in a log line. */
export function readLogs(stage: Stage, world: World): string[] {
  const findings = new Findings('everybody', 'log line');
  const text = stage.logged.join('');
  if (stage.logged.length === 0) findings.add({ expected: 'some lines', got: 'none' });
  searchForCanaries(text, world, NOTHING_IS_OPEN, findings);
  for (const id of CLIENT_IDS)
    if (text.includes(stage.tokenOf(id))) findings.add({ field: 'access token', expected: 'none', got: id });
  return findings.lines;
}

/** Metrics know no value, no token and no client. */
export async function readMetrics(stage: Stage, world: World): Promise<string[]> {
  const findings = new Findings('everybody', 'metric');
  const text = await (await fetch(`${stage.address}/metrics`)).text();
  if (!text.includes('graphql_operations_total')) findings.add({ expected: 'metrics', got: text.slice(0, 200) });
  // Measured numbers are nobody's value: only what is written in names and labels is searched.
  searchForCanaries(text.replace(/ [\d.e+-]+$/gm, ''), world, NOTHING_IS_OPEN, findings);
  for (const id of CLIENT_IDS) {
    if (text.includes(stage.tokenOf(id)) || (id.includes('-') && text.includes(`"${id}"`)))
      findings.add({ field: 'client', expected: 'none', got: id });
  }
  return findings.lines;
}
