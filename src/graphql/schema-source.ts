/**
 * The schema of the current catalog, and the views of it. A publish that changes only permissions keeps the schema; one that
 * changes the structure compiles another. A request keeps the version that it began with.
 */
import type { GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { AccessProfile } from '../access/index.ts';
import type { Catalog } from '../catalog/model.ts';
import { buildBaseSchema } from './base-schema.ts';
import { compileSchema, schemaStructure } from './compile-schema.ts';

/** A catalog with its schema: what one request is answered by. */
export interface SchemaVersion {
  readonly catalog: Catalog;
  readonly schema: GraphQLSchema;
}

/** Views differ by profile; a region has some dozens of them. */
const MOST_VIEWS = 64;

export class SchemaSource {
  readonly #base: GraphQLSchema;
  /** the newest catalog under each schema that requests may still be running on */
  readonly #versions = new WeakMap<GraphQLSchema, SchemaVersion>();
  readonly #views = new LRUCache<string, { readonly catalog: Catalog; readonly schema: GraphQLSchema }>({ max: MOST_VIEWS });
  #current: SchemaVersion;
  #structure: string;

  constructor(catalog: Catalog) {
    this.#base = buildBaseSchema();
    this.#structure = schemaStructure(catalog);
    this.#current = { catalog, schema: compileSchema(this.#base, catalog) };
    this.#versions.set(this.#current.schema, this.#current);
  }

  get current(): SchemaVersion {
    return this.#current;
  }

  /** @returns whether the schema is another one now (the types changed), not only the permissions */
  follow(catalog: Catalog): boolean {
    const structure = schemaStructure(catalog);
    const changed = structure !== this.#structure;
    this.#current = { catalog, schema: changed ? compileSchema(this.#base, catalog) : this.#current.schema };
    this.#structure = structure;
    this.#versions.set(this.#current.schema, this.#current);
    return changed;
  }

  /** The version for a request that was validated against this schema. */
  versionFor(schema: GraphQLSchema): SchemaVersion {
    return this.#versions.get(schema) ?? this.#current;
  }

  /** The caller's own view, for introspection: types and fields that some channel could ever open to it. */
  viewFor(catalog: Catalog, profile: AccessProfile): GraphQLSchema {
    const kept = this.#views.get(profile.key);
    if (kept?.catalog === catalog) return kept.schema;
    // Compiling is synchronous: however many ask at the same time, the second one finds it here.
    const schema = compileSchema(this.#base, catalog, (item, field) => profile.couldEverSee(item.code, field.key));
    this.#views.set(profile.key, { catalog, schema });
    return schema;
  }
}
