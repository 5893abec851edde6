/** What each peer is asked in each workload. The columns are the same; the gateway's requests add one masked and one withheld field. */

const ENTRY = 'id status disputed documentNumber authority';
/** @param {string} args of every connection, after `first` */
const families = (first, order, wrap, rest = { record: '', list: '' }) => `
  records(first: ${first}${order('DECIDED_ON')}) { ${wrap(`${ENTRY} title decidedOn amount sourceUnit validUntil publicUntil ${rest.record}`)} }
  listEntries(first: ${first}${order('LISTED_ON')}) { ${wrap(`${ENTRY} listName listedOn sourceUnit publicUntil ${rest.list}`)} }
  commitments(first: ${first}${order('COMMITTED_ON')}) { ${wrap(`${ENTRY} kind committedOn fulfilment validUntil`)} }
  evaluations(first: ${first}${order('UPDATED_AT')}) { ${wrap('id status disputed authority grade evaluatedOn')} }`;
const SUBJECT = 'id kind name creditCode divisionCode status';
const ORGANIZATION = 'legalRepresentative registeredCapital establishmentDate registeredAddress';
const PENALTY = `partyName unifiedSocialCreditCode penaltyDocNo violationType penaltyBasis penaltyCategory fineAmount penaltyDecisionDate
  penaltyAuthority penaltyValidUntil publicityDeadline dataSourceUnit`;
const RECORD = `${ENTRY} title decidedOn amount sourceUnit validUntil publicUntil`;
const FROM = '2018-01-01';

const edges = (fields) => `edges { node { __typename ${fields} } }`;
/** PostGraphile keeps `id` for its own global ids. */
const own = (fields) => fields.replace(/\bid\b/, 'id: rowId');
const nodes = (fields) => `nodes { itemCode ${own(fields)} }`;
const plain = (fields) => `itemCode ${fields}`;
const byDate = (date) => `, orderBy: {by: ${date}}`;
const bySortOn = () => ', orderBy: [SORT_ON_DESC, ROW_ID_DESC]';
/** masked for an agency: the text of the facts, with numbers and names in it blanked */
const gatewayFamilies = families(20, byDate, edges, { record: '... on OrganizationPenalty { violationFacts }', list: '' });

