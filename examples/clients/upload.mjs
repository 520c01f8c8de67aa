// Uploads a `File` of a page, over a connection that breaks. `ask(query, variables)` sends an operation and gives its `data`.

const UPLOAD = 'upload { requests { method url headers { name value } offset size } arrived { partNumber sha256 } }';
const REQUEST = `mutation ($input: MediaUploadRequestInput!) {
  mediaUploadRequest(input: $input) { mediaItem { id } ${UPLOAD} userErrors { code reason message } }
}`;
const PARTS = `mutation ($input: MediaUploadPartsInput!) {
  mediaUploadParts(input: $input) { ${UPLOAD} userErrors { code reason message } }
}`;
const COMPLETE = `mutation ($input: MediaUploadCompleteInput!) {
  mediaUploadComplete(input: $input) { mediaItem { file { status } } userErrors { code reason message } }
}`;

async function mutate(ask, query, input) {
  const [payload] = Object.values(await ask(query, { input }));
  const [refused] = payload.userErrors;
  if (refused) throw Object.assign(new Error(JSON.stringify(payload.userErrors)), { refused: refused.reason });
  return payload;
}

/** SHA-256 in hexadecimal. A film is better hashed piece by piece, by a library. */
async function sha256(file) {
  const hash = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Announces a `File`; `about` holds `spaceId`, `phaseId`, `caption`, `altText` and so on. Keep the `key` with the file: announced once more
 * with the same one, it is the same item, and what has arrived of it isn't sent again.
 */
export async function announce(ask, file, about, key = crypto.randomUUID()) {
  const { mediaItem, upload } = await mutate(ask, REQUEST, {
    ...about,
    fileName: file.name,
    mediaType: file.type,
    size: file.size,
    sha256: await sha256(file),
    idempotencyKey: key,
  });
  // Nothing is to be sent any more of what has been completed before.
  return { id: mediaItem.id, requests: upload?.requests ?? [] };
}

/** What is still missing, signed anew: after a broken connection, or a quarter of an hour. Empty once all has arrived. */
export async function missing(ask, id) {
  const { upload } = await mutate(ask, PARTS, { mediaItemId: id });
  return upload.requests;
}

/** Sends a piece of the file straight to the store. */
export async function send(file, { method, url, headers, offset, size }) {
  const named = Object.fromEntries(headers.map(({ name, value }) => [name, value]));
  const answer = await fetch(url, { method, headers: named, body: file.slice(offset, offset + size) });
  if (!answer.ok) throw new Error(`the store answered ${answer.status}`);
}

/** Says that all has arrived. */
export async function complete(ask, id) {
  await mutate(ask, COMPLETE, { mediaItemId: id });
}

/**
 * All of it. Whatever goes wrong on the way to the store (no network, a lost answer and the 412 that follows it, a request that is too
 * old), the server knows what has arrived: it is asked, and the rest is sent. Gives the id of the media item.
 */
export async function upload(ask, file, about, { key, tries = 8, pause = 1000 } = {}) {
  const { id, requests } = await announce(ask, file, about, key);
  const sent = new Set();
  let left = requests;
  for (let failed = 0; ; ) {
    try {
      left ??= await missing(ask, id);
      for (const request of left) {
        await send(file, request);
        // What takes hours on a slow line gets on all the same.
        if (!sent.has(request.offset)) failed = 0;
        sent.add(request.offset);
      }
      await complete(ask, id);
      return id;
    } catch (error) {
      const isFinal = error.refused && !['UPLOAD_INCOMPLETE', 'UPLOAD_MISMATCH'].includes(error.refused);
      if (isFinal || (failed += 1) === tries) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause * 2 ** (failed - 1) * (1 + Math.random())));
    left = undefined;
  }
}
