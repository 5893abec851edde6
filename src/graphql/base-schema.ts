/** The fixed part of the API: interfaces, connections, inputs and roots, declared with type-graphql, built once per process. */
import 'reflect-metadata';
import { isInputObjectType, isInterfaceType } from 'graphql';
import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { READING_ROOTS } from './prepare-operation.ts';
import type { GatewayContext } from './request-context.ts';
import { AccessHistoryResolver } from './resolvers/access-history-resolver.ts';
import { CatalogResolver } from './resolvers/catalog-resolver.ts';
import { ChangeResolver } from './resolvers/change-resolver.ts';
import { ExportResolver } from './resolvers/export-resolver.ts';
import { LoopBackResolver } from './resolvers/loop-back-resolver.ts';
import { ReadResolver } from './resolvers/read-resolver.ts';
import { EntryStatisticsResolver, StatisticsResolver, SubjectStatisticsResolver } from './resolvers/statistics-resolver.ts';
import { ViewerResolver } from './resolvers/viewer-resolver.ts';
import { guardRoots } from './shield.ts';

export function buildBaseSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [
      ReadResolver,
      CatalogResolver,
      ViewerResolver,
      LoopBackResolver,
      ExportResolver,
      AccessHistoryResolver,
      StatisticsResolver,
      SubjectStatisticsResolver,
      EntryStatisticsResolver,
      ChangeResolver,
    ],
    // Arguments are coerced by GraphQL and parsed by the operation check; a second validation per call would find nothing.
    validate: false,
    // Its interfaces have no types yet: those come from the catalog.
    skipCheck: true,
  });
  for (const type of Object.values(schema.getTypeMap())) {
    // type-graphql's own answer is a promise per row.
    if (isInterfaceType(type)) type.resolveType = typeNameOf;
    if (isInputObjectType(type) && type.name === 'SubjectLookup') type.isOneOf = true;
  }
  // Declared like the other roots; but their arguments went into the plan, and need no conversion to instances of classes any more.
  const roots = schema.getQueryType()?.getFields() ?? {};
  for (const name of READING_ROOTS) {
    const root = roots[name];
    if (root === undefined) throw new Error(`There is no root ${name}`);
    root.resolve = answerAsPlanned;
  }
  guardRoots(schema);
  return schema;
}

const answerAsPlanned: GraphQLFieldResolver<unknown, GatewayContext> = (_source, _arguments, context, info) =>
  context.answer(String(info.path.key));

function typeNameOf(row: unknown): string | undefined {
  const name: unknown = typeof row === 'object' && row !== null && '__typename' in row ? row.__typename : undefined;
  return typeof name === 'string' ? name : undefined;
}
