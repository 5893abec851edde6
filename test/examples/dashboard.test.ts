/** examples/dashboard against a real gateway: its own server's figures, drawn by the page's own functions. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { startServing } from '../testkit/serving.ts';
import type { Serving } from '../testkit/serving.ts';
import { ROOT } from './run-example.ts';

const Count = z.object({
  organizations: z.number(),
  persons: z.number().nullable(),
  suppressed: z.boolean(),
  reduced: z.boolean(),
});
const Figures = z.object({
  asOf: z.string(),
  statistics: z.object({
    subjects: z.object({ total: Count, byKind: z.array(z.object({ kind: z.string(), count: Count })) }),
    entries: z.object({ total: Count, byMonth: z.array(z.object({ month: z.string(), count: Count })) }),
    timeliness: z.array(z.object({ providerName: z.string().nullable(), onTime: Count, late: Count, backfill: Count })),
  }),
});
type Statistics = z.infer<typeof Figures>['statistics'];

interface Plots {
  subjectsByKind(statistics: Pick<Statistics, 'subjects'>): string;
  entriesByMonth(statistics: Pick<Statistics, 'entries'>): string;
  timelinessByProvider(statistics: Pick<Statistics, 'timeliness'>): string;
}

let serving: Serving;
let plots: Plots;
let screen: { readonly address: string; readonly child: ChildProcess };

beforeAll(async () => {
  plots = (await import(new URL('../../examples/dashboard/plots.js', import.meta.url).href)) as Plots;
  serving = await startServing();
  const secret = await serving.beside.clients.add({ id: 'screen', kind: 'DASHBOARD', name: '大屏' });
  screen = await serve(serving.address, secret);
});
afterAll(async () => {
  screen.child.kill();
  await serving.close();
});

async function serve(gateway: string, secret: string): Promise<{ address: string; child: ChildProcess }> {
  const child = spawn(process.execPath, ['examples/dashboard/serve.mjs'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, GATEWAY_URL: gateway, CLIENT_ID: 'screen', CLIENT_SECRET: secret, PORT: '0' },
  });
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (line: string) => {
      resolve(line.trim().replace(/\/$/, ''));
    });
    child.once('exit', (code) => {
      reject(new Error(`serve.mjs ended with ${String(code)}`));
    });
  });
  return { address, child };
}

async function figures(): Promise<Statistics> {
  const response = await fetch(`${screen.address}/figures.json`);
  expect(response.status).toBe(200);
  return Figures.parse(await response.json()).statistics;
}

const counted = async (sql: string): Promise<number> => {
  const [row] = await serving.beside.database.prisma.$queryRawUnsafe<{ n: bigint }[]>(sql);
  return Number(row?.n);
};
/** what a reader sees written in the plot */
const words = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>(?:<title>.*?<\/title>)?([^<]*)<\/text>/g)].map(([, word = '']) => word);

describe('the three plots', () => {
  it('show the subjects that are in the database, by kind, in Chinese', async () => {
    const { subjects } = await figures();
    const enterprises = await counted("SELECT count(*) AS n FROM subjects WHERE kind = 'ENTERPRISE'");
    const drawn = words(plots.subjectsByKind({ subjects }));
    expect(enterprises).toBeGreaterThan(0);
    expect(drawn.slice(drawn.indexOf('企业'), drawn.indexOf('企业') + 2)).toEqual(['企业', String(enterprises)]);
    expect(drawn).toContain('自然人');
    expect(drawn.filter((_word, at) => at % 2 === 0)).toHaveLength(subjects.byKind.length);
  });

  it('show entries by month, and the months in between', async () => {
    const { entries } = await figures();
    const [only] = entries.byMonth;
    expect(words(plots.entriesByMonth({ entries }))).toEqual(
      expect.arrayContaining([only?.month, only?.count.organizations.toLocaleString('zh-CN')]),
    );
    const two = {
      total: entries.total,
      byMonth: [
        { ...only!, month: '2025-11' },
        { ...only!, month: '2026-02' },
      ],
    };
    expect(words(plots.entriesByMonth({ entries: two })).filter((word) => word.includes('-'))).toEqual([
      '2025-11',
      '2025-12',
      '2026-01',
      '2026-02',
    ]);
  });

  it('show how timely each provider is', async () => {
    const { timeliness } = await figures();
    const drawn = words(plots.timelinessByProvider({ timeliness }));
    expect(timeliness.length).toBeGreaterThan(0);
    expect(drawn.slice(0, 3)).toEqual(['及时', '迟报', '补录']);
    expect(drawn.slice(3).filter((word) => /%$|无可比|<5/.test(word.replace('&#60;', '<'))).length).toBe(
      drawn.slice(3).length / 2,
    );
  });
});

