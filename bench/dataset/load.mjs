/** Fills a migrated, empty gateway database: catalog, clients, subjects, entries, authorizations; ids, seals and digests as intake makes them. */
import path from 'node:path';
import { built, gatewayRoot } from '../gateway-build.mjs';
import { copyRows } from './copy.mjs';
import { GIANT, GIANT_RECORDS, GIANT_SHARES, ORGANIZATIONS_PER_ENTRY, PERSONS_PER_ENTRY, SHARES } from './proportions.mjs';
import { randomOf } from './random.mjs';
import { rowSource, subjectRow } from './rows.mjs';
import { creditCode, idNumber } from './subjects.mjs';

export const SEED = 'public-credit';
export const AGENCY = 'bench-agency';
export const PURPOSE = '信贷审批';

const COMMON = [
  'id',
  'content_digest',
  'subject_id',
  'person',
  'content',
  'item_code',
  'catalog_version',
  'status',
  'disputed',
  'received_at',
  'updated_at',
];
const note = (text) => process.stderr.write(`${text}\n`);

/** How many subjects a data set of so many entries has. */
export function sizes(entries) {
  const organizations = Math.max(600, Math.round(entries * ORGANIZATIONS_PER_ENTRY));
  return { entries, organizations, persons: Math.max(600, Math.round(entries * PERSONS_PER_ENTRY)) };
}

/** @param {object} gateway an open gateway on the empty database */
export async function publishCatalog(gateway) {
  const { checkSheet, readSheet } = await built('catalog/index.js');
  const sheet = path.join(gatewayRoot, 'demo', 'catalog-2026.csv');
  const { document } = checkSheet(await readSheet(sheet));
  await gateway.catalogs.publish(document, path.basename(sheet));
  return gateway.catalogs.current();
}

/**
 * @param {object} gateway an open gateway on the empty database
 * @param {number} entries
 */
