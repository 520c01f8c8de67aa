import { getOperationAST } from 'graphql';
import { createClient } from 'graphql-ws';

const endpoint = new URL('graphql', document.baseURI);
/** How many of a subscription's messages stay on the screen. */
const SHOWN = 50;

/** The access token of the last sign-in. In memory alone: it goes when the page does. */
let token = null;

/** The headers as the editor has them with names in lower case, and the remembered token where they say nothing else. */
function complete(headers) {
  const names = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]);
  return { ...(token && { authorization: `Bearer ${token}` }), ...Object.fromEntries(names) };
}

function remember(answer) {
  const payloads = Object.values(answer?.data ?? {});
  token = payloads.find((payload) => payload?.accessToken && payload.refreshToken)?.accessToken ?? token;
}

async function ask(params, headers) {
  const sent = complete(headers);
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { accept: 'application/json', ...sent, 'content-type': 'application/json' },
    body: JSON.stringify(params),
  });
  if (response.status === 401 && token && sent.authorization === `Bearer ${token}`) {
    // It has ended. Without it, at least signing in again works.
    token = null;
    return ask(params, headers);
  }
  const answer = await response.json();
  remember(answer);
  return answer;
}

/** What to show of a failure: errors of the document as they are, and no stack of ours. */
function explain(problem) {
  if (Array.isArray(problem)) return problem;
  if (problem?.code === 4403) {
    return {
      message:
        'The socket was refused (4403): the access token is missing or no longer good. Sign in again, or write ' +
        '{"authorization": "Bearer <accessToken>"} into the headers.',
    };
  }
  if (problem?.code > 1006) return { message: `The socket was closed: ${problem.code} ${problem.reason}` };
  return { message: 'The socket could not be opened, or was broken off: is the server running?' };
}

/** A socket of its own for each subscription, since each tab has its own headers. */
function listen(params, headers) {
  const { authorization } = complete(headers);
  return {
    subscribe(observer) {
      const client = createClient({
        url: Object.assign(new URL(endpoint), { protocol: endpoint.protocol.replace('http', 'ws') }).href,
        connectionParams: authorization ? { authorization } : {},
        // Repeating it would leave a gap; whoever watches starts again with `after`.
        retryAttempts: 0,
      });
      let newestFirst = [];
      const end = client.subscribe(params, {
        next(message) {
          // Heartbeats would wipe out the event before them.
          newestFirst = [message, ...newestFirst].slice(0, SHOWN);
          observer.next({ newestFirst });
        },
        error: (problem) => observer.error(explain(problem)),
        complete: () => observer.complete(),
      });
      return {
        unsubscribe() {
          end();
          client.dispose();
        },
      };
    },
  };
}

export function fetcher(params, { headers, documentAST } = {}) {
  const operation = documentAST && getOperationAST(documentAST, params.operationName);
  return operation?.operation === 'subscription' ? listen(params, headers) : ask(params, headers);
}
