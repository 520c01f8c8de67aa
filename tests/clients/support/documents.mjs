// The operations of a client, and the schema that was committed.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSchema, isInterfaceType, isUnionType, parse } from 'graphql';

const here = new URL('../', import.meta.url);

export const schemaPath = fileURLToPath(new URL('../../schema.graphql', here));
export const schemaText = readFileSync(schemaPath, 'utf8');

/** Each file of operations with its path. */
export const files = readdirSync(new URL('operations/', here)).map((name) => {
  const location = fileURLToPath(new URL(`operations/${name}`, here));
  return { location, document: parse(readFileSync(location, 'utf8')) };
});

const definitions = files.flatMap(({ document }) => document.definitions);

function fragmentsOf(definition, found = new Set()) {
  JSON.stringify(definition, (_, node) => {
    if (node?.kind === 'FragmentSpread') {
      const fragment = definitions.find(({ kind, name }) => kind === 'FragmentDefinition' && name.value === node.name.value);
      if (!found.has(fragment)) fragmentsOf(fragment, found.add(fragment));
    }
    return node;
  });
  return found;
}

/** The document of one operation, with the fragments that it needs. */
export function operation(name) {
  const found = definitions.find((definition) => definition.kind === 'OperationDefinition' && definition.name.value === name);
  return { kind: 'Document', definitions: [found, ...fragmentsOf(found)] };
}

/** What a normalised cache has to know about interfaces. */
export function possibleTypes() {
  const schema = buildSchema(schemaText);
  const abstract = Object.values(schema.getTypeMap()).filter((type) => isInterfaceType(type) || isUnionType(type));
  return Object.fromEntries(abstract.map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]));
}
