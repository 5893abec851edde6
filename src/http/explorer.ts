/** The in-browser GraphQL explorer at `GET /`: GraphiQL and a bar for token and purpose, served from local files alone. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Router } from 'express';
import { methodNotAllowed } from './answers.ts';
import { pageHeaders } from './security-headers.ts';

/** The same from src/http and from dist/http. */
const PACKAGE_ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXPLORER = path.join(PACKAGE_ROOT, 'explorer');
const OPERATIONS = path.join(PACKAGE_ROOT, 'schema', 'operations');

const require = createRequire(import.meta.url);

/** The folder of an installed package; its package.json is the one path that the `exports` maps of these packages let through. */
function packageFolder(name: string): string {
  return path.dirname(require.resolve(`${name}/package.json`));
}

/** One example operation as the page opens it in a tab. */
interface ExampleOperation {
  readonly name: string;
  readonly query: string;
  /** JSON text; empty when the operation takes none */
  readonly variables: string;
}

/** Every operation under schema/operations, by file name, with the variables beside it. */
function exampleOperations(): ExampleOperation[] {
  const files = readdirSync(OPERATIONS).sort();
  return files
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => {
      const name = path.basename(file, '.graphql');
      const variables = `${name}.variables.json`;
      return {
        name,
        query: readFileSync(path.join(OPERATIONS, file), 'utf8'),
        variables: files.includes(variables) ? readFileSync(path.join(OPERATIONS, variables), 'utf8') : '',
      };
    });
}

/** A file of the page, held in memory: the whole page is 1.5 MB, and no path of a request ever becomes a path on the disk. */
interface Asset {
  readonly type: string;
  readonly body: Buffer;
  readonly tag: string;
}

function asset(type: string, body: Buffer): Asset {
  return { type, body, tag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}

/** By the address they are served at. @throws when a file is missing, so that a broken installation shows at the start */
function assets(): ReadonlyMap<string, Asset> {
  const file = (type: string, ...parts: string[]): Asset => asset(type, readFileSync(path.join(...parts)));
  return new Map([
    ['/', file('html', EXPLORER, 'index.html')],
    ['/explorer/explorer.js', file('js', EXPLORER, 'explorer.js')],
    ['/explorer/explorer.css', file('css', EXPLORER, 'explorer.css')],
    ['/explorer/operations.json', asset('json', Buffer.from(JSON.stringify(exampleOperations())))],
    ['/explorer/graphiql.min.js', file('js', packageFolder('graphiql'), 'graphiql.min.js')],
    ['/explorer/graphiql.min.css', file('css', packageFolder('graphiql'), 'graphiql.min.css')],
    ['/explorer/react.production.min.js', file('js', packageFolder('react'), 'umd', 'react.production.min.js')],
    ['/explorer/react-dom.production.min.js', file('js', packageFolder('react-dom'), 'umd', 'react-dom.production.min.js')],
  ]);
}

export function explorerRouter(): Router {
  const router = Router();
  for (const [address, { type, body, tag }] of assets()) {
    router
      .route(address)
      .get(pageHeaders, (_request, response) => {
        // Asked again at each visit and answered 304 while nothing changed, so that an upgrade shows at once.
        response.setHeader('Cache-Control', 'no-cache');
        response.setHeader('ETag', tag);
        response.type(type).send(body);
      })
      .all(methodNotAllowed('GET', 'HEAD'));
  }
  return router;
}
