/** The leak matrix on the bundled catalog: every kind of client by every channel, over rows in every state. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkSheet, decodeSheet } from '../../src/catalog/index.ts';
import { askBy } from './channels/ask-by.ts';
import { countRows } from './channels/count.ts';
import { misuseCursors, pageThrough } from './channels/cursors.ts';
import { followChanges } from './channels/follow.ts';
import { lookUpSubjects } from './channels/look-up.ts';
import { readById } from './channels/node.ts';
import { introspect, misspell, provokeErrors } from './channels/schema.ts';
import { selectByFragments, selectByInlineFragments, selectNested, selectPlainly } from './channels/select.ts';
import { readLogs, readMetrics } from './channels/traces.ts';
import { CLIENT_IDS, READING_CLIENTS } from './clients.ts';
import { ALL_FAMILIES, ROOTS } from './documents.ts';
import { Findings } from './findings.ts';
import { filterProbes, orderProbes } from './probes.ts';
import { Stage } from './stage.ts';
import type { Scene } from './stage.ts';
import type { World } from './world.ts';

type Check = (scene: Scene, findings: Findings) => Promise<void>;

const CHANNELS: Readonly<Record<string, Check>> = {
  'select: every field of every item, and extensions.access, and strict mode': (scene, findings) =>
    selectPlainly(scene, findings),
  'alias and named fragment, on types and on interfaces': selectByFragments,
  'inline fragment within an interface': selectByInlineFragments,
  'nested path: subject → entries → subject, entry → subject → entries': selectNested,
  'node(id) of every row, whoever was given the id': (scene, findings) => readById(scene, findings, scene.world.rows),
  'subject(by) and filter.subject with every number': (scene, findings) => lookUpSubjects(scene, findings, scene.world.subjects),
  'filter, search and count: every argument of every listing': async (scene, findings) => {
    for (const family of ALL_FAMILIES) await askBy(scene, findings, filterProbes(scene.oracle, family));
  },
  'order: each one, both ways': async (scene, findings) => {
    for (const family of ALL_FAMILIES) await askBy(scene, findings, orderProbes(scene.oracle, family));
  },
  'cursor: paging through gives the visible rows, each once': async (scene, findings) => {
    for (const family of ALL_FAMILIES) await pageThrough(scene, findings, family);
  },
  'error text': provokeErrors,
};

describe('the leak matrix on the bundled catalog', () => {
  let stage: Stage;
  let world: World;

  beforeAll(async () => {
    const file = new URL('../../demo/catalog-2026.csv', import.meta.url);
    const { document, findings } = checkSheet(await decodeSheet(await readFile(file), 'catalog-2026.csv'));
    if (document === null) throw new Error(`The bundled catalog does not hold: ${JSON.stringify(findings)}`);
    stage = await Stage.open(document);
    world = await stage.plant(document);
  });
  afterAll(() => stage.close());

  describe.each(READING_CLIENTS)('%s', (id) => {
    it.each(Object.entries(CHANNELS))('%s', async (channel, check) => {
      const findings = new Findings(id, channel);
      await check(stage.scene(id), findings);
      expect(findings.lines).toEqual([]);
    });

    it('change feed: everything changed at once, and the client hears of its own view alone', async () => {
      const findings = new Findings(id, 'change feed');
      await followChanges(stage.gateway, stage.scene(id), findings);
      expect(findings.lines).toEqual([]);
    });

    it('statistics: what may be counted, and nothing by what may not be used', async () => {
      const findings = new Findings(id, 'statistics');
      await countRows(stage.gateway, stage.scene(id), findings);
      expect(findings.lines).toEqual([]);
    });

    it('cursor: opaque, and refused to another client, filter, order, listing and subject, and when tampered with', async () => {
      const findings = new Findings(id, 'cursor');
      const stranger = stage.scene(READING_CLIENTS.find((other) => other !== id && !other.endsWith('limited')) ?? '');
      for (const family of ALL_FAMILIES) await misuseCursors(stage.scene(id), stranger, findings, family);
      expect(findings.lines).toEqual([]);
    });
  });

  it.each(CLIENT_IDS)('introspection: %s sees its own view', async (id) => {
    const findings = new Findings(id, 'introspection');
    await introspect(stage.scene(id), findings);
    expect(findings.lines).toEqual([]);
  });

  it.each(CLIENT_IDS)('suggestion: %s is told no name by a slip of the pen', async (id) => {
    const findings = new Findings(id, 'suggestion');
    await misspell(stage.scene(id), findings);
    expect(findings.lines).toEqual([]);
  });

  it.each(ALL_FAMILIES.map((family) => ROOTS[family]))('admin reads no %s, not even their number', async (root) => {
    const findings = new Findings('admin', 'select');
    const answer = await stage.scene('admin').ask(findings, `{ l: ${root} { totalCount edges { node { id } } } }`);
    expect(answer).toMatchObject({ data: null, errors: [{ extensions: { code: 'FIELD_FORBIDDEN' } }] });
    expect(findings.lines).toEqual([]);
  });

  it.each(ALL_FAMILIES.map((family) => ROOTS[family]))('nobody reads %s without a token', async (root) => {
    expect(await stage.send(`{ l: ${root} { totalCount } }`, {})).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  it.each(['department', 'department-granted', 'department-authorized'])(
    '%s reads nothing beyond 社会公开 without a purpose and a matter',
    async (id) => {
      const findings = new Findings(id, 'purpose');
      const scene = stage.scene(id);
      const everything = `{ records { edges { node { ${world.document.items
        .filter(({ family }) => family === 'RECORD')
        .map(({ typeName }) => `... on ${typeName} { __typename sourceUnit documentNumber authority subject { name idNumber } }`)
        .join(' ')} } } } }`;
      for (const header of ['x-purpose', 'x-matter-number']) {
        const answer = await stage.send(everything, {
          ...scene.client.headers,
          [header]: '',
          authorization: `Bearer ${stage.tokenOf(id)}`,
        });
        expect(answer).toMatchObject({ data: null, errors: [{ extensions: { code: 'PURPOSE_REQUIRED' } }] });
      }
      expect(findings.lines).toEqual([]);
    },
  );

  it('log line: no value of any row and no token, after all of the above', () => {
    expect(readLogs(stage, world)).toEqual([]);
  });

  it('metric: no value, no token, no client', async () => {
    expect(await readMetrics(stage, world)).toEqual([]);
  });
});
