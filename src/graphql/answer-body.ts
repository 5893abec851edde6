/** The body of an answer: what was written as JSON goes in as it is, the rest by JSON.stringify. */
import type { FormattedExecutionResult } from 'graphql';
import { AnswerBytes } from '../reading/answer-bytes.ts';
import { keyed, PreparedJson } from '../json-text.ts';
import { bytesOf, wireOf } from '../wire-text.ts';

/** As Apollo Server would write it: errors, data, extensions in this order, and a line feed at the end. */
export function answerBody({ errors, data, extensions }: FormattedExecutionResult): readonly Buffer[] {
  const body = new AnswerBytes();
  let separator = '{';
  part('errors', errors);
  if (data != null) {
    body.add(`${separator}"data":`);
    addData(body, data);
    separator = ',';
  } else part('data', data);
  part('extensions', extensions);
  body.add(separator === '{' ? '{}\n' : '}\n');
  return body.end();

  function part(name: string, value: unknown): void {
    if (value === undefined) return;
    body.add(`${separator}${keyed(name)}${json(value)}`);
    separator = ',';
  }
}

function addData(body: AnswerBytes, data: NonNullable<FormattedExecutionResult['data']>): void {
  let separator = '{';
  for (const [key, value] of Object.entries(data)) {
    body.add(separator + keyed(key));
    separator = ',';
    if (value instanceof PreparedJson) body.append(value.bytes);
    else body.add(json(value));
  }
  body.add(separator === '{' ? '{}' : '}');
}

/** In UTF-8, one character for each byte. */
function json(value: unknown): string {
  return bytesOf(wireOf(JSON.stringify(value)));
}
