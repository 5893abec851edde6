/** What the README promises somebody with Node and nothing else: no DATABASE_URL, so everything here runs on the embedded server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runGateway, startServing, type ServingCommand } from '../testkit/command-line.ts';

let folder: string;
let serving: ServingCommand;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'newcomer-'));
  serving = await startServing(['--demo'], { DATA_DIR: folder });
});
afterAll(async () => {
  await serving.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Pasted {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** The `curl` lines as the shell would read them: every argument with blanks stands in single quotes. */
function pasted(stdout: string): Pasted[] {
  return [...stdout.matchAll(/^curl -s (\S+) (.*) -d '([^']*)'$/gm)].map(([, url = '', options = '', body = '']) => ({
    url,
    headers: Object.fromEntries(
      [...options.matchAll(/-H '([^:']+): ([^']*)'/g)].map(([, name = '', value = '']) => [name, value]),
    ),
    body,
  }));
}

async function answers(): Promise<unknown[]> {
  const lines = pasted(serving.written().stdout);
  return Promise.all(
    lines.map(async ({ url, headers, body }) => {
      const response = await fetch(url, { method: 'POST', headers, body });
      const { data } = (await response.json()) as {
        data: { records: { edges: { node: { legalRepCertNo: unknown } }[] } };
      };
      return data.records.edges[0]?.node.legalRepCertNo;
    }),
  );
}

const DIFFERENT = [expect.stringMatching(/^\d{17}[\dX]$/), null, expect.stringMatching(/^\d{6}\*{8}\d{3}[\dX]$/)];

describe('start --demo in an empty folder', () => {
  it('prints the address, three tokens and three curl lines whose answers differ', async () => {
    const { stdout } = serving.written();
    expect(stdout).toContain(serving.address);
    expect(stdout.match(/^[\w-]+\.[\w-]+\.[\w-]+$/gm)).toHaveLength(3);
    expect(await answers()).toEqual(DIFFERENT);
    const page = await fetch(`${serving.address}/`);
    expect({ status: page.status, type: page.headers.get('content-type') }).toEqual({
      status: 200,
      type: expect.stringContaining('text/html'),
    });
  });

  it('lets commands work beside it, and refuses a second gateway on the same folder by name', async () => {
    const [clients, second] = await Promise.all([
      runGateway(['client', 'list', '--json'], { DATA_DIR: folder }),
      runGateway(['start', '--port', '0'], { DATA_DIR: folder }),
    ]);
    expect(clients).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(clients.stdout)).toHaveLength(3);
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toMatch(/Another gateway \(process \d+\) already serves the data in .*DATABASE_URL/s);
  });

  it('goes on with the same data after kill -9', async () => {
    await serving.stop('SIGKILL');
    serving = await startServing(['--demo'], { DATA_DIR: folder });
    expect(await answers()).toEqual(DIFFERENT);
    expect(serving.written().stderr).not.toContain('loading the demo');
  });

  it('stops on Ctrl-C in order, and starts again', async () => {
    const { code, stderr } = await serving.stop('SIGINT');
    expect(code).toBe(0);
    expect(stderr).toContain('Stopping (SIGINT)');
    serving = await startServing(['--demo'], { DATA_DIR: folder });
    expect(await answers()).toEqual(DIFFERENT);
  });
});
