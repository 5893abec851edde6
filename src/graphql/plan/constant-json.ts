/** The JSON text of a selection on a value of the catalog: an item that is known before any row is, or of an earlier version. */
import { getNullableType, isLeafType, isListType, isObjectType } from 'graphql';
import type { GraphQLOutputType, GraphQLSchema } from 'graphql';
import { collectSelections, selectionsBelow } from './collect-selections.ts';
import type { SelectionContext, TypedSelection } from './collect-selections.ts';

type ConstantContext = SelectionContext & { readonly schema: GraphQLSchema };
type Write = (value: unknown) => string;

/**
 * @param value has a property for every field of the type
 * @throws Error where it has not, or where a field is of a kind that the catalog's types have not: a fault of the schema
 */
export function constantJson(
  context: ConstantContext,
  value: object,
  typeName: string,
  selections: readonly TypedSelection[],
): string {
  return constantWriter(context, typeName, selections)(value);
}

/** The same for values that come later. What is kept of it holds no variables: they are used up here. */
export function constantWriter(
  context: ConstantContext,
  typeName: string,
  selections: readonly TypedSelection[],
): (value: object) => string {
  const type = context.schema.getType(typeName);
  if (!isObjectType(type)) throw new Error(`The schema has no object type ${typeName}`);
  const fields = type.getFields();
  const parts = [...collectSelections(context, new Set([typeName]), selections)].map(
    ([key, occurrences]): ((properties: ReadonlyMap<string, unknown>) => string) => {
      const name = occurrences[0]?.node.name.value ?? '';
      if (name === '__typename') return () => `"${key}":"${typeName}"`;
      const field = fields[name];
      if (field === undefined) throw new Error(`An item of the catalog has no ${typeName}.${name}`);
      const write = valueWriter(field.type, (below) => selectionsBelow(occurrences, below));
      return (properties) => {
        if (!properties.has(name)) throw new Error(`An item of the catalog has no ${typeName}.${name}`);
        return `"${key}":${write(properties.get(name))}`;
      };
    },
  );
  return (value) => {
    const properties = new Map(Object.entries(value));
    return `{${parts.map((part) => part(properties)).join(',')}}`;
  };

  function valueWriter(of: GraphQLOutputType, below: (typeName: string) => readonly TypedSelection[]): Write {
    const bare = getNullableType(of);
    const write = bareWriter(bare, below);
    return (given) => (given === null ? 'null' : write(given));
  }

  function bareWriter(bare: GraphQLOutputType, below: (typeName: string) => readonly TypedSelection[]): Write {
    if (isLeafType(bare)) return (given) => JSON.stringify(bare.serialize(given));
    if (isListType(bare)) {
      const write = valueWriter(bare.ofType, below);
      return (given) => {
        if (!Array.isArray(given)) throw new Error(`${typeName} has a list that is none`);
        return `[${given.map((one: unknown) => write(one)).join(',')}]`;
      };
    }
    if (isObjectType(bare)) {
      const write = constantWriter(context, bare.name, below(bare.name));
      return (given) => {
        if (typeof given !== 'object' || given === null) throw new Error(`${typeName} has a field that no constant can fill`);
        return write(given);
      };
    }
    throw new Error(`${typeName} has a field that no constant can fill`);
  }
}
