/** The common hand-built stack: Apollo Server, type-graphql, a shield rule on every field, Prisma with exact selects, DataLoader per request. */
import 'reflect-metadata';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { expressMiddleware } from '@as-integrations/express5';
import DataLoader from 'dataloader';
import express from 'express';
import { applyMiddleware } from 'graphql-middleware';
import { rule, shield } from 'graphql-shield';
import { Arg, Ctx, Field, FieldResolver, ID, Int, ObjectType, Query, Resolver, Root, buildSchema } from 'type-graphql';
import { built } from '../gateway-build.mjs';
import { openItems } from './visible.mjs';

const { openDatabase } = await built('db/index.js');
const { CatalogService } = await built('catalog/index.js');
const { prisma } = await openDatabase({ databaseUrl: process.env.DATABASE_URL, dataDir: '', poolSize: 10 });
const itemCodes = openItems(await new CatalogService(prisma).current());

/** A model's delegate, its date, and its scalar columns. */
const FAMILIES = {
  CreditRecord: [
    'creditRecord',
    'decidedOn',
    ['title', 'documentNumber', 'decidedOn', 'amount', 'authority', 'sourceUnit', 'validUntil', 'publicUntil'],
  ],
  ListEntry: ['listEntry', 'listedOn', ['listName', 'documentNumber', 'listedOn', 'authority', 'sourceUnit', 'publicUntil']],
  Commitment: ['commitment', 'committedOn', ['kind', 'documentNumber', 'committedOn', 'fulfilment', 'authority', 'validUntil']],
  Evaluation: ['evaluation', 'updatedAt', ['grade', 'evaluatedOn', 'authority']],
};
const SYSTEM = ['id', 'itemCode', 'status'];
const SUBJECT = ['id', 'kind', 'name', 'creditCode', 'divisionCode', 'status'];
const SUBJECT_CONTENT = ['legalRepresentative', 'registeredCapital', 'establishmentDate', 'registeredAddress', 'contactPhone'];
const PENALTY_COLUMNS = {
  penaltyDocNo: 'documentNumber',
  penaltyCategory: 'title',
  fineAmount: 'amount',
  penaltyDecisionDate: 'decidedOn',
  penaltyAuthority: 'authority',
  penaltyValidUntil: 'validUntil',
  publicityDeadline: 'publicUntil',
  dataSourceUnit: 'sourceUnit',
};
const PENALTY_CONTENT = ['partyName', 'unifiedSocialCreditCode', 'violationType', 'penaltyBasis', 'caseHandler'];

const select = (names) => Object.fromEntries(names.map((name) => [name, true]));
const today = () => new Date(new Date().toISOString().slice(0, 10));
const visible = () => ({
  status: 'ACTIVE',
  person: false,
  itemCode: { in: itemCodes },
  OR: [{ publicUntil: null }, { publicUntil: { gte: today() } }],
});
const newest = (date) => [{ [date]: date === 'updatedAt' ? 'desc' : { sort: 'desc', nulls: 'last' } }, { id: 'desc' }];
const iso = (value) => (value instanceof Date ? value.toISOString().slice(0, 10) : value == null ? null : String(value));

/** Declares an object type with nullable text fields. */
function objectType(name, fields) {
  const type = { [name]: class {} }[name];
  ObjectType(name)(type);
  for (const field of fields) Field(() => (field === 'id' ? ID : String), { nullable: true })(type.prototype, field);
  return type;
}

const types = Object.fromEntries(
  Object.entries(FAMILIES).map(([name, [, , columns]]) => {
    const type = objectType(name, [...SYSTEM, ...columns]);
    Field(() => Boolean)(type.prototype, 'disputed');
    return [name, type];
  }),
);
const Penalty = objectType('OrganizationPenalty', ['id', 'status', ...Object.keys(PENALTY_COLUMNS), ...PENALTY_CONTENT]);
const Subject = objectType('Subject', [...SUBJECT, ...SUBJECT_CONTENT]);

const shapeEntry = (columns) => (row) => ({ ...row, ...Object.fromEntries(columns.map((column) => [column, iso(row[column])])) });
const shapeSubject = ({ content, ...row }) => ({
  ...row,
  ...Object.fromEntries(SUBJECT_CONTENT.map((key) => [key, content[key] ?? null])),
});

function loaders() {
  return Object.fromEntries(
    Object.entries(FAMILIES).map(([name, [delegate, date, columns]]) => [
      name,
      new DataLoader(
        async (wanted) => {
          const ids = wanted.map(({ id }) => id);
          const found = await prisma[delegate].findMany({
            where: { subjectId: { in: ids }, ...visible() },
            orderBy: newest(date),
            select: select([...SYSTEM, 'subjectId', 'disputed', ...columns]),
            // Of one subject the database can cut the page; of several this stack fetches all and cuts.
            ...(ids.length === 1 ? { take: wanted[0].first } : {}),
          });
          const of = Map.groupBy(found, ({ subjectId }) => subjectId);
          return wanted.map(({ id, first }) => (of.get(id) ?? []).slice(0, first).map(shapeEntry(columns)));
        },
        { cacheKeyFn: ({ id, first }) => `${id}/${first}` },
      ),
    ]),
  );
}

