// Live events for urql without a gap: after a break, a subscription goes on behind the last event seen.
// Its document takes `$after` (first the `eventCursor` of the page) and selects `cursor` and `__typename` in the event.
import { createClient } from 'graphql-ws';

/** `tokens`: `access()` is the access token; `refresh()` gets a new one, and rejects once the session has ended. */
export function sojournSubscriptions({ url, tokens, onReset }) {
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
  const subscribe = (request, sink) => {
    const variables = { ...request.variables }; // Sent again after a break, as they are then.
    let stop, timer, failure;
    const next = (result) => {
      const [event] = Object.values(result.data ?? {});
      // A stream that breaks says so beside no data, and completes.
      if ((failure = event ? undefined : result.errors)) return;
      variables.after = event.resumeCursor ?? event.cursor ?? variables.after;
      sink.next({ ...result, hasNext: event.__typename !== 'StreamEnded' }); // So urql knows that it is the last.
      if (event.__typename === 'StreamReset') onReset();
    };
    const error = (problem, pause = problem?.[0]?.extensions?.retryAfterMs) =>
      pause ? (timer = setTimeout(start, pause * (1 + Math.random()))) : sink.error(problem);
    const complete = () => (failure ? error(failure) : sink.complete());
    const start = () => (stop = socket.subscribe({ ...request, variables }, { next, error, complete }));
    start();
    return { unsubscribe: () => (clearTimeout(timer), stop()) };
  };
  return (request) => ({ subscribe: (sink) => subscribe(request, sink) });
}
