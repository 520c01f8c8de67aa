// Bundles the explorer into the folder that is given, with the licences of all that is in it.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const out = path.resolve(process.argv[2]);
const here = import.meta.dirname;

const mend = {
  name: 'mend',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/singleton$/ }, ({ importer }) =>
      importer.includes('react-style-singleton') ? { path: path.join(here, 'styles.js') } : undefined,
    );
    // The fonts make up most of the sheet, and every system has some.
    onLoad({ filter: /graphiql\/dist\/style\.css$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, 'utf8')).replace(/@font-face\s*\{[^}]*\}/g, ''),
      loader: 'css',
    }));
  },
};

const { metafile } = await build({
  entryPoints: { explorer: path.join(here, 'main.jsx') },
  outdir: out,
  bundle: true,
  minify: true,
  metafile: true,
  format: 'esm',
  target: ['chrome111', 'firefox113', 'safari16.4'],
  jsx: 'automatic',
  legalComments: 'none',
  define: { 'process.env.NODE_ENV': '"production"' },
  banner: Object.fromEntries(['js', 'css'].map((kind) => [kind, '/* Licences: see licences.txt beside this file. */'])),
  plugins: [mend],
});

const folders = new Set();
for (const { inputs } of Object.values(metafile.outputs)) {
  for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path.resolve(file));
    if (found && bytesInOutput) folders.add(found[1]);
  }
}

// Some packages name the licence without its text.
const mit = (await readFile(path.join(here, 'node_modules/graphql/LICENSE'), 'utf8')).replace(/^[^]*?(?=Permission)/, '').trim();
const texts = new Map();
for (const folder of [...folders].sort()) {
  const { name, version, license, author } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  const parts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
  const by = typeof author === 'object' ? author.name : author;
  if (!parts.length && license !== 'MIT') throw new Error(`${name} has no licence file`);
  const text = parts.join('\n').trim() || `The MIT License\n\nCopyright (c) ${by ?? 'its authors'}\n\n${mit}`;
  texts.set(text, [...(texts.get(text) ?? []), `${name} ${version} (${license})`]);
}
const licences = [...texts].map(([text, names]) => `${names.join('\n')}\n\n${text.replace(/\r/g, '').replace(/[ \t]+$/gm, '')}\n`);
await writeFile(path.join(out, 'licences.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));
