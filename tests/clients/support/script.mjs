// A server that does what it is told, for what a good one rarely does.
import { once } from 'node:events';
import { WebSocketServer } from 'ws';

/** Answers each subscription with the next scene: `({ next, error, complete, close }) => …`. */
export async function startScript(scenes) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'graphql-transport-ws' });
  await once(server, 'listening');
  const script = {
    url: `ws://127.0.0.1:${server.address().port}/graphql`,
    /** The variable `after` of each subscription. */
    afters: [],
    /** Once the first connection has ended. */
    left: undefined,
    async stop() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
  script.left = once(server, 'connection').then(([socket]) => once(socket, 'close'));
  const rest = scenes[Symbol.iterator]();
  server.on('connection', (socket) => {
    const say = (message) => socket.send(JSON.stringify(message));
    socket.on('message', (text) => {
      const { type, id, payload } = JSON.parse(text);
      if (type === 'connection_init') say({ type: 'connection_ack' });
      if (type !== 'subscribe') return;
      script.afters.push(payload.variables.after);
      rest.next().value?.({
        next: (result) => say({ id, type: 'next', payload: result }),
        error: (...errors) => say({ id, type: 'error', payload: errors }),
        complete: () => say({ id, type: 'complete' }),
        close: (code) => socket.close(code),
        break: () => socket.terminate(),
      });
    });
  });
  return script;
}
