// graphql-transport-ws, with graphql-ws and by hand.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { after, test } from './support/runner.mjs';
import { startServer } from './support/server.mjs';

const server = await startServer();
after(() => server.stop());
const token = await server.token('TEACHER');
const space = server.account('TEACHER').space;
const thread = await server.thread(token);

const COMMENT = `mutation ($input: CommentCreateInput!) {
  commentCreate(input: $input) { comment { id state } userErrors { code reason } }
}`;
const EVENTS = `subscription ($space: ID!, $after: String) {
  spaceEvents(spaceId: $space, after: $after) {
    kind cursor
    ... on ContributionEvent { contribution { id body } root { id commentCount } }
  }
}`;
const CURSOR = 'query ($space: ID!) { space(id: $space) { eventCursor } }';

function client(authorization, options) {
  return createClient({
    url: server.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: { authorization },
    retryAttempts: 0,
    ...options,
  });
}

async function only(results) {
  const all = [];
  for await (const result of results) all.push(result);
  assert.equal(all.length, 1);
  return all[0];
}

/** The next event that is no heartbeat. */
async function next(events) {
  for (;;) {
    const { value, done } = await events.next();
    assert.equal(done, false);
    assert.equal(value.errors, undefined);
    if (value.data.spaceEvents.kind !== 'HEARTBEAT') return value.data.spaceEvents;
  }
}

/** The code and reason with which a socket is closed. */
async function closing(authorization, operation = '{ __typename }') {
  return client(authorization)
    .iterate({ query: operation })
    .next()
    .then(
      () => assert.fail('it was not closed'),
      ({ code, reason }) => [code, reason],
    );
}

/** A socket by hand: `hear` gives the next message, or the code with which it was closed. */
async function raw() {
  const socket = new WebSocket(server.socketUrl, 'graphql-transport-ws');
  const heard = [];
  let wake = () => {};
  const hear = async () => {
    while (!heard.length) await new Promise((resolve) => (wake = resolve));
    return heard.shift();
  };
  const note = (what) => {
    heard.push(what);
    wake();
  };
  socket.on('message', (text) => note(JSON.parse(text)));
  socket.on('close', (code) => note(code));
  const say = (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  await once(socket, 'open');
  return { hear, say, socket };
}

const init = { type: 'connection_init', payload: { authorization: `Bearer ${token}` } };

async function signedIn() {
  const connection = await raw();
  connection.say(init);
  assert.deepEqual(await connection.hear(), { type: 'connection_ack' });
  return connection;
}

test('a query, a mutation and a subscription go over one socket', async () => {
  let sockets = 0;
  const over = client(`Bearer ${token}`, { lazy: false, on: { connected: () => (sockets += 1) } });
  const { data } = await only(over.iterate({ query: CURSOR, variables: { space } }));
  const events = over.iterate({ query: EVENTS, variables: { space, after: data.space.eventCursor } });
  const body = 'Written over a socket.';
  const input = { rootId: thread, body, idempotencyKey: 'clients-over-a-socket' };
  const written = await only(over.iterate({ query: COMMENT, variables: { input } }));
  assert.deepEqual(written.data.commentCreate.userErrors, []);
  const { id } = written.data.commentCreate.comment;
  const event = await next(events);
  assert.equal(event.kind, 'CONTRIBUTION_PUBLISHED');
  assert.deepEqual(event.contribution, { id, body });
  assert.equal(event.root.id, thread);
  await events.return();
  assert.equal(sockets, 1);
  await over.dispose();
});

test('what happened during a break comes after it, in order', async () => {
  const before = await server.ask(CURSOR, { space }, token);
  const bodies = ['First.', 'Second.', 'Third.'];
  for (const body of bodies) {
    const input = { rootId: thread, body, idempotencyKey: `clients-in-a-break-${body}` };
    await server.ask(COMMENT, { input }, token);
  }
  let after = before.space.eventCursor;
  const seen = [];
  for (const _ of bodies) {
    const over = client(`Bearer ${token}`);
    const event = await next(over.iterate({ query: EVENTS, variables: { space, after } }));
    seen.push(event.contribution.body);
    after = event.cursor;
    await over.dispose();
  }
  assert.deepEqual(seen, bodies);
});

test('a socket without a good token is closed with 4403', async () => {
  for (const bad of [undefined, 'Bearer', 'Bearer nonsense', token]) {
    assert.deepEqual(await closing(bad), [4403, 'Forbidden'], String(bad));
  }
});

test('a second connection_init is answered with 4429', async () => {
  const { hear, say } = await signedIn();
  say(init);
  assert.equal(await hear(), 4429);
});

test('a second operation of the same id is answered with 4409', async () => {
  const { hear, say } = await signedIn();
  const subscribe = { id: '1', type: 'subscribe', payload: { query: EVENTS, variables: { space } } };
  say(subscribe);
  say(subscribe);
  assert.equal(await hear(), 4409);
});

test('an operation before the acknowledgement is answered with 4401', async () => {
  const { hear, say } = await raw();
  say({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } });
  assert.equal(await hear(), 4401);
});

test('what is no message is answered with 4400', async () => {
  for (const message of ['no JSON', { type: 'nonsense' }, { type: 'subscribe' }]) {
    const { hear, say } = await signedIn();
    say(message);
    assert.equal(await hear(), 4400, JSON.stringify(message));
  }
});

test('an id is free again once its operation is complete', async () => {
  const { hear, say, socket } = await signedIn();
  for (const _ of [1, 2]) {
    say({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } });
    const { id, type, payload } = await hear();
    assert.deepEqual([id, type, payload.data], ['1', 'next', { __typename: 'Query' }]);
    assert.deepEqual(await hear(), { id: '1', type: 'complete' });
  }
  socket.close();
});

test('a ping is answered', async () => {
  const { hear, say, socket } = await signedIn();
  say({ type: 'ping' });
  assert.equal((await hear()).type, 'pong');
  socket.close();
});

test('an operation that cannot begin is one error, and the socket goes on', async () => {
  let sockets = 0;
  const over = client(`Bearer ${token}`, { lazy: false, on: { connected: () => (sockets += 1) } });
  const elsewhere = server.account('FOREIGN_COORDINATOR').space;
  for (const [payload, code] of [
    [{ query: '{ nonsense }' }, 'INVALID'],
    [{ query: '{' }, 'INVALID'],
    [{ query: EVENTS, variables: { space: 'nonsense' } }, 'INVALID'],
    [{ query: EVENTS, variables: { space: elsewhere } }, 'NOT_FOUND'],
  ]) {
    const refused = await over
      .iterate(payload)
      .next()
      .then(
        (result) => assert.fail(`it began: ${JSON.stringify(result)}`),
        (errors) => errors,
      );
    assert.deepEqual(
      refused.map(({ extensions }) => extensions.code),
      [code],
      payload.query,
    );
  }
  const { data } = await only(over.iterate({ query: '{ viewer { account { login } } }' }));
  assert.equal(data.viewer.account.login, server.account('TEACHER').login);
  assert.equal(sockets, 1);
  await over.dispose();
});
