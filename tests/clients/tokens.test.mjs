// The tokens of examples/clients over reloads and in several tabs, which share what a browser keeps and its locks.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { authorizedFetch, sessionTokens } from '../../examples/clients/tokens.mjs';
import { browser } from './support/browser.mjs';
import { after, test } from './support/runner.mjs';
import { startServer } from './support/server.mjs';

const server = await startServer('--refresh-cookie');
after(() => server.stop());
const { login, password } = server.account('TEACHER');

/** Counts the exchanges while `work` goes on, and the refresh tokens that they gave. */
async function exchanges(work) {
  const given = [];
  const { fetch } = globalThis;
  globalThis.fetch = async (url, init) => {
    const answer = await fetch(url, init);
    if (init.body.includes('sessionRefresh')) given.push((await answer.clone().json()).data.sessionRefresh.refreshToken);
    return answer;
  };
  try {
    await work();
  } finally {
    globalThis.fetch = fetch;
  }
  return given;
}

async function viewer(tokens) {
  const body = JSON.stringify({ query: '{ viewer { account { login } } }' });
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
  const answer = await authorizedFetch(tokens)(server.url, init);
  return (await answer.json()).data.viewer?.account.login;
}

test('a pair outlasts a reload, and is there for other tabs', async () => {
  const shared = browser();
  const first = sessionTokens(server.url, shared);
  assert.equal(first.access(), undefined);
  await first.signIn(login, password);
  const other = sessionTokens(server.url, shared);
  assert.equal(other.access(), first.access());
  assert.equal(await viewer(other), login);
  // Another browser has none.
  assert.equal(await viewer(sessionTokens(server.url, browser())), undefined);
});

test('of tabs that need new tokens at the same time, one gets them for all', async () => {
  const shared = browser();
  const tabs = Array.from({ length: 5 }, () => sessionTokens(server.url, shared));
  await tabs[0].signIn(login, password);
  for (let round = 0; round < 3; round += 1) {
    const before = tabs[0].access();
    const given = await exchanges(() => Promise.all(tabs.flatMap((tab) => [tab.refresh(), tab.refresh()])));
    assert.equal(given.length, 1);
    assert.notEqual(tabs[4].access(), before);
    for (const tab of tabs) assert.equal(await viewer(tab), login);
  }
});

test('tabs without locks get the same tokens, and both go on', async () => {
  const { storage } = browser();
  const locks = { request: (_, work) => work() };
  const tabs = [sessionTokens(server.url, { storage, locks }), sessionTokens(server.url, { storage, locks })];
  await tabs[0].signIn(login, password);
  for (let round = 0; round < 3; round += 1) {
    const given = await exchanges(() => Promise.all(tabs.map((tab) => tab.refresh())));
    assert.equal(new Set(given).size, 1, String(given));
    for (const tab of tabs) assert.equal(await viewer(tab), login);
  }
});

test('a refused access token is replaced once, for all requests that it was refused to', async () => {
  const shared = browser();
  const tabs = [sessionTokens(server.url, shared), sessionTokens(server.url, shared)];
  const { accessToken, refreshToken } = await server.session('TEACHER');
  tabs[0].keep({ accessToken: server.endingNow(accessToken).slice(0, -4), refreshToken });
  const given = await exchanges(async () => {
    const seen = await Promise.all(tabs.flatMap((tab) => [viewer(tab), viewer(tab)]));
    assert.deepEqual(seen, Array(4).fill(login));
  });
  assert.equal(given.length, 1);
});

test('tokens are replaced shortly before they end, by one of the tabs', async () => {
  const shared = browser();
  const { accessToken, refreshToken } = await server.session('TEACHER');
  const early = 400;
  const tabs = [sessionTokens(server.url, { ...shared, early }), sessionTokens(server.url, { ...shared, early })];
  const given = await exchanges(async () => {
    for (const tab of tabs) tab.keep({ accessToken, accessTokenExpiresAt: new Date(Date.now() + 1_000).toISOString(), refreshToken });
    assert.equal(tabs[0].access(), accessToken);
    while (tabs[0].access() === accessToken) await sleep(20);
    await sleep(500);
  });
  assert.equal(given.length, 1);
  assert.equal(await viewer(tabs[1]), login);
});

/** A browser's jar for the one cookie, while `work` goes on: Node.js has none. */
async function withJar(work) {
  const { fetch } = globalThis;
  const jar = {};
  globalThis.fetch = async (url, { credentials, ...init }) => {
    const headers = new Headers(init.headers);
    if (credentials === 'include' && jar.cookie) headers.set('cookie', jar.cookie);
    const answer = await fetch(url, { ...init, headers });
    const [set] = answer.headers.get('set-cookie')?.split('; ') ?? [];
    if (set) jar.cookie = set.endsWith('=') ? undefined : set;
    return answer;
  };
  try {
    await work(jar);
  } finally {
    globalThis.fetch = fetch;
  }
}

