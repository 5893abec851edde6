/**
 * Operations that come again. What Apollo Server does for a request whose document it has parsed and validated before (hashing the
 * text, negotiating, a dozen hooks with a promise each) gives the same every time for an ordinary request. So a document that has
 * passed it once is remembered, and the next request that is ordinary in every respect is executed at once.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';

/** A request's operation, past the forms that Apollo Server has words for. */
export interface KnownOperation {
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
}

/** In characters: some hundreds of operations. A document takes about 60 bytes for each character. */
const REMEMBERED_CHARACTERS = 400_000;

/** What asks for JSON in the one form that is sent then; everything else is negotiated by Apollo Server. */
const PLAIN: ReadonlySet<string | undefined> = new Set([undefined, '*/*', 'application/json']);

export class KnownOperations {
  readonly #documents = new LRUCache<string, { readonly schema: GraphQLSchema; readonly document: DocumentNode }>({
    maxSize: REMEMBERED_CHARACTERS,
    maxEntrySize: REMEMBERED_CHARACTERS / 10,
    sizeCalculation: (_known, text) => text.length + 100,
  });

  /** @param document of this text, valid under the schema */
  remember(text: string | undefined, schema: GraphQLSchema, document: DocumentNode): void {
    if (text !== undefined && this.#documents.peek(text)?.schema !== schema) this.#documents.set(text, { schema, document });
  }

  /** @returns null: this request is not ordinary, or its document has not been seen under this schema */
  find(headers: IncomingHttpHeaders, body: unknown, schema: GraphQLSchema): KnownOperation | null {
    if (!PLAIN.has(headers.accept) || typeof body !== 'object' || body === null) return null;
    const { query, operationName, variables, extensions }: Partial<Record<string, unknown>> = { ...body };
    if (typeof query !== 'string' || extensions != null) return null;
    if (operationName != null && typeof operationName !== 'string') return null;
    if (variables != null && (typeof variables !== 'object' || Array.isArray(variables))) return null;
    const known = this.#documents.get(query);
    if (known?.schema !== schema) return null;
    return {
      document: known.document,
      operationName: operationName ?? undefined,
      variables: variables == null ? undefined : { ...variables },
    };
  }
}
