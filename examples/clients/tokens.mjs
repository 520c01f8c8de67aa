// The tokens of a session, one pair for all tabs of a browser: kept over a reload, and exchanged by one tab at a time,
// shortly before they end.

const FIELDS = {
  sessionCreate: 'accessToken accessTokenExpiresAt refreshToken',
  sessionRefresh: 'accessToken accessTokenExpiresAt refreshToken',
  sessionRevoke: 'deletedSessionId',
};

const nobodyElse = { request: (_, work) => work() };

/**
 * `storage` is `localStorage`, `sessionStorage` or something like it; `locks` are those of the browser. Where there are
 * none, two tabs may exchange the pair at the same time: the server answers both alike. With `cookie` the refresh token is
 * kept in a cookie that no script can read, which the server must be set up for. `early` is how many milliseconds before
 * its end an access token is replaced.
 */
export function sessionTokens(url, options = {}) {
  const { storage = globalThis.localStorage, name = 'sojourn', cookie = false, early = 60_000 } = options;
  const { locks = globalThis.navigator?.locks ?? nobodyElse } = options;
  const read = () => JSON.parse(storage.getItem(name)) ?? {};
  let timer, refreshing;

  async function call(mutation, input, token) {
    const type = `${mutation[0].toUpperCase()}${mutation.slice(1)}Input`;
    const fields = `${FIELDS[mutation]} userErrors { reason message }`;
    const query = `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${fields} } }`;
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const body = JSON.stringify({ query, variables: { input } });
    const answer = await fetch(url, { method: 'POST', headers, body, ...(cookie && { credentials: 'include' }) });
    const { data, errors } = await answer.json();
    const done = data?.[mutation];
    if (!done) throw Object.assign(new Error(errors[0].message), errors[0].extensions);
    return done;
  }

  /** For a pair that came another way: `accessToken`, `accessTokenExpiresAt`, `refreshToken`. */
  function keep({ accessToken, accessTokenExpiresAt, refreshToken }) {
    storage.setItem(name, JSON.stringify({ accessToken, accessTokenExpiresAt, refreshToken }));
    plan();
  }

  function drop() {
    clearTimeout(timer);
    storage.removeItem(name);
  }

  function plan() {
    clearTimeout(timer);
    const { accessToken, accessTokenExpiresAt } = read();
    if (!accessTokenExpiresAt) return;
    // A clock that is wrong makes nobody exchange them all the time.
    const wait = Math.max(Date.parse(accessTokenExpiresAt) - Date.now() - early, early / 2);
    const due = () => (read().accessToken === accessToken ? refresh().catch(() => {}) : plan());
    timer = setTimeout(due, wait);
    timer.unref?.(); // Node.js alone.
  }

  async function exchange(stale) {
    for (let wait = 500; ; wait = Math.min(30_000, 2 * wait)) {
      const { accessToken, refreshToken } = read();
      if (!accessToken) throw new Error('SESSION_ENDED');
      if (accessToken !== stale) return; // Another tab was first.
      // No network, or a server that is busy: the same refresh token may be sent again.
      const answer = await call('sessionRefresh', cookie ? {} : { refreshToken }).catch(() => {});
      if (answer?.userErrors.length) {
        drop();
        throw new Error(answer.userErrors[0].reason);
      }
      if (answer) return keep(answer);
      await new Promise((resolve) => setTimeout(resolve, wait * (1 + Math.random())));
    }
  }

  /** Gets a new access token, unless another tab has just got one; rejects when the session has ended. */
  function refresh() {
    const stale = read().accessToken;
    const free = () => (refreshing = undefined);
    return (refreshing ??= Promise.resolve(locks.request(name, () => exchange(stale))).finally(free));
  }

  async function signIn(login, password) {
    const answer = await call('sessionCreate', { login, password, ...(cookie && { refreshCookie: true }) });
    if (answer.userErrors.length) throw new Error(answer.userErrors[0].reason);
    keep(answer);
  }

  async function signOut() {
    const token = read().accessToken;
    drop();
    await call('sessionRevoke', {}, token);
  }

  plan();
  return { access: () => read().accessToken, refresh, signIn, signOut, keep };
}

/** `fetch` for queries and mutations: with the access token, and with a new one if it was refused. */
export const authorizedFetch = (tokens) => async (url, init) => {
  function send(token) {
    const authorization = token && { authorization: `Bearer ${token}` };
    return fetch(url, { ...init, headers: { ...init.headers, ...authorization } });
  }
  const token = tokens.access();
  const answer = await send(token);
  if (answer.status !== 401) return answer;
  if (tokens.access() === token) await tokens.refresh();
  return send(tokens.access());
};
