// The tokens of a session, one pair for all tabs of a browser: kept over a reload, and exchanged by one tab at a time,
// shortly before they end.

const PAIR = 'accessToken accessTokenExpiresAt refreshToken account { id }';
const FIELDS = { sessionCreate: PAIR, sessionRefresh: PAIR, sessionRevoke: 'deletedSessionId' };

const nobodyElse = { request: (_, work) => work() };

/**
 * `storage` is `localStorage`, `sessionStorage` or something like it; `locks` are those of the browser. Where there are
 * none, two tabs may exchange the pair at the same time: the server answers both alike. With `cookie` the refresh token is
 * kept in a cookie that no script can read, which the server must be set up for. `early` is how many milliseconds before
 * its end an access token is replaced, and `patience` how many an answer may take.
 */
export function sessionTokens(url, options = {}) {
  const { storage = globalThis.localStorage, name = 'sojourn', cookie = false, early = 60_000, patience = 30_000 } = options;
  const { locks = globalThis.navigator?.locks ?? nobodyElse } = options;
  function read() {
    try {
      return JSON.parse(storage.getItem(name)) ?? {};
    } catch {
      return {}; // Somebody else's.
    }
  }
  let timer, refreshing;

  async function call(mutation, input, token) {
    const type = `${mutation[0].toUpperCase()}${mutation.slice(1)}Input`;
    const fields = `${FIELDS[mutation]} userErrors { reason message }`;
    const query = `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${fields} } }`;
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const body = JSON.stringify({ query, variables: { input } });
    // Others wait for this one: it doesn't hang for ever.
    const signal = AbortSignal.timeout(patience);
    const answer = await fetch(url, { method: 'POST', headers, body, signal, ...(cookie && { credentials: 'include' }) });
    const { data, errors } = await answer.json().catch(() => ({}));
    const done = data?.[mutation];
    if (!done) throw Object.assign(new Error(errors?.[0].message ?? `HTTP ${answer.status}`), errors?.[0].extensions);
    return done;
  }

  /** For a pair that came another way: `accessToken`, `accessTokenExpiresAt`, `refreshToken`, and `account` if it is known. */
  function keep({ accessToken, accessTokenExpiresAt, refreshToken, account }) {
    storage.setItem(name, JSON.stringify({ accessToken, accessTokenExpiresAt, refreshToken, accountId: account?.id }));
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

  const renew = ({ refreshToken }) => call('sessionRefresh', cookie ? {} : { refreshToken });
  /** In a cookie, of which a browser has one, there may be the session of another tab's account. */
  const isOurs = ({ accountId }, { account }) => !accountId || !account || accountId === account.id;

  /** One attempt, while no other tab makes one or signs in or out. Whether there is a new pair then. */
  async function attempt(stale) {
    const pair = read();
    if (!pair.accessToken) throw new Error('SESSION_ENDED');
    if (pair.accessToken !== stale) return true; // Another tab was first.
    // No network, or a server that is busy: the same refresh token may be sent again.
    const answer = await renew(pair).catch(() => {});
    if (!answer) return false;
    if (read().accessToken !== stale) return true; // Without locks: somebody has signed in or out meanwhile.
    if (answer.userErrors.length || !isOurs(pair, answer)) {
      drop();
      throw new Error(answer.userErrors[0]?.reason ?? 'SESSION_ENDED');
    }
    keep(answer);
    return true;
  }

  async function exchange(stale) {
    for (let wait = 500; ; wait = Math.min(30_000, 2 * wait)) {
      if (await locks.request(name, () => attempt(stale))) return;
      await new Promise((resolve) => setTimeout(resolve, wait * (1 + Math.random())));
    }
  }

  /** Gets a new access token, unless another tab has just got one; rejects when the session has ended. */
  function refresh() {
    const stale = read().accessToken;
    return (refreshing ??= exchange(stale).finally(() => (refreshing = undefined)));
  }

  async function signIn(login, password) {
    const input = { login, password, ...(cookie && { refreshCookie: true }) };
    await locks.request(name, async () => {
      const answer = await call('sessionCreate', input);
      if (answer.userErrors.length) throw new Error(answer.userErrors[0].reason);
      keep(answer);
    });
  }

  /** Whether the session could be ended with this token: it may have ended itself. */
  async function revoke(token) {
    try {
      await call('sessionRevoke', {}, token);
      return true;
    } catch (error) {
      if (error.code === 'UNAUTHENTICATED') return false;
      throw error;
    }
  }

  /** Ends the session, and forgets the pair. Rejects if the server can't be asked: then nobody is signed out, and it can be repeated. */
  async function signOut() {
    await locks.request(name, async () => {
      const pair = read();
      if (!pair.accessToken || !(await revoke(pair.accessToken))) {
        // A token to end the session with: the cookie, or the refresh token, is good for much longer than the one that has ended.
        const answer = cookie || pair.refreshToken ? await renew(pair) : {};
        if (answer.accessToken && isOurs(pair, answer)) {
          keep(answer); // In case that the next call fails.
          await revoke(answer.accessToken);
        }
      }
      drop();
    });
  }

  plan();
  return { access: () => read().accessToken, refresh, signIn, signOut, keep };
}

/** `fetch` for queries and mutations: with the access token, and with a new one if it was refused. */
export const authorizedFetch = (tokens) => async (url, init) => {
  function send(token) {
    const headers = new Headers(init?.headers);
    if (token) headers.set('authorization', `Bearer ${token}`);
    return fetch(url, { ...init, headers });
  }
  const token = tokens.access();
  const answer = await send(token);
  if (answer.status !== 401) return answer;
  if (tokens.access() === token) await tokens.refresh();
  return send(tokens.access());
};
