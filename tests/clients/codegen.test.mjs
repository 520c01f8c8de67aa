// GraphQL Code Generator, and a program under strict TypeScript that uses what it makes.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { codegen } from '@graphql-codegen/core';
import * as typedDocumentNode from '@graphql-codegen/typed-document-node';
import * as typescript from '@graphql-codegen/typescript';
import * as typescriptOperations from '@graphql-codegen/typescript-operations';
import { parse } from 'graphql';
import { files, schemaText } from './support/documents.mjs';
import { test } from './support/runner.mjs';

const run = promisify(execFile);
const folder = new URL('generated/codegen/', import.meta.url);
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const project = fileURLToPath(new URL('types/tsconfig.json', import.meta.url));

/** How each custom scalar comes over the wire; `strictScalars` refuses one that is not here. */
const scalars = { ByteCount: 'number', CountryCode: 'string', DateTime: 'string', IsoWeek: 'string', LanguageTag: 'string', LocalTime: 'string' };

async function generate(name, plugins) {
  const text = await codegen({
    filename: name,
    schema: parse(schemaText),
    documents: files,
    config: { scalars, strictScalars: true, enumsAsTypes: true, useTypeImports: true },
    plugins: Object.keys(plugins).map((plugin) => ({ [plugin]: {} })),
    pluginMap: plugins,
  });
  await writeFile(new URL(name, folder), text);
}

test('types are generated, and a strict program can rely on them', async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await generate('schema.ts', { typescript });
  await generate('operations.ts', { typescriptOperations, typedDocumentNode });
  await run(process.execPath, [tsc, '--project', project]).catch(({ stdout }) => assert.fail(stdout));
});
