/** A gateway that serves over HTTP and follows what is published, with everything that it says kept to be searched. */
import { z } from 'zod';
import { openGateway, serveGateway } from '../../src/gateway.ts';
import type { Gateway } from '../../src/gateway.ts';
import { createLogger } from '../../src/http/logger.ts';
import type { CatalogDocument } from '../../src/catalog/model.ts';
import { createTestDatabase } from '../testkit/database.ts';
import { candidatesIn } from './canaries.ts';
import { CLIENT_IDS, matrixClient, registerClients } from './clients.ts';
import type { MatrixClient } from './clients.ts';
import type { Findings } from './findings.ts';
import { Oracle } from './oracle.ts';
import { allSubjects } from './subjects.ts';
import type { Subject } from './subjects.ts';
import { plantWorld } from './world.ts';
import type { World } from './world.ts';

const Body = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.object({ message: z.string(), extensions: z.record(z.string(), z.unknown()).default({}) })).default([]),
  extensions: z.record(z.string(), z.unknown()).default({}),
});

/** Each probe asks for hundreds of things at once: what an operation may hold is another test's business (test/limits). */
const WIDE_LIMITS = {
  MAX_ALIASES: '100000',
  MAX_DIRECTIVES: '100000',
  MAX_ROOT_FIELDS: '100000',
  MAX_LOOKUPS: '100000',
  MAX_TOKENS: '1000000',
  MAX_COST: '100000000',
};

export interface Answer {
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly errors: readonly { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }[];
  readonly extensions: Readonly<Record<string, unknown>>;
  /** status, headers and body as they came */
  readonly text: string;
}

/** One client before one planted catalog. */
export interface Scene {
  readonly world: World;
  readonly client: MatrixClient;
  readonly oracle: Oracle;
  /** Asks, and searches everything that came back for canaries that are not open to the client. */
  ask(findings: Findings, query: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export class Stage {
  readonly #tokens = new Map<string, string>();
  readonly #scenes = new Map<string, Scene>();
  #world: World | undefined;

  private constructor(
    readonly gateway: Gateway,
    readonly address: string,
    readonly subjects: readonly Subject[],
    readonly logged: string[],
    readonly close: () => Promise<void>,
  ) {}

  /** @param first published before the server starts, so that it never serves without a catalog */
  static async open(first: CatalogDocument): Promise<Stage> {
    const database = await createTestDatabase({ environment: WIDE_LIMITS });
    const gateway = await openGateway(database.config);
    await gateway.catalogs.publish(first, 'first.csv');
    const logged: string[] = [];
    const logger = createLogger('debug', { write: (line) => void logged.push(line) });
    const failures: Error[] = [];
    const serving = await serveGateway(database.config, {
      prepareData: () => Promise.resolve(),
      onFatal: (error) => failures.push(error),
      logger,
    });
    const subjects = allSubjects((identifier) => gateway.keys.subjectId(identifier));
    return new Stage(gateway, serving.address, subjects, logged, async () => {
      await serving.close();
      await gateway.close();
      await database.drop();
      if (failures[0] !== undefined) throw failures[0];
    });
  }

  /** Publishes and plants; returns when the server has followed. */
  async plant(document: CatalogDocument): Promise<World> {
    this.logged.length = 0;
    const world = await plantWorld(this.gateway, document, this.subjects);
    await registerClients(this.gateway, document.items, this.subjects);
    for (const id of CLIENT_IDS) {
      if (!this.#tokens.has(id)) this.#tokens.set(id, (await this.gateway.tokens.issue(id, 3_600)).token);
    }
    const deadline = Date.now() + 5_000;
    for (;;) {
      const { extensions } = await this.send('{ __typename }', {});
      if (extensions['catalogVersion'] === world.version) break;
      if (Date.now() > deadline) throw new Error(`The server did not follow to version ${world.version}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    this.#world = world;
    this.#scenes.clear();
    return world;
  }

  scene(clientId: string): Scene {
    const known = this.#scenes.get(clientId) ?? this.#sceneOf(clientId);
    this.#scenes.set(clientId, known);
    return known;
  }

  #sceneOf(clientId: string): Scene {
    const world = this.#world;
    if (world === undefined) throw new Error('Nothing is planted yet');
    const client = matrixClient(clientId, world.document.items);
    const oracle = new Oracle(world, client);
    const open = oracle.openTokens();
    const fixed = { ...client.headers, authorization: `Bearer ${this.tokenOf(clientId)}` };
    return {
      world,
      client,
      oracle,
      ask: async (findings, query, headers = {}) => {
        const answer = await this.send(query, { ...fixed, ...headers });
        searchForCanaries(answer.text, world, open, findings);
        return answer;
      },
    };
  }

  tokenOf(clientId: string): string {
    const token = this.#tokens.get(clientId);
    if (token === undefined) throw new Error(`No token for ${clientId}`);
    return token;
  }

  async send(query: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const response = await fetch(`${this.address}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    const text = await response.text();
    const { data, errors, extensions } = Body.parse(JSON.parse(text));
    const head = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    return { data: data ?? null, errors, extensions, text: `${response.status}\n${head}\n\n${text}` };
  }
}

/** Whatever of the planted values stands in the text although it is not open. */
export function searchForCanaries(text: string, world: World, open: ReadonlySet<string>, findings: Findings): void {
  for (const token of candidatesIn(text)) {
    const [place] = world.tokens.get(token) ?? [];
    if (place === undefined || open.has(token)) continue;
    const at = text.indexOf(token);
    findings.of(place.row, place.field.key, 'withheld', token, text.slice(Math.max(0, at - 120), at + token.length + 40));
  }
}
