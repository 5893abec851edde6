/**
 * Prints schema/schema.graphql, the schema of the bundled catalog, from the built sources; with --check it only compares and
 * exits non-zero when the committed file has drifted.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { printSchema } from 'graphql';

const root = new URL('../', import.meta.url);
const file = new URL('schema/schema.graphql', root);
const { checkSheet, readSheet } = await import(new URL('dist/catalog/index.js', root));
const { buildBaseSchema } = await import(new URL('dist/graphql/base-schema.js', root));
const { compileSchema } = await import(new URL('dist/graphql/compile-schema.js', root));

const { document, findings } = checkSheet(await readSheet(fileURLToPath(new URL('demo/catalog-2026.csv', root))));
if (document === null) throw new Error(`The bundled catalog has ${findings.length} findings`);
const text = `# Printed by "npm run schema:print" for demo/catalog-2026.csv. Do not edit.\n\n${printSchema(compileSchema(buildBaseSchema(), document))}\n`;

if (process.argv.includes('--check')) {
  const committed = await readFile(file, 'utf8').catch(() => '');
  if (committed !== text) {
    console.error('schema/schema.graphql has drifted from the sources. Run: npm run schema:print');
    process.exitCode = 1;
  }
} else {
  await writeFile(file, text);
}
