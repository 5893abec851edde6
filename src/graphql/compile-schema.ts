/**
 * The catalog's part of the API: one object type an item, on top of the base schema. Built with graphql-js itself, because
 * these types come and go with the catalog, and what decorators register stays for the life of the process.
 */
import {
  GraphQLBoolean,
  GraphQLInt,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  isInterfaceType,
  specifiedScalarTypes,
} from 'graphql';
import type { GraphQLFieldConfigMap, GraphQLInterfaceType, GraphQLNamedType, GraphQLOutputType } from 'graphql';
import { masksToOtherType } from '../access/index.ts';
import { INTERFACE_OF_FAMILY } from '../catalog/interface-fields.ts';
import type { CatalogDocument, CatalogField, CatalogItem } from '../catalog/model.ts';
import { DateScalar, DateTimeScalar, DecimalScalar } from './scalars.ts';

const TYPES: Readonly<Record<CatalogField['format'], GraphQLOutputType>> = {
  STRING: GraphQLString,
  TEXT: GraphQLString,
  CODE: GraphQLString,
  DATE: DateScalar,
  DATETIME: DateTimeScalar,
  INTEGER: GraphQLInt,
  DECIMAL: DecimalScalar,
  BOOLEAN: GraphQLBoolean,
};

/** Which fields a view shows; the whole schema shows all. */
export type Shows = (item: CatalogItem, field: CatalogField) => boolean;

/**
 * @param shows leaves fields out of a caller's view (introspection); an item none of whose fields is shown has no type
 * @throws Error when the result is not a valid schema: a fault of the catalog check, never of a caller
 */
export function compileSchema(base: GraphQLSchema, catalog: CatalogDocument, shows: Shows = () => true): GraphQLSchema {
  const types: GraphQLNamedType[] = [];
  for (const item of catalog.items) {
    const fields = item.fields.filter((field) => shows(item, field));
    if (fields.length > 0) types.push(objectType(base, item, fields));
  }
  const config = base.toConfig();
  return new GraphQLSchema({
    ...config,
    types: [...config.types.filter((type) => !specifiedScalarTypes.some((scalar) => scalar.name === type.name)), ...types],
    assumeValid: false,
  });
}

/** What of a catalog decides the schema: two catalogs with the same text need no second schema. */
export function schemaStructure(catalog: CatalogDocument): string {
  return JSON.stringify(
    catalog.items.map((item) => [
      item.typeName,
      item.family,
      describe(item.nameZh, item.nameEn),
      item.fields.map((field) => [field.key, String(typeOf(field)), describe(field.nameZh, field.nameEn)]),
    ]),
  );
}

function objectType(base: GraphQLSchema, item: CatalogItem, fields: readonly CatalogField[]): GraphQLObjectType {
  const family = interfaceNamed(base, INTERFACE_OF_FAMILY[item.family]);
  const fixed = interfaceFields(family);
  const own: GraphQLFieldConfigMap<unknown, unknown> = {};
  for (const field of fields) {
    if (fixed[field.key] !== undefined) continue;
    own[field.key] = { type: typeOf(field), description: describe(field.nameZh, field.nameEn) };
  }
  return new GraphQLObjectType({
    name: item.typeName,
    description: `${describe(item.nameZh, item.nameEn)} (${item.code})`,
    interfaces: [family, ...family.getInterfaces()],
    fields: { ...fixed, ...own },
  });
}

/** The interface's fields as the object type's own. None has a resolver: answers are written from plans (src/reading). */
function interfaceFields(family: GraphQLInterfaceType): GraphQLFieldConfigMap<unknown, unknown> {
  const fields: GraphQLFieldConfigMap<unknown, unknown> = {};
  for (const [name, config] of Object.entries(family.toConfig().fields)) {
    const { resolve: _, ...rest } = config;
    fields[name] = rest;
  }
  return fields;
}

function typeOf(field: CatalogField): GraphQLOutputType {
  return masksToOtherType(field) ? GraphQLString : TYPES[field.format];
}

function describe(zh: string, en: string): string {
  return en === '' ? zh : `${zh} / ${en}`;
}

function interfaceNamed(base: GraphQLSchema, name: string): GraphQLInterfaceType {
  const type = base.getType(name);
  if (!isInterfaceType(type)) throw new Error(`The base schema has no interface ${name}`);
  return type;
}
