/**
 * Channel statistics: counting and grouping are uses of a field. Rows that the client may not count are made six times as many, and
 * fields that it may not group by are changed in all rows: its answer must stay as it was, byte by byte. What it may count must be
 * counted, and no figure about natural persons may be one of one to four.
 */
import type { EntryFamily, Role } from '../../../src/catalog/model.ts';
import type { Gateway } from '../../../src/gateway.ts';
import { expectedVisible } from '../../access/oracle.ts';
import type { Findings } from '../findings.ts';
import { fieldOf } from '../interface-roles.ts';
import type { Oracle } from '../oracle.ts';
import type { Answer, Scene } from '../stage.ts';
import { isObject } from '../walk.ts';
import type { Row } from '../world.ts';

/** Each family's table, and the columns by which statistics group. */
const GROUPED: Readonly<
  Record<EntryFamily, { readonly table: string; readonly day: [Role, string]; readonly words: [Role, string][] }>
> = {
  RECORD: { table: 'credit_records', day: ['DECIDED_ON', 'decided_on'], words: [] },
  LIST: { table: 'list_entries', day: ['LISTED_ON', 'listed_on'], words: [['LIST_NAME', 'list_name']] },
  COMMITMENT: {
    table: 'commitments',
    day: ['COMMITTED_ON', 'committed_on'],
    words: [
      ['COMMITMENT_KIND', 'kind'],
      ['FULFILMENT', 'fulfilment'],
    ],
  },
  EVALUATION: { table: 'evaluations', day: ['EVALUATED_ON', 'evaluated_on'], words: [['GRADE', 'grade']] },
};

const COUNT = '{ organizations persons suppressed reduced }';
const QUERY = `{ statistics {
  subjects { total ${COUNT} byKind { kind count ${COUNT} } byStatus { status count ${COUNT} } byDivision(level: COUNTY) { code count ${COUNT} } }
  entries { total ${COUNT} byItem { item { code } count ${COUNT} } byMonth { month count ${COUNT} } byDivision(level: COUNTY) { code count ${COUNT} } }
  lists { item { code } name count ${COUNT} } commitments { kind fulfilment count ${COUNT} } grades { item { code } grade count ${COUNT} }
  timeliness { item { code } providerCode onTime ${COUNT} late ${COUNT} backfill ${COUNT} }
  notCounted { item { code } dimension organizations persons }
} }`;

export async function countRows(gateway: Gateway, scene: Scene, findings: Findings): Promise<void> {
  const before = await scene.ask(findings, QUERY);
  if (scene.client.kind === 'CREDIT_AGENCY') {
    if (before.data !== null || before.errors[0]?.extensions['code'] !== 'FIELD_FORBIDDEN')
      findings.add({ expected: 'FIELD_FORBIDDEN', got: before });
    return;
  }
  expectCounted(scene, before, findings);
  expectNoSmallNumber(before.data, findings);
  const hidden = scene.world.rows.filter((row) => !mayCount(scene.oracle, row));
  await addCopies(gateway, hidden);
  const restore = await changeClosed(gateway, scene);
  try {
    const after = await scene.ask(findings, QUERY);
    const [was, is] = [told(before), told(after)];
    if (is !== was) findings.add({ expected: was.slice(differ(was, is)), got: is.slice(differ(was, is)) });
  } finally {
    await restore();
    for (const { table } of Object.values(GROUPED))
      await gateway.database.pool.query(`DELETE FROM ${table} WHERE content_digest = 'copy'`);
  }
}

/** From shortly before the first letter that is not the same. */
function differ(one: string, other: string): number {
  return Math.max(0, [...one].findIndex((letter, at) => letter !== other[at]) - 150);
}

const told = ({ data, errors }: Answer): string => JSON.stringify([data, errors]);

/** In force, if the client sees all of their kind whatever their dates and without any consent; its own rows in every state. */
function mayCount(oracle: Oracle, row: Row): boolean {
  const { own, person, status } = oracle.factsOf(row);
  const dated = fieldOf(row.item, 'PUBLIC_UNTIL') !== undefined;
  return (dated ? [false, true] : [false]).every((expired) =>
    expectedVisible(row.item, oracle.client.basis, { own, person, status, expired, consent: false }),
  );
}

