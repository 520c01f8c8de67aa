// Tests that end: what waits for a message that never comes is red after a minute.
import { test as run } from 'node:test';

export { after, describe } from 'node:test';

export const test = (name, body) => run(name, { timeout: 60_000 }, body);
