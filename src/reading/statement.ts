/** A SQL statement under construction. Text is written by this gateway alone; what a caller or a row says is bound. */
import type { WireRow } from '../wire-text.ts';

export type BoundValue = string | readonly string[];

export interface Statement {
  readonly text: string;
  readonly values: readonly BoundValue[];
  /** whether one plan serves all values: such a text may stay prepared on its connection */
  readonly lasting: boolean;
}

export type RunStatement = (statement: Statement) => Promise<WireRow[]>;

/** Collects parameters while the text is written, each with the way to find its value among what a request brings. */
export class StatementBuilder<Input> {
  readonly #values: ((input: Input) => BoundValue)[] = [];
  readonly #known = new Map<string, string>();
  #lasting = true;

  /** @param name the same one gives the same parameter */
  bind(name: string, type: string, value: (input: Input) => BoundValue): string {
    const key = `${type} ${name}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#values.push(value);
    const placeholder = `$${String(this.#values.length)}::${type}`;
    this.#known.set(key, placeholder);
    return placeholder;
  }

  /** A word of the catalog (a code, a field's key) as a literal, so that the plan knows how common an item is. */
  word(word: string): string {
    return /^[\w-]+$/.test(word) ? `'${word}'` : this.bind(`word ${word}`, 'text', () => word);
  }

  /** The best plan depends on the values: the text is planned anew at every execution. */
  planAlways(): void {
    this.#lasting = false;
  }

  /** Leaves out what the text does not use after all: PostgreSQL refuses a parameter that nothing refers to. */
  finish(text: string): (input: Input) => Statement {
    const values: ((input: Input) => BoundValue)[] = [];
    const places = new Map<string, number>();
    // A dollar stands nowhere else: see `word`.
    const renumbered = text.replace(/\$(\d+)/g, (_, digits: string) => {
      let place = places.get(digits);
      const value = this.#values[Number(digits) - 1];
      if (place === undefined && value !== undefined) {
        place = values.push(value);
        places.set(digits, place);
      }
      return `$${String(place)}`;
    });
    const lasting = this.#lasting;
    return (input) => ({ text: renumbered, values: values.map((value) => value(input)), lasting });
  }
}
