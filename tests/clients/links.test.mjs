// The links of examples/clients and the code of their README, as they are, while connections break and tokens end.
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { gql } from '@apollo/client';
import { onEnd, pipe, subscribe } from 'wonka';
import WebSocket from 'ws';
import { browser } from './support/browser.mjs';
import { startProxy, unsteady } from './support/proxy.mjs';
import { after, test } from './support/runner.mjs';
import { startScript } from './support/script.mjs';
import { startServer } from './support/server.mjs';

// Older versions of Node.js have none.
globalThis.WebSocket ??= WebSocket;

const examples = new URL('../../examples/clients/', import.meta.url);
// From here they find the packages of the tests, as they find those of an app when they were copied into it.
const app = new URL('generated/links/', import.meta.url);
const files = ['apollo.mjs', 'urql.mjs'];
const read = (name) => readFile(new URL(name, examples), 'utf8');

await rm(app, { recursive: true, force: true });
await mkdir(app, { recursive: true });
for (const name of [...files, 'tokens.mjs']) await cp(new URL(name, examples), new URL(name, app));
for (const [, block] of (await read('README.md')).matchAll(/```js\n([^]*?)```/g)) {
  const name = block.match(/^\/\/ (\S+\.mjs)\n/)?.[1];
  if (name) await writeFile(new URL(name, app), block);
}
const { sessionTokens } = await import(new URL('tokens.mjs', app));
const { apolloClient } = await import(new URL('apollo-client.mjs', app));
const { urqlClient } = await import(new URL('urql-client.mjs', app));

const server = await startServer();
const opened = [];
after(async () => {
  for (const end of opened) await end();
  await server.stop();
});

const teacher = await server.token('TEACHER');
const { space } = server.account('TEACHER');
const thread = await server.thread(teacher);

/** The tokens of an app with this pair. */
function kept(pair) {
  const tokens = sessionTokens(server.url, browser());
  tokens.keep(pair);
  return tokens;
}

const EVENTS = gql`
  subscription ($spaceId: ID!, $after: String) {
    happened: spaceEvents(spaceId: $spaceId, after: $after) {
      __typename
      cursor
      ... on ContributionEvent {
        contribution {
          id
        }
      }
      ... on StreamEnded {
        reason
      }
    }
  }
`;
const COUNT = gql`
  query ($id: ID!) {
    node(id: $id) {
      id
      ... on Thread {
        commentCount
      }
    }
  }
`;

/** What a subscription has given so far. */
class Follower {
  events = [];
  errors = [];
  isComplete = false;
  #wake = [];

  constructor(start) {
    this.stop = start(this);
    opened.push(this.stop);
  }

  next({ data, error }) {
    if (error) this.errors.push(error);
    else this.events.push(Object.values(data)[0]);
    this.#tell();
  }

  complete() {
    this.isComplete = true;
    this.#tell();
  }

  #tell() {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async until(condition) {
    while (!condition(this)) await new Promise((resolve) => this.#wake.push(resolve));
  }

  get typenames() {
    return this.events.map(({ __typename }) => __typename).filter((name) => name !== 'Heartbeat');
  }

  /** Ids of the contributions that events were about. */
  get contributions() {
    return this.events.filter(({ contribution }) => contribution).map(({ contribution }) => contribution.id);
  }
}

/** Each client in the same clothes: `follow` subscribes, `watch` shows a query, `reason` is why a subscription failed. */
const clients = {
  'Apollo Client': (url, tokens) => {
    const client = apolloClient(url, tokens);
    return {
      follow: (after, spaceId = space) =>
        new Follower((follower) => {
          const variables = { spaceId, after };
          const observer = { next: (result) => follower.next(result), complete: () => follower.complete() };
          const events = client.subscribe({ query: EVENTS, variables, errorPolicy: 'all' }).subscribe(observer);
          return () => events.unsubscribe();
        }),
      watch(query, variables, show) {
        const watched = client.watchQuery({ query, variables }).subscribe(({ data, dataState }) => {
          if (dataState === 'complete') show(data);
        });
        opened.push(() => watched.unsubscribe());
      },
      reason: (error) => error.errors?.[0].extensions.code ?? error.message,
    };
  },
  urql: (url, tokens) => {
    let reload = () => {};
    const client = urqlClient(url, tokens, () => reload());
    return {
      follow: (after, spaceId = space) =>
        new Follower((follower) => {
          const { unsubscribe } = pipe(
            client.subscription(EVENTS, { spaceId, after }),
            onEnd(() => follower.complete()),
            subscribe((result) => follower.next(result)),
          );
          return unsubscribe;
        }),
      watch(query, variables, show) {
        reload = async () => show((await client.query(query, variables, { requestPolicy: 'network-only' })).data);
        reload();
      },
      reason: ({ graphQLErrors: [error], networkError }) =>
        error?.extensions.code ?? networkError.message ?? `Socket closed with event ${networkError.code}`,
    };
  },
};

