// A TCP proxy that breaks connections: at any byte, also within the handshake or a frame.
import { once } from 'node:events';
import net from 'node:net';

/** Numbers of bytes, the same in each run: twice enough for a few events, then for a part of what comes before the first. */
export function* unsteady() {
  for (let n = 1; ; n += 1) yield n % 3 ? 2_000 + ((n * 1_237) % 3_000) : 1 + ((n * 617) % 1_500);
}

/** Stands before the server at `target`, a URL. Each connection lasts for the next number of bytes of `lengths`; all others last. */
export async function startProxy(target, lengths = [][Symbol.iterator]()) {
  const { hostname, port } = new URL(target);
  const open = new Set();

  class Line {
    constructor(near) {
      this.near = near;
      this.far = net.connect(port, hostname);
      this.left = lengths.next().value ?? Infinity;
      open.add(this);
      this.pass(near, this.far);
      this.pass(this.far, near);
    }

    pass(from, to) {
      from.on('data', (bytes) => {
        if (bytes.length < this.left) {
          this.left -= bytes.length;
          to.write(bytes);
        } else if (this.left > 0) {
          proxy.cuts += 1;
          to.write(bytes.subarray(0, this.left), () => this.end());
          this.left = 0;
        }
      });
      from.on('error', () => this.end());
      from.on('close', () => this.end());
    }

    end() {
      open.delete(this);
      this.near.destroy();
      this.far.destroy();
    }
  }

  const listener = net.createServer((near) => {
    proxy.connections += 1;
    new Line(near);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const url = new URL(target);
  url.host = `127.0.0.1:${listener.address().port}`;

  const proxy = {
    url: url.href,
    /** How many connections there were. */
    connections: 0,
    /** How many of them were cut after their number of bytes. */
    cuts: 0,
    /** Cuts what is open now. */
    cut() {
      for (const line of open) line.end();
    },
    async stop() {
      proxy.cut();
      listener.close();
      await once(listener, 'close');
    },
  };
  return proxy;
}
