/** A gateway that keeps its exports in a folder of the test's own, and clients that order and download them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { setTimeout } from 'node:timers/promises';
import { caller, PURPOSE, startServing } from '../testkit/serving.ts';
import type { Ask, GraphQLAnswer, Serving } from '../testkit/serving.ts';

export const FIELDS =
  'id status items rows progress catalogVersion startedAt readyAt expiresAt feedCursor failure manifestUrl files { name item rows bytes sha256 sm3 url }';
export const START = `mutation ($items: [String!]!, $key: String) { startExport(items: $items, idempotencyKey: $key) { ${FIELDS} } }`;

export interface ShownExport {
  readonly id: string;
  readonly status: string;
  readonly items: readonly string[];
  readonly rows: number | null;
  readonly progress: number;
  readonly catalogVersion: number;
  readonly readyAt: string | null;
  readonly expiresAt: string | null;
  readonly feedCursor: string | null;
  readonly failure: string | null;
  readonly manifestUrl: string | null;
  readonly files: readonly {
    readonly name: string;
    readonly item: string;
    readonly rows: number;
    readonly bytes: number;
    readonly sha256: string;
    readonly sm3: string;
    readonly url: string;
  }[];
}

export type Row = Record<string, unknown> & { readonly __typename: string; readonly id: string };

/** One client, with its token. */
export interface Exporter {
  readonly ask: Ask;
  start(items: readonly string[], key?: string): Promise<GraphQLAnswer>;
  find(id: string): Promise<ShownExport | null>;
  /** waits until it is no longer running */
  settled(id: string): Promise<ShownExport>;
  download(url: string, headers?: Record<string, string>): Promise<Response>;
  /** downloads and opens all files of one that is ready */
  rowsOf(shown: ShownExport): Promise<Row[]>;
  /** orders, waits, downloads and opens: all rows */
  exported(items: readonly string[]): Promise<{ readonly shown: ShownExport; readonly rows: readonly Row[] }>;
}

export interface ExportWorld {
  readonly serving: Serving;
  readonly folder: string;
  /** @param at of another instance */
  as(clientId: string, purpose?: string | null, at?: string): Promise<Exporter>;
  close(): Promise<void>;
}

export async function openExportWorld(environment: Readonly<Record<string, string>> = {}): Promise<ExportWorld> {
  const folder = await mkdtemp(path.join(tmpdir(), 'gateway-exports-'));
  const serving = await startServing({ environment: { EXPORT_DIR: folder, ...environment } });
  return {
    serving,
    folder,
    as: async (clientId, purpose, at = serving.address) => {
      const { token } = await serving.beside.tokens.issue(clientId, 3_600);
      const stated = purpose === undefined ? PURPOSE['x-purpose'] : purpose === null ? null : encodeURIComponent(purpose);
      return exporter(at, token, stated === null ? {} : { ...PURPOSE, 'x-purpose': stated });
    },
    close: async () => {
      await serving.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function exporter(address: string, token: string, stated: Record<string, string>): Exporter {
  const authorization = `Bearer ${token}`;
  const ask = caller(address, { authorization, ...stated });
  const start = (items: readonly string[], key?: string): Promise<GraphQLAnswer> => ask(START, { items, key });
  const find = async (id: string): Promise<ShownExport | null> =>
    (await ask(`query ($id: ID!) { export(id: $id) { ${FIELDS} } }`, { id })).data.export;
  const settled = async (id: string): Promise<ShownExport> => {
    for (let left = 400; left > 0; left -= 1) {
      const shown = await find(id);
      if (shown !== null && shown.status !== 'RUNNING') return shown;
      await setTimeout(25);
    }
    throw new Error(`The export ${id} does not end`);
  };
  const download = (url: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(address + url, { headers: { authorization, ...headers } });
  const rowsOfExport = async ({ files }: ShownExport): Promise<Row[]> => {
    const rows: Row[] = [];
    for (const { url } of files) rows.push(...rowsOf(Buffer.from(await (await download(url)).arrayBuffer())));
    return rows;
  };
  return {
    ask,
    start,
    find,
    settled,
    download,
    rowsOf: rowsOfExport,
    exported: async (items) => {
      const answer = await start(items);
      if (answer.data === null) throw new Error(`The export was refused: ${answer.text}`);
      const shown = await settled(answer.data.startExport.id);
      return { shown, rows: await rowsOfExport(shown) };
    },
  };
}

export function rowsOf(compressed: Buffer): Row[] {
  const text = gunzipSync(compressed).toString('utf8');
  if (text !== '' && !text.endsWith('\n')) throw new Error('The last line has no end');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Row);
}

interface TypeInfo {
  readonly kind: string;
  readonly name: string | null;
  readonly ofType: TypeInfo | null;
}

const TYPES =
  '{ __schema { types { kind name interfaces { name } fields { name args { name } type { kind name ofType { kind name ofType { kind name } } } } } } }';

const ROOTS: Readonly<Record<string, string>> = {
  Subject: 'subjects',
  CreditRecord: 'records',
  ListEntry: 'listEntries',
  Commitment: 'commitments',
  Evaluation: 'evaluations',
};

/** A type as one client sees it. */
export interface ViewedType {
  readonly name: string;
  /** the field of Query that lists it */
  readonly root: string;
  /** every leaf field of the caller's view, and the subject's id: what an export has of a row */
  readonly selection: string;
}

export async function viewedType(ask: Ask, name: string): Promise<ViewedType> {
  const { types } = (await ask(TYPES)).data.__schema as {
    types: {
      name: string;
      interfaces: { name: string }[] | null;
      fields: { name: string; args: unknown[]; type: TypeInfo }[] | null;
    }[];
  };
  const type = types.find((one) => one.name === name);
  if (type === undefined) throw new Error(`The view has no type ${name}`);
  const family = type.interfaces?.find((one) => ROOTS[one.name] !== undefined)?.name ?? '';
  const leaves = (type.fields ?? []).filter(({ args, type: of }) => args.length === 0 && isLeaf(of)).map((field) => field.name);
  const subject = family === 'Subject' ? '' : 'subject { id }';
  return { name, root: ROOTS[family] ?? '', selection: `__typename ... on ${name} { ${leaves.join(' ')} ${subject} }` };
}

/** Everything that the API itself lists of a type. */
export async function listed(ask: Ask, type: string | ViewedType): Promise<Row[]> {
  const { name, root, selection } = typeof type === 'string' ? await viewedType(ask, type) : type;
  const filter = root === 'subjects' ? '' : `, filter: { items: ["${name}"] }`;
  const rows: Row[] = [];
  for (let after: string | null = null; ;) {
    const query = `query ($after: String) { page: ${root}(first: 200, after: $after${filter}) {
      pageInfo { hasNextPage endCursor } edges { node { ${selection} } } } }`;
    const answer: GraphQLAnswer = await ask(query, { after });
    if (answer.data === null) throw new Error(answer.text);
    rows.push(...answer.data.page.edges.map((edge: { node: Row }) => edge.node).filter((row: Row) => row.__typename === name));
    if (answer.data.page.pageInfo.hasNextPage !== true) return rows;
    after = answer.data.page.pageInfo.endCursor;
  }
}

function isLeaf({ kind, ofType }: TypeInfo): boolean {
  if (kind === 'NON_NULL') return ofType !== null && isLeaf(ofType);
  return kind === 'SCALAR' || kind === 'ENUM';
}

export function byId(rows: readonly Row[]): Row[] {
  return rows.toSorted((one, other) => (one.id < other.id ? -1 : 1));
}
