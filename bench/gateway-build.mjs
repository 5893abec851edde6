/** Where the gateway under test lies: this repository, or another checkout of it named by GATEWAY_ROOT (to compare two versions). */
import path from 'node:path';
import { pathToFileURL } from 'node:url';

export const gatewayRoot = path.resolve(import.meta.dirname, process.env.GATEWAY_ROOT ?? '..');

/**
 * A module of the built gateway.
 * @param {string} file under dist/
 */
export const built = (file) => import(pathToFileURL(path.join(gatewayRoot, 'dist', file)).href);