/** Every organization's row that may be counted is counted, and no other. */
function expectCounted({ world, oracle }: Scene, { data }: Answer, findings: Findings): void {
  const statistics = data?.['statistics'];
  const entries = isObject(statistics) && isObject(statistics['entries']) ? statistics['entries'] : {};
  const got = new Map<unknown, unknown>();
  for (const line of Array.isArray(entries['byItem']) ? (entries['byItem'] as unknown[]) : []) {
    if (isObject(line) && isObject(line['item']) && isObject(line['count']))
      got.set(line['item']['code'], line['count']['organizations']);
  }
  for (const item of world.document.items.filter(({ family }) => family !== 'SUBJECT')) {
    const rows = world.rows.filter((row) => row.item === item && !row.subject.person && mayCount(oracle, row));
    if ((got.get(item.code) ?? 0) !== rows.length)
      findings.add({ item: item.typeName, field: '(count)', expected: rows.length, got: got.get(item.code) });
  }
}

function expectNoSmallNumber(value: unknown, findings: Findings, where = 'statistics'): void {
  if (Array.isArray(value))
    value.forEach((one: unknown, at) => {
      expectNoSmallNumber(one, findings, `${where}[${String(at)}]`);
    });
  if (!isObject(value)) return;
  const { persons } = value;
  if (typeof persons === 'number' && persons > 0 && persons < 5)
    findings.add({ field: 'persons', expected: 'none of one to four', got: persons, where });
  for (const [key, one] of Object.entries(value)) expectNoSmallNumber(one, findings, `${where}.${key}`);
}

/** Five more of each entry, alike but for their ids. */
async function addCopies({ database: { pool } }: Gateway, rows: readonly Row[]): Promise<void> {
  const entries = rows.map(({ item, subject }) => `${item.code} ${subject.id}`);
  for (const { table } of Object.values(GROUPED)) {
    await pool.query(
      `INSERT INTO ${table} SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'content_digest', 'copy'))).*
       FROM ${table} t, generate_series(1, 5) WHERE t.item_code || ' ' || t.subject_id = ANY ($1)`,
      [entries],
    );
  }
}

/**
 * Other words and dates wherever the client may not use the field they come from.
 * @returns what puts back what was there
 */
async function changeClosed({ database: { pool } }: Gateway, { world, oracle }: Scene): Promise<() => Promise<void>> {
  const changes: { readonly change: string; readonly back: string; readonly of: readonly [string, boolean] }[] = [];
  for (const item of world.document.items) {
    for (const person of [false, true]) {
      const closed = ([role]: readonly [Role, string]): boolean => !oracle.mayUse(item, role, person ? 'PERSON' : 'ORGANIZATION');
      const of = [item.code, person] as const;
      if (item.family === 'SUBJECT') {
        if (closed(['SUBJECT_STATUS', 'status']))
          changes.push({
            change: `UPDATE subjects SET status = status || '改'`,
            back: `UPDATE subjects SET status = left(status, -1)`,
            of,
          });
        continue;
      }
      const { table, day, words } = GROUPED[item.family];
      for (const [, column] of words.filter(closed))
        changes.push({
          change: `UPDATE ${table} SET ${column} = ${column} || '改'`,
          back: `UPDATE ${table} SET ${column} = left(${column}, -1)`,
          of,
        });
      if (closed(day))
        changes.push({
          change: `UPDATE ${table} SET ${day[1]} = ${day[1]} - 30`,
          back: `UPDATE ${table} SET ${day[1]} = ${day[1]} + 30`,
          of,
        });
    }
  }
  const run = async (text: string, of: readonly [string, boolean]): Promise<void> => {
    await pool.query(`${text} WHERE item_code = $1 AND person = $2`, [...of]);
  };
  for (const { change, of } of changes) await run(change, of);
  return async () => {
    for (const { back, of } of changes) await run(back, of);
  };
}