/** A test for each client. */
function each(name, body) {
  for (const [client, connect] of Object.entries(clients)) test(`${client}: ${name}`, () => body(connect));
}

async function signedIn(role = 'NON_MOBILE_PUPIL') {
  return kept(await server.session(role));
}

async function eventCursor() {
  const query = 'query ($id: ID!) { space(id: $id) { eventCursor } }';
  return (await server.ask(query, { id: space }, teacher)).space.eventCursor;
}

let written = 0;
let writing = Promise.resolve();

/** Writes a comment, one after the other, and gives its id. */
function write() {
  writing = writing.then(async () => {
    const query = `mutation ($input: CommentCreateInput!) {
      commentCreate(input: $input) { comment { id } userErrors { code reason } }
    }`;
    written += 1;
    const input = { rootId: thread, body: `Number ${written}.`, idempotencyKey: `clients-links-${written}`.padEnd(20, '-') };
    const { commentCreate } = await server.ask(query, { input }, teacher);
    assert.deepEqual(commentCreate.userErrors, []);
    return commentCreate.comment.id;
  });
  return writing;
}

async function proxied(lengths) {
  const proxy = await startProxy(server.url, lengths);
  opened.push(() => proxy.stop());
  return proxy;
}

async function scripted(...scenes) {
  const script = await startScript(scenes);
  opened.push(() => script.stop());
  return script;
}

const event = (cursor, __typename = 'PhaseEvent') => ({ data: { happened: { __typename, cursor } } });
const unavailable = { message: 'Later.', extensions: { code: 'UNAVAILABLE', retryAfterMs: 20 } };

test('each file is short enough to be read', async () => {
  for (const name of files) {
    const lines = (await read(name)).trimEnd().split('\n');
    assert.ok(lines.length <= 40, `${name} has ${lines.length} lines`);
    for (const line of lines) assert.ok(line.length <= 120, `${name}: ${line}`);
  }
});

test('connections are cut at any byte, and each event comes once, in order', async () => {
  const from = await eventCursor();
  const readers = [];
  for (const connect of Object.values(clients)) {
    const proxy = await proxied(unsteady());
    const follower = connect(proxy.url, await signedIn()).follow(from);
    readers.push({ proxy, follower });
  }
  const ids = [];
  while (ids.length < 60) {
    ids.push(await write());
    // Not far ahead of who reads, so that they get events that were kept and events that happen.
    for (const { follower } of readers) await follower.until(({ contributions }) => contributions.length > ids.length - 8);
  }
  for (const { proxy, follower } of readers) {
    await follower.until(({ contributions }) => contributions.length >= ids.length);
    follower.stop();
    assert.deepEqual(follower.contributions, ids);
    assert.deepEqual(follower.errors, []);
    assert.ok(proxy.cuts >= 10, `${proxy.cuts} cuts`);
  }
});

