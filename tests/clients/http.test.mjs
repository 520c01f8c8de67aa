// GraphQL over HTTP, as its reference audits it.
import assert from 'node:assert/strict';
import { serverAudits } from 'graphql-http';
import { after, describe, test } from './support/runner.mjs';
import { startServer } from './support/server.mjs';

const server = await startServer();
after(() => server.stop());
const token = await server.token('TEACHER');

const withToken = (url, options) =>
  fetch(url, { ...options, headers: { ...options?.headers, authorization: `Bearer ${token}` } });

for (const [who, fetchFn] of [
  ['nobody', fetch],
  ['somebody who is signed in', withToken],
]) {
  const audits = serverAudits({ url: server.url, fetchFn });
  describe(`audits of graphql-http, as ${who}`, () => {
    test('there are 61', () => assert.equal(audits.length, 61));
    for (const audit of audits) {
      test(`${audit.id} ${audit.name}`, async () => {
        const result = await audit.fn();
        const answer = result.response && `${result.response.status} ${await result.response.text().catch(() => '')}`;
        assert.equal(result.status, 'ok', `${result.reason}: ${answer}`);
      });
    }
  });
}
