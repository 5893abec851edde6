/**
 * The leak matrix on catalogs with random permissions, masks, formats and roles. Each run publishes a catalog, brings in rows in every
 * state, and puts a share of the clients through the channels; over the runs every client meets every channel many times.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CatalogDocument } from '../../src/catalog/model.ts';
import { randomCatalog } from '../testkit/random-catalog.ts';
import { askBy } from './channels/ask-by.ts';
import { misuseCursors } from './channels/cursors.ts';
import { lookUpSubjects } from './channels/look-up.ts';
import { readById } from './channels/node.ts';
import { introspect, misspell } from './channels/schema.ts';
import { selectNested, selectPlainly } from './channels/select.ts';
import { readLogs } from './channels/traces.ts';
import { READING_CLIENTS } from './clients.ts';
import { ALL_FAMILIES } from './documents.ts';
import { Findings } from './findings.ts';
import { filterProbes, orderProbes } from './probes.ts';
import { Stage } from './stage.ts';
import type { Scene } from './stage.ts';
import type { World } from './world.ts';

/** How many catalogs; the same ones every time unless a seed is given. */
const RUNS = Number(process.env['LEAK_RUNS'] ?? 200);
const SEED = Number(process.env['LEAK_SEED'] ?? 20_261_120);
/** Clients of one run, by turns. */
const CLIENTS_A_RUN = 2;
const NODES = 24;
/** Of the filters and orders of a catalog, by turns; and how many of the refused ones among them. */
const FILTERS = 24;
const ORDERS = 10;
const REFUSALS = 8;

type Check = (scene: Scene, findings: Findings, run: number) => Promise<void>;

const CHANNELS: Readonly<Record<string, Check>> = {
  select: (scene, findings, run) => selectPlainly(scene, findings, run % 4 === 0),
  'alias, fragment and nested path': selectNested,
  'node(id)': (scene, findings) => readById(scene, findings, hiddenFirst(scene).slice(0, NODES)),
  'look-up by number': (scene, findings, run) =>
    lookUpSubjects(
      scene,
      findings,
      scene.world.subjects.filter((_, at) => at % 6 === run % 6),
    ),
  'filter, search and count': (scene, findings, run) => {
    const probes = ALL_FAMILIES.flatMap((family) => filterProbes(scene.oracle, family));
    return askBy(scene, findings, rotated(probes, run).slice(0, FILTERS), REFUSALS);
  },
  order: (scene, findings, run) => {
    const probes = ALL_FAMILIES.flatMap((family) => orderProbes(scene.oracle, family));
    return askBy(scene, findings, rotated(probes, run).slice(0, ORDERS), REFUSALS);
  },
  introspection: introspect,
};

let stage: Stage | undefined;

beforeAll(async () => {
  const [first] = fc.sample(randomCatalog(), { numRuns: 1, seed: SEED });
  if (first === undefined) throw new Error('No catalog came');
  stage = await Stage.open(first);
});
afterAll(() => stage?.close());

it(`leaks nothing and blocks nothing, whatever the catalog says (${RUNS} catalogs)`, async () => {
  let run = 0;
  const found: string[] = [];
  const property = fc.asyncProperty(randomCatalog(), async (document) => {
    const lines = await findingsOn(document, run);
    found.push(...lines.map((line) => `catalog ${run} of seed ${SEED} · ${line}`));
    run += 1;
    return lines.length === 0;
  });
  // A smaller catalog with the same fault would take many publishes to find; the findings name the item, the field and the state.
  const { numRuns, errorInstance } = await fc.check(property, { numRuns: RUNS, seed: SEED, endOnFailure: true });
  if (errorInstance instanceof Error && found.length === 0) throw errorInstance;
  expect(found).toEqual([]);
  expect(numRuns).toBe(RUNS);
}, 1_800_000);

async function findingsOn(document: CatalogDocument, run: number): Promise<string[]> {
  if (stage === undefined) throw new Error('There is no stage');
  const world = await stage.plant(document);
  const clients = Array.from(
    { length: CLIENTS_A_RUN },
    (_, at) => READING_CLIENTS[(run * CLIENTS_A_RUN + at) % READING_CLIENTS.length] ?? '',
  );
  const lines: string[] = [];
  for (const id of clients) {
    const scene = stage.scene(id);
    for (const [channel, check] of Object.entries(CHANNELS)) {
      const findings = new Findings(id, channel);
      await check(scene, findings, run);
      lines.push(...findings.lines);
    }
  }
  lines.push(...(await once(stage, world, clients, run)));
  return lines;
}

/** What needs no repetition by every client of a run. */
async function once(on: Stage, world: World, [id = '', other = '']: readonly string[], run: number): Promise<string[]> {
  const slips = new Findings(id, 'suggestion');
  const family = ALL_FAMILIES[run % ALL_FAMILIES.length] ?? 'RECORD';
  await misspell(on.scene(id), slips, [family]);
  const cursors = new Findings(id, 'cursor');
  await misuseCursors(on.scene(id), on.scene(other), cursors, family);
  return [...slips.lines, ...cursors.lines, ...readLogs(on, world)];
}

/** The rows that the client must not be given by their ids come first. */
function hiddenFirst({ world, oracle }: Scene): World['rows'] {
  const hidden = world.rows.filter((row) => !oracle.exists(row));
  return [...hidden.slice(0, NODES - 6), ...world.rows.filter((row) => !hidden.includes(row))];
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const at = list.length === 0 ? 0 : (by * 17) % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
