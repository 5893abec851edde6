/** A SQL statement under construction. Text is written by this gateway alone; every value is bound. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Runs a statement and gives its rows as objects by column name. */
export type RunStatement = (statement: Statement) => Promise<Record<string, unknown>[]>;

export class StatementBuilder {
  readonly #values: unknown[] = [];
  readonly #known = new Map<string, string>();

  /** A placeholder for a value; the same text or list of texts under the same type gets the same one. */
  bind(value: string | readonly string[], type: string): string {
    const key = `${type}\u0000${JSON.stringify(value)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#values.push(value);
    const placeholder = `$${String(this.#values.length)}::${type}`;
    this.#known.set(key, placeholder);
    return placeholder;
  }

  /** Leaves out what the text does not use after all: PostgreSQL refuses a parameter that nothing refers to. */
  finish(text: string): Statement {
    const values: unknown[] = [];
    const places = new Map<number, number>();
    const renumbered = text.replace(/\$(\d+)/g, (_, digits: string) => {
      const index = Number(digits) - 1;
      let place = places.get(index);
      if (place === undefined) {
        place = values.push(this.#values[index]);
        places.set(index, place);
      }
      return `$${String(place)}`;
    });
    return { text: renumbered, values };
  }
}