export async function loadDataset(gateway, entries) {
  const { RowDrafter } = await built('intake/row-drafts.js');
  const { ENTRY_COLUMNS, ENTRY_TABLES, SUBJECT_COLUMNS } = await built('entries/entry-columns.js');
  const size = sizes(entries);
  const catalog = await publishCatalog(gateway);
  await gateway.clients.add({
    id: AGENCY,
    kind: 'CREDIT_AGENCY',
    name: '基准征信',
    license: 'BENCH-1',
    licenseUntil: '2099-12-31',
  });
  const client = await gateway.database.pool.connect();
  try {
    await client.query(`SET maintenance_work_mem = '512MB'`);
    await loadSubjects();
    // Tables emptied in the same transaction take frozen rows, and write no log where wal_level is minimal.
    await client.query('BEGIN');
    const rebuild = await dropIndexes(client, Object.values(ENTRY_TABLES));
    await client.query(`TRUNCATE ${Object.values(ENTRY_TABLES).join(', ')}`);
    for (const [typeName, share] of Object.entries(SHARES)) {
      await loadEntries(catalog.item(typeName), Math.round(entries * share), {});
    }
    for (const [typeName, share] of Object.entries(GIANT_SHARES)) {
      await loadEntries(catalog.item(typeName), Math.round(GIANT_RECORDS * share), { subject: GIANT });
    }
    await client.query('COMMIT');
    await loadAuthorizations();
    for (const statement of rebuild) await timed(statement.slice(0, 90), () => client.query(statement));
    await timed('VACUUM (ANALYZE)', () => client.query('VACUUM (ANALYZE)'));
  } finally {
    client.release();
  }
  return size;

  async function loadSubjects() {
    const columns = [
      'id',
      'content_digest',
      'item_code',
      'kind',
      'person',
      'credit_code',
      'content',
      ...SUBJECT_COLUMNS.map(({ column }) => column),
    ];
    for (const [typeName, count] of [
      ['Organization', size.organizations],
      ['NaturalPerson', size.persons],
    ]) {
      const item = catalog.item(typeName);
      const drafter = new RowDrafter(catalog, item, gateway.keys);
      const random = randomOf(`${SEED}/${item.code}`);
      await timed(`${typeName}: ${count}`, () =>
        copyRows(client, 'subjects', [...columns, 'registered', 'catalog_version', 'received_at', 'updated_at'], rows()),
      );
      function* rows() {
        for (let number = 0; number < count; number += 1) {
          const { values, identified } = subjectRow(item, random, number);
          const { subject: s } = drafter.draft(values, identified);
          const at = receivedAt(random);
          yield [
            s.id,
            s.digest,
            s.itemCode,
            s.kind,
            s.person,
            s.creditCode,
            s.content.toString(),
            ...s.columns,
            true,
            catalog.version,
            at,
            at,
          ];
        }
      }
    }
  }

  async function loadEntries(item, count, about) {
    const drafter = new RowDrafter(catalog, item, gateway.keys);
    const source = rowSource(item, { seed: SEED, ...size, ...about });
    const random = randomOf(`${SEED}/state/${item.code}`);
    const columns = [...COMMON, ...ENTRY_COLUMNS[item.family].map(({ column }) => column)];
    await timed(`${item.typeName}: ${count}`, () =>
      copyRows(client, ENTRY_TABLES[item.family], columns, rows(), 'WITH (FREEZE)'),
    );
    function* rows() {
      for (let made = 0; made < count; made += 1) {
        const { values, identified } = source.next();
        const { entry: e } = drafter.draft(values, identified);
        const status = random.chance(0.99) ? 'ACTIVE' : random.chance(0.7) ? 'REPAIRED' : 'WITHDRAWN';
        const at = receivedAt(random);
        yield [
          e.id,
          e.digest,
          e.subjectId,
          e.person,
          e.content.toString(),
          item.code,
          catalog.version,
          status,
          random.chance(0.005),
          at,
          at,
          ...e.columns,
        ];
      }
    }
  }

  /** One person in fifty and one organization in twenty has agreed that the agency reads everything. */
  async function loadAuthorizations() {
    const items = `{${catalog.items.map(({ code }) => code).join(',')}}`;
    const rows = function* rows() {
      for (let n = 0; n < size.persons; n += 50)
        yield [gateway.keys.subjectId(idNumber(n)), AGENCY, items, PURPOSE, '2099-12-31'];
      for (let n = 0; n < size.organizations; n += 20)
        yield [gateway.keys.subjectId(creditCode(n)), AGENCY, items, PURPOSE, '2099-12-31'];
    };
    await copyRows(client, 'authorizations', ['subject_id', 'client_id', 'items', 'purpose', 'valid_until'], rows());
  }
}

const YEAR_SECONDS = 31_536_000;
const receivedAt = (random) =>
  new Date(Date.UTC(2025, 9, 31) + random.below(YEAR_SECONDS) * 1000 + random.below(1000)).toISOString();

/** Indexes are built after the load, in one go each. @returns what builds them again */
async function dropIndexes(client, tables) {
  const { rows } = await client.query(
    `SELECT i.indexrelid::regclass::text AS index, i.indrelid::regclass::text AS tablename, pg_get_indexdef(i.indexrelid) AS definition,
       c.conname, pg_get_constraintdef(c.oid) AS key
     FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype = 'p' WHERE i.indrelid = ANY($1::regclass[])`,
    [tables],
  );
  for (const { index, tablename, conname } of rows) {
    await client.query(conname === null ? `DROP INDEX ${index}` : `ALTER TABLE ${tablename} DROP CONSTRAINT "${conname}"`);
  }
  return rows.map(({ tablename, definition, conname, key }) =>
    conname === null ? definition : `ALTER TABLE ${tablename} ADD CONSTRAINT "${conname}" ${key}`,
  );
}

async function timed(what, work) {
  const started = performance.now();
  const result = await work();
  note(`  ${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${what}`);
  return result;
}
