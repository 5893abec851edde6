/**
 * graphql-shield at the roots, deny as its fallback. Only the middleware of the root types is kept: a wrapper on every leaf field
 * costs a promise per cell, and what a leaf may show is decided by the access module already.
 */
import { createRequire } from 'node:module';
import type * as GraphQLShield from 'graphql-shield';
import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import type { Action } from '../access/index.ts';
import { GatewayError } from '../errors.ts';
import type { GatewayContext } from './request-context.ts';

// Its ES module build imports a function that Node.js 24 no longer has (util.isUndefined, for rules that are not used here), and so
// cannot be loaded there; the CommonJS build of the same release only misses it when such a rule runs.
const { allow, deny, rule, shield } = createRequire(import.meta.url)('graphql-shield') as typeof GraphQLShield;

// `no_cache`: shield's other caches leave the field's name out of their key, so one rule can answer for another field.
const isClient = rule('isClient', { cache: 'no_cache' })((_source: unknown, _arguments: unknown, context: GatewayContext) =>
  context.caller === null ? unauthenticated() : true,
);
const readsCreditData = rule('readsCreditData', { cache: 'no_cache' })((
  _source: unknown,
  _arguments: unknown,
  context: GatewayContext,
) => {
  if (context.caller === null) return unauthenticated();
  if (context.profile?.readsCreditData === true) return true;
  return new GatewayError('FIELD_FORBIDDEN', 'This client manages the gateway and reads no credit data.');
});

/** What a kind of client may do is the access module's word; this says it at the root. */
function mayDo(action: Action, otherwise: string): ReturnType<ReturnType<typeof rule>> {
  return rule(`may ${action}`, { cache: 'no_cache' })((_source: unknown, _arguments: unknown, context: GatewayContext) => {
    if (context.caller === null) return unauthenticated();
    if (context.profile?.may(action) === true) return true;
    return new GatewayError('FIELD_FORBIDDEN', otherwise);
  });
}

const mayReportBack = mayDo('REPORT_BACK', 'Only departments report, repair, withdraw and dispute.');
const maySeeReadLog = mayDo('SEE_READ_LOG', 'Who read whose data is for administrators.');
const mayExport = mayDo('EXPORT', 'Exports are for departments and credit agencies.');

/** One rule per root field; a field without one is denied (and fails a test). */
export const ROOT_RULES = {
  Query: {
    catalog: allow,
    viewer: isClient,
    subject: readsCreditData,
    subjects: readsCreditData,
    records: readsCreditData,
    listEntries: readsCreditData,
    commitments: readsCreditData,
    evaluations: readsCreditData,
    node: readsCreditData,
    changes: readsCreditData,
    // What each kind of client is given of it, its service decides.
    statistics: isClient,
    export: mayExport,
    exports: mayExport,
    accessHistory: maySeeReadLog,
  },
  Mutation: {
    reportUse: mayReportBack,
    changeStatus: mayReportBack,
    raiseDispute: mayReportBack,
    resolveDispute: mayReportBack,
    startExport: mayExport,
  },
};

function unauthenticated(): GatewayError {
  return new GatewayError(
    'UNAUTHENTICATED',
    'This needs an access token: send Authorization: Bearer with one from POST /oauth/token.',
  );
}

type Resolver = GraphQLFieldResolver<unknown, GatewayContext>;
type Guard = (resolve: Resolver, ...call: Parameters<Resolver>) => unknown;
/** Shield gives a rule's guard as a function, and a composed rule's (`allow`) as an object with one. */
type Generated = Guard | { readonly resolve: Guard };

/** Puts the guards around the resolvers of the schema's root types, in place. Call once per base schema. */
export function guardRoots(schema: GraphQLSchema): void {
  const guards = shield(ROOT_RULES, {
    fallbackRule: deny,
    fallbackError: new GatewayError('FIELD_FORBIDDEN', 'No rule lets this field be read.'),
    // What a resolver throws is formatted by one function (format-error.ts); shield would call all of it "Not Authorised!".
    allowExternalErrors: true,
  }).generate(schema) as Readonly<Record<string, Readonly<Record<string, Generated>>>>;
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    if (type == null) continue;
    for (const [name, field] of Object.entries(type.getFields())) {
      const generated = guards[type.name]?.[name];
      const guard = typeof generated === 'object' ? generated.resolve : generated;
      const resolve = field.resolve;
      if (guard === undefined || resolve === undefined) throw new Error(`No guard stands before ${type.name}.${name}`);
      field.resolve = (...call: Parameters<Resolver>) => guard(resolve, ...call);
    }
  }
}
