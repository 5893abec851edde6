/**
 * The first look at an operation's text: how many tokens it has, and how deep its brackets stand. graphql-js parses by recursion,
 * so a text that nests some thousand brackets would end in a stack overflow; the lexer does not recurse.
 */
import { Lexer, Source, TokenKind } from 'graphql';
import { GatewayError } from '../../errors.ts';

const OPENING: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSING: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/** A level of rows costs up to three pairs of brackets (`records { edges { node {`), an argument two or three more. */
const BRACKETS_PER_LEVEL = 8;

/**
 * @throws GatewayError QUERY_TOO_COSTLY beyond a limit, and GraphQLError for a character that is no GraphQL
 */
export function scanTokens(
  text: string,
  { maxTokens, maxDepth }: { readonly maxTokens: number; readonly maxDepth: number },
): void {
  const lexer = new Lexer(new Source(text));
  const maxNesting = maxDepth * BRACKETS_PER_LEVEL;
  let tokens = 0;
  let nesting = 0;
  for (let { kind } = lexer.advance(); kind !== TokenKind.EOF; { kind } = lexer.advance()) {
    tokens += 1;
    if (OPENING.has(kind)) nesting += 1;
    else if (CLOSING.has(kind)) nesting -= 1;
    if (tokens > maxTokens) {
      throw new GatewayError(
        'QUERY_TOO_COSTLY',
        `This document has more than ${String(maxTokens)} tokens (MAX_TOKENS). Ask for less in one operation, and put values into variables.`,
      );
    }
    if (nesting > maxNesting) {
      throw new GatewayError(
        'QUERY_TOO_COSTLY',
        `This document nests brackets deeper than ${String(maxNesting)} (MAX_DEPTH). Ask flatter.`,
      );
    }
  }
}
