// What graphql-js calls valid, the server runs, with the same data; what it refuses, the server refuses.
import assert from 'node:assert/strict';
import { createClient } from 'graphql-ws';
import { GraphQLError, buildSchema, execute, getOperationAST, getVariableValues, parse, validate } from 'graphql';
import WebSocket from 'ws';
import { EVERYTHING, RULES, SAME, SUBSCRIPTIONS, coercions, generated, rootValue } from './support/agreement.mjs';
import { schemaText } from './support/documents.mjs';
import { after, describe, test } from './support/runner.mjs';
import { startServer } from './support/server.mjs';

const server = await startServer();
after(() => server.stop());
const token = await server.token('TEACHER');
const { space } = server.account('TEACHER');

const schema = buildSchema(schemaText);
// The server's own scalars are texts; what they say is checked later, as a user error.
for (const name of ['CountryCode', 'DateTime', 'IsoWeek', 'LanguageTag', 'LocalTime']) {
  const type = schema.getType(name);
  type.parseValue = (value) => {
    if (typeof value !== 'string') throw new GraphQLError(`${name} is a text.`);
    return value;
  };
  type.parseLiteral = (node) => type.parseValue(node.kind === 'StringValue' ? node.value : null);
}

/** The reasons of graphql-js against a document, and the document. */
function judge({ query, variables = {}, operationName }) {
  try {
    const document = parse(query);
    const errors = validate(schema, document);
    if (errors.length) return { errors };
    const operation = getOperationAST(document, operationName);
    if (!operation) return { errors: ['no such operation'] };
    return { document, errors: getVariableValues(schema, operation.variableDefinitions ?? [], variables).errors ?? [] };
  } catch (error) {
    return { errors: [error] };
  }
}

async function ask({ query, variables, operationName, raw }) {
  let body = JSON.stringify({ query, variables, operationName });
  if (raw) body = body.replace('"variables":{', `"variables":{${raw},`);
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  return (await fetch(server.url, { method: 'POST', headers, body })).json();
}

/** Where the server and graphql-js differ about a document. */
async function difference(sent) {
  const judged = judge(sent.raw ? { ...sent, variables: { ...sent.variables, ...JSON.parse(`{${sent.raw}}`) } } : sent);
  const answer = await ask(sent);
  const isRefused = !('data' in answer);
  if (isRefused) assert.deepEqual([...new Set(answer.errors.map(({ extensions }) => extensions.code))], ['INVALID'], sent.query);
  if (isRefused === judged.errors.length > 0) return { judged, answer };
  // Generated documents may be beyond what graphql-js knows no limit of.
  if (isRefused && answer.errors.every(({ message }) => / more than \d+ (fields|aliases|directives)/.test(message))) return { judged, answer, isBeyond: true };
  const reasons = isRefused ? answer.errors.map(({ message }) => message) : judged.errors.map(String);
  return { judged, answer, told: `${isRefused ? 'refused' : 'accepted'} by the server alone: ${JSON.stringify(sent)}: ${reasons.join(' ')}` };
}

/** Judges all documents. */
async function agree(documents, compare = () => undefined) {
  const told = [];
  let valid = 0;
  const queue = documents.values();
  const work = async () => {
    for (const sent of queue) {
      const found = await difference(sent);
      if (!found.judged.errors.length && !found.isBeyond) valid += 1;
      const different = found.told ?? (await compare(sent, found));
      if (different) told.push(different);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  assert.equal(told.length, 0, `${told.length} of ${documents.length} differ:\n${told.slice(0, 50).join('\n')}`);
  return valid;
}

describe('documents are judged as graphql-js judges them', () => {
  for (const [rule, documents] of Object.entries(RULES)) {
    test(rule, async () => {
      const sent = documents.map((document) => {
        const [query, operationName, variables = {}] = [document].flat();
        return { query, operationName, variables: { space, ...variables } };
      });
      await agree(sent);
    });
  }

  test('values that are written, sent, or defaults', async () => {
    const documents = coercions(space);
    assert.ok(documents.length > 1000);
    const valid = await agree(documents);
    assert.ok(valid > 100 && valid < documents.length - 500, `${valid} of ${documents.length} are valid`);
  });

  test('subscriptions', async () => {
    const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, connectionParams: { authorization: `Bearer ${token}` }, retryAttempts: 0 });
    const told = [];
    for (const query of SUBSCRIPTIONS) {
      const sent = { query, variables: { space } };
      const answers = client.iterate(sent);
      const isRefused = await answers.next().then(
        ({ value }) => assert.deepEqual([value.errors, Object.keys(value.data).length], [undefined, 1]),
        (errors) => errors.map(({ extensions }) => extensions.code).includes('INVALID'),
      );
      await answers.return();
      if (Boolean(isRefused) !== judge(sent).errors.length > 0) told.push(query);
    }
    await client.dispose();
    assert.deepEqual(told, []);
  });
});

test('what both run has the same data, in the same order', async () => {
  const everything = (await ask({ query: EVERYTHING, variables: { space } })).data;
  const { value, ids } = rootValue(everything);
  const documents = Array.from({ length: 500 }, (_, seed) => {
    const { query, variables } = generated(seed, ids);
    return { query, variables: { space, ...variables } };
  });
  let compared = 0;
  const valid = await agree(documents, async (sent, { judged, answer, isBeyond }) => {
    if (judged.errors.length || isBeyond) return undefined;
    const expected = await execute({ schema, document: judged.document, rootValue: value, variableValues: sent.variables });
    compared += 1;
    const [ours, theirs] = [answer, expected].map(({ data, errors }) => JSON.stringify(errors ? [data, errors.map(({ message }) => message)] : data));
    return ours === theirs ? undefined : `${JSON.stringify(sent)}:\n  ${ours}\n  ${theirs}`;
  });
  assert.equal(compared, valid);
  assert.ok(valid > 150 && valid < 450, `${valid} of ${documents.length} are valid`);
});

test('where a variable is null that may not be, and of the schema, the data is the same', async () => {
  const everything = (await ask({ query: EVERYTHING, variables: { space } })).data;
  const { value } = rootValue(everything);
  for (const [query, variables] of SAME) {
    const sent = { query, variables: { space, ...variables } };
    const expected = await execute({ schema, document: parse(query), rootValue: value, variableValues: sent.variables });
    const { data, errors } = await ask(sent);
    assert.equal(JSON.stringify(data), JSON.stringify(expected.data), query);
    const at = (errors) => (errors ?? []).map(({ path }) => path.join('.'));
    assert.deepEqual(at(errors), at(expected.errors), query);
  }
  const names = '{ __schema { types { name kind i: interfaces { name k: kind } interfaces { ofType { name } possibleTypes { name } } possibleTypes { name } } } }';
  const sorted = (found) => JSON.stringify(found, (_, value) => (Array.isArray(value) ? [...value].sort((one, other) => (one.name < other.name ? -1 : 1)) : value));
  const ours = (types) => ({ types: types.filter(({ name }) => !name.startsWith('__')) });
  const [{ data }, expected] = [await ask({ query: names }), await execute({ schema, document: parse(names) })];
  assert.equal(sorted(ours(data.__schema.types)), sorted(ours(expected.data.__schema.types)));
});
