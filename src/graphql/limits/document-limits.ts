/** Limits that an operation's text alone decides, before it is validated, planned or anything is read (docs/security.md). */
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives';
import { GraphQLError, parse, validate } from 'graphql';
import type { DocumentNode, GraphQLSchema, ValidationRule } from 'graphql';
import { LRUCache } from 'lru-cache';
import { GatewayError } from '../../errors.ts';
import { countDocument } from './count-document.ts';
import { scanTokens } from './scan-tokens.ts';

/** Each is a setting of the same name (MAX_TOKENS …); an operation may have exactly as many, and not one more. */
export interface OperationLimits {
  readonly maxTokens: number;
  readonly maxDepth: number;
  readonly maxAliases: number;
  readonly maxDirectives: number;
  readonly maxRootFields: number;
  readonly maxLookups: number;
}

/** What is left to say of a text within its limits. */
export interface CheckedDocument {
  /** how many subjects it may look up by a code or a number: so often it counts against the client's rate */
  readonly lookups: number;
}

/** Texts that passed, by length: an operation comes again and again, and is measured once. */
const REMEMBERED_CHARACTERS = 4_000_000;
const MALFORMED: CheckedDocument = { lookups: 0 };

export class DocumentLimits {
  readonly #limits: OperationLimits;
  readonly #armor: readonly ValidationRule[];
  readonly #passed = new LRUCache<string, CheckedDocument>({
    maxSize: REMEMBERED_CHARACTERS,
    sizeCalculation: (_checked, text) => text.length + 100,
  });

  constructor(limits: OperationLimits) {
    this.#limits = limits;
    const told = (limit: keyof OperationLimits) => ({
      n: limits[limit],
      // Thrown, it would leave graphql-js's `validate` as an unforeseen error.
      propagateOnRejection: false,
      onReject: [(context: Parameters<ValidationRule>[0] | null) => context?.reportError(new GraphQLError(limit))],
    });
    this.#armor = [
      // Left to itself it does not count what is called __typename.
      maxAliasesRule({ ...told('maxAliases'), allowList: [] }),
      maxDirectivesRule(told('maxDirectives')),
    ];
  }

  /**
   * @param schema any: the rules look at the text alone
   * @throws GatewayError QUERY_TOO_COSTLY naming the limit. A text that is no GraphQL passes: its parser says what is wrong with it.
   */
  check(text: string, schema: GraphQLSchema): CheckedDocument {
    const passed = this.#passed.get(text);
    if (passed !== undefined) return passed;
    let document: DocumentNode;
    try {
      scanTokens(text, this.#limits);
      document = parse(text, { noLocation: true });
    } catch (error) {
      if (error instanceof GraphQLError) return MALFORMED;
      throw error;
    }
    const counts = countDocument(document);
    for (const { message: limit } of validate(schema, document, this.#armor)) throw this.#refusal(limit);
    if (counts.directives > this.#limits.maxDirectives) throw this.#refusal('maxDirectives');
    if (counts.rootFields > this.#limits.maxRootFields) throw this.#refusal('maxRootFields');
    if (counts.lookups > this.#limits.maxLookups) throw this.#refusal('maxLookups');
    const checked = { lookups: counts.lookups };
    this.#passed.set(text, checked);
    return checked;
  }

  #refusal(limit: string): GatewayError {
    const l = this.#limits;
    switch (limit) {
      case 'maxAliases':
        return tooMuch(`more than ${String(l.maxAliases)} aliases (MAX_ALIASES)`, 'Ask for less, or in several operations.');
      case 'maxDirectives':
        return tooMuch(
          `more than ${String(l.maxDirectives)} directives (MAX_DIRECTIVES)`,
          'Leave out what is not wanted instead.',
        );
      case 'maxRootFields':
        return tooMuch(`more than ${String(l.maxRootFields)} root fields (MAX_ROOT_FIELDS)`, 'Send several operations.');
      default:
        return tooMuch(
          `more than ${String(l.maxLookups)} look-ups of subjects by code or number (MAX_LOOKUPS)`,
          'Send several operations; each look-up counts against the rate of this client.',
        );
    }
  }
}

function tooMuch(what: string, mend: string): GatewayError {
  return new GatewayError('QUERY_TOO_COSTLY', `This operation has ${what}. ${mend}`);
}
