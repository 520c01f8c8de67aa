// Relay: its compiler over the committed schema, and its runtime with what the compiler has made.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from 'graphql-ws';
import relay from 'relay-runtime';
import WebSocket from 'ws';
import { after, test } from './support/runner.mjs';
import { startServer } from './support/server.mjs';

const { commitMutation, ConnectionHandler, Environment, fetchQuery, getSelector, Network, Observable } = relay;
const { RecordSource, requestSubscription, Store } = relay;

const require = createRequire(import.meta.url);
const made = new URL('generated/relay/', import.meta.url);

async function compile() {
  await rm(made, { recursive: true, force: true });
  await mkdir(made, { recursive: true });
  const compiler = require.resolve('relay-compiler/cli.js');
  const cwd = fileURLToPath(new URL('relay/', import.meta.url));
  const run = promisify(execFile)(process.execPath, [compiler, 'relay.config.json'], { cwd });
  await run.catch(({ stdout, stderr }) => assert.fail(`${stdout}${stderr}`));
  await writeFile(new URL('package.json', made), '{ "type": "commonjs" }');
}

await compile();
const artifact = (name) => require(fileURLToPath(new URL(`${name}.graphql.js`, made)));

const server = await startServer();
const opened = [];
after(async () => {
  for (const end of opened) await end();
  await server.stop();
});
const space = server.account('TEACHER').space;

async function open(role) {
  const token = await server.token(role);
  const socket = createClient({
    url: server.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
  });
  opened.push(() => socket.dispose());
  const ask = async ({ text }, variables) => ({ data: await server.ask(text, variables, token) });
  const listen = ({ text, name }, variables) =>
    Observable.create((sink) => socket.subscribe({ operationName: name, query: text, variables }, sink));
  return new Environment({ network: Network.create(ask, listen), store: new Store(new RecordSource()) });
}

const load = (environment, name, variables) => fetchQuery(environment, artifact(name), variables).toPromise();

/** What a component with that fragment shows. */
const read = (environment, name, reference) => environment.lookup(getSelector(artifact(name), reference)).data;

/** The first thread of the open phase, as its page shows it. */
async function openThread(environment) {
  const id = await server.thread(await server.token('TEACHER'));
  const { node } = await load(environment, 'threadPageQuery', { id });
  return {
    id,
    counters: () => read(environment, 'threadCounters_commentable', node.counters),
    comments: () => read(environment, 'threadComments_thread', node.comments).comments,
  };
}

const write = (environment, variables) =>
  new Promise((resolve, reject) => {
    const mutation = artifact('threadWriteMutation');
    commitMutation(environment, { mutation, variables, onCompleted: resolve, onError: reject });
  });

test('the compiler accepts the schema, with fragments, connections and refetching through Node', async () => {
  const names = (await readdir(made)).filter((name) => name.endsWith('.graphql.js'));
  assert.equal(names.length, 12);
  assert.equal(artifact('threadCounters_commentable').metadata.refetch.identifierInfo.identifierField, 'id');
});

test('the next page is added to the list', async () => {
  const environment = await open('TEACHER');
  const { space: page } = await load(environment, 'spacePageQuery', { id: space, count: 2 });
  const list = () => read(environment, 'spaceThreads_phase', page.phase).threads;
  const first = list();
  assert.equal(first.edges.length, 2);
  assert.equal(first.pageInfo.hasNextPage, true);
  const phase = page.phase.__id;
  await load(environment, 'spaceThreadsPaginationQuery', { id: phase, count: 2, cursor: first.pageInfo.endCursor });
  assert.equal(list().edges.length, 4);
  const titles = list().edges.map(({ node }) => read(environment, 'threadCard_thread', node).title);
  assert.equal(new Set(titles).size, 4);
});

test('a fragment is loaded again by its id alone', async () => {
  const environment = await open('TEACHER');
  const thread = await openThread(environment);
  const before = thread.counters().commentCount;
  const other = await open('TEACHER');
  const input = { rootId: thread.id, body: 'Elsewhere.', idempotencyKey: 'clients-with-relay-1' };
  await write(other, { input, connections: [] });
  assert.equal(thread.counters().commentCount, before);
  await load(environment, 'threadCountersRefetchQuery', { id: thread.id });
  assert.equal(thread.counters().commentCount, before + 1);
});

test('a mutation adds its comment to the list, and its counters to the thread', async () => {
  const environment = await open('TEACHER');
  const thread = await openThread(environment);
  const before = { count: thread.counters().commentCount, shown: thread.comments().edges.length };
  const connections = [ConnectionHandler.getConnectionID(thread.id, 'threadComments_comments')];
  const input = { rootId: thread.id, body: 'At the end.', idempotencyKey: 'clients-with-relay-2' };
  const { commentCreate } = await write(environment, { input, connections });
  assert.deepEqual(commentCreate.userErrors, []);
  assert.equal(thread.counters().commentCount, before.count + 1);
  assert.equal(thread.comments().edges.length, before.shown + 1);
  assert.equal(thread.comments().edges.at(-1).node.body, 'At the end.');
});

test('an event changes what others see', async () => {
  const [reader, author] = [await open('NON_MOBILE_PUPIL'), await open('TEACHER')];
  const thread = await openThread(reader);
  const before = thread.counters().commentCount;
  const { space: page } = await load(reader, 'spacePageQuery', { id: space });
  const event = new Promise((resolve, reject) => {
    const { dispose } = requestSubscription(reader, {
      subscription: artifact('threadLiveSubscription'),
      variables: { spaceId: space, after: page.eventCursor },
      onNext({ spaceEvents }) {
        if (spaceEvents.kind === 'HEARTBEAT') return;
        dispose();
        resolve(spaceEvents);
      },
      onError: reject,
    });
  });
  const input = { rootId: thread.id, body: 'Live.', idempotencyKey: 'clients-with-relay-3' };
  await write(author, { input, connections: [] });
  assert.equal((await event).kind, 'CONTRIBUTION_PUBLISHED');
  assert.equal(thread.counters().commentCount, before + 1);
});