class SubjectResolver {
  subject(creditCode) {
    return prisma.subject
      .findFirst({ where: { creditCode, person: false }, select: select([...SUBJECT, 'content']) })
      .then((row) => row && shapeSubject(row));
  }

  async subjects(divisionCode, first) {
    const where = { divisionCode, kind: 'ENTERPRISE', person: false };
    return (
      await prisma.subject.findMany({
        where,
        orderBy: [{ creditCode: 'asc' }, { id: 'asc' }],
        take: first,
        select: select([...SUBJECT, 'content']),
      })
    ).map(shapeSubject);
  }

  async penalties(first) {
    const columns = Object.values(PENALTY_COLUMNS);
    const where = { ...visible(), itemCode: '150000-03-003' };
    const rows = await prisma.creditRecord.findMany({
      where,
      orderBy: newest('decidedOn'),
      take: first,
      select: select(['id', 'status', 'content', ...columns]),
    });
    return rows.map(({ id, status, content, ...row }) => ({
      id,
      status,
      ...Object.fromEntries(Object.entries(PENALTY_COLUMNS).map(([key, column]) => [key, iso(row[column])])),
      ...Object.fromEntries(PENALTY_CONTENT.map((key) => [key, content[key] ?? null])),
    }));
  }

  async records(from, date, id, first) {
    const columns = FAMILIES.CreditRecord[2];
    const position = { OR: [{ decidedOn: { lt: new Date(date) } }, { decidedOn: new Date(date), id: { lt: id } }] };
    const { OR, ...rest } = visible();
    const where = {
      ...rest,
      itemCode: '150000-03-001',
      AND: [{ OR }, position, { decidedOn: { gte: new Date(from), lte: new Date(date) } }],
    };
    const rows = await prisma.creditRecord.findMany({
      where,
      orderBy: [{ decidedOn: 'desc' }, { id: 'desc' }],
      take: first,
      select: select([...SYSTEM, 'disputed', ...columns]),
    });
    return rows.map(shapeEntry(columns));
  }
}
const proto = SubjectResolver.prototype;
Resolver(() => Subject)(SubjectResolver);
const declare = (name, returns, ...args) => {
  Query(returns, { nullable: true })(proto, name, Object.getOwnPropertyDescriptor(proto, name));
  args.forEach(([arg, type], at) => Arg(arg, () => type)(proto, name, at));
};
declare('subject', () => Subject, ['creditCode', String]);
declare('subjects', () => [Subject], ['divisionCode', String], ['first', Int]);
declare('penalties', () => [Penalty], ['first', Int]);
declare('records', () => [types.CreditRecord], ['from', String], ['date', String], ['id', String], ['first', Int]);
for (const [field, name] of Object.entries({
  records: 'CreditRecord',
  listEntries: 'ListEntry',
  commitments: 'Commitment',
  evaluations: 'Evaluation',
})) {
  const method = `${field}Of`;
  proto[method] = (subject, first, context) => context.loaders[name].load({ id: subject.id, first });
  FieldResolver(() => [types[name]], { name: field })(proto, method, Object.getOwnPropertyDescriptor(proto, method));
  Root()(proto, method, 0);
  Arg('first', () => Int)(proto, method, 1);
  Ctx()(proto, method, 2);
}

const closed = new Set(['contactPhone', 'caseHandler']);
const allowed = rule({ cache: 'contextual' })((_parent, _args, { client }) => client !== null);
const refused = rule({ cache: 'contextual' })(() => false);
const plain = await buildSchema({ resolvers: [SubjectResolver], validate: false, orphanedTypes: Object.values(types) });
const rules = Object.fromEntries(
  ['Query', 'Subject', 'OrganizationPenalty', ...Object.keys(FAMILIES)].map((name) => [
    name,
    Object.fromEntries(
      Object.keys(plain.getType(name).getFields()).map((field) => [field, closed.has(field) ? refused : allowed]),
    ),
  ]),
);
const server = new ApolloServer({
  schema: applyMiddleware(plain, shield(rules)),
  includeStacktraceInErrorResponses: false,
  plugins: [ApolloServerPluginLandingPageDisabled()],
});
await server.start();

function clientOf(authorization) {
  const [head, body, signature] = (authorization ?? '').replace(/^Bearer /, '').split('.');
  if (signature === undefined) return null;
  const expected = createHmac('sha256', process.env.BENCH_TOKEN_KEY).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected) ? JSON.parse(Buffer.from(body, 'base64url')) : null;
}
const app = express();
app.use(
  '/graphql',
  express.json(),
  expressMiddleware(server, {
    context: ({ req }) => Promise.resolve({ client: clientOf(req.headers.authorization), loaders: loaders() }),
  }),
);
const http = app.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${http.address().port}\n`));
process.on('SIGTERM', () => process.exit(0));
