/** Texts that departments send: trimmed, in one Unicode form, bounded. */
import { GatewayError } from '../errors.ts';

/**
 * @param longest in characters (code points)
 * @throws GatewayError BAD_USER_INPUT naming the argument, for an empty text, one that is too long, or one with control characters
 */
export function givenText(argument: string, text: string, longest: number): string {
  const given = text.trim().normalize('NFC');
  // A line break is fine in a sentence that somebody typed; every other control character is a mistake.
  if (given !== '' && Array.from(given).length <= longest && !/[^\P{Cc}\n\r\t]/u.test(given)) return given;
  throw new GatewayError(
    'BAD_USER_INPUT',
    `${argument} takes 1 to ${String(longest)} characters, none of them a control character.`,
    { argument },
  );
}

/** The same for an argument that may be left out; an empty text counts as left out. */
export function optionalText(argument: string, text: string | null | undefined, longest: number): string | null {
  return text == null || text.trim() === '' ? null : givenText(argument, text, longest);
}
