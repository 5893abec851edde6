/** A name for an operation's text that tells nothing of the values in it. */
import { createHash } from 'node:crypto';
import { Kind, print, visit } from 'graphql';
import type { DocumentNode } from 'graphql';

/** Parsed documents are kept by the server, so the same text is hashed once. */
const known = new WeakMap<DocumentNode, Buffer>();

/**
 * SHA-256 over the document as graphql-js prints it, with every literal value emptied: an 18-digit number in a text that is
 * otherwise known could be found again from the hash by trying. Operations that differ in layout or in literals have one hash.
 */
export function operationHash(document: DocumentNode): Buffer {
  const found = known.get(document);
  if (found !== undefined) return found;
  const bare = visit(document, {
    [Kind.STRING]: (node) => ({ ...node, value: '', block: false }),
    [Kind.INT]: (node) => ({ ...node, value: '0' }),
    [Kind.FLOAT]: (node) => ({ ...node, value: '0' }),
    // How many numbers a list names says something, too.
    [Kind.LIST]: { leave: (node) => ({ ...node, values: node.values.slice(0, 1) }) },
  });
  const hash = createHash('sha256').update(print(bare)).digest();
  known.set(document, hash);
  return hash;
}

/** For what could not be parsed. */
export const NO_DOCUMENT = Buffer.alloc(32);
