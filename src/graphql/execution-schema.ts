/** The schema that graphql-js executes: the same roots with the same guards, but what a reading root answers is one leaf. */
import { GraphQLNonNull, GraphQLObjectType, GraphQLScalarType, GraphQLSchema, isInputType, isNonNullType } from 'graphql';
import { READING_ROOTS } from './prepare-operation.ts';

/** JSON text, handed through as it is. */
const Answer = new GraphQLScalarType({ name: 'PreparedAnswer', serialize: (value) => value });

const executed = new WeakMap<GraphQLSchema, GraphQLSchema>();

/** Derived once per schema. Input types are all there: an operation declares variables of them whatever its roots are. */
export function executionSchema(schema: GraphQLSchema): GraphQLSchema {
  const known = executed.get(schema);
  if (known !== undefined) return known;
  const query = schema.getQueryType();
  if (query == null) throw new Error('The schema has no Query');
  const { fields, ...config } = query.toConfig();
  const roots: typeof fields = {};
  for (const [name, field] of Object.entries(fields)) {
    const type = isNonNullType(field.type) ? new GraphQLNonNull(Answer) : Answer;
    roots[name] = READING_ROOTS.has(name) ? { ...field, type } : field;
  }
  const derived = new GraphQLSchema({
    query: new GraphQLObjectType({ ...config, fields: roots }),
    mutation: schema.getMutationType() ?? null,
    types: Object.values(schema.getTypeMap()).filter(isInputType),
    directives: schema.getDirectives(),
    assumeValid: true,
  });
  executed.set(schema, derived);
  return derived;
}