test('a token that ends while events flow is replaced, and nothing is missed', async () => {
  const from = await eventCursor();
  const ids = [];
  const readers = [];
  for (const connect of Object.values(clients)) {
    const { accessToken, refreshToken } = await server.session('NON_MOBILE_PUPIL');
    // The server closes the socket ten seconds later.
    const session = kept({ accessToken: server.endingNow(accessToken), refreshToken });
    let refreshes = 0;
    const tokens = {
      access: session.access,
      async refresh() {
        refreshes += 1;
        ids.push(await write());
        await session.refresh();
      },
    };
    readers.push({ follower: connect(server.url, tokens).follow(from), refreshes: () => refreshes });
  }
  ids.push(await write());
  for (const { follower } of readers) await follower.until(({ contributions }) => contributions.length > 0);
  assert.deepEqual(
    readers.map(({ refreshes }) => refreshes()),
    [0, 0],
  );
  // One from each refresh.
  for (const { follower } of readers) await follower.until(({ contributions }) => contributions.length > 2);
  ids.push(await write());
  for (const { follower, refreshes } of readers) {
    await follower.until(({ contributions }) => contributions.length > 3);
    assert.deepEqual(follower.contributions, ids);
    assert.deepEqual(follower.errors, []);
    assert.equal(refreshes(), 1);
    follower.stop();
  }
});

each('a token that is bad from the beginning is replaced', async (connect) => {
  const { refreshToken } = await server.session('NON_MOBILE_PUPIL');
  const tokens = kept({ accessToken: 'nonsense', refreshToken });
  const follower = connect(server.url, tokens).follow(await eventCursor());
  const id = await write();
  await follower.until(({ contributions }) => contributions.length);
  assert.deepEqual(follower.contributions, [id]);
  assert.notEqual(tokens.access(), 'nonsense');
  follower.stop();
});

each('tokens that cannot be replaced are the end of all subscriptions, and the app is told', async (connect) => {
  const proxy = await proxied();
  const tokens = kept({ accessToken: 'nonsense', refreshToken: 'nonsense' });
  const { follow, reason } = connect(proxy.url, tokens);
  const followers = [follow(await eventCursor()), follow()];
  for (const follower of followers) {
    await follower.until(({ errors }) => errors.length);
    assert.deepEqual(follower.errors.map(reason), ['SESSION_ENDED']);
  }
  // It would come back within two seconds.
  await sleep(2_500);
  assert.equal(proxy.connections, 2);
});

each('a new token that is refused as well is the end, and the app is told', async (connect) => {
  const proxy = await proxied();
  let number = 0;
  const tokens = {
    access: () => `nonsense ${number}`,
    async refresh() {
      number += 1;
    },
  };
  const { follow, reason } = connect(proxy.url, tokens);
  const follower = follow();
  await follower.until(({ errors }) => errors.length);
  assert.match(reason(follower.errors[0]), /4403/);
  await sleep(2_500);
  assert.equal(number, 1);
  assert.equal(proxy.connections, 2);
});

each('a reset loads the page again, and the stream goes on from there', async (connect) => {
  const proxy = await proxied();
  const client = connect(proxy.url, await signedIn());
  const counts = [];
  let shown = () => {};
  client.watch(COUNT, { id: thread }, ({ node }) => {
    counts.push(node.commentCount);
    shown();
  });
  const count = async (number) => {
    while (counts.at(-1) !== number) await new Promise((resolve) => (shown = resolve));
  };
  const query = 'query ($id: ID!) { node(id: $id) { ... on Thread { commentCount } } }';
  const { commentCount } = (await server.ask(query, { id: thread }, teacher)).node;
  await count(commentCount);
  // No event tells of this one: the cursor is one of another stream of this space.
  await write();
  const cursor = Buffer.from(await eventCursor(), 'base64url');
  cursor.writeInt32BE(cursor.readInt32BE(17) ^ 1, 17);
  const follower = client.follow(cursor.toString('base64url'));
  await follower.until(({ typenames }) => typenames.length);
  await count(commentCount + 1);
  proxy.cut();
  const id = await write();
  await follower.until(({ contributions }) => contributions.length);
  assert.deepEqual(follower.typenames, ['StreamReset', 'ContributionEvent']);
  assert.deepEqual(follower.contributions, [id]);
  assert.deepEqual(follower.errors, []);
  follower.stop();
});

each('an ended session completes', async (connect) => {
  const proxy = await proxied();
  const tokens = await signedIn();
  const follower = connect(proxy.url, tokens).follow(await eventCursor());
  await write();
  await follower.until(({ contributions }) => contributions.length);
  await server.ask('mutation { sessionRevoke(input: {}) { userErrors { code } } }', {}, tokens.access());
  await follower.until(({ isComplete }) => isComplete);
  assert.deepEqual(follower.typenames, ['ContributionEvent', 'StreamEnded']);
  assert.equal(follower.events.at(-1).reason, 'SESSION_ENDED');
  assert.deepEqual(follower.errors, []);
  assert.equal(proxy.connections, 1);
});

