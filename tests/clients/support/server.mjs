// A server of the binary that was built, over a fresh database with the demo project in it.
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const binary = process.env.SOJOURN_BINARY || fileURLToPath(new URL('../../../target/debug/sojourn', import.meta.url));

function needed(name) {
  if (!process.env[name]) throw new Error(`${name} must be set`);
  return process.env[name];
}

async function execute(url, statement) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** What has to be set for the set-up that is tested, and how to clean up. */
async function setUp() {
  const setup = process.env.SOJOURN_TEST_SETUP || 'embedded';
  if (setup === 'embedded') return { variables: {}, clear: async () => {} };
  if (setup !== 'production') throw new Error(`SOJOURN_TEST_SETUP is ${setup}`);
  const admin = needed('SOJOURN_TEST_DATABASE_URL');
  const redis = needed('SOJOURN_TEST_REDIS_URL');
  const store = new URL(needed('SOJOURN_TEST_S3_URL'));
  const name = `clients_${randomUUID().replaceAll('-', '')}`;
  await execute(admin, `CREATE DATABASE ${name}`);
  const database = new URL(admin);
  database.pathname = name;
  return {
    variables: {
      SOJOURN_DATABASE_URL: database.href,
      SOJOURN_REDIS_URL: redis,
      SOJOURN_REDIS_PREFIX: name,
      SOJOURN_MEDIA_URL: `s3:/${store.pathname}/${name}`,
      SOJOURN_S3_ENDPOINT: store.origin,
      SOJOURN_S3_ALLOW_HTTP: 'true',
      SOJOURN_S3_ACCESS_KEY_ID: store.username,
      SOJOURN_S3_SECRET_ACCESS_KEY: store.password,
      // The audits as nobody ask for the schema.
      SOJOURN_INTROSPECTION: 'everyone',
    },
    clear: () => execute(admin, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

/** The address, once it serves; and the errors that it logs. */
async function watch(child, errors) {
  const lines = readline.createInterface({ input: child.stderr });
  const log = [];
  const address = new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      log.push(line);
      const entry = line.startsWith('{') ? JSON.parse(line) : { level: 'ERROR' };
      if (entry.level === 'ERROR') errors.push(line);
      if (entry.fields?.message === 'serving') resolve(entry.fields.address);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`the server ended (${code ?? signal}):\n${log.join('\n')}`)));
  });
  const patience = new AbortController();
  const late = sleep(60_000, null, { signal: patience.signal }).then(
    () => Promise.reject(new Error(`the server was not ready within 60 s:\n${log.join('\n')}`)),
    () => {},
  );
  try {
    return await Promise.race([address, late]);
  } finally {
    patience.abort();
  }
}

/** Starts a server, with further flags. Call `stop` at the end. */
export async function startServer(...more) {
  if (!existsSync(binary)) throw new Error(`there is no ${binary}: run cargo build, or set SOJOURN_BINARY`);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sojourn-clients-'));
  const { variables, clear } = await setUp();
  const { privateKey } = generateKeyPairSync('ed25519');
  variables.SOJOURN_SIGNING_KEY = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SOJOURN_'));
  const flags = ['--listen=127.0.0.1:0', `--data-dir=${folder}`, '--log-format=json', '--password-memory=8', ...more];
  const child = spawn(binary, ['demo', ...flags], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const errors = [];

  async function stop() {
    if (child.exitCode === null && child.signalCode === null) {
      const end = once(child, 'exit');
      child.kill('SIGTERM');
      const patience = setTimeout(kill, 20_000);
      await end;
      clearTimeout(patience);
    }
    process.removeListener('exit', kill);
    await clear();
    await rm(folder, { recursive: true, force: true });
    if (child.exitCode !== 0) throw new Error(`the server ended with ${child.exitCode ?? child.signalCode}`);
    if (errors.length) throw new Error(`the server logged errors:\n${errors.join('\n')}`);
  }

  try {
    const address = await watch(child, errors);
    const accounts = JSON.parse(await readFile(path.join(folder, 'demo-accounts.json'), 'utf8'));
    return new Server(`http://${address}/graphql`, `ws://${address}/graphql`, accounts, privateKey, stop);
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

class Server {
  #key;

  constructor(url, socketUrl, accounts, key, stop) {
    Object.assign(this, { url, socketUrl, stop });
    this.accounts = accounts;
    this.#key = key;
  }

  /** The account of the demo in that role. */
  account(role) {
    return this.accounts.find((account) => account.role === role);
  }

  /** Sends an operation by plain HTTP; top-level errors fail the test. */
  async ask(query, variables, token) {
    const answer = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await answer.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }

  /** A new session of the account of the demo in that role: both tokens. */
  async session(role) {
    const { login, password } = this.account(role);
    const query = 'mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) { accessToken refreshToken } }';
    const { sessionCreate } = await this.ask(query, { input: { login, password } });
    return sessionCreate;
  }

  /** An access token of the account of the demo in that role. */
  async token(role) {
    const { accessToken } = await this.session(role);
    return accessToken;
  }

  /** The same token, as if it had been signed so long ago that it ends now. */
  endingNow(token) {
    const [header, claims] = token.split('.');
    const end = { exp: Math.floor(Date.now() / 1000) };
    const changed = { ...JSON.parse(Buffer.from(claims, 'base64url')), ...end };
    const signed = `${header}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}`;
    return `${signed}.${sign(null, Buffer.from(signed), this.#key).toString('base64url')}`;
  }

  /** The first thread of the phase of the demo's space that is open: there is always one. */
  async thread(token) {
    const query = `query ($id: ID!) {
      space(id: $id) { phase(kind: DURING) { threads(first: 1) { nodes { id } } } }
    }`;
    const { space } = await this.ask(query, { id: this.account('TEACHER').space }, token);
    return space.phase.threads.nodes[0].id;
  }
}
