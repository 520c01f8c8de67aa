// What a browser gives to the tabs of one site.

/** What tabs of one site share. */
export function browser() {
  const kept = new Map();
  const turns = new Map();
  return {
    storage: {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => kept.set(name, value),
      removeItem: (name) => kept.delete(name),
    },
    // As those of browsers, which Node.js has from version 24 on.
    locks: {
      async request(name, work) {
        const before = turns.get(name);
        let end;
        turns.set(name, new Promise((resolve) => (end = resolve)));
        await before;
        try {
          return await work();
        } finally {
          end();
        }
      },
    },
  };
}