test('with a cookie, no script can read the refresh token', () =>
  withJar(async (jar) => {
    const shared = browser();
    const tabs = [sessionTokens(server.url, { ...shared, cookie: true }), sessionTokens(server.url, { ...shared, cookie: true })];
    await tabs[0].signIn(login, password);
    const secret = () => jar.cookie.split('=')[1];
    const first = secret();
    assert.equal(first.length, 64);
    await Promise.all(tabs.map((tab) => tab.refresh()));
    assert.notEqual(secret(), first);
    assert.ok(!shared.storage.getItem('sojourn').includes(secret()));
    await tabs[1].signOut();
    assert.equal(jar.cookie, undefined);
  }));

test('signing out ends the session though the access token has ended before', async () => {
  for (const cookie of [false, true]) {
    await withJar(async (jar) => {
      const shared = browser();
      const tokens = sessionTokens(server.url, { ...shared, cookie });
      await tokens.signIn(login, password);
      const { refreshToken, ...rest } = JSON.parse(shared.storage.getItem('sojourn'));
      const kept = jar.cookie;
      tokens.keep({ ...rest, refreshToken, accessToken: server.endingNow(rest.accessToken).slice(0, -4) });
      await tokens.signOut();
      assert.equal(tokens.access(), undefined);
      assert.equal(jar.cookie, undefined);
      // Nobody who comes later is them.
      jar.cookie = kept;
      const later = sessionTokens(server.url, { ...browser(), cookie });
      later.keep({ accessToken: 'nonsense', refreshToken });
      await assert.rejects(later.refresh(), { message: 'SESSION_ENDED' });
    });
  }
});

test('who signs out or in while tokens are exchanged is not undone by it', async () => {
  const { login: other, password: secret } = server.account('COORDINATOR');
  const { fetch } = globalThis;
  for (const next of ['nobody', 'another']) {
    const { storage } = browser();
    // Without locks, so that nothing waits.
    const locks = { request: (_, work) => work() };
    const tabs = [sessionTokens(server.url, { storage, locks }), sessionTokens(server.url, { storage, locks })];
    await tabs[0].signIn(login, password);
    let release;
    const held = new Promise((resolve) => (release = resolve));
    globalThis.fetch = async (url, init) => {
      const answer = await fetch(url, init);
      if (init.body.includes('sessionRefresh')) await held;
      return answer;
    };
    const late = tabs[0].refresh();
    await sleep(100);
    globalThis.fetch = fetch;
    if (next === 'nobody') await tabs[1].signOut();
    else await tabs[1].signIn(other, secret);
    const expected = tabs[1].access();
    release();
    await late.catch(() => {});
    assert.equal(tabs[0].access(), expected);
    assert.equal(await viewer(tabs[0]), next === 'nobody' ? undefined : other);
  }
});

test('a tab does not become the account of another one by their cookie', async () => {
  const { login: other, password: secret } = server.account('COORDINATOR');
  await withJar(async () => {
    const [one, two] = [browser(), browser()].map((own) => sessionTokens(server.url, { ...own, cookie: true }));
    await one.signIn(login, password);
    await two.signIn(other, secret);
    await assert.rejects(one.refresh(), { message: 'SESSION_ENDED' });
    assert.equal(one.access(), undefined);
    await two.refresh();
    assert.equal(await viewer(two), other);
  });
});

test('what somebody else keeps under the name is nothing', async () => {
  const shared = browser();
  shared.storage.setItem('sojourn', '{nonsense');
  const tokens = sessionTokens(server.url, shared);
  assert.equal(tokens.access(), undefined);
  await tokens.signIn(login, password);
  const init = { method: 'POST', headers: new Headers({ 'content-type': 'application/json' }), body: '{"query":"{ viewer { account { login } } }"}' };
  const answer = await authorizedFetch(tokens)(server.url, init);
  assert.equal((await answer.json()).data.viewer.account.login, login);
});

test('what ends the session ends it in all tabs', async () => {
  const shared = browser();
  const tabs = [sessionTokens(server.url, shared), sessionTokens(server.url, shared)];
  tabs[0].keep({ accessToken: 'nonsense', refreshToken: 'nonsense' });
  await assert.rejects(tabs[0].refresh(), { message: 'SESSION_ENDED' });
  assert.equal(tabs[1].access(), undefined);
  await assert.rejects(tabs[1].refresh(), { message: 'SESSION_ENDED' });

  await tabs[1].signIn(login, password);
  assert.equal(await viewer(tabs[0]), login);
  const token = tabs[0].access();
  await tabs[0].signOut();
  assert.equal(tabs[1].access(), undefined);
  const answer = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: '{ viewer { account { login } } }' }),
  });
  assert.equal(answer.status, 401);
  await assert.rejects(tabs[0].signIn(login, 'a wrong one'), { message: 'CREDENTIALS_WRONG' });
});
