/** The limit: a server that does nothing but pass JSON from one prepared statement on, with the same columns cut and the same rows. */
import { createServer } from 'node:http';
import pg from 'pg';
import { VISIBLE } from './visible.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

const FAMILIES = {
  records: [
    'credit_records',
    'decided_on',
    'e.id, e.item_code, e.status, e.disputed, e.title, e.document_number, e.decided_on, e.amount, e.authority, e.source_unit, e.valid_until, e.public_until',
  ],
  listEntries: [
    'list_entries',
    'listed_on',
    'e.id, e.item_code, e.status, e.disputed, e.list_name, e.document_number, e.listed_on, e.authority, e.source_unit, e.public_until',
  ],
  commitments: [
    'commitments',
    'committed_on',
    'e.id, e.item_code, e.status, e.disputed, e.kind, e.document_number, e.committed_on, e.fulfilment, e.authority, e.valid_until',
  ],
  evaluations: ['evaluations', 'updated_at', 'e.id, e.item_code, e.status, e.disputed, e.grade, e.evaluated_on, e.authority'],
};
const of = (name, first) => {
  const [table, date, columns] = FAMILIES[name];
  const order = date === 'updated_at' ? 'e.updated_at' : `CASE WHEN e.${date} IS NULL THEN '-infinity'::date ELSE e.${date} END`;
  return `'${name}', (SELECT json_agg(e) FROM (SELECT ${columns} FROM ${table} e WHERE e.subject_id = s.id AND ${VISIBLE}
    ORDER BY ${order} DESC, e.id DESC LIMIT ${first}) e)`;
};
const SUBJECT = `'id', s.id, 'kind', s.kind, 'name', s.name, 'creditCode', s.credit_code, 'divisionCode', s.division_code, 'status', s.status,
  'legalRepresentative', s.content ->> 'legalRepresentative', 'registeredCapital', s.content ->> 'registeredCapital',
  'establishmentDate', s.content ->> 'establishmentDate', 'registeredAddress', s.content ->> 'registeredAddress'`;
const ALL = Object.keys(FAMILIES)
  .map((name) => of(name, 20))
  .join(', ');
/** The document is decompressed once a row (`OFFSET 0` keeps it so), and not by each ->> again. */
const PENALTY = `e.id, e.status, c.content ->> 'partyName' AS "partyName", c.content ->> 'unifiedSocialCreditCode' AS "unifiedSocialCreditCode",
  e.document_number, c.content ->> 'violationType' AS "violationType", c.content ->> 'penaltyBasis' AS "penaltyBasis", e.title, e.amount, e.decided_on,
  e.authority, e.valid_until, e.public_until, e.source_unit`;

/** @type {Record<string, string>} */
const STATEMENTS = {
  P1: `SELECT json_build_object(${SUBJECT}, ${ALL})::text AS json FROM subjects s WHERE s.credit_code = $1 AND NOT s.person`,
  P2: `SELECT json_agg(json_build_object(${SUBJECT}, ${ALL}))::text AS json FROM
    (SELECT * FROM subjects s WHERE s.division_code = $1 AND s.kind = 'ENTERPRISE' AND NOT s.person ORDER BY s.credit_code, s.id LIMIT 50) s`,
  P3: `SELECT json_agg(e)::text AS json FROM (SELECT ${PENALTY} FROM credit_records e CROSS JOIN LATERAL (SELECT e.content || '{}'::jsonb AS content OFFSET 0) c WHERE e.item_code = '150000-03-003' AND ${VISIBLE}
    ORDER BY CASE WHEN e.decided_on IS NULL THEN '-infinity'::date ELSE e.decided_on END DESC, e.id DESC LIMIT 1000) e`,
  P4: `SELECT json_agg(e)::text AS json FROM (SELECT ${FAMILIES.records[2]} FROM credit_records e WHERE e.item_code = '150000-03-001'
    AND (CASE WHEN e.decided_on IS NULL THEN '-infinity'::date ELSE e.decided_on END) >= $1::date AND ((CASE WHEN e.decided_on IS NULL THEN '-infinity'::date ELSE e.decided_on END), e.id) < ($2::date, $3::uuid) AND ${VISIBLE}
    ORDER BY CASE WHEN e.decided_on IS NULL THEN '-infinity'::date ELSE e.decided_on END DESC, e.id DESC LIMIT 50) e`,
  P5: `SELECT json_build_object('id', s.id, 'name', s.name, ${of('records', 100)})::text AS json FROM subjects s WHERE s.credit_code = $1 AND NOT s.person`,
};

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { name, values } = JSON.parse(Buffer.concat(chunks));
    pool.query({ name, text: STATEMENTS[name], values }).then(
      ({ rows }) => {
        const body = Buffer.from(`{"data":${rows[0]?.json ?? null}}`);
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
      },
      (error) => response.writeHead(500).end(JSON.stringify({ errors: [{ message: error.message }] })),
    );
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
process.on('SIGTERM', () => process.exit(0));
