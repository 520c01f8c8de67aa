// Uploads as a page does them, with the requests that the server signs.
import assert from 'node:assert/strict';
import { File } from 'node:buffer';
import { webcrypto } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { after, test } from './support/runner.mjs';
import { startServer } from './support/server.mjs';
import { announce, complete, missing, send, upload } from '../../examples/clients/upload.mjs';

// Browsers and later versions of Node.js have it.
globalThis.crypto ??= webcrypto;
const server = await startServer();
after(() => server.stop());
const token = await server.token('MOBILE_PUPIL');
const reader = await server.token('NON_MOBILE_PUPIL');
const spaceId = server.account('MOBILE_PUPIL').space;
const ask = (query, variables) => server.ask(query, variables, token);
const { space } = await ask(
  'query ($id: ID!) { space(id: $id) { eventCursor phase(kind: DURING) { id } } }',
  { id: spaceId },
);
const about = { spaceId, phaseId: space.phase.id, caption: 'Bread', altText: 'A loaf' };

/** A PNG with a position in its text. */
function photo() {
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    let crc = 0xffffffff;
    for (const byte of body) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(~crc >>> 0);
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.from([0, 0, 0, 64, 0, 0, 0, 48, 8, 2, 0, 0, 0]);
  const rows = Buffer.alloc(48 * (1 + 64 * 3), 90);
  for (let row = 0; row < 48; row += 1) rows[row * (1 + 64 * 3)] = 0;
  const bytes = Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('tEXt', Buffer.from('Comment\0N56.9496 E24.1052')),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  return new File([bytes], 'bread.png', { type: 'image/png' });
}

/** Silence that is larger than one part. */
function sound() {
  const samples = Buffer.alloc((16 << 20) + 4096);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(samples.length + 36, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(44_100, 24);
  header.writeUInt32LE(88_200, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return new File([header, samples], 'silence.wav', { type: 'audio/wav' });
}

const FILE = `query ($id: ID!) {
  node(id: $id) { ... on MediaItem { file { status url srcset width durationMs urlsExpireAt } } }
}`;

/** Waits for the events of an item until its file is ready. */
async function ready(id) {
  const client = createClient({
    url: server.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
  });
  const query = `subscription ($space: ID!, $after: String) {
    spaceEvents(spaceId: $space, after: $after) {
      kind ... on ContributionEvent { contribution { id ... on MediaItem { file { status } } } }
    }
  }`;
  const steps = [];
  try {
    const events = client.iterate({ query, variables: { space: spaceId, after: space.eventCursor } });
    for await (const { data, errors } of events) {
      assert.equal(errors, undefined);
      const { kind, contribution } = data.spaceEvents;
      if (kind !== 'MEDIA_STATUS_CHANGED' || contribution?.id !== id) continue;
      steps.push(contribution.file.status);
      if (['READY', 'FAILED', 'QUARANTINED'].includes(steps.at(-1))) break;
    }
  } finally {
    await client.dispose();
  }
  assert.equal(steps.at(-1), 'READY', steps.join(', '));
  const { node } = await ask(FILE, { id });
  return node.file;
}

test('a photo is sent to the store, made ready, and fetched without what the camera added', async () => {
  const file = photo();
  const { id, requests } = await announce(ask, file, about);
  assert.equal(requests.length, 1);
  assert.ok(!requests[0].url.startsWith(server.url));
  await send(file, requests[0]);
  await complete(ask, id);
  const made = await ready(id);
  assert.equal(made.width, 64);
  const answer = await fetch(made.url);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^image\//);
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.ok(bytes.length > 50 && !bytes.includes('56.9496'));
  for (const candidate of made.srcset.split(', ')) {
    const [url, width] = candidate.split(' ');
    assert.match(width, /^\d+w$/);
    assert.equal((await fetch(url)).headers.get('content-type'), 'image/webp');
  }
  assert.ok(Date.parse(made.urlsExpireAt) - Date.now() <= 300_000);
  assert.equal((await server.ask(FILE, { id }, reader)).node, null, 'a draft is its author’s');
});

test('a photo whose answers are lost arrives all the same, and only once', async () => {
  const { fetch: real } = globalThis;
  const sent = [];
  // The first answer never comes; after it, the server says that the file is there.
  globalThis.fetch = async (url, init) => {
    if (url === server.url) return real(url, init);
    const answer = await real(url, init);
    sent.push(answer.status);
    if (sent.length === 1) throw new TypeError('network error');
    return answer;
  };
  try {
    const file = new File([await photo().arrayBuffer(), ' '], 'IMG 10.15.23', { type: '' });
    const lost = [];
    const unsure = (query, variables) => {
      // The phone doesn't get to ask what has arrived at once either.
      if (query.includes('mediaUploadParts') && lost.push(query) === 1) return Promise.reject(new TypeError('network error'));
      return ask(query, variables);
    };
    const id = await upload(unsure, file, about, { pause: 10 });
    const made = await ready(id);
    assert.equal(made.width, 64);
    assert.deepEqual(sent, [200]);
  } finally {
    globalThis.fetch = real;
  }
});

test('an answer to the completion that is lost loses nothing', async () => {
  for (const file of [new File([await photo().arrayBuffer(), '\n'], 'a.png', { type: 'image/png' }), sound()]) {
    let lost = 0;
    const unsure = async (query, variables) => {
      const data = await ask(query, variables);
      if (query.includes('mediaUploadComplete') && (lost += 1) === 1) throw new TypeError('network error');
      return data;
    };
    const key = crypto.randomUUID();
    const id = await upload(unsure, file, about, { key, pause: 10 });
    assert.equal(lost, 2);
    await ready(id);
    // Nor does it when all of it is done once more.
    assert.equal(await upload(ask, file, about, { key, pause: 10 }), id);
  }
});

test('a large file comes in parts, and goes on where the connection broke', async () => {
  const file = sound();
  const { id, requests } = await announce(ask, file, about);
  assert.equal(requests.length, 2);
  await send(file, requests[1]);
  await assert.rejects(complete(ask, id), /UPLOAD_INCOMPLETE/);
  const left = await missing(ask, id);
  assert.deepEqual(left.map(({ offset }) => offset), [0]);
  await send(file, left[0]);
  await complete(ask, id);
  const made = await ready(id);
  assert.ok(made.durationMs > 190_000, `${made.durationMs}`);
  const range = await fetch(made.url, { headers: { range: 'bytes=0-3' } });
  assert.deepEqual([range.status, await range.text()], [206, 'RIFF']);
});