/** @returns one list of requests' bodies per peer; they are sent in turn */
export function requestsOf({ creditCodes, divisions, giant, position }) {
  const gatewayOrganization = `... on Organization { ${ORGANIZATION} contactPhone }`;
  const each = (values, make) => values.map((value) => make(value));
  const graphql = (query, variables) => ({ query, variables });
  const P1 = {
    gateway: each(creditCodes, (code) =>
      graphql(
        `query ($code: String!) { subject(by: {creditCode: $code}) { ${SUBJECT} ${gatewayOrganization} ${gatewayFamilies} } }`,
        { code },
      ),
    ),
    postgraphile: each(creditCodes, (code) =>
      graphql(
        `query ($code: String!) { subjectByCreditCode(creditCode: $code) { ${own(SUBJECT)} ${ORGANIZATION} ${families(20, bySortOn, nodes)} } }`,
        { code },
      ),
    ),
    'hand-built': each(creditCodes, (code) =>
      graphql(
        `query ($code: String!) { subject(creditCode: $code) { ${SUBJECT} ${ORGANIZATION} ${families(20, () => '', plain)} } }`,
        { code },
      ),
    ),
    limit: each(creditCodes, (code) => ({ name: 'P1', values: [code] })),
  };
  return {
    P1,
    P2: {
      gateway: each(divisions, (division) =>
        graphql(
          `query ($division: String!) { subjects(first: 50, filter: {divisionCode: $division, kinds: [ENTERPRISE]}, orderBy: {by: CREDIT_CODE, direction: ASC}) { edges { node { ${SUBJECT} ${gatewayOrganization} ${gatewayFamilies} } } } }`,
          { division },
        ),
      ),
      postgraphile: each(divisions, (division) =>
        graphql(
          `query ($division: String!) { allSubjects(first: 50, condition: {divisionCode: $division, kind: "ENTERPRISE"}, orderBy: [CREDIT_CODE_ASC, ROW_ID_ASC]) { nodes { ${own(SUBJECT)} ${ORGANIZATION} ${families(20, bySortOn, nodes)} } } }`,
          { division },
        ),
      ),
      'hand-built': each(divisions, (divisionCode) =>
        graphql(
          `query ($divisionCode: String!) { subjects(divisionCode: $divisionCode, first: 50) { ${SUBJECT} ${ORGANIZATION} ${families(20, () => '', plain)} } }`,
          { divisionCode },
        ),
      ),
      limit: each(divisions, (division) => ({ name: 'P2', values: [division] })),
    },
    P3: {
      gateway: [
        graphql(
          `{ records(first: 1000, filter: {items: ["OrganizationPenalty"]}, orderBy: {by: DECIDED_ON}) { edges { node { id status ... on OrganizationPenalty { ${PENALTY} violationFacts caseHandler } } } } }`,
        ),
      ],
      postgraphile: [
        graphql(
          `{ allOrganizationPenalties(first: 1000, orderBy: [SORT_ON_DESC, ROW_ID_DESC]) { nodes { id: rowId status ${PENALTY} } } }`,
        ),
      ],
      'hand-built': [graphql(`{ penalties(first: 1000) { id status ${PENALTY} } }`)],
      limit: [{ name: 'P3', values: [] }],
    },
    P4: {
      gateway: [graphql(`query ($after: String) { ${deepPage('$after', '__typename')} }`, { after: position.gatewayCursor })],
      postgraphile: [
        graphql(
          `query ($after: Cursor) { allRecords(first: 50, after: $after, condition: {itemCode: "150000-03-001"}, filter: {sortOn: {greaterThanOrEqualTo: "${FROM}"}}, orderBy: [SORT_ON_DESC, ROW_ID_DESC]) { nodes { itemCode ${own(RECORD)} } pageInfo { hasNextPage endCursor } } }`,
          { after: position.postgraphileCursor },
        ),
      ],
      'hand-built': [
        graphql(
          `query ($from: String!, $date: String!, $id: String!) { records(from: $from, date: $date, id: $id, first: 50) { itemCode ${RECORD} } }`,
          { from: FROM, date: position.date, id: position.id },
        ),
      ],
      limit: [{ name: 'P4', values: [FROM, position.date, position.id] }],
    },
    P5: {
      gateway: [
        graphql(
          `query ($code: String!) { subject(by: {creditCode: $code}) { id name records(first: 100, orderBy: {by: DECIDED_ON}) { ${edges(RECORD)} } } }`,
          { code: giant },
        ),
      ],
      postgraphile: [
        graphql(
          `query ($code: String!) { subjectByCreditCode(creditCode: $code) { id: rowId name records(first: 100, orderBy: [SORT_ON_DESC, ROW_ID_DESC]) { nodes { itemCode ${own(RECORD)} } } } }`,
          { code: giant },
        ),
      ],
      'hand-built': [
        graphql(`query ($code: String!) { subject(creditCode: $code) { id name records(first: 100) { itemCode ${RECORD} } } }`, {
          code: giant,
        }),
      ],
      limit: [{ name: 'P5', values: [giant] }],
    },
    P6: P1,
  };
}

/** The page that P4 asks for, and by whose pages the way there is found. */
export function deepPage(after, extra, first = 50) {
  return `records(first: ${first}, after: ${after}, filter: {items: ["OrganizationLicense"], decidedOn: {from: "${FROM}"}}, orderBy: {by: DECIDED_ON})
    { edges { node { ${extra} ${RECORD} } } pageInfo { hasNextPage endCursor } }`;
}
export const DEEP = { from: FROM, rows: 25_000 };

export const CONNECTIONS = { P1: 8, P2: 8, P3: 8, P4: 8, P5: 8, P6: 64 };
export const TITLES = {
  P1: 'one subject by code with its records, lists, commitments, evaluations',
  P2: 'a page of 50 subjects with the same',
  P3: 'a page of 1,000 records of one item',
  P4: 'a filtered, sorted page deep in the data (after 25,000 rows)',
  P5: 'a subject with 50,000 records: one page of 100',
  P6: 'P1 from 64 connections',
};

/**
 * Organizations from all over a data set; never the giant, which has its own workload.
 * @param {{ organizations: number; creditCode: (number: number) => string }} dataset
 */
export function subjectsToAsk({ organizations, creditCode }) {
  const step = Math.max(1, Math.floor(organizations / 500));
  const numbers = Array.from({ length: 500 }, (_, at) => 1 + at * step).filter((number) => number < organizations);
  return { creditCodes: numbers.map(creditCode), divisions: ['150400', '150700', '152200'], giant: creditCode(0) };
}
