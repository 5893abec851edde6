/** Keeps a copy of what a licensed agency may see: a snapshot once (全量), then the changes (增量). May be killed at any moment. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { download } from './download.mjs';
import { openFolder } from './folder.mjs';
import { openSession, Refused } from './session.mjs';

/** What is kept of each type: minimum necessity holds for copies as well. Change it, and begin in another FOLDER. */
const KEPT = {
  Organization: ['name', 'creditCode', 'kind', 'status'],
  OrganizationPenalty: ['subject { id }', 'documentNumber', 'authority', 'decidedOn', 'fineAmount', 'publicUntil', 'disputed'],
  AbnormalOperationEntry: ['subject { id }', 'listName', 'listedOn', 'removedOn', 'authority', 'disputed'],
};
const items = Object.keys(KEPT);
const ROW = `__typename id ${items.map((type) => `... on ${type} { ${KEPT[type].join(' ')} }`).join(' ')}`;
const EXPORT = 'id status feedCursor files { name bytes sha256 sm3 url }';
const START = `mutation ($items: [String!]!, $key: String) { startExport(items: $items, idempotencyKey: $key) { ${EXPORT} } }`;
const LOOK = `query ($id: ID!) { export(id: $id) { ${EXPORT} } }`;
const CHANGES = `query ($items: [String!], $after: String) { changes(items: $items, after: $after, first: 500) {
  edges { node { operation id node { ${ROW} } } } pageInfo { hasNextPage endCursor } } }`;

const {
  GATEWAY_URL: url = 'http://127.0.0.1:4000',
  CLIENT_ID: clientId,
  CLIENT_SECRET: clientSecret,
  PURPOSE: purpose,
} = process.env;
const { FOLDER = 'data/keep-in-step', EVERY_SECONDS = '60' } = process.env;
const folder = openFolder(FOLDER);
const { ask, request } = openSession({ url, clientId, clientSecret, purpose });

/** The key is kept before it is used: after a kill the same export is found again, and no second one begun. */
async function takeSnapshot() {
  const key = (await folder.get('key')) ?? randomUUID();
  await folder.put('key', key);
  let job = (await ask(START, { items, key })).startExport;
  for (; job?.status === 'RUNNING'; await sleep(500)) job = (await ask(LOOK, { id: job.id })).export;
  // Failed or expired: the next turn asks for another one.
  if (job?.status !== 'READY') return folder.remove('key');
  await folder.make(job.id);
  for (const file of job.files) {
    const target = folder.at(job.id, file.name);
    while (!existsSync(target)) await download(request, target, file);
  }
  await folder.put(
    `${job.id}/journal`,
    `${JSON.stringify({ cursor: job.feedCursor, files: job.files.map(({ name }) => name) })}\n`,
  );
  await folder.put('current', job.id);
  await folder.keepOnly(job.id);
  return folder.remove('key');
}

/** One page and the cursor behind it are stored in one step: both or neither. Every change may come twice; applying it twice is once. */
async function follow(id) {
  folder.mend(id);
  let { cursor } = folder.pagesOf(id).at(-1);
  for (;;) {
    const { edges, pageInfo } = (await ask(CHANGES, { items, after: cursor })).changes;
    // In their order: an entry may come twice. Of a removed one nothing but the id is kept.
    const changes = edges.map(({ node }) => ({ id: node.id, row: node.operation === 'UPSERT' ? node.node : null }));
    cursor = pageInfo.endCursor;
    await folder.append(id, { cursor, changes });
    console.error(`${changes.length} changes${pageInfo.hasNextPage ? '' : ', in step'}`);
    if (pageInfo.hasNextPage) continue;
    if (process.argv[2] === 'once') return;
    await sleep(1_000 * Number(EVERY_SECONDS));
  }
}

async function print(id) {
  const names = (type) => ['__typename', 'id', ...KEPT[type]].map((field) => field.split(' ')[0]);
  const kept = (row) => Object.fromEntries(names(row.__typename).map((name) => [name, row[name]]));
  for (const row of await folder.rows(id, kept)) console.log(JSON.stringify(row));
}

await folder.make();
for (let done = false; !done;) {
  const current = await folder.get('current');
  try {
    if (current === null) await takeSnapshot();
    else {
      await (process.argv[2] === 'print' ? print(current) : follow(current));
      done = true;
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    console.error(error.message);
    if (error.code === 'CURSOR_INVALID') await folder.remove('current');
    else if (error.code === 'EXPIRED') await folder.remove('key');
    else process.exit(2);
    console.error('beginning again with a snapshot');
  }
}
