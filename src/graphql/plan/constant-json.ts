/** The JSON text of a selection on a value that is known before any row is: an item of the catalog. */
import { getNullableType, isLeafType, isListType, isObjectType } from 'graphql';
import type { GraphQLOutputType, GraphQLSchema } from 'graphql';
import { collectSelections, selectionsBelow } from './collect-selections.ts';
import type { SelectionContext, TypedSelection } from './collect-selections.ts';

/**
 * @param value has a property for every field of the type
 * @throws Error where it has not, or where a field is of a kind that the catalog's types have not: a fault of the schema
 */
export function constantJson(
  context: SelectionContext & { readonly schema: GraphQLSchema },
  value: object,
  typeName: string,
  selections: readonly TypedSelection[],
): string {
  const type = context.schema.getType(typeName);
  if (!isObjectType(type)) throw new Error(`The schema has no object type ${typeName}`);
  const fields = type.getFields();
  const properties = new Map(Object.entries(value));
  const parts: string[] = [];
  for (const [key, occurrences] of collectSelections(context, new Set([typeName]), selections)) {
    const name = occurrences[0]?.node.name.value ?? '';
    const field = fields[name];
    if (name === '__typename') parts.push(`"${key}":"${typeName}"`);
    else if (field === undefined || !properties.has(name)) throw new Error(`An item of the catalog has no ${typeName}.${name}`);
    else parts.push(`"${key}":${valueJson(field.type, properties.get(name), (below) => selectionsBelow(occurrences, below))}`);
  }
  return `{${parts.join(',')}}`;

  function valueJson(of: GraphQLOutputType, given: unknown, below: (typeName: string) => readonly TypedSelection[]): string {
    if (given === null) return 'null';
    const bare = getNullableType(of);
    if (isLeafType(bare)) return JSON.stringify(bare.serialize(given));
    if (isListType(bare) && Array.isArray(given))
      return `[${given.map((one: unknown) => valueJson(bare.ofType, one, below)).join(',')}]`;
    if (isObjectType(bare) && typeof given === 'object') {
      return constantJson(context, given, bare.name, below(bare.name));
    }
    throw new Error(`${typeName} has a field that no constant can fill`);
  }
}
