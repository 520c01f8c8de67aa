// Apollo Client: HTTP for queries and mutations, a socket for subscriptions, and a normalised cache.
import assert from 'node:assert/strict';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition, relayStylePagination } from '@apollo/client/utilities';
import { createClient } from 'graphql-ws';
import { filter, firstValueFrom } from 'rxjs';
import WebSocket from 'ws';
import { operation, possibleTypes } from './support/documents.mjs';
import { after, test } from './support/runner.mjs';
import { startServer } from './support/server.mjs';

// Apollo's link asks for it when a socket has failed; older versions of Node.js have none.
globalThis.WebSocket ??= WebSocket;

const server = await startServer();
const opened = [];
after(async () => {
  for (const end of opened) await end();
  await server.stop();
});

/** A client that nobody has signed in to; `signIn` does. */
function person() {
  let token;
  const authorization = () => token && `Bearer ${token}`;
  const socket = createClient({
    url: server.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: () => ({ authorization: authorization() }),
  });
  const http = ApolloLink.from([
    new SetContextLink(({ headers }) => ({ headers: token ? { ...headers, authorization: authorization() } : headers })),
    new HttpLink({ uri: server.url }),
  ]);
  const isSubscription = ({ query }) => getMainDefinition(query).operation === 'subscription';
  const cache = new InMemoryCache({
    possibleTypes: possibleTypes(),
    typePolicies: {
      Space: { fields: { journalEntries: relayStylePagination(['filter']) } },
    },
  });
  const client = new ApolloClient({ link: ApolloLink.split(isSubscription, new GraphQLWsLink(socket), http), cache });
  opened.push(async () => {
    client.stop();
    await socket.dispose();
  });
  return {
    cache,
    client,
    async signIn(role) {
      const { login, password } = server.account(role);
      const { data } = await client.mutate({ mutation: operation('SignIn'), variables: { input: { login, password } } });
      assert.deepEqual(data.sessionCreate.userErrors, []);
      token = data.sessionCreate.accessToken;
      return data.sessionCreate.account;
    },
  };
}

const space = server.account('TEACHER').space;
const SpacePage = operation('SpacePage');

async function openPage(who) {
  const { data } = await who.client.query({ query: SpacePage, variables: { id: space } });
  const { threads } = data.space.phases.find(({ kind }) => kind === 'DURING');
  return { cursor: data.space.eventCursor, thread: threads.nodes[0] };
}

/** The counters of a thread in the cache, without asking anybody. */
function cached(who, thread) {
  const { space: page } = who.client.readQuery({ query: SpacePage, variables: { id: space } });
  return page.phases.flatMap(({ threads }) => threads.nodes).find(({ id }) => id === thread.id);
}

function follow(who, after) {
  const events = [];
  let wake = () => {};
  const ends = who.client.subscribe({ query: operation('SpaceEvents'), variables: { spaceId: space, after } }).subscribe({
    next(result) {
      events.push(result);
      wake();
    },
    error(error) {
      events.push({ error });
      wake();
    },
  });
  return {
    async next() {
      for (;;) {
        while (!events.length) await new Promise((resolve) => (wake = resolve));
        const { data, error } = events.shift();
        if (error) throw error;
        if (data.spaceEvents.kind !== 'HEARTBEAT') return data.spaceEvents;
      }
    },
    end: () => ends.unsubscribe(),
  };
}

test('signing in gives the account', async () => {
  const account = await person().signIn('TEACHER');
  assert.equal(account.kind, 'STAFF');
});

test('a page is read from the cache the second time', async () => {
  const who = person();
  await who.signIn('TEACHER');
  const { thread } = await openPage(who);
  const again = await who.client.query({ query: SpacePage, variables: { id: space }, fetchPolicy: 'cache-only' });
  assert.equal(again.data.space.title, 'Weigh It First');
  assert.ok(thread.byline.organisation.name);
  assert.ok(Object.keys(who.cache.extract()).includes(`Thread:${thread.id}`));
});

test('a comment changes the counters of its thread, for its author by the answer and for others by the event', async () => {
  const [author, reader] = [person(), person()];
  await author.signIn('TEACHER');
  await reader.signIn('NON_MOBILE_PUPIL');
  const { thread } = await openPage(author);
  const { cursor } = await openPage(reader);
  assert.equal(cached(reader, thread).commentCount, thread.commentCount);
  const live = follow(reader, cursor);

  const input = { rootId: thread.id, body: 'Seen by **everybody**.', idempotencyKey: 'clients-with-apollo-1' };
  const { data } = await author.client.mutate({ mutation: operation('CommentCreate'), variables: { input } });
  assert.deepEqual(data.commentCreate.userErrors, []);
  const { comment } = data.commentCreate;
  assert.equal(cached(author, thread).commentCount, thread.commentCount + 1);
  assert.equal(cached(author, thread).lastComment.id, comment.id);

  const event = await live.next();
  live.end();
  assert.equal(event.__typename, 'ContributionEvent');
  assert.equal(event.contribution.excerpt, 'Seen by everybody.');
  assert.equal(cached(reader, thread).commentCount, thread.commentCount + 1);
  assert.equal(cached(reader, thread).lastComment.id, comment.id);
});

test('pages of the journal become one list', async () => {
  const who = person();
  await who.signIn('OBSERVER');
  const query = operation('Journal');
  const watched = who.client.watchQuery({ query, variables: { id: space, first: 3 } });
  const { data } = await firstValueFrom(watched.pipe(filter(({ loading }) => !loading)));
  const ends = watched.subscribe(() => {});
  const first = data.space.journalEntries;
  assert.equal(first.edges.length, 3);
  await watched.fetchMore({ variables: { after: first.pageInfo.endCursor } });
  ends.unsubscribe();
  const { edges } = who.client.readQuery({ query, variables: { id: space } }).space.journalEntries;
  assert.deepEqual(edges.slice(0, 3), first.edges);
  assert.equal(new Set(edges.map(({ node }) => node.id)).size, 6);
});

test('what the caller can mend comes as data, everything else as an error with a code', async () => {
  const who = person();
  const input = { login: server.account('TEACHER').login, password: 'a wrong one' };
  const { data } = await who.client.mutate({ mutation: operation('SignIn'), variables: { input } });
  assert.equal(data.sessionCreate.accessToken, null);
  assert.equal(data.sessionCreate.userErrors.length, 1);
  assert.match(data.sessionCreate.userErrors[0].code, /^[A-Z_]+$/);

  await assert.rejects(openPage(who), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error), String(error));
    assert.equal(error.errors[0].extensions.code, 'UNAUTHENTICATED');
    return true;
  });
});

test('a subscription to what one may not see ends with NOT_FOUND', async () => {
  const who = person();
  await who.signIn('FOREIGN_COORDINATOR');
  await assert.rejects(follow(who).next(), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error), String(error));
    assert.equal(error.errors[0].extensions.code, 'NOT_FOUND');
    return true;
  });
});
