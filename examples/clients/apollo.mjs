// Live events for Apollo Client without a gap: after a break, a subscription goes on behind the last event seen.
// Its document takes `$after` (first the `eventCursor` of the page) and selects `cursor` and `__typename` in the event.
import { ApolloLink, CombinedGraphQLErrors } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient } from 'graphql-ws';
import { defer, retry, takeWhile, throwError, timer } from 'rxjs';

const reload = (client) => client.refetchQueries({ include: 'active' });

/** `tokens`: `access()` is the access token; `refresh()` gets a new one, and rejects once the session has ended. */
export function sojournLink({ url, tokens, onReset = reload }) {
  let sent, refused, final; // 4403 calls for a new token; that none can be had, or it is refused too, is final.
  const connected = () => (refused = undefined);
  const closed = (event) => event.code === 4403 && ([refused, final] = [sent, refused && event]);
  const socket = createClient({
    url,
    on: { connected, closed },
    connectionParams: async () => {
      if (tokens.access() === refused) await tokens.refresh().catch((error) => Promise.reject((final = error)));
      return { authorization: `Bearer ${(sent = tokens.access())}` };
    },
    retryAttempts: Infinity,
    retryWait: (count) => new Promise((done) => setTimeout(done, Math.random() * Math.min(30_000, 1_000 * 2 ** count))),
    shouldRetry: (problem) => problem !== final,
  });
  const resume = new ApolloLink((operation, forward) => {
    const variables = (operation.variables = { ...operation.variables }); // Sent again after a break, as they are then.
    const see = (result) => {
      const [event] = Object.values(result.data ?? {});
      if (!event) throw new CombinedGraphQLErrors(result);
      variables.after = event.resumeCursor ?? event.cursor ?? variables.after;
      if (event.__typename === 'StreamReset') onReset(operation.client);
      return event.__typename !== 'StreamEnded';
    };
    const pause = (error) => error?.errors?.[0]?.extensions?.retryAfterMs; // UNAVAILABLE says when to come back.
    const delay = (error) => (pause(error) ? timer(pause(error) * (1 + Math.random())) : throwError(() => error));
    return defer(() => forward(operation)).pipe(takeWhile(see, true), retry({ delay }));
  });
  return ApolloLink.from([resume, new GraphQLWsLink(socket)]);
}