describe('what the gateway keeps back', () => {
  it('is written <5, never drawn as nothing', async () => {
    // All but three of the persons become organizations without a kind of their own.
    await serving.beside.database.prisma.$executeRaw`
      UPDATE subjects SET kind = 'OTHER_ORGANIZATION' WHERE kind = 'NATURAL_PERSON'
        AND id NOT IN (SELECT id FROM subjects WHERE kind = 'NATURAL_PERSON' ORDER BY id LIMIT 3)`;
    const ask = await serving.as('screen');
    const { data } = await ask(
      '{ statistics { subjects { byKind { kind count { organizations persons suppressed reduced } } } } }',
    );
    const drawn = words(plots.subjectsByKind(data.statistics));
    expect(drawn[drawn.indexOf('自然人') + 1]).toBe('&#60;5');
  });

  it('is marked with a plus where a number leaves it out, and the share says so', () => {
    const count = { organizations: 10, persons: 6, suppressed: false, reduced: true };
    const hidden = { organizations: 0, persons: null, suppressed: true, reduced: false };
    const none = { organizations: 0, persons: 0, suppressed: false, reduced: false };
    expect(words(plots.entriesByMonth({ entries: { total: count, byMonth: [{ month: '2026-01', count }] } }))).toEqual(
      expect.arrayContaining(['10', '6+']),
    );
    const row = { providerName: '甲局', onTime: count, late: hidden, backfill: none };
    expect(words(plots.timelinessByProvider({ timeliness: [row] })).at(-1)).toBe('100%（另有 &#60;5）');
  });
});

describe('the page', () => {
  it('takes whatever stands in a name as text', () => {
    const none = { organizations: 1, persons: 0, suppressed: false, reduced: false };
    const row = { providerName: '<img src=x onerror=alert(1)>"&', onTime: none, late: none, backfill: none };
    const svg = plots.timelinessByProvider({ timeliness: [row] });
    expect(svg).not.toMatch(/<img|"&/);
    expect(svg).toContain('&#60;img src=x onerror=alert(1)&#62;&#34;&#38;');
  });

  it('gets the figures and its own files alone, and neither secret nor token', async () => {
    const get = async (path: string, method = 'GET'): Promise<[number, string]> => {
      const response = await fetch(`${screen.address}${path}`, { method });
      return [response.status, await response.text()];
    };
    const [status, html] = await get('/');
    expect([status, html]).toEqual([200, expect.stringContaining('公共信用信息概览')]);
    const [, text] = await get('/figures.json');
    expect(text).not.toMatch(/ey[\w-]{20,}\./);
    const statuses = await Promise.all(
      ['/plots.js', '/page.js', '/page.css', '/serve.mjs', '/figures.graphql', '/../../package.json', '/graphql'].map((path) =>
        get(path),
      ),
    );
    expect(statuses.map(([one]) => one)).toEqual([200, 200, 200, 404, 404, 404, 404]);
    expect((await get('/figures.json', 'POST'))[0]).toBe(405);
  });

  it('is told when the gateway does not answer', async () => {
    const alone = await serve('http://127.0.0.1:1', 'none');
    try {
      const response = await fetch(`${alone.address}/figures.json`);
      expect([response.status, await response.json()]).toEqual([503, { message: '网关暂时没有答复' }]);
    } finally {
      alone.child.kill();
    }
  });
});