each('what one may not see is an error at once', async (connect) => {
  const proxy = await proxied();
  const { follow, reason } = connect(proxy.url, await signedIn('FOREIGN_COORDINATOR'));
  const follower = follow();
  await follower.until(({ errors }) => errors.length);
  assert.deepEqual(follower.errors.map(reason), ['NOT_FOUND']);
  assert.equal(proxy.connections, 1);
});

each('a server that is busy is asked again, behind the last event', async (connect) => {
  const { url, afters } = await scripted(
    ({ error }) => error(unavailable),
    ({ next, complete }) => {
      next(event('one'));
      next({ data: null, errors: [unavailable] });
      complete();
    },
    ({ error }) => error(unavailable),
    ({ next }) => {
      next(event('two'));
      next(event('three', 'StreamEnded'));
    },
  );
  const follower = connect(url, await signedIn()).follow('zero');
  await follower.until(({ isComplete }) => isComplete);
  assert.deepEqual(afters, ['zero', 'zero', 'one', 'one']);
  assert.deepEqual(
    follower.events.map(({ cursor }) => cursor),
    ['one', 'two', 'three'],
  );
  assert.deepEqual(follower.errors, []);
});

each('codes of a server that stops, and breaks without one, lead back behind the last event', async (connect) => {
  const codes = [1001, 1012, 1013, 4408, undefined];
  const { url, afters } = await scripted(
    ...codes.map((code, number) => (to) => {
      to.next(event(`${number}`));
      if (code) to.close(code);
      else to.break();
    }),
    ({ next }) => next(event('end', 'StreamEnded')),
  );
  const follower = connect(url, await signedIn()).follow('begin');
  await follower.until(({ isComplete }) => isComplete);
  assert.deepEqual(afters, ['begin', '0', '1', '2', '3', '4']);
  assert.deepEqual(follower.errors, []);
});

each('a mistake of the client is an error at once', async (connect) => {
  const { url, afters } = await scripted(({ close }) => close(4400));
  const { follow, reason } = connect(url, await signedIn());
  const follower = follow('begin');
  await follower.until(({ errors }) => errors.length);
  assert.match(reason(follower.errors[0]), /4400/);
  assert.deepEqual(afters, ['begin']);
});

each('nothing comes after an app has unsubscribed', async (connect) => {
  const later = { ...unavailable, extensions: { ...unavailable.extensions, retryAfterMs: 500 } };
  const { url, afters, left } = await scripted(({ error }) => error(later));
  const follower = connect(url, await signedIn()).follow('begin');
  await left;
  follower.stop();
  // It would come back within a second.
  await sleep(1_500);
  assert.deepEqual(afters, ['begin']);
  assert.deepEqual(follower.events, []);
});

// The last one, since the observer is no member any more.
test('who is no member any more gets no more', async () => {
  const query = 'query ($id: ID!) { space(id: $id) { viewerMembership { id } } }';
  const from = await eventCursor();
  const sessions = await Promise.all(Object.keys(clients).map(() => signedIn('OBSERVER')));
  const { viewerMembership } = (await server.ask(query, { id: space }, sessions[0].access())).space;
  const followers = Object.values(clients).map((connect, number) => connect(server.url, sessions[number]).follow(from));
  await write();
  for (const follower of followers) await follower.until(({ contributions }) => contributions.length);
  const remove = 'mutation ($input: MemberRemoveInput!) { memberRemove(input: $input) { userErrors { code reason } } }';
  const removed = await server.ask(remove, { input: { membershipId: viewerMembership.id } }, await server.token('COORDINATOR'));
  assert.deepEqual(removed.memberRemove.userErrors, []);
  for (const follower of followers) {
    await follower.until(({ isComplete }) => isComplete);
    assert.equal(follower.typenames.at(-1), 'StreamEnded');
    assert.equal(follower.events.at(-1).reason, 'MEMBERSHIP_ENDED');
    assert.deepEqual(follower.errors, []);
  }
});
