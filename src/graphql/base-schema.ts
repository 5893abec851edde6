/** The fixed part of the API: interfaces, connections, inputs and roots, declared with type-graphql, built once per process. */
import 'reflect-metadata';
import { isInputObjectType, isInterfaceType } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { CatalogResolver } from './resolvers/catalog-resolver.ts';
import { ReadResolver } from './resolvers/read-resolver.ts';
import { ViewerResolver } from './resolvers/viewer-resolver.ts';
import { guardRoots } from './shield.ts';

export function buildBaseSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [ReadResolver, CatalogResolver, ViewerResolver],
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
  guardRoots(schema);
  return schema;
}

function typeNameOf(row: unknown): string | undefined {
  const name: unknown = typeof row === 'object' && row !== null && '__typename' in row ? row.__typename : undefined;
  return typeof name === 'string' ? name : undefined;
}
